"""What the kernel says of this process and its children, and whether it grows from round to round."""

from __future__ import annotations

import collections
import contextlib
import ctypes
import gc
import os
import re
import statistics
import time
from pathlib import Path

from tests.e2e.lane_ends import segments
from tests.e2e.processes import descendants

#: How much more there may be of each at the end than at the beginning: what comes and goes by itself, such as the
#: collectors of the engine, which have threads while they work.
SLACK = {
    "threads": 4.0,
    "descriptors": 4.0,
    "memory_mb": 12.0,
    "segments_mb": 8.0,
    "processes": 1.0,
    "children_threads": 8.0,
    "children_descriptors": 12.0,
    "children_memory_mb": 60.0,
}

#: Rounds before which caches are filled and pools grow: this part of all.
WARM_UP = 1 / 3


def named(start: str, root: int | None = None) -> set[int]:
    """Those whose name begins so; the kernel cuts names at 15 characters."""
    return {pid for pid, name in descendants(root).items() if name.startswith(start)}


def _of(pid: int) -> tuple[int, int, float]:
    """Threads, descriptors, and the megabytes that no other process has."""
    with contextlib.suppress(OSError):
        folder = Path(f"/proc/{pid}")
        lines = (folder / "smaps_rollup").read_text().splitlines()
        kilobytes = sum(int(line.split()[1]) for line in lines if line.startswith(("Private_", "Swap:")))
        return len(list((folder / "task").iterdir())), len(list((folder / "fd").iterdir())), kilobytes / 1024
    return 0, 0, 0.0


def kinds() -> dict[str, int]:
    """Threads of this process by their name and descriptors by what they are of, numbers left out: what a report needs
    to name what has grown."""
    found: collections.Counter[str] = collections.Counter()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found["thread " + re.sub(r"\d+", "N", (task / "comm").read_text().strip())] += 1
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            found["descriptor " + re.sub(r"\d+", "N", os.readlink(descriptor))] += 1
    return dict(found)


def counts() -> dict[str, float]:
    """What there is at this moment."""
    gc.collect()
    # What the allocator keeps for later is no leak.
    ctypes.CDLL(None).malloc_trim(0)
    threads, descriptors, memory = _of(os.getpid())
    below = descendants()
    each = [_of(pid) for pid in below]
    return {
        "threads": threads,
        "descriptors": descriptors,
        "memory_mb": round(memory, 1),
        "segments_mb": round(segments() / 2**20, 1),
        "processes": len(below),
        "children_threads": sum(one[0] for one in each),
        "children_descriptors": sum(one[1] for one in each),
        "children_memory_mb": round(sum(one[2] for one in each), 1),
    }


def settled(*, quiet: float = 6.0, most: float = 20.0) -> dict[str, float]:
    """The least there is of each, once nothing has become less for ``quiet`` seconds; ``most`` seconds at most. A fast
    lane gives its shared memory back five seconds after traffic."""
    least = counts()
    begun = changed = time.monotonic()
    while time.monotonic() - changed < quiet and time.monotonic() - begun < most:
        time.sleep(0.25)
        now = counts()
        lower = {name: min(now[name], least[name]) for name in least}
        if any(least[name] - lower[name] > (0.5 if name.endswith("_mb") else 0) for name in least):
            changed = time.monotonic()
        least = lower
    return least


def growth(rounds: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """What has grown: for each its typical value in the first and in the last rounds after the warm-up. Empty: nothing
    has. Fewer than six rounds say nothing.
    """
    after = rounds[int(len(rounds) * WARM_UP) :]
    if len(rounds) < 6:
        return {}
    part = max(len(after) // 3, 1)
    grown = {}
    for name, slack in SLACK.items():
        first = statistics.median(one[name] for one in after[:part])
        last = statistics.median(one[name] for one in after[-part:])
        if last - first > slack:
            grown[name] = {"first": first, "last": last, "slack": slack}
    return grown


def more(rounds: list[dict[str, int]]) -> dict[str, tuple[int, int]]:
    """Of what there is more at the end than in any of the first rounds after the warm-up: how much then, and now."""
    after = rounds[int(len(rounds) * WARM_UP) :]
    if not after:
        return {}
    early = after[: max(len(after) // 3, 1)]
    most = {kind: max(one.get(kind, 0) for one in early) for kind in after[-1]}
    return {kind: (most[kind], count) for kind, count in after[-1].items() if count > most[kind]}
