"""Questions to a page that wait for their answer: scripts and pictures.

They wait for the page to be ready, are asked, and end with an answer or with the document. All that is known of the
document's state stands here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from auroraview import _core
from auroraview.errors import HostError, RemoteError, ViewClosed
from auroraview.futures import Future

if TYPE_CHECKING:
    import concurrent.futures


class Evaluations:
    """The open questions of one view.

    Args:
        of_window: its window is one of this process.
        page: the id of its peer.
    """

    def __init__(self, view: _core.View, *, of_window: bool = False, page: int | None = None) -> None:
        self._view = view
        self._of_window = of_window
        self._page = page
        # Held while asking, so that order is kept. That may take a moment on the thread of an application whose loop
        # drives the windows; answers are told on the notice thread, which waits for that long.
        self._lock = threading.RLock()
        self._asked: dict[int, Future] = {}
        self._pictures: set[int] = set()
        #: Not asked yet: they wait for a document.
        self._waiting: list[tuple[int, Callable[[], bool]]] = []
        #: Why there is no window any more; ``None`` from its opening until that is told.
        self._ended: str | None = None
        #: A document was ordered and has not committed yet.
        self._ordered = False
        #: A document was ordered and is not ready yet.
        self.awaits_document = False
        self._has_bridge = True
        self._shows_foreign = False

    def evaluate(self, script: str) -> Future:
        request = self._view.new_request()
        return self._ask("the value of a script", request, lambda: self._view.eval(request, script))

    def screenshot(self) -> Future:
        request = self._view.new_request()
        return self._ask("the screenshot", request, lambda: self._view.screenshot(request), picture=True)

    def when_ready(self, what: str, ask: Callable[[], Future]) -> Future:
        """Asks something else of the page once it is ready; the future of that."""
        request = self._view.new_request()

        def begin() -> bool:
            with self._lock:
                waiting = self._asked.pop(request, None)
            if waiting is not None and not waiting.done():
                try:
                    _follow(waiting, ask())
                except Exception as error:  # noqa: BLE001 - others wait behind it; whoever waits for this one is to see it
                    waiting.settle(error=error)
            return True

        return self._ask(what, request, begin)

    def painted(self) -> Future:
        """Asks for the page as it was last painted, whatever its state."""
        request = self._view.new_request()
        future = Future("the picture", of_window=self._of_window)
        with self._lock:
            self._asked[request] = future
            self._pictures.add(request)
            asked = self._view.is_open and self._view.screenshot(request, True)
        if not asked:
            self._pictures.discard(request)
            self._asked.pop(request, None)
            future.settle(error=ViewClosed("there is no window"))
        return future

    def _ask(self, what: str, request: int, ask: Callable[[], bool], *, picture: bool = False) -> Future:
        future = Future(what, of_window=self._of_window, page=self._page)
        with self._lock:
            if self._ended is not None and not self._view.is_open:
                future.settle(error=ViewClosed(self._ended))
                return future
            self._asked[request] = future
            if picture:
                self._pictures.add(request)
            ready = self._shows_foreign or (self._view.peer.is_ready and not self.awaits_document)
            if not ready or self._waiting:
                self._waiting.append((request, ask))
            else:
                ask()
        return future

    def _ask_waiting(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
            for _, ask in waiting:
                ask()

    def begins(self) -> None:
        """A window is asked for: what is asked from now on ends with that one, and for its reason."""
        with self._lock:
            self._ended = None

    # What happens to the document, on the notice thread

    def document_is_leaving(self) -> None:
        """Another document was ordered: what comes now is for that one."""
        with self._lock:
            self._ordered = self.awaits_document = True

    def document_committed(self, *, bridge: bool) -> None:
        with self._lock:
            self._ordered = self._shows_foreign = False
            self._has_bridge = bridge

    def document_is_ready(self) -> None:
        with self._lock:
            if not self._ordered:
                self.awaits_document = False
                self._ask_waiting()

    def order_failed(self) -> None:
        """The ordered document does not come: what waits is asked of the one that is there, if only to end with it when
        the engine's error page takes its place."""
        with self._lock:
            self._ordered = self.awaits_document = False
            self._ask_waiting()

    def document_is_loaded(self) -> None:
        """One without a bridge will never say that it is ready."""
        with self._lock:
            # While one is ordered, this is the end of an older one.
            self._shows_foreign = not self._ordered and not self._has_bridge
            if self._shows_foreign:
                self.awaits_document = False
                self._ask_waiting()

    def end(self, reason: str, *, lost: bool = False) -> None:
        """The page is gone: everything that waits ends.

        Args:
            lost: its window too, though the view stays open: what is asked next waits for the document to come.
        """
        with self._lock:
            if not self._view.is_open:
                self._ended = reason
            self._ordered = self.awaits_document = False
            futures = list(self._asked.values())
            self._asked.clear()
            self._pictures.clear()
            if lost or not self._view.is_open:
                self._shows_foreign = False
            self._waiting.clear()
        for future in futures:
            future.settle(error=ViewClosed(reason))

    def answered(self, request: int, value: str | bytes | None, name: str | None, message: str | None) -> None:
        with self._lock:
            future = self._asked.pop(request, None)
            picture = request in self._pictures
            self._pictures.discard(request)
        if future is None:
            return
        if isinstance(value, str):
            try:
                future.settle(_core.loads(value))
            except ValueError as error:
                # A lone surrogate, or more depth than the reader takes.
                future.settle(error=RemoteError("TypeError", f"the value cannot be read: {error}"))
        elif value is not None:
            future.settle(value)
        elif picture:
            future.settle(error=HostError(message))
        elif name:
            future.settle(error=RemoteError(name, message or ""))
        else:
            future.settle(error=ViewClosed(message))


def _follow(future: Future, answer: Future) -> None:
    """The future ends as the answer does, and takes it along when it is given up."""

    def settle(done: concurrent.futures.Future[Any]) -> None:
        if not done.cancelled():
            error = done.exception()
            future.settle(None if error is not None else done.result(), error)

    answer.add_done_callback(settle)
    future.add_done_callback(lambda done: answer.cancel() if done.cancelled() else None)
