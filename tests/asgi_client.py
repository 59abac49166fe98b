"""An ASGI server without sockets: it calls an application as a server would, and a test says what comes in."""

from __future__ import annotations

import asyncio
import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from tests.helpers import SECONDS

HOST = ("127.0.0.1", 8000)


def scope_of(kind: str, path: str, mount: str = "", **more: Any) -> dict[str, Any]:
    """What a server tells of a request; the path with its mount, as ASGI's text has it since 3.0.

    Args:
        path: as the client wrote it, percent-encoded, with a query perhaps.
        mount: where the application is mounted, not encoded.
    """
    headers = {"host": f"{HOST[0]}:{HOST[1]}", **more.pop("headers", {})}
    raw, _, query = f"{quote(mount)}{path}".partition("?")
    return {
        "type": kind,
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": {"http": "http", "websocket": "ws"}[kind],
        "path": unquote(raw),
        "raw_path": raw.encode(),
        "root_path": mount,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 5000),
        "server": HOST,
        **more,
    }


@dataclass
class Answer:
    """The answer to a request."""

    status: int
    headers: dict[str, str]
    body: bytes
    parts: int


async def get(app: Any, path: str, method: str = "GET", **more: Any) -> Answer:
    """Makes a request."""
    scope = {**scope_of("http", path, **more), "method": method}
    sent: list[dict[str, Any]] = []
    told = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        # The client stays, so nothing more is to be told.
        return next(told, None) or await asyncio.get_running_loop().create_future()

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await asyncio.wait_for(app(scope, receive, send), SECONDS)
    start, *parts = sent
    assert start["type"] == "http.response.start"
    assert [part.get("more_body", False) for part in parts] == [True] * (len(parts) - 1) + [False]
    headers = {name.decode(): value.decode() for name, value in start["headers"]}
    return Answer(start["status"], headers, b"".join(part["body"] for part in parts), len(parts))


class Socket:
    """A WebSocket of an application. ``async with`` runs the application meanwhile and ends it."""

    def __init__(self, app: Any, path: str = "/auroraview.ws", **more: Any) -> None:
        self._app = app
        self._scope = scope_of("websocket", path, **more)
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._out: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.task: asyncio.Task[None] | None = None
        #: Cleared, it is a client that does not read.
        self.reads = asyncio.Event()
        self.reads.set()
        self.document = secrets.token_hex(8)
        self.seq = self.received = 0

    async def __aenter__(self) -> Socket:
        self._in.put_nowait({"type": "websocket.connect"})
        self.task = asyncio.create_task(self._app(self._scope, self._in.get, self._send))
        return self

    async def __aexit__(self, *_: object) -> None:
        self.drop()
        await self.ended()

    async def _send(self, message: dict[str, Any]) -> None:
        await self.reads.wait()
        self._out.put_nowait(message)

    def drop(self) -> None:
        """The connection is lost."""
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1006})

    async def ended(self) -> None:
        """Waits until the application is done with it; raises what it raised."""
        assert self.task is not None
        await asyncio.wait_for(self.task, SECONDS)

    async def message(self) -> dict[str, Any]:
        """What the application sends next, as it is."""
        return await asyncio.wait_for(self._out.get(), SECONDS)

    def say(self, message: dict[str, Any] | str | bytes) -> None:
        """Sends a message."""
        if isinstance(message, bytes):
            self._in.put_nowait({"type": "websocket.receive", "bytes": message})
        else:
            text = message if isinstance(message, str) else json.dumps(message, separators=(",", ":"))
            self._in.put_nowait({"type": "websocket.receive", "text": text})

    async def hear(self) -> Any:
        """The next message: what its JSON means, or bytes."""
        message = await self.message()
        assert message["type"] == "websocket.send", message
        return json.loads(message["text"]) if message.get("text") is not None else message["bytes"]

    async def accepted(self) -> None:
        """Waits until the connection stands."""
        assert (await self.message())["type"] == "websocket.accept"

    async def closed(self) -> tuple[int, str]:
        """Waits until the application closes it; code and reason. What comes before is dropped."""
        while (message := await self.message())["type"] != "websocket.close":
            pass
        return message["code"], message["reason"]

    # A page

    async def say_hello(self, token: str | None = None, **more: Any) -> None:
        """Says hello."""
        await self.accepted()
        hello = {"type": "hello", "protocol": 1, "document": self.document, "url": "http://127.0.0.1:8000/"}
        self.say({**hello, **({} if token is None else {"token": token}), **more})

    async def hello(self, token: str | None = None, **more: Any) -> dict[str, Any]:
        """Says hello and ready; the answer."""
        await self.say_hello(token, **more)
        answer = await self.hear()
        assert answer["type"] == "session", answer
        if not answer["resumed"]:
            self.post({"type": "ready"})
        return answer

    def post(self, *messages: dict[str, Any], attachments: tuple[bytes, ...] = ()) -> None:
        """Sends a numbered frame."""
        self.seq += 1
        frame = {"seq": self.seq, "v": 1, "doc": self.document, "ack": self.received, "msgs": messages}
        self.say({"att": len(attachments), **frame} if attachments else frame)
        for attachment in attachments:
            self.say(attachment)

    async def frame(self) -> tuple[list[dict[str, Any]], list[bytes]]:
        """The messages of the next frame and its attachments; it is acknowledged."""
        while "msgs" not in (frame := await self.hear()):
            if frame["type"] == "ping":
                self.say({"type": "pong"})
        attachments = [await self.hear() for _ in range(frame.get("att", 0))]
        self.received = frame["seq"]
        self.say({"v": 1, "doc": self.document, "ack": self.received, "msgs": []})
        return frame["msgs"], attachments

    async def event(self, name: str) -> tuple[Any, list[bytes]]:
        """The detail of the next event of that name, and the attachments of its frame."""
        while True:
            messages, attachments = await self.frame()
            for message in messages:
                if message["event"] == name:
                    return message["detail"], attachments

    async def call(self, method: str, params: Any) -> Any:
        """Calls a method; its result."""
        self.post({"type": "call", "id": self.seq + 1, "method": method, "params": params})
        detail, _ = await self.event("__auroraview_call_result")
        assert detail["ok"], detail
        return detail["result"]
