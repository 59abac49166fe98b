"""Questions to a page that wait for their answer: scripts and pictures.

They wait for the page to be ready, are asked, and end with an answer or with the document. All that is known of the
document's state stands here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from auroraview import _core
from auroraview.errors import HostError, RemoteError, ViewClosed
from auroraview.futures import Future


class Evaluations:
    """The open questions of one view."""

    def __init__(self, view: _core.View) -> None:
        self._view = view
        self._lock = threading.Lock()
        self._asked: dict[int, Future] = {}
        #: Not asked yet: they wait for a document.
        self._waiting: list[tuple[int, Callable[[], bool]]] = []
        self._ended: str | None = None
        #: A document was ordered and has not committed yet.
        self._ordered = False
        #: A document was ordered and is not ready yet.
        self.awaits_document = False
        self._has_bridge = True

    def evaluate(self, script: str, ready: bool) -> Future:
        request = self._view.new_request()
        return self._ask("the value of a script", request, lambda: self._view.eval(request, script), ready)

    def screenshot(self, ready: bool) -> Future:
        request = self._view.new_request()
        return self._ask("the screenshot", request, lambda: self._view.screenshot(request), ready)

    def _ask(self, what: str, request: int, ask: Callable[[], bool], ready: bool) -> Future:
        future = Future(what)
        with self._lock:
            if self._ended is not None and not self._view.is_open:
                future.settle(error=ViewClosed(self._ended))
                return future
            self._asked[request] = future
            if not ready or self._waiting:
                self._waiting.append((request, ask))
                return future
        ask()
        return future

    def _ask_waiting(self) -> None:
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for _, ask in waiting:
            ask()

    # What happens to the document, on the notice thread

    def document_is_leaving(self) -> None:
        """Another document was ordered: what comes now is for that one."""
        self._ordered = self.awaits_document = True

    def document_committed(self, *, bridge: bool) -> None:
        self._ordered = False
        self._has_bridge = bridge

    def document_is_ready(self) -> None:
        if not self._ordered:
            self.awaits_document = False
            self._ask_waiting()

    def document_is_loaded(self) -> bool:
        """Returns whether a document without a bridge is there: it will never say that it is ready."""
        if self._ordered:
            # The order came to nothing, or its document has yet to commit; the latter says so.
            return False
        if not self._has_bridge:
            self.awaits_document = False
            self._ask_waiting()
        return not self._has_bridge

    def end(self, reason: str) -> None:
        """The page is gone: everything that waits ends."""
        with self._lock:
            self._ended = reason
            self._ordered = self.awaits_document = False
            futures = list(self._asked.values())
            self._asked.clear()
            self._waiting.clear()
        for future in futures:
            future.settle(error=ViewClosed(reason))

    def answered(self, request: int, value: str | bytes | None, name: str | None, message: str | None) -> None:
        with self._lock:
            future = self._asked.pop(request, None)
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
        elif name == "HostError":
            future.settle(error=HostError(message))
        elif name:
            future.settle(error=RemoteError(name, message or ""))
        else:
            future.settle(error=ViewClosed(message))
