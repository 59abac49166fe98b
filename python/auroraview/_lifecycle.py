"""The end of the program: windows close, our threads stop, whoever waits gets an answer.

Runs at exit, before the interpreter takes itself apart: a thread of ours that came back from native code after that
would bring the process down.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Protocol

from auroraview import _core
from auroraview._log import only_errors
from auroraview._running import program_ends, serve_notices
from auroraview._waiting import announce_change

_WINDOWS_SECONDS = 2.0
_THREADS_SECONDS = 1.0


class Closable(Protocol):
    """Something with threads."""

    def close(self) -> None:
        """Makes them return, and does not wait for it."""


# Reentrant: the garbage collector may run a destructor that comes here, at any allocation.
_lock = threading.RLock()
_threads: weakref.WeakSet[threading.Thread] = weakref.WeakSet()
_closables: weakref.WeakSet[Closable] = weakref.WeakSet()
_notice_thread: threading.Thread | None = None
_ending = False


def start_thread(name: str, target: Callable[[], None]) -> threading.Thread:
    """Starts a thread that the end of the program waits for, a little."""
    thread = threading.Thread(target=target, name=f"auroraview-{name}", daemon=True)
    thread.start()
    # Afterwards: the end of the program may come in between, and cannot join what has not started.
    with _lock:
        _threads.add(thread)
    return thread


def close_at_end(one: Closable) -> None:
    """Has it closed at the end, if it is still there."""
    with _lock:
        _closables.add(one)


def ensure_notice_thread() -> None:
    """Starts the thread that tells Python what happened, once."""
    global _notice_thread
    with _lock:
        if _notice_thread is not None or _ending:
            return
        lane = _core.notice_lane()
        _notice_thread = start_thread("notices", lambda: serve_notices(lane, announce_change))


def weakly(method: Callable[..., None]) -> Callable[..., None]:
    """The bound method as a callback for native code, which the garbage collector cannot look into: it does not keep
    the method's object, and does nothing when that is gone."""
    reference = weakref.WeakMethod(method)

    def call(*args: Any) -> None:
        found = reference()
        if found is not None:
            found(*args)

    return call


def _end() -> None:
    global _ending
    program_ends.set()
    only_errors()
    with _lock:
        _ending = True
        closables = list(_closables)
    _core.host_shut_down(_WINDOWS_SECONDS)
    for one in closables:
        with contextlib.suppress(Exception):
            one.close()
    _core.notice_lane().close()
    deadline = time.monotonic() + _THREADS_SECONDS
    with _lock:
        threads = list(_threads)
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


atexit.register(_end)
