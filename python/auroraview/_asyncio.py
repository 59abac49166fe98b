"""Coroutine handlers: the asyncio loop they run on, fixed at first use.

New work arrives through a file descriptor that the loop watches, so that the thread that brings it (the GUI thread)
needs neither the GIL nor the loop's lock.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from auroraview import _lifecycle
from auroraview._running import call_context, finish, report

if TYPE_CHECKING:
    from auroraview._core import Job, Lane

_AT_ONCE = 500


class _Ending(Exception):  # noqa: N818 - carries what is no Exception
    """What asyncio would end its loop for, raised by a handler."""

    def __init__(self, error: BaseException) -> None:
        super().__init__(error)
        self.error = error


async def _contained(value: Coroutine[Any, Any, Any]) -> Any:
    """Awaits a handler so that its ``SystemExit`` or ``KeyboardInterrupt`` does not end the loop of all others."""
    try:
        return await value
    except (SystemExit, KeyboardInterrupt) as error:
        raise _Ending(error) from None


class LoopLane:
    """Runs the coroutines of one bridge."""

    def __init__(self, lane: Lane) -> None:
        self._lane = lane
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._guard: asyncio.Task[None] | None = None
        self._tasks: dict[Job, asyncio.Task[Any]] = {}
        self._own_thread = False

    def ensure(self) -> asyncio.AbstractEventLoop:
        """The loop: the one that runs on this thread at first use, else one of its own thread."""
        with self._lock:
            if self._loop is not None and not self._loop.is_closed():
                return self._loop
            try:
                self._loop = asyncio.get_running_loop()
            except RuntimeError:
                self._loop = self._start_own()
            else:
                self._own_thread = False
                self._guard = self._loop.create_task(self._guard_foreign(), name="auroraview-guard")
                self._watch(self._loop)
            return self._loop

    def _start_own(self) -> asyncio.AbstractEventLoop:
        loop = asyncio.new_event_loop()
        self._own_thread = True

        def main() -> None:
            asyncio.set_event_loop(loop)
            self._watch(loop)
            try:
                loop.run_forever()
            finally:
                for task in list(self._tasks.values()):
                    task.cancel()
                loop.run_until_complete(asyncio.sleep(0))
                loop.close()

        _lifecycle.start_thread("asyncio", main)

        def end() -> None:
            loop.call_soon_threadsafe(loop.stop)

        _lifecycle.at_end(end)
        return loop

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self._descriptor(), self._drain)
        loop.call_soon(self._drain)

    def _descriptor(self) -> int:
        descriptor = self._lane.fileno()
        assert descriptor is not None, "this lane was made with a file descriptor"
        return descriptor

    async def _guard_foreign(self) -> None:
        """Lives as long as the program's loop does; then a loop of our own takes over, so that no call is left."""
        loop = asyncio.get_running_loop()
        try:
            await asyncio.Event().wait()
        finally:
            loop.remove_reader(self._descriptor())
            with self._lock:
                self._loop = None
                if self._lane.pending():
                    self._loop = self._start_own()

    def _drain(self) -> None:
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
            except BaseException as error:  # noqa: BLE001 - nothing that a handler raises may end the loop
                report(job, error)
                continue
            if asyncio.iscoroutine(value):
                self._start(job, value, context)
            elif job is not None:
                finish(job, value)
        asyncio.get_running_loop().call_soon(self._drain)

    def _start(self, job: Job | None, value: Coroutine[Any, Any, Any], context: contextvars.Context) -> None:
        task = asyncio.get_running_loop().create_task(_contained(value), context=context)
        if job is not None:
            self._tasks[job] = task
            if job.cancelled:
                task.cancel()
        task.add_done_callback(lambda done: self._settle(job, value, done))

    def _settle(self, job: Job | None, value: Coroutine[Any, Any, Any], task: asyncio.Task[Any]) -> None:
        if job is not None:
            self._tasks.pop(job, None)
        if task.cancelled():
            # Cancelled before its first step, it has never been awaited; asked to close, Python does not complain.
            value.close()
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

    def adopt(self, job: Job | None, value: Coroutine[Any, Any, Any]) -> None:
        """Runs a coroutine that a plain handler returned."""
        loop = self.ensure()
        context = contextvars.copy_context()
        try:
            loop.call_soon_threadsafe(self._start, job, value, context)
        except RuntimeError as error:
            value.close()
            report(job, error)
