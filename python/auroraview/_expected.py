"""Who comes to the port of a launcher: the page of its program, expected from the start, and whoever else is let in."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from auroraview import _front_end
from auroraview._lifecycle import weakly
from auroraview.errors import AuroraViewError, UsageError
from auroraview.peer import Peer
from auroraview.server import make_sessions, noticed

if TYPE_CHECKING:
    from auroraview import _core
    from auroraview._types import Dialect
    from auroraview.bridge import Bridge
    from auroraview.options import ServerOptions


class Expected:
    """The sessions of a launcher, those of one start at a time.

    Args:
        bridge: whom they are told to.
        dialect: what clients speak.
        needs_secret: clients must know a secret, a new one for each start.
        allow_origins: origins of pages from elsewhere.
        options: the limits.
        ready: called on the notice thread when a document of the page is ready.
    """

    peer: Peer
    sessions: _core.Sessions
    secret: str | None

    def __init__(
        self,
        bridge: Bridge,
        *,
        dialect: Dialect,
        needs_secret: bool,
        allow_origins: list[str],
        options: ServerOptions,
        ready: Callable[[], None],
    ) -> None:
        self._bridge = bridge
        self._dialect = dialect
        self._needs_secret = needs_secret
        self._allow_origins = allow_origins
        self._options = options
        self._ready = ready
        self._lock = threading.RLock()
        self._is_over = False
        #: The peers that have come and not gone, by number.
        self._here: dict[int, Peer] = {}
        self.renew()

    def renew(self) -> None:
        """For the next start: other sessions, another secret, another peer to wait for."""
        secret = _front_end.new_secret() if self._needs_secret else None
        sessions = make_sessions(
            self._bridge,
            token=secret,
            allow_origins=self._allow_origins,
            allow_hosts=(),
            authenticated=False,
            options=self._options,
            expects=True,
            dialect=self._dialect,
            notice=weakly(self._noticed),
        )
        core = sessions.expected()
        assert core is not None, "it was asked for"
        with self._lock:
            self.secret, self.sessions = secret, sessions
            self.peer = Peer(core, self._bridge)
            self._is_over = False

    def renew_if_over(self) -> None:
        """The same if the peer was sent away."""
        if self._is_over:
            self.sessions.close()
            self.renew()

    def _noticed(self, peer: Peer, name: str, *args: Any) -> None:
        """On the notice thread."""
        with self._lock:
            if name == "connected":
                self._here[peer._core.id] = peer
                if self._is_over:
                    # The one that was waited for was sent away: who comes now takes its place.
                    self.peer, self._is_over = peer, False
            elif name == "disconnected":
                self._is_over = self._is_over or peer is self.peer
                if self._here.pop(peer._core.id, None) is None:
                    return  # Nobody was told that it came.
            is_ready = name == "ready" and peer is self.peer
        noticed(peer, name, *args)
        if is_ready:
            self._ready()

    def say_goodbye(self) -> None:
        """Tells all who are here that it is about to end."""
        if self._dialect == "auroraview":
            self.sessions.close()
            return
        with self._lock:
            here = list(self._here.values())
        for peer in here:
            with contextlib.suppress(AuroraViewError):
                peer.emit("shutdown")

    def how_far(self, port: int, variable: str) -> str:
        """How far a program has come that is not ready."""
        stats = self.sessions.stats()
        if stats["connected"]:
            missing = "word that its page is loaded" if self._dialect == "auroraview" else '{"type": "ready"}'
            return f"a client is connected, but there was no {missing} from it"
        if stats["refused"]:
            reasons = ", ".join(f"{reason} ({count})" for reason, count in stats["refused"].items())
            return f"clients were refused at port {port}; the log says more: {reasons}"
        return f"no client has come to port {port}, which is in its arguments and in the variable {variable}"


def checked_dialect(dialect: str, encoding: str, require_secret: bool) -> Dialect:
    """What clients speak.

    Raises:
        UsageError: there is no such dialect, or something else does not go with it.
    """
    if dialect not in ("auroraview", "plain"):
        raise UsageError(f"dialect must be 'auroraview' or 'plain', not {dialect!r}")
    if encoding not in ("json", "msgpack"):
        raise UsageError(f"encoding must be 'json' or 'msgpack', not {encoding!r}")
    if dialect == "plain":
        return "plain" if encoding == "json" else "plain+msgpack"
    if encoding != "json":
        raise UsageError('encoding="msgpack" goes with dialect="plain" alone')
    if not require_secret:
        raise UsageError('require_secret=False goes with dialect="plain" alone: other front ends can send the secret')
    return "auroraview"
