"""A bridge inside somebody else's web server: an ASGI 3 application, to be mounted in FastAPI, Starlette, Quart, or
served by itself.

    app = FastAPI()
    app.mount("/panel", asgi(bridge, path="dist/"))

HTTP and WebSocket come from the server it is mounted in; sessions, frames and files are those of :func:`serve`. What is
here is the loop between: what arrives goes in, what is to go out is sent, and timers are kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote, urlsplit

from auroraview import _access, _core
from auroraview._access import Request
from auroraview._running import is_async, is_awaitable, report
from auroraview.errors import UsageError
from auroraview.server import make_sessions, make_site

if TYPE_CHECKING:
    from auroraview._access import Authenticate
    from auroraview._types import Headers, PlainRequest
    from auroraview.bridge import Bridge
    from auroraview.options import ServerOptions, StrPath

__all__ = ["AsgiApp", "asgi"]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_SOCKET = "/auroraview.ws"
_CHUNK_BYTES = 256 * 1024
#: Reading a longer frame would hold the loop up for milliseconds: a thread does it.
_LONG_FRAME = 256 * 1024
#: How long a page that does not read gets to take its close code.
_FAREWELL_SECONDS = 2.0
_TEXT_HEADERS = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


def asgi(
    bridge: Bridge,
    *,
    path: StrPath | None = None,
    token: str | None = None,
    authenticate: Authenticate | None = None,
    allow_origins: Iterable[str] = (),
    allow_hosts: Iterable[str] = (),
    csp: str | None = "default",
    options: ServerOptions | None = None,
) -> AsgiApp:
    """Makes an ASGI application that serves a bridge, and the files of its page.

    The arguments are those of :func:`serve`, but:

    Args:
        authenticate: may be ``async`` here; a plain one runs on a thread. The host application's own login decides:
            ``request.cookies`` and ``request.headers`` are what it needs. No token is used then.
        allow_hosts: the names that browsers know the host application by, as in ``"tools.example.com"``. The names of
            this machine (``localhost``, ``127.0.0.1``) are allowed without.

    Raises:
        UsageError: the arguments do not fit together.
        FileNotFoundError: there is no directory at ``path``.
    """
    return AsgiApp(
        bridge,
        path=path,
        token=token,
        authenticate=authenticate,
        allow_origins=allow_origins,
        allow_hosts=allow_hosts,
        csp=csp,
        options=options,
    )


class AsgiApp:
    """An ASGI application. Made by :func:`asgi`; ``async`` handlers run on the loop that serves it."""

    def __init__(
        self,
        bridge: Bridge,
        *,
        path: StrPath | None = None,
        token: str | None = None,
        authenticate: Authenticate | None = None,
        allow_origins: Iterable[str] = (),
        allow_hosts: Iterable[str] = (),
        csp: str | None = "default",
        options: ServerOptions | None = None,
    ) -> None:
        self._token = _access.checked_token(token, authenticate)
        self._authenticate = authenticate
        self.bridge = bridge
        self._site = make_site(path, csp)
        self._make_sessions = functools.partial(
            make_sessions,
            bridge,
            token=self._token,
            allow_origins=_access.checked_origins(allow_origins),
            allow_hosts=_access.checked_hosts(allow_hosts),
            authenticated=authenticate is not None,
            options=options,
        )
        self._sessions = self._make_sessions()
        self._ended = False
        self._clock: asyncio.TimerHandle | None = None

    def __del__(self) -> None:
        # No `weakref.finalize`: it would keep the sessions, which know the bridge, whose handlers may know this.
        sessions = getattr(self, "_sessions", None)
        if sessions is not None:
            sessions.close()

    def open_url(self, base_url: str) -> str:
        """The link that opens the page with its bridge; it holds the secret. With ``authenticate`` there is none.

        Args:
            base_url: where it is mounted, as in ``"http://127.0.0.1:8000/panel"``.
        """
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
            raise UsageError(
                f"base_url is where the application is mounted, as in 'http://host/panel', not {base_url!r}"
            )
        url = base_url.rstrip("/") + "/"
        return url if self._token is None else f"{url}#token={self._token}"

    def reload(self) -> int:
        """Has all connected pages load themselves again; returns how many."""
        return self._sessions.reload()

    @property
    def stats(self) -> dict[str, Any]:
        """Counters: connections, sessions, what was refused."""
        return self._sessions.stats()

    def close(self) -> None:
        """Ends all sessions: what pages wait for rejects, ``on_disconnect`` hears ``"server_closed"``. Any thread.

        The end of the server does the same where it tells (ASGI's lifespan, which mounted applications are often not
        told of). After its end a server may be started again with the same application.
        """
        self._ended = True
        self._sessions.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request, WebSocket or lifespan; the ASGI server calls it."""
        kind = scope["type"]
        if kind == "http":
            await self._serve_file(scope, receive, send)
        elif kind == "websocket":
            await self._serve_socket(scope, receive, send)
        elif kind == "lifespan":
            await self._live(receive, send)
        else:
            raise UsageError(f"an ASGI scope of type {kind!r} is nothing that is served here")

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if self._ended:  # By a server that ran before; test clients begin and end one for each test.
                    self._sessions, self._ended = self._make_sessions(), False
                self.bridge.start_loop()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                self.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    # Files

    async def _serve_file(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked = scope["method"], _below_mount(scope), _plain_headers(scope)
        refused = self._sessions.check(_plain_request(scope, asked[1]))
        if refused is not None:
            # A name that was bent to this machine must not read its files either.
            status, text = refused
            await send({"type": "http.response.start", "status": status, "headers": _TEXT_HEADERS})
            await send({"type": "http.response.body", "body": f"{text}\n".encode()})
            return
        status, headers, body = await asyncio.to_thread(self._site.respond, *asked)
        encoded = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        if isinstance(body, bytes):
            for start in range(0, len(body), _CHUNK_BYTES):
                part = body[start : start + _CHUNK_BYTES]
                await send({"type": "http.response.body", "body": part, "more_body": True})
        elif not await _send_file(body, receive, send):
            return
        await send({"type": "http.response.body", "body": b""})

    # The WebSocket

    async def _serve_socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # That it wants to connect.
        if _below_mount(scope) != _SOCKET:
            await _refuse(scope, send, 404, f"the WebSocket is at {_SOCKET}")
            return
        self.bridge.start_loop()
        wanted = _Bell()
        connection = await self._connect(scope, wanted.ring)
        if isinstance(connection, tuple):
            await _refuse(scope, send, *connection)
            return
        try:
            await send({"type": "websocket.accept"})
            await self._pump(connection, receive, send, wanted)
        finally:
            connection.closed()
            self._keep_time()

    async def _connect(self, scope: Scope, wake: Callable[[], None]) -> _core.Connection | tuple[int, str]:
        plain = _plain_request(scope, _SOCKET)
        if self._authenticate is not None:
            # First, so that no foreign page can have a login asked.
            refused = self._sessions.check(plain)
            if refused is not None:
                return refused
            identity = await self._identity(self._authenticate, Request.of(plain))
            if identity is None:
                return 401, "who asks is not known here"
            plain["identity"] = identity
        return self._sessions.connect(plain, wake)

    async def _identity(self, authenticate: Authenticate, request: Request) -> Any:
        try:
            if is_async(authenticate):
                return _access.identity_of(await authenticate(request))
            answer = await asyncio.to_thread(authenticate, request)
            return _access.identity_of(await answer if is_awaitable(answer) else answer)
        except Exception as error:  # noqa: BLE001 - a failing check lets nobody in, and ends nothing
            report(None, error)
            return None

    async def _pump(self, connection: _core.Connection, receive: Receive, send: Send, wanted: _Bell) -> None:
        """Moves frames until one end closes. A page that reads nothing keeps only its own writer waiting."""
        writer = asyncio.create_task(_write(connection, send, wanted))
        tasks = [asyncio.create_task(_read(connection, receive)), writer]
        clock = asyncio.create_task(_tick(connection, wanted))
        try:
            await asyncio.wait([*tasks, clock], return_when=asyncio.FIRST_COMPLETED)
            if clock.done() and not any(task.done() for task in tasks):
                await asyncio.wait(tasks, timeout=_FAREWELL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (*tasks, clock):
                task.cancel()
            await asyncio.wait([*tasks, clock])
        for task in (*tasks, clock):
            if not task.cancelled():
                error = task.exception()
                # A connection that breaks while something is sent: servers raise what they like then.
                if error is not None and task is not writer:
                    raise error

    # Sessions without a connection have timers too

    def _keep_time(self) -> None:
        """Has the sessions looked at when the next one's time is up."""
        seconds = self._sessions.tick()
        if self._clock is not None:
            self._clock.cancel()
        loop = asyncio.get_running_loop()
        self._clock = None if seconds is None else loop.call_later(seconds, self._keep_time)


class _Bell:
    """Wakes a coroutine, from any thread."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung = asyncio.Event()

    def ring(self) -> None:
        with contextlib.suppress(RuntimeError):  # The loop has ended meanwhile, and the connection with it.
            self._loop.call_soon_threadsafe(self._rung.set)

    async def wait(self) -> None:
        await self._rung.wait()
        self._rung.clear()


async def _read(connection: _core.Connection, receive: Receive) -> None:
    while (message := await receive())["type"] == "websocket.receive":
        text, data = message.get("text"), message.get("bytes")
        if text is not None:
            if len(text) < _LONG_FRAME:
                connection.receive_text(text)
            else:
                await asyncio.to_thread(connection.receive_text, text)
        elif data is not None:
            connection.receive_bytes(data)
        # A page that sends more than it may is slowed down by reading from it more slowly.
        if (seconds := connection.pause()) is not None:
            await asyncio.sleep(seconds)


async def _write(connection: _core.Connection, send: Send, wanted: _Bell) -> None:
    while True:
        while (outgoing := connection.next()) is not None:
            kind, content = outgoing
            if kind == "close":
                code, reason = content
                await send({"type": "websocket.close", "code": code, "reason": reason})
                return
            await send({"type": "websocket.send", kind: content})
        await wanted.wait()


async def _tick(connection: _core.Connection, wanted: _Bell) -> None:
    """Keeps the connection's time; ends when the connection has."""
    while (seconds := connection.tick()) is not None:
        wanted.ring()
        await asyncio.sleep(seconds)
    wanted.ring()


async def _refuse(scope: Scope, send: Send, status: int, text: str) -> None:
    """Answers the request for a WebSocket with an HTTP status, where the server can."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close", "code": 1008, "reason": text[:120]})
        return
    await send({"type": "websocket.http.response.start", "status": status, "headers": _TEXT_HEADERS})
    await send({"type": "websocket.http.response.body", "body": f"{text}\n".encode()})


async def _send_file(part: _core.FilePart, receive: Receive, send: Send) -> bool:
    """Sends a file piece by piece; returns whether somebody was there to its end. Not every server raises in ``send``
    when the client has gone, and reading on would cost the whole file."""
    gone = asyncio.create_task(_client_gone(receive))
    try:
        while chunk := await asyncio.to_thread(part.read, _CHUNK_BYTES):
            if gone.done():
                return False
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    finally:
        gone.cancel()
        await asyncio.wait([gone])
        if not gone.cancelled():
            gone.exception()  # What a server raises here is that the client has gone.
    return True


async def _client_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _below_mount(scope: Scope) -> str:
    """The path that was asked for, below where we are mounted, as the client wrote it (percent-encoded)."""
    root = scope.get("root_path", "").rstrip("/")
    path: str = scope["path"]
    raw = scope.get("raw_path")
    if raw:
        asked = raw.decode("latin-1").partition("?")[0]
        # Clients differ in what they encode, so the mount is compared decoded, as the server has found it.
        steps = asked.split("/")
        depth = root.count("/") + 1
        # Servers before version 3.0 of ASGI's text leave the mount out of the path already.
        mounted = root and unquote("/".join(steps[:depth])) == root
        return "/".join(["", *steps[depth:]] if mounted else steps) or "/"
    path = path[len(root) :] if root and _leads(path, root) else path
    return quote(path or "/", safe="/:@!$&'()*+,;=~-._")


def _leads(path: str, mount: str) -> bool:
    return path == mount or path.startswith(f"{mount}/")


def _plain_request(scope: Scope, path: str) -> PlainRequest:
    server = scope.get("server")
    return {
        "address": _address(scope.get("client")),
        "path": path,
        "query": scope.get("query_string", b"").decode("latin-1"),
        "headers": _plain_headers(scope),
        "local": (server[0], server[1]) if server and server[1] else None,
    }


def _plain_headers(scope: Scope) -> Headers:
    return [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]


def _address(client: Any) -> str | None:
    if not client:
        return None
    host, port = client[0], client[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
