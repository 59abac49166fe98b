"""The end of the program: windows close, our threads stop, whoever waits gets an answer.

Runs at exit, before the interpreter takes itself apart: a thread of ours that came back from native code after that
would bring the process down.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
from collections.abc import Callable
from weakref import WeakSet

from auroraview import _core
from auroraview._running import serve_notices
from auroraview._waiting import announce_change

_WINDOWS_SECONDS = 2.0
_THREADS_SECONDS = 1.0

_lock = threading.Lock()
_threads: WeakSet[threading.Thread] = WeakSet()
_closers: list[Callable[[], object]] = []
_notice_thread: threading.Thread | None = None
_ending = False


def start_thread(name: str, target: Callable[[], None]) -> threading.Thread:
    """Starts a thread that the end of the program waits for, a little."""
    thread = threading.Thread(target=target, name=f"auroraview-{name}", daemon=True)
    _threads.add(thread)
    thread.start()
    return thread


def at_end(close: Callable[[], object]) -> None:
    """Has ``close`` called at the end: it must make threads return, and not wait."""
    with _lock:
        _closers.append(close)


def ensure_notice_thread() -> None:
    """Starts the thread that tells Python what happened, once."""
    global _notice_thread
    with _lock:
        if _notice_thread is not None or _ending:
            return
        lane = _core.notice_lane()
        _notice_thread = start_thread("notices", lambda: serve_notices(lane, announce_change))


def _end() -> None:
    global _ending
    with _lock:
        _ending = True
        closers = list(_closers)
    _core.host_shut_down(_WINDOWS_SECONDS)
    for close in closers:
        with contextlib.suppress(Exception):
            close()
    _core.notice_lane().close()
    deadline = time.monotonic() + _THREADS_SECONDS
    for thread in list(_threads):
        thread.join(max(0.0, deadline - time.monotonic()))


atexit.register(_end)
