"""Waiting without deadlock, on whatever thread.

The main thread runs main-thread handlers while it waits, and Ctrl-C ends its wait at once: it sleeps in ``poll`` on the
main lane's file descriptor. A worker gives its turn away. A wait that could never end is refused: on an asyncio loop,
and, for a window, on the thread of an application whose loop drives the windows.
"""

from __future__ import annotations

import select
import sys
import threading
import time
from collections.abc import Callable

from auroraview import _core, _host
from auroraview._running import call_context, this_thread
from auroraview.errors import UsageError

_changed = threading.Condition()
_main_waits = 0

# Longer sleeps do not fit into the C types below; the loops go round.
_LONGEST_SECONDS = 3600.0

# A signal between Python's last look and the system call does not end the sleep, so the first ones are short.
_FIRST_SECONDS = 0.01


def announce_change() -> None:
    """Something happened that somebody may wait for. Called on the notice thread, and by whoever settles a future."""
    with _changed:
        _changed.notify_all()
    if _main_waits:
        _core.main_lane().kick()


def on_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _loop_runs_here() -> bool:
    # Where nobody has imported asyncio, or another thread is just about to, no loop runs here.
    find = getattr(sys.modules.get("asyncio"), "get_running_loop", None)
    if find is None:
        return False
    try:
        find()
    except RuntimeError:
        return False
    return True


def prepare(remedy: str) -> None:
    """Refuses waits that could never end; lets another worker go on."""
    if _loop_runs_here():
        raise UsageError(f"this would block the asyncio loop that has to go on meanwhile; {remedy}")
    if this_thread.must_not_wait:
        raise UsageError("this is called from a callback that must not wait; hand the work to a thread of your own")
    if this_thread.before_wait is not None:
        this_thread.before_wait()


def can_wait() -> bool:
    """Whether :func:`prepare` would let it wait here."""
    return not (this_thread.must_not_wait or _loop_runs_here())


def refuse_on_gui_thread(remedy: str) -> None:
    """Refuses a wait for a window of this process where its loop is the application's and runs on this thread.

    Raises:
        UsageError: with the remedy.
    """
    if _host.runs_here():
        raise UsageError(
            "to wait here would stop the application's loop, in which the window and its page live; "
            f'{remedy}, or give the view isolation="process"'
        )


def refuse_while_page_waits(page: int) -> None:
    """Refuses a wait for a page that itself waits for the handler which runs here.

    Raises:
        UsageError: with the remedy.
    """
    job = call_context.get()
    if job is None or not job.sync or job.peer is None or job.peer._core.id != page:
        return
    raise UsageError(
        f"the page stands still until {job.method!r} has answered its callSync, so it cannot do this meanwhile; ask it "
        "when the handler has returned (`future.add_done_callback(func)`), or have the page "
        f"`await auroraview.call({job.method!r}, ...)`"
    )


def hear_what_happened(seconds: float = _FIRST_SECONDS * 100) -> None:
    """Waits, so long at most, until what has happened by now was told: a window may have answered while it was asked.
    Not on the notice thread, which tells it."""
    told = threading.Event()
    _core.notice_lane().put(told.set, ())
    told.wait(seconds)


def wait_until(
    done: Callable[[], bool],
    timeout: float | None,
    *,
    remedy: str,
    window_remedy: str | None = None,
    page: int | None = None,
) -> bool:
    """Waits until ``done()`` or for ``timeout`` seconds (``None``: forever). Returns ``done()``.

    Args:
        remedy: what to do on an asyncio loop.
        window_remedy: this is a wait for a window of this process; what to do on the thread of its loop.
        page: this is a wait for a page: the id of its peer.
    """
    if done():
        return True
    if page is not None and (timeout is None or timeout > 0):
        refuse_while_page_waits(page)
    prepare(remedy)
    if window_remedy is not None and (timeout is None or timeout > 0) and _host.runs_here():
        hear_what_happened()
        if done():
            return True
        refuse_on_gui_thread(window_remedy)
    deadline = None if timeout is None else time.monotonic() + max(0.0, timeout)
    if on_main_thread():
        return _wait_on_main_thread(done, deadline)
    with _changed:
        while not done():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            _changed.wait(None if left is None else min(left, _LONGEST_SECONDS))
    return True


def _wait_on_main_thread(done: Callable[[], bool], deadline: float | None) -> bool:
    global _main_waits
    from auroraview._main_thread import main_thread

    lane = _core.main_lane()
    poll = select.poll()
    descriptor = lane.fileno()
    assert descriptor is not None, "the main lane always has a file descriptor"
    poll.register(descriptor, select.POLLIN)
    _main_waits += 1
    sleep = _FIRST_SECONDS
    try:
        while True:
            main_thread.pump()
            if done():
                return True
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return False
            poll.poll(max(1, int((sleep if left is None else min(left, sleep)) * 1000)))
            sleep = min(sleep * 10, _LONGEST_SECONDS)
    finally:
        _main_waits -= 1


def wait_until_answered(done: Callable[[], bool], timeout: float) -> bool:
    """Like :func:`wait_until`, for answers of the host, which come soon and need no thread that waits here."""
    if this_thread.must_not_wait:
        raise UsageError("this is called from a callback that must not wait; hand the work to a thread of your own")
    with _changed:
        return _changed.wait_for(done, timeout)
