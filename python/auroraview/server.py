"""The same page in any browser: HTTP and WebSocket on one port.

    with serve(bridge, path="dist/") as server:
        server.open()
        server.wait()

A page needs no build step: ``<script src="/auroraview.js"></script>`` gives it ``window.auroraview``. Files need no
secret; the bridge needs the one in ``server.open_url``.
"""

from __future__ import annotations

import errno
import os
import threading
import webbrowser
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auroraview import _access, _core, _lifecycle, _waiting
from auroraview._access import Request
from auroraview._running import check_answers, program_ends, report
from auroraview.bridge import Bridge
from auroraview.errors import HostError, UsageError
from auroraview.options import ServerOptions
from auroraview.peer import Peer

if TYPE_CHECKING:
    from auroraview._access import Authenticate
    from auroraview._types import Dialect, PlainRequest, SessionSettings
    from auroraview.options import StrPath

__all__ = ["Request", "Server", "serve"]

_CLOSE_SECONDS = 5.0
_CLOSE_SECONDS_AT_EXIT = 1.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}

# A server that is open is kept, also when the program has forgotten it.
_open: set[Server] = set()


def serve(
    bridge: Bridge,
    *,
    path: StrPath | None = None,
    host: str = "127.0.0.1",
    port: int | None = 0,
    token: str | None = None,
    allow_remote: bool = False,
    allow_origins: Iterable[str] = (),
    allow_hosts: Iterable[str] = (),
    authenticate: Authenticate | None = None,
    csp: str | None = "default",
    options: ServerOptions | None = None,
) -> Server:
    """Serves a bridge, and the files of its page, to browsers. Returns at once; handlers run where they always do.

    Args:
        bridge: the handlers. Any number of servers and windows may share it.
        path: a directory with an ``index.html``; ``None``: ``/auroraview.js`` and the bridge alone.
        host: address to listen on; one that other machines can reach demands ``allow_remote``.
        port: ``0`` or ``None`` for a free one.
        token: the secret of ``open_url``, 16 characters or more; ``None`` makes a new one. A fixed one lets pages
            survive a restart of the program.
        allow_remote: other machines may reach it. There is no encryption: see the documentation on security.
        allow_origins: origins of pages from elsewhere that may use the bridge, as in ``"https://example.com"``.
        allow_hosts: further names that browsers may know this server by, as in ``"panel.example.com"``.
        authenticate: instead of a token: a function that gets a :class:`Request` and returns who asks, or ``None`` (or
            ``False``) to refuse. The answer is ``peer.info.identity``; whoever resumes a session must be equal to who
            began it. It runs on a thread of the server, and several may run at once.
        csp: the Content-Security-Policy of what is served: ``"default"``, ``"strict"`` (no inline scripts), a text, or
            ``None``.
        options: times and limits.

    Raises:
        HostError: the port is in use, or cannot be listened on.
        UsageError: the arguments do not fit together.
        FileNotFoundError: there is no directory at ``path``.
    """
    return Server(
        bridge,
        path=path,
        host=host,
        port=port,
        token=token,
        allow_remote=allow_remote,
        allow_origins=allow_origins,
        allow_hosts=allow_hosts,
        authenticate=authenticate,
        csp=csp,
        options=options,
    )


class Server:
    """A port where browsers find a page and its bridge. Made by :func:`serve`; a context manager. Any thread."""

    def __init__(
        self,
        bridge: Bridge,
        *,
        path: StrPath | None = None,
        host: str = "127.0.0.1",
        port: int | None = 0,
        token: str | None = None,
        allow_remote: bool = False,
        allow_origins: Iterable[str] = (),
        allow_hosts: Iterable[str] = (),
        authenticate: Authenticate | None = None,
        csp: str | None = "default",
        options: ServerOptions | None = None,
        nocache: bool = False,
    ) -> None:
        host = _checked_host(host, allow_remote)
        port = _checked_port(port)
        self.bridge = bridge
        self._host = host
        self._token = _access.checked_token(token, authenticate)
        site = make_site(path, csp, nocache=nocache)
        self._sessions = make_sessions(
            bridge,
            token=self._token,
            allow_origins=allow_origins,
            allow_hosts=allow_hosts,
            authenticate=None if authenticate is None else _asked(authenticate),
            authenticated=authenticate is not None,
            options=options,
        )
        try:
            self._core = _core.Server(self._sessions, site, host, port)
        except OSError as error:
            raise HostError(_why_not(host, port, error)) from error
        self._lock = threading.RLock()
        self._closing = False
        self._closed = False
        _open.add(self)
        _lifecycle.close_at_end(self)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._core.port

    @property
    def url(self) -> str:
        """Its address, without the secret: it may be logged."""
        host = _EVERYWHERE.get(self._host, self._host)
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"

    @property
    def open_url(self) -> str:
        """The link that opens the page with its bridge. It holds the secret, in the part that browsers send nowhere:
        whoever has it may call the bridge."""
        return self.url if self._token is None else f"{self.url}#token={self._token}"

    @property
    def is_open(self) -> bool:
        """It has not been closed."""
        return not self._closed

    @property
    def stats(self) -> dict[str, Any]:
        """Counters: connections, sessions, what was refused."""
        return self._sessions.stats()

    def open(self) -> bool:
        """Opens the page in the user's browser; returns whether there is one.

        The browser gets the link as an argument, which other users of the same machine may see.
        """
        return webbrowser.open(self.open_url)

    def reload(self) -> int:
        """Has all connected pages load themselves again; returns how many."""
        return self._sessions.reload()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until it is closed; returns whether it is. Handlers of the main thread run meanwhile, on it.

        Args:
            timeout: in seconds; ``None`` waits forever.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed; the server is closed.
            UsageError: on a running asyncio loop, which serves handlers and must not stand still.
        """
        try:
            return _waiting.wait_until(lambda: self._closed, timeout, remedy="the server runs by itself")
        except KeyboardInterrupt:
            self.close()
            raise

    def close(self) -> None:
        """Stops listening and ends all sessions: what pages wait for rejects, ``on_disconnect`` hears
        ``"server_closed"``. Waits for answers that are being sent, 5 s at most. Closing twice is fine."""
        with self._lock:
            if self._closing:
                return
            self._closing = True
        try:
            self._core.close(_CLOSE_SECONDS_AT_EXIT if program_ends.is_set() else _CLOSE_SECONDS)
        finally:
            _open.discard(self)
            self._closed = True
            _waiting.announce_change()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<auroraview.Server {self.url}{' (closed)' if self._closed else ''}>"


# What a server and an ASGI application share


def make_sessions(
    bridge: Bridge,
    *,
    token: str | None,
    allow_origins: Iterable[str],
    allow_hosts: Iterable[str],
    authenticated: bool,
    authenticate: Any = None,
    options: ServerOptions | None,
    expects: bool = False,
    dialect: Dialect = "auroraview",
    notice: Callable[..., None] | None = None,
) -> _core.Sessions:
    """The sessions of a server, told to the bridge. For the library's own use."""
    if not isinstance(bridge, Bridge):
        raise UsageError(f"the first argument is a Bridge (of a view: view.bridge), not {bridge!r}")
    if options is not None and not isinstance(options, ServerOptions):
        raise UsageError(f"options must be ServerOptions(...), not {options!r}")
    options = options or ServerOptions()
    settings: SessionSettings = {
        "session_ttl": float(options.session_ttl),
        "heartbeat_interval": float(options.heartbeat_interval),
        "heartbeat_timeout": float(options.heartbeat_timeout),
        "handshake_timeout": float(options.handshake_timeout),
        "replay_messages": options.replay_messages,
        "replay_bytes": options.replay_bytes,
        "max_connections": options.max_connections,
        "max_connections_per_address": options.max_connections_per_address,
        "max_sessions": options.max_sessions,
        "frames_per_second": float(options.frames_per_second),
        "bytes_per_second": float(options.bytes_per_second),
        "compress": options.compress,
        "token": token,
        "authenticate": authenticated,
        "expects": expects,
        "dialect": dialect,
        "allow_hosts": _access.checked_hosts(allow_hosts),
        "allow_origins": _access.checked_origins(allow_origins),
    }
    return _core.Sessions(bridge._core, settings, lambda core: Peer(core, bridge), notice or noticed, authenticate)


def make_site(path: StrPath | None, csp: str | None, *, nocache: bool = False) -> _core.Site:
    """The files of a server. For the library's own use."""
    csp = _access.checked_csp(csp)
    if path is None:
        return _core.Site(None, csp, nocache)
    place = Path(os.path.abspath(path))
    if not place.exists():
        raise FileNotFoundError(f"there is no directory at {place}")
    if not place.is_dir():
        raise UsageError(f"path is a directory with an index.html, and {place} is none")
    return _core.Site(place, csp, nocache)


def noticed(peer: Peer, name: str, *args: Any) -> None:
    """Passes on what happens to a peer of a server; on the notice thread. For the library's own use."""
    match name:
        case "connected":
            peer.bridge._peer_connected(peer)
        case "disconnected":
            peer.bridge._peer_disconnected(peer, args[0])
        case _:
            peer._listeners.tell(name)


def _asked(authenticate: Authenticate) -> Any:
    check_answers(authenticate, "authenticate")

    def ask(plain: PlainRequest) -> Any:
        try:
            return _access.identity_of(authenticate(Request.of(plain)))
        except Exception as error:  # noqa: BLE001 - a failing check lets nobody in, and ends nothing
            report(None, error)
            return None

    return ask


def _checked_host(host: str, allow_remote: bool) -> str:
    if not isinstance(host, str) or not host.strip("[]"):
        raise UsageError(f"host must be a name or an address, as in '127.0.0.1', not {host!r}")
    host = host.strip("[]")
    if not allow_remote and not _access.is_loopback(host):
        raise UsageError(
            f"host={host!r} can be reached from other machines: pass allow_remote=True if that is meant, "
            "and read docs/security.md first"
        )
    return host


def _checked_port(port: int | None) -> int:
    if port is None:
        return 0
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= 65_535:
        raise UsageError(f"port must be 0 to 65535, 0 or None for a free one, not {port!r}")
    return port


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use; choose another one, or port=0 for a free one"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"port {port} on {host} may not be used by this user; choose one above 1023, or port=0 for a free one"
    return f"cannot listen on port {port} of {host}: {error.strerror or error}"
