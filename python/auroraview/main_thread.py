"""The application's main thread, for handlers bound with ``thread="main"``.

They run inside a blocking ``show()``, ``wait()`` or ``Future.result()`` on the main thread. A program with a main loop
of its own calls :func:`pump` from it, at best whenever :func:`fileno` is readable.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

from auroraview import _core
from auroraview._log import logger
from auroraview._running import call_context, finish, report
from auroraview.errors import UsageError

if TYPE_CHECKING:
    from auroraview._types import Work

__all__ = ["fileno", "pump"]

_PATIENCE_SECONDS = 5.0

_last_pump = 0.0
_watcher: threading.Timer | None = None
_warned = False


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
    global _last_pump
    if threading.current_thread() is not threading.main_thread():
        raise UsageError("main_thread.pump() must be called on the main thread")
    lane = _core.main_lane()
    count = 0
    began = _last_pump = time.monotonic()
    while max_seconds is None or time.monotonic() - began <= max_seconds:
        work = lane.take_nowait()
        if work is None:
            break
        count += 1
        _run(work)
    _last_pump = time.monotonic()
    return count


def _run(work: Work) -> None:
    job, func, args, kwargs = work
    if func is None:
        return
    token = call_context.set(job)
    try:
        value = func(*args, **(kwargs or {}))
        if job is not None:
            finish(job, value)
    except BaseException as error:
        report(job, error)
        if isinstance(error, KeyboardInterrupt):
            raise
    finally:
        call_context.reset(token)


def _work_waits(_: Any) -> None:
    """Told by the native code, on the notice thread, when work begins to wait."""
    global _watcher
    if _warned or _watcher is not None:
        return
    _watcher = threading.Timer(_PATIENCE_SECONDS, _look, (time.monotonic(),))
    _watcher.daemon = True
    _watcher.start()


def _look(since: float) -> None:
    global _watcher, _warned
    _watcher = None
    if _core.main_lane().pending() and _last_pump < since:
        _warned = True
        logger.warning(
            'a handler bound with thread="main" has waited for %d seconds: nothing runs on the main thread; '
            "call auroraview.main_thread.pump() from its loop, or wait there with view.show() or view.wait()",
            _PATIENCE_SECONDS,
        )


_core.main_lane(_work_waits)
