"""The application's main thread, for handlers bound with ``thread="main"``.

They run inside a blocking ``show()``, ``wait()`` or ``Future.result()`` on the main thread, and on an asyncio loop
there while it waits in ``show_async()``. A program with a main loop of its own calls :func:`pump` from it, at best
whenever :func:`fileno` is readable.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time
from collections.abc import Awaitable, Iterator
from typing import Any

from auroraview import _core
from auroraview._log import logger
from auroraview._running import run
from auroraview.errors import UsageError, ViewClosed

__all__ = ["fileno", "pump"]

_PATIENCE_SECONDS = 5.0

_last_pump = 0.0
_running = 0
#: How many waits of the main thread's asyncio loop want to be pumped.
_loops = 0
_watcher: threading.Timer | None = None
_warned = False
_watching = threading.RLock()


def fileno() -> int:
    """A file descriptor that is readable while handlers wait for the main thread. Read nothing from it: call
    :func:`pump`. Any thread."""
    descriptor = _core.main_lane().fileno()
    assert descriptor is not None, "the main lane always has a file descriptor"
    return descriptor


def pump(max_seconds: float | None = None) -> int:
    """Runs the handlers that wait for the main thread; returns how many ran.

    Args:
        max_seconds: start no further handler when this time has passed; ``None``: run all that wait.

    Raises:
        UsageError: called on another thread.
        KeyboardInterrupt: Ctrl-C was pressed while a handler ran (its call is answered first).
    """
    global _last_pump, _running
    if threading.current_thread() is not threading.main_thread():
        raise UsageError("main_thread.pump() must be called on the main thread")
    lane = _core.main_lane()
    count = 0
    began = time.monotonic()
    _running += 1
    try:
        while max_seconds is None or time.monotonic() - began <= max_seconds:
            work = lane.take_nowait()
            if work is None:
                break
            count += 1
            error = run(work, _adopt)
            if isinstance(error, KeyboardInterrupt):
                raise error
    finally:
        _running -= 1
        _last_pump = time.monotonic()
    return count


@contextlib.contextmanager
def pumped_by_loop() -> Iterator[None]:
    """Has the running asyncio loop pump meanwhile, where it runs on the main thread. For the library's own use."""
    global _loops
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    _loops += 1
    loop.add_reader(fileno(), pump)
    loop.call_soon(pump)
    try:
        yield
    finally:
        _loops -= 1
        if not _loops:
            loop.remove_reader(fileno())


def _adopt(job: _core.Job | None, value: Awaitable[Any], context: contextvars.Context) -> None:
    """A handler of the main thread returned a coroutine: the loop of its bridge runs it."""
    peer = None if job is None else job.peer
    if peer is None:
        raise ViewClosed("the page is gone")
    peer.bridge._places.loop.adopt(job, value, context)


def _work_waits(_: Any) -> None:
    """Told by the native code, on the notice thread, when work begins to wait."""
    global _watcher
    with _watching:
        if _warned or _watcher is not None:
            return
        _watcher = threading.Timer(_PATIENCE_SECONDS, _look, (time.monotonic(),))
        _watcher.name = "auroraview-patience"
        _watcher.daemon = True
        _watcher.start()


def _look(since: float) -> None:
    global _watcher, _warned
    with _watching:
        _watcher = None
        if _warned or not _core.main_lane().pending():
            return
        if _running or _last_pump >= since:
            # Somebody pumps, and what waits now may have come later.
            _work_waits(None)
            return
        _warned = True
    logger.warning(
        'a handler bound with thread="main" has waited for %d seconds: nothing runs on the main thread; '
        "call auroraview.main_thread.pump() from its loop, or wait there with view.show() or view.wait()",
        _PATIENCE_SECONDS,
    )


_core.main_lane(_work_waits)
