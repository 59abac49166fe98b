"""Running handlers: the loops of our threads, what a handler may ask about its call, and the report of its errors."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
import traceback
from collections.abc import Callable, Coroutine
from types import CoroutineType
from typing import TYPE_CHECKING, Any

from auroraview._log import logger

if TYPE_CHECKING:
    from auroraview._core import Job, Lane, Turns
    from auroraview._types import Work

_SLOW_SECONDS = 1.0

call_context: contextvars.ContextVar[Job | None] = contextvars.ContextVar("auroraview_call", default=None)

Adopt = Callable[["Job | None", "Coroutine[Any, Any, Any]"], None]


class ThreadState(threading.local):
    """What this thread is to the library."""

    #: The worker's turn, on a worker thread.
    turns: Turns | None = None
    #: Called before a worker waits, so that somebody else can take over.
    before_wait: Callable[[], None] | None = None
    #: This thread tells Python what happened; were it to wait for that, it would wait forever.
    is_notice_thread: bool = False


this_thread = ThreadState()


def plain_text(text: str) -> str:
    """The text, with lone surrogates made visible, since they cannot be sent."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def report(job: Job | None, error: BaseException) -> None:
    """Logs what a handler raised and answers the call with it."""
    name = type(error).__name__
    try:
        message = str(error)
    except Exception:  # noqa: BLE001 - `__str__` is the program's code
        message = "(the error's text could not be made)"
    if isinstance(error, asyncio.CancelledError):
        if job is not None:
            job.fail_cancelled(message or "the call was cancelled")
        return
    what = "a callback" if job is None else f"the handler of {job.method!r}"
    logger.error("%s raised %s: %s", what, name, message, exc_info=error)
    if job is not None:
        details = "".join(traceback.format_exception(error)) if job.debug else None
        job.fail(
            plain_text(name),
            plain_text(message),
            None if details is None else plain_text(details),
        )


def finish(job: Job, value: Any) -> None:
    """Answers a call with its value, and logs it when the value cannot be sent."""
    problem = job.succeed(value)
    if problem is not None:
        logger.error("the result of %r cannot be sent: %s", job.method, problem)


def run(work: Work, adopt: Adopt) -> None:
    """Runs one piece of work to its end, whatever it raises."""
    job, func, args, kwargs = work
    if func is None:
        return
    token = call_context.set(job)
    try:
        value = func(*args) if kwargs is None else func(*args, **kwargs)
        if type(value) is CoroutineType:
            adopt(job, value)
        elif job is not None:
            finish(job, value)
    except BaseException as error:  # noqa: BLE001 - nothing that a handler raises may end our thread
        report(job, error)
    finally:
        call_context.reset(token)


def serve_turns(turns: Turns, spare: int, adopt: Adopt) -> None:
    """A worker thread: plain handlers, one at a time."""
    this_thread.turns = turns
    warned: set[str] = set()
    clock = time.monotonic
    while (work := turns.take(spare)) is not None:
        began = clock()
        run(work, adopt)
        job = work[0]
        if clock() - began > _SLOW_SECONDS and job is not None and turns.others_wait():
            if job.method not in warned:
                warned.add(job.method)
                logger.warning(
                    "the handler of %r took %.1f s while others waited; make it `async def`, "
                    'or bind it with thread="pool"',
                    job.method,
                    clock() - began,
                )
        del work, job


def serve_lane(lane: Lane, adopt: Adopt, before: Callable[[], None]) -> None:
    """A thread that takes from a lane; ``before`` is called when it has taken something."""
    while (work := lane.take()) is not None:
        before()
        run(work, adopt)
        del work


def serve_notices(lane: Lane, after: Callable[[], None]) -> None:
    """The notice thread: library code only, so that it never waits. ``after`` wakes those who wait for changes."""
    this_thread.is_notice_thread = True
    while (work := lane.take()) is not None:
        _, func, args, _ = work
        try:
            if func is not None:
                func(*args)
        except BaseException:  # noqa: BLE001 - a bug in one notice must not end all others
            logger.exception("a notice could not be handled")
        after()
        del work, func, args
