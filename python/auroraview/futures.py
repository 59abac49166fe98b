"""The future that ``eval_js`` and ``MemoryPage.call`` return."""

from __future__ import annotations

import concurrent.futures
import logging
import threading
from collections.abc import Generator
from typing import Any

from auroraview import _waiting
from auroraview._log import logger
from auroraview.errors import CallTimeout, ViewClosed

__all__ = ["Future"]

_REMEDY = "write `await future` instead of `future.result()`"
_WINDOW_REMEDY = 'use `future.add_done_callback(func)`, write `await future`, do it in a handler with thread="worker"'


class Future(concurrent.futures.Future[Any]):
    """A result that comes later: ``future.result(timeout=5)`` or ``await future``.

    Settled on a thread of the library, so callbacks of ``add_done_callback`` run there and must be short. An error that
    nobody asks for is logged when the future goes away.
    """

    def __init__(self, what: str = "the answer", *, of_window: bool = False, page: int | None = None) -> None:
        super().__init__()
        self._what = what
        #: A window of this process settles it.
        self._of_window = of_window
        #: The peer whose page settles it.
        self._page = page
        self._looked_at = False
        self._telling = threading.Lock()
        self._told = False

    def result(self, timeout: float | None = None) -> Any:
        """Waits for the result.

        Args:
            timeout: in seconds; ``None`` waits until there is an answer or the view closes.

        Raises:
            CallTimeout: no answer in time.
            UsageError: called where waiting would keep the answer from coming: on the asyncio loop; for a window in an
                application whose loop it lives in, on that loop's thread, unless the answer is there; in a handler
                that the page waits for without going on (``auroraview.callSync``).
            RemoteError, ViewClosed: see what returned the future.
        """
        self._wait(timeout)
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        """Like :meth:`result`, but returns the error instead of raising it."""
        self._wait(timeout)
        return super().exception(0)

    def _wait(self, timeout: float | None) -> None:
        self._looked_at = True
        window_remedy = _WINDOW_REMEDY if self._of_window else None
        if not _waiting.wait_until(self.done, timeout, remedy=_REMEDY, window_remedy=window_remedy, page=self._page):
            raise CallTimeout(f"{self._what} did not come within {timeout:g} s")

    def __await__(self) -> Generator[Any, None, Any]:
        import asyncio

        self._looked_at = True
        return asyncio.wrap_future(self).__await__()

    def cancel(self) -> bool:
        """Gives the result up: it raises ``concurrent.futures.CancelledError`` from now on. Returns whether it had
        not come yet."""
        cancelled = super().cancel()
        if cancelled:
            with self._telling:
                if not self._told:
                    self._told = True
                    # Tells those in `concurrent.futures.wait` and `as_completed`, which `cancel` alone does not.
                    self.set_running_or_notify_cancel()
            _waiting.announce_change()
        return cancelled

    def settle(self, value: Any = None, error: BaseException | None = None) -> None:
        """Sets the result or the error, unless there is one already. For the library's own use."""
        try:
            if error is None:
                self.set_result(value)
            else:
                self.set_exception(error)
        except concurrent.futures.InvalidStateError:
            return
        finally:
            _waiting.announce_change()

    def __del__(self) -> None:
        if self._looked_at or not self.done() or self.cancelled():
            return
        error = super().exception(0)
        if error is not None:
            # That the page went away is no failure of what was asked of it.
            level = logging.DEBUG if isinstance(error, ViewClosed) else logging.ERROR
            logger.log(level, "%s failed, and nobody asked: %s", self._what, error)
