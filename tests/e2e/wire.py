"""A page without a browser that speaks to a server over a real WebSocket, as the browser's script does.

:class:`WirePage` numbers its frames, keeps what is not acknowledged, acknowledges and resumes; and it can misbehave
where a test asks for it. All is asyncio on the test's own loop; :func:`in_loop` makes a test of an async function.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import functools
import gzip
import itertools
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from auroraview import RemoteError, ViewClosed
from tests.e2e.helpers import PATIENCE

ABSENT: Any = object()


def in_loop(test: Callable[..., Awaitable[None]]) -> Callable[..., None]:
    """An async test, run on a loop of its own."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def limited() -> None:
            await test(*args, **kwargs)

        asyncio.run(limited())

    return run


async def until(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Waits until the condition gives something true, and returns that; the loop goes on meanwhile."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:g} s")
        await asyncio.sleep(0.01)
    return value


class WirePage:
    """One page, over any number of connections.

    Args:
        address: where the server is, such as ``http://127.0.0.1:8000``; a fragment ``#token=...`` gives the token.
        token: the launch token, where the address has none.
        origin: the ``Origin`` header; ``None`` for none.
        acknowledge: whether it says what it has processed.

    Attributes:
        link: the address that it was made with.
        session, resume: what the server called the session, and the token to come back with.
        answer: the server's last ``session`` message.
        events: what arrived, as ``(name, detail)``.
        resets: the reasons of resets the page was told, and of places it lost.
        reset_at: how many events there were when it was told last.
        duplicates: frames that came again and were discarded.
        ended: code and reason of the connection's end.
        ids: where the ids of calls come from.
    """

    def __init__(
        self, address: str, token: str | None = None, *, origin: str | None = None, acknowledge: bool = True
    ) -> None:
        self.link = address
        parts = urlsplit(address)
        self.address = f"ws://{parts.netloc}{parts.path.rstrip('/')}/auroraview.ws"
        self.token = token or parts.fragment.removeprefix("token=") or None
        self.page_url = f"{parts.scheme}://{parts.netloc}{parts.path}"
        self.origin = origin
        self.acknowledge = acknowledge
        self.accepts: list[str] = []
        self.document = secrets.token_urlsafe(12)
        self.session: str | None = None
        self.resume: str | None = None
        self.answer: dict[str, Any] = {}
        self.welcome: dict[str, Any] | None = None
        self.events: list[tuple[str, Any]] = []
        self.resets: list[str] = []
        self.reset_at = 0
        self.told_to_reload = 0
        self.duplicates = 0
        self.received = 0
        self.sent = 0
        self.compressed = 0
        self.kept: collections.deque[tuple[int, str, tuple[bytes, ...]]] = collections.deque()
        self.ended: tuple[int, str] | None = None
        self.socket: ClientConnection | None = None
        self._calls: dict[int, asyncio.Future[Any]] = {}
        self.ids = itertools.count(1)
        self._reader: asyncio.Task[None] | None = None
        self._writing = asyncio.Lock()

    async def __aenter__(self) -> WirePage:
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.drop()

    # Connections

    async def open_socket(self, **headers: str) -> ClientConnection:
        """The WebSocket alone, without a word said."""
        self.ended = None
        self.socket = await connect(
            self.address,
            origin=self.origin,  # type: ignore[arg-type]
            additional_headers=headers,
            max_size=None,
            max_queue=(4, 2),
            compression=None,
            ping_interval=None,
            open_timeout=PATIENCE,
            close_timeout=1,
            proxy=None,
        )
        return self.socket

    async def connect(self) -> dict[str, Any]:
        """Connects: at first as a new page, later it resumes. Returns the server's answer; ``ConnectionClosed`` when
        the server closed the connection instead."""
        # What is posted meanwhile goes out afterwards.
        async with self._writing:
            return await self._connect(self.hello())

    async def _connect(self, hello: dict[str, Any]) -> dict[str, Any]:
        socket = await self.open_socket()
        await socket.send(json.dumps(hello))
        answer: dict[str, Any] = json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))
        assert answer["type"] == "session", answer
        self.answer, self.session, self.resume = answer, answer["id"], answer["resume"]
        if answer["resumed"]:
            self._forget(answer["received"])
        else:
            if "received" in hello:
                self._lose_place("the session could not be resumed")
            self.kept.clear()
            self.sent = self.received = 0
        self._reader = asyncio.create_task(self._read(socket))
        if answer["resumed"]:
            for _, text, attachments in list(self.kept):
                await self._transmit(text, attachments)
        else:
            await self._post([{"type": "ready"}])
        return answer

    def hello(self, **changes: Any) -> dict[str, Any]:
        """The first message of a connection."""
        hello: dict[str, Any] = {"type": "hello", "protocol": 1, "document": self.document, "url": self.page_url}
        hello.update(token=self.token, session=self.session, resume=self.resume, accepts=self.accepts or None)
        if self.session is not None:
            hello["received"] = self.received
        hello.update(changes)
        return {name: value for name, value in hello.items() if value is not None}

    async def reload(self) -> dict[str, Any]:
        """A new document in the same session, as after F5."""
        await self.drop()
        self._lose_place("the document was reloaded", tell=False)
        self.document = secrets.token_urlsafe(12)
        self.kept.clear()
        self.sent = self.received = 0
        self.welcome = None
        async with self._writing:
            hello = self.hello()
            hello.pop("received", None)
            return await self._connect(hello)

    async def drop(self) -> None:
        """The connection breaks, without a word."""
        await self.stop_reading()
        if self.socket is not None:
            self.socket.transport.abort()
            await self.socket.wait_closed()

    async def say_goodbye(self) -> None:
        """What a page says when it goes away."""
        await self.raw('{"type":"bye"}')
        await self.stop_reading()
        if self.socket is not None:
            await self.socket.close()

    async def stop_reading(self) -> None:
        """Reads no more; what it would send still goes out."""
        if self._reader is not None:
            self._reader.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._reader
            self._reader = None

    def read_on(self) -> None:
        """Reads again."""
        assert self.socket is not None
        self._reader = asyncio.create_task(self._read(self.socket))

    async def wait_end(self, seconds: float = PATIENCE) -> tuple[int, str]:
        """Waits until the server has closed the connection; code and reason."""
        await until(lambda: self.ended is not None, "the end of the connection", seconds)
        assert self.ended is not None
        return self.ended

    # What a page does

    def start_call(self, method: str, params: Any = ABSENT) -> asyncio.Future[Any]:
        """Makes the message of a call, and its answer; ``post`` it with others in one frame."""
        number = next(self.ids)
        future = asyncio.get_running_loop().create_future()
        future.message = {  # type: ignore[attr-defined]
            "type": "call",
            "id": number,
            "method": method,
            **({} if params is ABSENT else {"params": params}),
        }
        self._calls[number] = future
        return future

    async def call(self, method: str, params: Any = ABSENT) -> Any:
        """Calls a method; ``RemoteError``, or ``ViewClosed`` when its place was lost."""
        future = self.start_call(method, params)
        await self.post(future.message)  # type: ignore[attr-defined]
        return await asyncio.wait_for(future, PATIENCE)

    async def send_event(self, event: str, detail: Any = None) -> None:
        """Sends an event."""
        await self.post({"type": "event", "event": event, "detail": detail})

    async def post(self, *messages: dict[str, Any], attachments: tuple[bytes, ...] = ()) -> None:
        """Sends a numbered frame; without a connection it waits for the next one."""
        async with self._writing:
            await self._post(messages, attachments)

    async def _post(self, messages: Sequence[dict[str, Any]], attachments: tuple[bytes, ...] = ()) -> None:
        self.sent += 1
        head = f'{{"att":{len(attachments)},"seq":{self.sent},' if attachments else f'{{"seq":{self.sent},'
        rest = json.dumps({"v": 1, "doc": self.document, "ack": self.received, "msgs": messages})
        text = head + rest[1:]
        self.kept.append((self.sent, text, attachments))
        with contextlib.suppress(ConnectionClosed):
            await self._transmit(text, attachments)

    async def raw(self, message: str | bytes) -> None:
        """Sends anything."""
        assert self.socket is not None
        await self.socket.send(message)

    async def wait_events(self, count: int, seconds: float = PATIENCE) -> list[tuple[str, Any]]:
        """Waits until it has so many events; all of them."""
        await until(lambda: len(self.events) >= count, f"{count} events (there are {len(self.events)})", seconds)
        return self.events

    def details(self, event: str) -> list[Any]:
        """What events of this name brought, in order."""
        return [detail for name, detail in self.events if name == event]

    # What arrives

    async def _transmit(self, text: str, attachments: tuple[bytes, ...]) -> None:
        assert self.socket is not None
        await self.socket.send(text)
        for attachment in attachments:
            await self.socket.send(attachment)

    async def _read(self, socket: ClientConnection) -> None:
        try:
            while True:
                message = await socket.recv()
                if isinstance(message, bytes):
                    self.compressed += 1
                    message = gzip.decompress(message).decode()
                if message.startswith('{"type":'):
                    await self._control(json.loads(message))
                    continue
                frame = json.loads(message)
                buffers = [await socket.recv() for _ in range(frame.get("att", 0))]
                await self._frame(frame, buffers)
        except ConnectionClosed as end:
            self.ended = (end.rcvd.code, end.rcvd.reason) if end.rcvd is not None else (1006, "")
            if self.ended[0] in (4000, 4001, 4002, 4004):
                self._lose_place(self.ended[1], tell=False)

    async def _control(self, message: dict[str, Any]) -> None:
        if message["type"] == "ping":
            with contextlib.suppress(ConnectionClosed):
                await self.raw('{"type":"pong"}')
        elif message["type"] == "ack":
            self._forget(message["received"])
        elif message["type"] == "reload":
            self.told_to_reload += 1

    async def _frame(self, frame: dict[str, Any], buffers: list[Any]) -> None:
        if frame["doc"] != self.document:
            return
        if frame["seq"] <= self.received:
            self.duplicates += 1
            return
        assert frame["seq"] == self.received + 1, f"frame {frame['seq']} after {self.received}"
        self.received = frame["seq"]
        at = 0
        for message in frame["msgs"]:
            count = len(message.get("att", ()))
            self._take(message, buffers[at : at + count])
            at += count
        if self.acknowledge:
            with contextlib.suppress(ConnectionClosed):
                await self.raw(json.dumps({"v": 1, "doc": self.document, "ack": self.received, "msgs": []}))

    def _take(self, message: dict[str, Any], buffers: list[Any]) -> None:
        event, detail = message["event"], message["detail"]
        if buffers:
            detail = _resolved(detail, message["att"], buffers)
        if event == "__auroraview_call_result":
            future = self._calls.pop(detail["id"], None)
            if future is None or future.done():
                return
            if detail["ok"]:
                future.set_result(detail["result"])
            else:
                error = detail["error"]
                future.set_exception(RemoteError(error["name"], error["message"], error["code"], error.get("data")))
        elif event == "__auroraview_welcome":
            self.welcome = detail
        elif event == "__auroraview_reset":
            self._told(detail["reason"])
        elif event == "__auroraview_closed":
            self._lose_place(detail["reason"], tell=False)
        elif not event.startswith("__auroraview_"):
            self.events.append((event, detail))

    def _forget(self, received: int) -> None:
        while self.kept and self.kept[0][0] <= received:
            self.kept.popleft()

    def _told(self, reason: str) -> None:
        self.resets.append(reason)
        self.reset_at = len(self.events)

    def _lose_place(self, reason: str, *, tell: bool = True) -> None:
        if tell:
            self._told(reason)
        calls, self._calls = self._calls, {}
        for future in calls.values():
            if not future.done():
                future.set_exception(ViewClosed(reason))
                future.exception()  # Nobody needs to have waited for it.


async def refused(page: WirePage, *first: str | bytes) -> tuple[int, str]:
    """Says this on a new connection, which the server ends: with which code and reason."""
    socket = await page.open_socket()
    try:
        for message in first:
            await socket.send(message)
        await asyncio.wait_for(socket.recv(), PATIENCE)
    except ConnectionClosed as end:
        return (end.rcvd.code, end.rcvd.reason) if end.rcvd is not None else (1006, "")
    raise AssertionError("the server answered")


def _resolved(value: Any, heads: list[dict[str, Any]], buffers: list[Any]) -> Any:
    """The value with its attachments in place: bytes, or ``(dtype, shape, bytes)`` for arrays."""
    if isinstance(value, list):
        return [_resolved(item, heads, buffers) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"$av"}:
        at = value["$av"]
        if isinstance(at, list):
            return {"$av": _resolved(at[0], heads, buffers)}
        assert len(buffers[at]) == heads[at]["bytes"]
        dtype = heads[at].get("dtype")
        return buffers[at] if dtype is None else (dtype, heads[at].get("shape"), buffers[at])
    return {name: _resolved(item, heads, buffers) for name, item in value.items()}
