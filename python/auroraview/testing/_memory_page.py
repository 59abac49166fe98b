"""A page without a browser: the wire of a page, spoken by Python."""

from __future__ import annotations

import itertools
import json
import secrets
import threading
import weakref
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

from auroraview import _core, _waiting
from auroraview._lifecycle import weakly
from auroraview._log import logger
from auroraview.bridge import Bridge
from auroraview.errors import CallTimeout, RemoteError, ViewClosed
from auroraview.futures import Future
from auroraview.options import check_positive
from auroraview.peer import Peer
from auroraview.testing._page_buffer import BUFFER_EVENT, PageBuffer

if TYPE_CHECKING:
    from auroraview.testing._clock import Clock
    from auroraview.view import WebView

__all__ = ["MemoryPage"]

_ABSENT: Any = object()
_DEPTH = 1_000


class MemoryPage:
    """A page without a browser, connected to a bridge. Any thread.

    Args:
        bridge: the handlers to call, or a view that has them.
        debug: the page may see tracebacks.
        clock: whose time the ``timeout`` of a call is; that of the bridge, unless it is given.

    Attributes:
        peer: the page as the bridge sees it.
        events: all events received so far, as ``(name, detail)``.
        methods: what the bridge said is bound.
    """

    def __init__(self, bridge: Bridge | WebView, *, debug: bool = False, clock: Clock | None = None) -> None:
        owner: Bridge = bridge if isinstance(bridge, Bridge) else bridge.bridge
        self._clock = owner._clock if clock is None else clock
        # Also held while something is posted that belongs to a document. Reentrant: a cancelled future posts too.
        self._lock = threading.RLock()
        self._ids = itertools.count(1)
        self._calls: dict[int, Future] = {}
        self._handlers: dict[str, list[Callable[[Any], Any]]] = {}
        self._retained: dict[str, Any] = {}
        self._buffers: dict[str, PageBuffer] = {}
        self._closed: str | None = None
        self._document = ""
        self.events: list[tuple[str, Any]] = []
        self.methods: set[str] = set()
        self._core = _core.Memory(owner._core, weakly(self._receive), weakly(self._notice))
        self.peer = Peer(self._core.peer, owner, transport="memory")
        self._core.peer.set_debug(debug)
        # A page that is forgotten without `close` must not leave its calls running for nobody.
        weakref.finalize(self, _forget_page, self.peer).atexit = False
        self.peer._began()
        self._say_hello()
        self._look_for_end()

    # What a page does

    def call(self, method: str, params: Any = _ABSENT, *, timeout: float | None = None) -> Future:
        """Calls a bound method.

        Args:
            method: its name.
            params: a dict (named), a list (positional), any other value (one argument); left out: none. Bytes and
                arrays in it travel as a page's ``ArrayBuffer`` and typed arrays do.
            timeout: in seconds, after which the page gives up, as in ``auroraview.call(..., {timeout})``: the future
                raises ``RemoteError`` with the code ``"timeout"``, and the handler is cancelled. ``None``: never.

        Returns:
            A future of the result, in which a typed array of the page is an :class:`~auroraview.Array`;
            ``RemoteError`` carries what went wrong.
        """
        if timeout is not None:
            check_positive("call(timeout=...)", timeout, "a positive number of seconds, or None")
        future = Future(f"the answer to {method!r}")
        number = next(self._ids)
        message = _message({"type": "call", "id": number, "method": method}, "params", params)
        with self._lock:
            if self._closed is not None:
                future.settle(error=ViewClosed(self._closed))
                return future
            self._calls[number] = future
            self._send(*message)
        future.add_done_callback(lambda done: self._forget(number, done))
        if timeout is not None:
            self._give_up_after(timeout, number, method, future)
        return future

    def send_event(self, event: str, detail: Any = _ABSENT) -> None:
        """Sends an event to the bridge's handlers."""
        self._send(*_message({"type": "event", "event": event}, "detail", detail))

    def on(self, event: str, handler: Callable[[Any], Any] | None = None) -> Any:
        """Handles an event of the bridge; a decorator, or called with the function. A late handler gets the last
        retained value at once. Handlers run on a thread of the library and must not wait."""
        if handler is None:
            return lambda decorated: self.on(event, decorated)
        with self._lock:
            self._handlers.setdefault(event, []).append(handler)
            value = self._retained.get(event, _ABSENT)
        if value is not _ABSENT:
            self._deliver(handler, event, value)
        return handler

    def wait_for(self, event: str, timeout: float = 10.0) -> Any:
        """Waits until the event has been received (or was already) and returns the detail of the first one.

        Raises:
            CallTimeout: it did not come within ``timeout`` seconds.
        """
        _waiting.wait_until(
            lambda: any(name == event for name, _ in list(self.events)),
            timeout,
            remedy="use `page.on(event, handler)`",
        )
        for name, detail in list(self.events):
            if name == event:
                return detail
        raise CallTimeout(f"the event {event!r} did not come within {timeout:g} s")

    def buffer(self, name: str) -> PageBuffer:
        """What the page has of a live buffer of the program; see :meth:`auroraview.WebView.buffer`. The same object for
        the same name."""
        with self._lock:
            return self._buffers.setdefault(name, PageBuffer(name))

    def reload(self) -> None:
        """Becomes a new document: what the old one waited for ends, retained events come again."""
        with self._lock:
            if self._closed is not None:
                raise ViewClosed(self._closed)
            calls, self._calls = self._calls, {}
            self._core.document_gone()
            self._retained.clear()
            for buffer in self._buffers.values():
                buffer._forget()
            self._say_hello()
        self._end(calls, "the document was reloaded")
        self._look_for_end()

    def close(self) -> None:
        """Goes away. What it waited for raises ``ViewClosed``."""
        with self._lock:
            if self._closed is not None:
                return
            self._closed = "the page was closed"
            calls, self._calls = self._calls, {}
        self.peer._core.close(self._closed)
        self._end(calls, self._closed)
        self.peer._ended()

    def post(self, frame: str, attachments: Iterable[bytes] = ()) -> None:
        """Sends a raw frame, as a faulty page would."""
        self._core.post(frame, list(attachments))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # The wire

    def _say_hello(self) -> None:
        self._document = secrets.token_hex(8)
        hello = {"type": "hello", "protocol": 1, "document": self._document, "url": "memory:"}
        self._core.post(json.dumps({"v": 1, "doc": self._document, "msgs": [hello]}))
        self._core.post(json.dumps({"v": 1, "doc": self._document, "msgs": [{"type": "ready"}]}))

    def _send(self, message: str, attachments: Sequence[bytes] = ()) -> None:
        # A frame that says how many attachments follow says it first.
        count = f'"att":{len(attachments)},' if attachments else ""
        with self._lock:
            self._core.post(f'{{{count}"v":1,"doc":"{self._document}","msgs":[{message}]}}', list(attachments))

    def _receive(self, text: str, attachments: list[bytes]) -> None:
        """Takes a frame, on the notice thread."""
        frame = json.loads(text)
        if frame["doc"] != self._document:
            return
        rest = iter(attachments)
        for message in frame["msgs"]:
            described = message.get("att")
            if described is not None:
                resolve(message, list(zip(itertools.islice(rest, len(described)), described, strict=True)))
            self._take(message)
        with self._lock:
            # Once closed or reloaded, there is nobody who would take the acknowledgement.
            if self._closed is None and frame["doc"] == self._document:
                self._core.post(json.dumps({"v": 1, "doc": frame["doc"], "ack": frame["seq"], "msgs": []}))

    def _take(self, message: dict[str, Any]) -> None:
        event, detail = message["event"], message["detail"]
        if event == "__auroraview_call_result":
            self._settle(detail)
        elif event == "__auroraview_welcome":
            self.methods = set(detail["methods"])
        elif event == "__auroraview_bound":
            self.methods = (self.methods | set(detail["added"])) - set(detail["removed"])
        elif event == "__auroraview_closed":
            self._was_closed(detail["reason"])
        elif event.startswith(BUFFER_EVENT):
            self.buffer(event.removeprefix(BUFFER_EVENT))._take(detail["version"], detail["array"])
        elif not event.startswith("__auroraview_"):
            with self._lock:
                self.events.append((event, detail))
                if message.get("retain"):
                    self._retained[event] = detail
                handlers = list(self._handlers.get(event, ()))
            for handler in handlers:
                self._deliver(handler, event, detail)

    def _look_for_end(self) -> None:
        """The program may have ended the page between two documents, when there was none to be told of it."""
        if not self.peer.connected:
            self._was_closed("the page was closed by the program")

    def _was_closed(self, reason: str) -> None:
        with self._lock:
            if self._closed is not None:
                return
            self._closed = reason
            calls, self._calls = self._calls, {}
        self._end(calls, reason)
        self.peer._ended("kicked")

    def _deliver(self, handler: Callable[[Any], Any], event: str, detail: Any) -> None:
        try:
            handler(detail)
        except BaseException:  # noqa: BLE001 - one failing handler does not stop the next
            logger.exception("the page's handler of %r raised", event)

    def _settle(self, detail: dict[str, Any]) -> None:
        future = self._calls.pop(detail["id"], None)
        if future is None:
            return
        if detail["ok"]:
            future.settle(detail["result"])
            return
        error = detail["error"]
        future.settle(error=RemoteError(error["name"], error["message"], error["code"], error.get("data")))

    def _give_up_after(self, seconds: float, number: int, method: str, future: Future) -> None:
        give_up = weakly(self._give_up)
        error = RemoteError("TimeoutError", f"call of {method} had no answer within {seconds:g} s", "timeout")
        if self._clock is not None:
            self._clock.call_at(self._clock.now + seconds, lambda: give_up(number, error))
            return
        timer = threading.Timer(min(seconds, threading.TIMEOUT_MAX), give_up, (number, error))
        timer.daemon = True
        timer.start()
        # A thread that waits for nothing would stay as long as the timeout.
        future.add_done_callback(lambda _: timer.cancel())

    def _give_up(self, number: int, error: RemoteError) -> None:
        with self._lock:
            future = self._calls.pop(number, None)
            if future is not None:
                self._send(json.dumps({"type": "cancel", "id": number}))
        if future is not None:
            future.settle(error=error)

    def _forget(self, number: int, future: Any) -> None:
        """A cancelled future tells the bridge that nobody waits any more."""
        with self._lock:
            if future.cancelled() and self._calls.pop(number, None) is not None:
                self._send(json.dumps({"type": "cancel", "id": number}))

    def _end(self, calls: dict[int, Future], reason: str) -> None:
        for future in calls.values():
            future.settle(error=ViewClosed(reason))

    def _notice(self, name: str, *args: Any) -> None:
        self.peer._listeners.tell(name)


def _message(message: dict[str, Any], key: str, value: Any) -> tuple[str, list[bytes]]:
    """A message with its value, and the attachments that the value refers to."""
    text = json.dumps(message)
    if value is _ABSENT:
        return text, []
    encoded, attachments, escaped = _core.dumps(value, key, _DEPTH)
    listed = json.dumps([_described(*one) for one in attachments])
    listed = f', "att": {listed}' if attachments or escaped else ""
    return f"{text[:-1]}, {json.dumps(key)}: {encoded}{listed}}}", [data for data, _, _ in attachments]


def _described(data: bytes, dtype: str | None, shape: list[int] | None) -> dict[str, Any]:
    """An attachment as its message lists it."""
    described = {"bytes": len(data), "dtype": dtype, "shape": shape}
    return {name: value for name, value in described.items() if value is not None}


def resolve(message: dict[str, Any], attachments: list[tuple[bytes, dict[str, Any]]]) -> None:
    """Puts the attachments where the message's value refers to them."""
    holder, key = message, "detail"
    if message["event"] == "__auroraview_call_result":
        holder, key = message["detail"], "result"
    plain = [(data, described.get("dtype"), described.get("shape")) for data, described in attachments]
    holder[key] = _core.loads(json.dumps(holder[key]), plain)


def _forget_page(peer: Peer) -> None:
    peer._core.close("the page was forgotten")
    peer._ended()
