"""Coroutine handlers: the asyncio loop they run on, fixed at first use, or the one where ``show_async`` waits.

New work arrives through a file descriptor that the loop watches, so that the thread that brings it (the GUI thread)
needs neither the GIL nor the loop's lock. While a program's loop is stopped, its handlers wait; when it ends, a loop of
our own takes over, so that no call is left without an answer.

asyncio takes as long to import as everything else that a window needs: it is imported when there is a coroutine.
"""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any

from auroraview import _lifecycle
from auroraview._running import call_context, finish, is_awaitable, report
from auroraview.errors import ViewClosed

if TYPE_CHECKING:
    import asyncio

    from auroraview._core import Job, Lane

_AT_ONCE = 500
_END_SECONDS = 0.5


def _import_asyncio() -> None:
    """Everything here that uses it comes after :meth:`LoopLane.ensure`, which calls this."""
    global asyncio
    import asyncio


class LoopLane:
    """Runs the coroutines of one bridge."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._lock = threading.RLock()
        self._loop: asyncio.AbstractEventLoop | None = None
        #: On a program's loop, the task that notices its end; ``None`` on a loop of our own.
        self._guard: asyncio.Task[None] | None = None
        self._tasks: dict[Job, asyncio.Task[Any]] = {}
        self._closed = False

    def ensure(self) -> asyncio.AbstractEventLoop:
        """The loop: the one that runs on this thread at first use, else one of its own thread.

        Raises:
            ViewClosed: the bridge is gone.
        """
        _import_asyncio()
        with self._lock:
            if self._loop is None or self._loop.is_closed():
                if self._closed:
                    raise ViewClosed("the bridge is gone")
                try:
                    running = asyncio.get_running_loop()
                except RuntimeError:
                    self._start_own()
                else:
                    self._join(running)
                if self._closed:  # Closed meanwhile, when there was no loop to tell.
                    self.close()
            assert self._loop is not None
            return self._loop

    def ensure_running(self) -> None:
        """Like :meth:`ensure`, and leaves a loop of our own for the one that runs here, if nothing is under way there.

        So handlers that were bound before the program's loop began share it all the same.
        """
        loop = self.ensure()
        running = asyncio.get_running_loop()
        if loop is not running and self._guard is None:
            with contextlib.suppress(RuntimeError):  # It has ended meanwhile.
                loop.call_soon_threadsafe(self._hand_over, loop, running)

    def _hand_over(self, loop: asyncio.AbstractEventLoop, running: asyncio.AbstractEventLoop) -> None:
        """Runs on ``loop``, so that none of its handlers can begin meanwhile."""
        with self._lock:
            if self._loop is not loop or asyncio.all_tasks(loop):
                return
            try:
                running.call_soon_threadsafe(self._take_over, running)
            except RuntimeError:  # It has ended meanwhile.
                return
            self._loop = running
            loop.remove_reader(self._descriptor())
            loop.stop()

    def _take_over(self, running: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            if self._loop is running and self._guard is None:
                self._join(running)

    def close(self) -> None:
        """Ends our loop, or leaves the program's. Takes no lock: a finalizer may call it anywhere."""
        self._closed = True
        self._lane.close()
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # It has ended by itself.
                loop.call_soon_threadsafe(self._end, loop)

    def _end(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._loop is not loop:
            return
        if self._guard is None:
            loop.stop()
        else:
            self._guard.cancel()

    # The loop

    def _join(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._guard = loop.create_task(self._guard_foreign(loop), name="auroraview-guard")
        # A program may close its loop without a word to its tasks; then our reader notices.
        self._guard._log_destroy_pending = False  # type: ignore[attr-defined]
        self._watch(loop)

    async def _guard_foreign(self, loop: asyncio.AbstractEventLoop) -> None:
        """Is cancelled when the program's loop ends, before its other tasks have come to their end."""
        try:
            await asyncio.Event().wait()
        finally:
            self._leave(loop)

    def _start_own(self) -> None:
        loop = asyncio.new_event_loop()
        self._loop = loop
        self._guard = None
        _lifecycle.start_thread("asyncio", lambda: self._run_own(loop))

    def _run_own(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        self._watch(loop)
        try:
            loop.run_forever()
        finally:
            self._leave(loop)
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            if tasks:
                loop.run_until_complete(asyncio.wait(tasks, timeout=_END_SECONDS))
            loop.run_until_complete(loop.shutdown_asyncgens())
            asyncio.set_event_loop(None)
            loop.close()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self._descriptor(), _Reader(self, loop))
        loop.call_soon(self._drain)

    def _descriptor(self) -> int:
        descriptor = self._lane.fileno()
        assert descriptor is not None, "this lane was made with a file descriptor"
        return descriptor

    def _leave(self, loop: asyncio.AbstractEventLoop) -> None:
        """The loop ends, or has: what comes from now on is for the next one."""
        with self._lock:
            if self._loop is not loop:
                return
            self._loop = None
            if not loop.is_closed():
                loop.remove_reader(self._descriptor())
            if not self._closed:
                self._start_own()
                if self._closed:
                    self.close()
        if loop.is_closed():
            for job, task in list(self._tasks.items()):
                if task.get_loop() is loop and self._tasks.pop(job, None) is not None:
                    report(job, asyncio.CancelledError("the asyncio loop was closed"))

    # The work, on the loop's thread

    def _drain(self) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            return
        for _ in range(_AT_ONCE):
            work = self._lane.take_nowait()
            if work is None:
                return
            job, func, args, kwargs = work
            if func is None:
                self._cancel(job)
                continue
            context = contextvars.copy_context()
            context.run(call_context.set, job)
            try:
                value = context.run(func, *args, **(kwargs or {}))
                if is_awaitable(value):
                    self._start(job, value, context)
                elif job is not None:
                    finish(job, value)
            except BaseException as error:  # noqa: BLE001 - nothing that a handler raises may end the loop
                report(job, error)
        loop.call_soon(self._drain)

    def _start(self, job: Job | None, value: Awaitable[Any], context: contextvars.Context) -> None:
        loop = asyncio.get_running_loop()
        if self._loop is not loop:  # It is ending, and would never run this.
            self.adopt(job, value, context)
            return
        if job is not None and job.cancelled:
            _dispose(value)
            report(job, asyncio.CancelledError("the call was cancelled before it ran"))
            return
        task = loop.create_task(_contained(value), context=context)
        if job is not None:
            self._tasks[job] = task
        task.add_done_callback(lambda done: self._settle(job, value, done))

    def _settle(self, job: Job | None, value: Awaitable[Any], task: asyncio.Task[Any]) -> None:
        if job is not None:
            self._tasks.pop(job, None)
        if task.cancelled():
            _dispose(value)
            report(job, asyncio.CancelledError("the call was cancelled"))
            return
        error = task.exception()
        if error is not None:
            report(job, error.error if isinstance(error, _Ending) else error)
        elif job is not None:
            finish(job, task.result())

    def _cancel(self, job: Job | None) -> None:
        task = None if job is None else self._tasks.get(job)
        if task is not None:
            task.cancel()

    def adopt(self, job: Job | None, value: Awaitable[Any], context: contextvars.Context) -> None:
        """Runs what a plain handler returned, a coroutine or another awaitable. Any thread."""
        if job is not None:
            job.follow_on_loop()
        try:
            self.ensure().call_soon_threadsafe(self._start, job, value, context)
        except (RuntimeError, ViewClosed) as error:
            _dispose(value)
            report(job, error)


class _Reader:
    """What a loop calls when there is work. A loop that is closed forgets it, which is how we learn of that."""

    def __init__(self, lane: LoopLane, loop: asyncio.AbstractEventLoop) -> None:
        self._lane = lane
        self._loop = loop

    def __call__(self) -> None:
        self._lane._drain()

    def __del__(self) -> None:
        self._lane._leave(self._loop)


class _Ending(Exception):  # noqa: N818 - carries what is no Exception
    """What asyncio would end its loop for, raised by a handler."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


async def _contained(value: Awaitable[Any]) -> Any:
    """Awaits a handler so that its ``SystemExit`` or ``KeyboardInterrupt`` does not end the loop of all others."""
    try:
        return await value
    except (SystemExit, KeyboardInterrupt) as error:
        raise _Ending(error) from None


def _dispose(value: Awaitable[Any]) -> None:
    """Ends a coroutine that will not be awaited."""
    close = getattr(value, "close", None)
    if close is not None:
        with contextlib.suppress(Exception):
            close()
