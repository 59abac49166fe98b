"""Noticing that files changed, by looking at their times again and again: no package, and it works on every disk."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

_SECONDS = 0.3
#: What no page is made of.
_LEFT_OUT = frozenset(("node_modules", "__pycache__"))

Snapshot = dict[str, tuple[int, int, int]]


def watch(root: Path, first: Snapshot, changed: Callable[[], object], stopped: threading.Event) -> None:
    """Calls ``changed`` when files below the root are no longer as in the first snapshot, or the one last told of, and
    stay as they are for a moment; until stopped. A build that writes many files is told once, when it has come to rest.
    """
    told = last = first
    while not stopped.wait(_SECONDS):
        now = snapshot(root)
        if now == last and now != told:
            told = now
            changed()
        last = now


def snapshot(root: Path) -> Snapshot:
    """What each file below the root is: its number, size and time of change in ns."""
    return dict(_files(os.fspath(root)))


def _files(folder: str) -> Iterator[tuple[str, tuple[int, int, int]]]:
    try:
        entries = list(os.scandir(folder))
    except OSError:  # It went away, or may not be read.
        return
    for entry in entries:
        if entry.name.startswith(".") or entry.name in _LEFT_OUT:
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(entry.path)
            else:
                stat = entry.stat()
                yield entry.path, (stat.st_ino, stat.st_size, stat.st_mtime_ns)
        except OSError:
            continue
