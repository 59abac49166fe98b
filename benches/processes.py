"""What the kernel says of our process, of the web processes under it, and of servers."""

from __future__ import annotations

import ctypes
import gc
import os
import threading
import time
from pathlib import Path


def web_processes() -> list[int]:
    """Ids of the WebKit web processes among our descendants."""
    return _descendants("WebKitWebProces")


def shells() -> list[int]:
    """Ids of the processes of isolated windows, and of launchers' windows."""
    return _descendants("auroraview-shel")


def _descendants(named: str) -> list[int]:
    """The kernel cuts names at 15 characters."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                text = (entry / "stat").read_text()
            except OSError:
                continue
            name = text[text.index("(") + 1 : text.rindex(")")]
            parents[int(entry.name)] = (int(text[text.rindex(")") + 2 :].split()[1]), name)
    found = []
    for process, (parent, name) in parents.items():
        while parent in parents and parent != os.getpid():
            parent = parents[parent][0]
        if parent == os.getpid() and name == named:
            found.append(process)
    return found


def settled_megabytes(process: int, seconds: float = 5.0) -> float:
    """The least memory a process had within some seconds: collectors run when they like."""
    if process == os.getpid():
        gc.collect()
        # What the allocator keeps for later is no leak.
        ctypes.CDLL(None).malloc_trim(0)
    end = time.monotonic() + seconds
    least = resident_megabytes(process)
    while time.monotonic() < end:
        time.sleep(0.25)
        least = min(least, resident_megabytes(process))
    return least


def resident_megabytes(process: int) -> float:
    """Memory of a process that is in use and not shared, in MB."""
    rollup = Path(f"/proc/{process}/smaps_rollup").read_text()
    kilobytes = sum(
        int(line.split()[1]) for line in rollup.splitlines() if line.startswith(("Private_Dirty:", "Private_Clean:"))
    )
    return kilobytes / 1024


def resident_set_megabytes(process: int) -> float:
    """All memory a process has in use, shared libraries too, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def cpu_seconds(process: int) -> float:
    """What the threads of a process that still run have had of the processor, by the scheduler's own clock."""
    tasks = Path(f"/proc/{process}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def voluntary_switches() -> dict[str, int]:
    """How often each thread of this process, but for the calling one, has gone to sleep."""
    counts = {}
    for task in Path("/proc/self/task").iterdir():
        if int(task.name) == threading.get_native_id():
            continue
        try:
            status = (task / "status").read_text()
        except OSError:
            continue
        counts[task.name] = next(
            int(line.split()[1]) for line in status.splitlines() if line.startswith("voluntary_ctxt_switches:")
        )
    return counts
