"""The application's main thread: its queue, who empties it, and :data:`main_thread`, by which programs use it.

``main_thread`` is an object and not a module, because it is a decorator too: a module that can be called is possible,
and no type checker believes it.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, ParamSpec, TypeVar, final

from auroraview import _core, _waiting
from auroraview._log import logger
from auroraview._running import check_answers, run
from auroraview.errors import CallTimeout, HostError, UsageError, ViewClosed
from auroraview.futures import Future

__all__ = ["MainThread", "main_thread"]

P = ParamSpec("P")
T = TypeVar("T")

_PATIENCE_SECONDS = 5.0

#: How often a wait for the main thread looks whether that still lives.
_LOOK_SECONDS = 1.0

_last_pump = 0.0
_running = 0
#: How many waits of the main thread's asyncio loop want to be pumped.
_loops = 0
#: The application that pumps, if one does.
_host: str | None = None
_watcher: threading.Timer | None = None
_warned = False
_watching = threading.RLock()


@final
class MainThread:
    """The application's main thread, for handlers bound with ``thread="main"`` and for functions of other threads.

        from auroraview import main_thread

        @main_thread                                   # always runs there, whoever calls it, and returns its value
        def rename(old, new): ...

        main_thread.run(rename, "a", "b")              # waits for it
        future = main_thread.call(rename, "a", "b")    # does not

    What is to run there waits in one queue, and runs in order of arrival: inside a blocking ``show()``, ``wait()`` or
    ``Future.result()`` on the main thread, and on an asyncio loop there while it waits in ``show_async()``. Inside an
    application, ``auroraview.hosts.attach()`` has the application empty the queue. A program with a main loop of its
    own calls :meth:`pump` from it, at best whenever :meth:`fileno` is readable.
    """

    __slots__ = ()

    def __call__(self, func: Callable[P, T]) -> Callable[P, T]:
        """Has a plain function always run on the main thread: the decorator ``@main_thread``. See :meth:`run`."""
        check_answers(func, "a function for the main thread")

        @functools.wraps(func)
        def on_main_thread(*args: P.args, **kwargs: P.kwargs) -> T:
            return self.run(func, *args, **kwargs)

        return on_main_thread

    def run(self, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a plain function on the main thread, waits for it, and returns its value or raises what it raised.

        From any thread. On the main thread it runs at once, before what waits there already. It sees the caller's
        context variables (``current_call()`` among them).

        Raises:
            UsageError: called on an asyncio loop's thread, which must not wait: ``await main_thread.call(...)``.
            HostError: the main thread has ended.
        """
        check_answers(func, "a function for the main thread")
        if _waiting.on_main_thread():
            return func(*args, **kwargs)
        _waiting.prepare("write `await main_thread.call(...)`")
        value: T = self.call(func, *args, **kwargs).result()
        return value

    def call(self, func: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future:
        """Like :meth:`run`, but returns at once, with a future: ``.result(timeout=5)`` or ``await``.

        On the main thread the function has run when this returns. Cancelling the future before the function starts
        keeps it from running.
        """
        check_answers(func, "a function for the main thread")
        future = _MainThreadFuture(f"the answer of {getattr(func, '__qualname__', func)!s}")
        call = functools.partial(func, *args, **kwargs)
        if _waiting.on_main_thread():
            _settle(future, call)
        else:
            _core.main_lane().put(_settle, (future, functools.partial(contextvars.copy_context().run, call)))
            _work_waits(None)
        return future

    def fileno(self) -> int:
        """A file descriptor that is readable while something waits for the main thread. Read nothing from it: call
        :meth:`pump`. Any thread."""
        descriptor = _core.main_lane().fileno()
        assert descriptor is not None, "the main lane always has a file descriptor"
        return descriptor

    def pump(self, max_seconds: float | None = None) -> int:
        """Runs what waits for the main thread, in order of arrival; returns how many ran.

        Args:
            max_seconds: start nothing further when this time has passed; the rest waits for the next pump.
                ``None``: run all that waits.

        Raises:
            UsageError: called on another thread.
            KeyboardInterrupt: Ctrl-C was pressed while a handler ran (its call is answered first).
        """
        global _last_pump, _running
        if not _waiting.on_main_thread():
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

    def __repr__(self) -> str:
        return "<auroraview.main_thread>"


class _MainThreadFuture(Future):
    """A future that notices when nobody is left to settle it: a program waits for its other threads before it ends."""

    def _wait(self, timeout: float | None) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else deadline - time.monotonic()
            with contextlib.suppress(CallTimeout):
                return super()._wait(_LOOK_SECONDS if left is None else min(left, _LOOK_SECONDS))
            if not threading.main_thread().is_alive():
                raise HostError("the main thread has ended: nothing runs there any more")
            if left is not None and left <= _LOOK_SECONDS:
                raise CallTimeout(f"{self._what} did not come within {timeout:g} s")


def _settle(future: Future, call: Callable[[], Any]) -> None:
    """Runs what was asked for, unless nobody wants it any more. Ctrl-C goes on to who pumps."""
    if future.cancelled():
        return
    try:
        value = call()
    except BaseException as error:  # whoever asked gets it
        future.settle(error=error)
        if isinstance(error, KeyboardInterrupt):
            raise
        return
    future.settle(value)


def pumped_by_host(name: str | None) -> None:
    """Names the application that pumps from now on. For the library's own use."""
    global _host
    _host = name


@contextlib.contextmanager
def pumped_by_loop() -> Iterator[None]:
    """Has the running asyncio loop pump meanwhile, where it runs on the main thread. For the library's own use."""
    global _loops
    if not _waiting.on_main_thread():
        yield
        return
    import asyncio

    loop = asyncio.get_running_loop()
    _loops += 1
    loop.add_reader(main_thread.fileno(), main_thread.pump)
    loop.call_soon(main_thread.pump)
    try:
        yield
    finally:
        _loops -= 1
        if not _loops:
            loop.remove_reader(main_thread.fileno())


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
        # Before the look: of what comes after it we are told again.
        if _warned or not _core.main_lane(_work_waits).pending():
            return
        if _running or _last_pump >= since:
            # Somebody pumps, and what waits now may have come later.
            _work_waits(None)
            return
        _warned = True
    if _host is not None:
        logger.warning(
            "something has waited for %d seconds for the main thread, where %s is busy", _PATIENCE_SECONDS, _host
        )
        return
    logger.warning(
        "something has waited for %d seconds for the main thread, where nothing takes it: wait there with view.show() "
        "or view.wait(); in a host application call auroraview.hosts.attach(); in a loop of the program's own, "
        "auroraview.main_thread.pump()",
        _PATIENCE_SECONDS,
    )


#: The one there is.
main_thread = MainThread()

_core.main_lane(_work_waits)
