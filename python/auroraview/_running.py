"""Running one handler, on whatever thread: its context, what becomes of its value, and the report of its errors."""

from __future__ import annotations

import contextvars
import functools
import inspect
import sys
import threading
import traceback
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from auroraview._log import logger
from auroraview.errors import Cancelled, UsageError, ViewClosed

if TYPE_CHECKING:
    from auroraview._core import Job, Lane
    from auroraview._types import Work

call_context: contextvars.ContextVar[Job | None] = contextvars.ContextVar("auroraview_call", default=None)

#: Set when the interpreter begins to end, and with it every window.
program_ends = threading.Event()

#: Has an awaitable that a plain handler returned run on the loop, in the handler's context.
Adopt = Callable[["Job | None", "Awaitable[Any]", contextvars.Context], None]

# Values that are certainly not awaitable: asking the others costs as much as a small handler.
_PLAIN = frozenset((type(None), bool, int, float, str, dict, list, tuple))


class ThreadState(threading.local):
    """What this thread is to the library."""

    #: Called before a handler waits, so that another thread can take over.
    before_wait: Callable[[], None] | None = None
    #: Others wait for what this thread does; were it to wait for them, it would wait forever. The notice thread is one.
    must_not_wait: bool = False


this_thread = ThreadState()


def plain_text(text: str) -> str:
    """The text, with lone surrogates made visible, since they cannot be sent."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def text_of(error: BaseException) -> str:
    """The error's text, also where making it fails."""
    try:
        return str(error)
    except BaseException as problem:  # noqa: BLE001 - user code, which may raise whatever it likes
        return f"(its text could not be made: {type(problem).__name__})"


def is_cancelled(error: BaseException) -> bool:
    """It says that somebody gave up. Where asyncio was not imported, nobody has raised that of asyncio."""
    of_asyncio = getattr(sys.modules.get("asyncio.exceptions"), "CancelledError", Cancelled)
    return isinstance(error, (Cancelled, of_asyncio))


def report(job: Job | None, error: BaseException) -> None:
    """Logs what a handler raised and answers the call with it. Raises nothing."""
    name, message = type(error).__name__, text_of(error)
    if is_cancelled(error):
        if job is not None:
            job.fail_cancelled(plain_text(message) or "the call was cancelled")
        return
    what = "a callback" if job is None else f"the handler of {job.method!r}"
    try:
        if isinstance(error, ViewClosed) and (job is None or job.cancelled or program_ends.is_set()):
            # Its page went away under it: an ordinary end, that of every program with a window open among them.
            logger.info("%s ended with its page: %s", what, message)
        else:
            logger.error("%s raised %s: %s", what, name, message, exc_info=error)
    except BaseException:  # noqa: BLE001 - a log handler of the program must not keep the page without an answer
        traceback.print_exc()
    if job is not None:
        details = plain_text("".join(traceback.format_exception(error))) if job.debug else None
        job.fail(plain_text(name), plain_text(message), details)


def finish(job: Job, value: Any) -> None:
    """Answers a call with its value, and logs it when the value cannot be sent."""
    problem = job.succeed(value)
    if problem is not None:
        logger.error("the result of %r cannot be sent: %s", job.method, problem)


def is_awaitable(value: Any) -> bool:
    """The value is a coroutine, a future, or what else can be awaited."""
    return type(value) not in _PLAIN and hasattr(type(value), "__await__")


def is_async(func: Callable[..., Any]) -> bool:
    """Calling it gives a coroutine."""
    while isinstance(func, functools.partial):
        func = func.func
    return inspect.iscoroutinefunction(func) or inspect.iscoroutinefunction(
        getattr(type(func), "__call__", None)  # noqa: B004 - whether calling the object gives a coroutine
    )


def check_answers(func: Callable[..., Any], what: str) -> None:
    """Refuses a function that cannot answer at once.

    Raises:
        UsageError: it is an ``async`` function.
    """
    if is_async(func):
        raise UsageError(f"{what} must answer at once: it cannot be an async function")


def answer_of(what: str, func: Callable[..., Any], *args: Any) -> bool | None:
    """Asks a function of the program. What it raises, or answers other than a bool, is logged and is ``None``."""
    try:
        answer = func(*args)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - the next function is asked whatever this one raises
        report(None, error)
        return None
    if answer is None or answer is True or answer is False:
        return answer
    if inspect.iscoroutine(answer):
        answer.close()
    try:
        logger.error("%s answered with a %s, not True, False or None; it counts as None", what, type(answer).__name__)
    except BaseException:  # noqa: BLE001 - as in `report`
        traceback.print_exc()
    return None


def _refuse_awaitable(job: Job, value: Any) -> None:
    """Refuses what a handler returned to a page that stands still.

    Raises:
        UsageError: with the remedy.
    """
    if inspect.iscoroutine(value):
        value.close()
    raise UsageError(
        f"the handler of {job.method!r} returned what is to be awaited, and the page stands still meanwhile; "
        f"have the page `await auroraview.call({job.method!r}, ...)`, or answer with a plain value"
    )


def run(work: Work, adopt: Adopt) -> BaseException | None:
    """Runs one piece of work to its end. Raises nothing: returns what the handler raised, which has been reported.

    Each runs in a copy of the thread's context, so that no handler finds the context variables of the one before.
    """
    job, func, args, kwargs = work
    if func is None:
        return None
    # In the thread's own context only for the copy to have it: an idle thread must not keep a call's parameters.
    token = call_context.set(job)
    context = contextvars.copy_context()
    try:
        value = context.run(func, *args) if kwargs is None else context.run(func, *args, **kwargs)
        if is_awaitable(value):
            if job is not None and job.sync:
                _refuse_awaitable(job, value)
            adopt(job, value, context)
        elif job is not None:
            finish(job, value)
    except BaseException as error:  # noqa: BLE001 - nothing that a handler raises may end our thread
        report(job, error)
        return error
    finally:
        call_context.reset(token)
    return None


def serve_notices(lane: Lane, after: Callable[[], None]) -> None:
    """The notice thread: library code only, so that it never waits. ``after`` wakes those who wait for changes."""
    this_thread.must_not_wait = True
    while (work := lane.take()) is not None:
        _, func, args, _ = work
        try:
            if func is not None:
                func(*args)
        except BaseException:  # noqa: BLE001 - a bug in one notice must not end all others
            logger.exception("a notice could not be handled")
        after()
        del work, func, args
