"""What the kernel says of a program and of the processes under it, where the engines keep their pages."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path


def descendants(process: int) -> list[int]:
    """Ids of all processes under one."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):  # It has ended meanwhile.
                after_name = (entry / "stat").read_text().rpartition(")")[2]
                children.setdefault(int(after_name.split()[1]), []).append(int(entry.name))
    found, waiting = [], [process]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def wake_ups(process: int, seconds: float) -> tuple[float, float]:
    """How often a second a thread of the program has gone to sleep, which it does once each time it is woken; and a
    thread of the processes under it."""
    programs = [process], descendants(process)
    before = [_switches(one) for one in programs]
    time.sleep(seconds)
    after = [_switches(one) for one in programs]
    own, below = (
        sum(count - earlier.get(task, 0) for task, count in later.items()) / seconds
        for later, earlier in zip(after, before, strict=True)
    )
    return own, below


def _switches(processes: list[int]) -> dict[str, int]:
    counts = {}
    for process in processes:
        for task in Path(f"/proc/{process}/task").glob("*"):
            with suppress(OSError):
                counts[task.name] = _field(task / "status", "voluntary_ctxt_switches")
    return counts


def settled_megabytes(process: int, seconds: float, kinds: Sequence[str] = ("RssAnon",)) -> tuple[float, float]:
    """Memory of these kinds, of a program and of the processes under it: the least within some seconds, as collectors
    run when they like. ``RssAnon`` is what is no file's, ``RssShmem`` what processes share, counted in each."""
    end = time.monotonic() + seconds
    own = below = float("inf")
    while True:
        own = min(own, _megabytes(process, kinds))
        below = min(below, sum(_megabytes(one, kinds) for one in descendants(process)))
        if time.monotonic() > end:
            return own, below
        time.sleep(0.25)


def _megabytes(process: int, kinds: Sequence[str]) -> float:
    with suppress(OSError):
        return sum(_field(Path(f"/proc/{process}/status"), kind) for kind in kinds) / 1024
    return 0.0


def _field(status: Path, name: str) -> int:
    lines = status.read_text().splitlines()
    return next((int(line.split()[1]) for line in lines if line.startswith(f"{name}:")), 0)
