"""The other end as a handler sees it: one page."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auroraview._buffers import Buffers
from auroraview._listeners import Listeners
from auroraview._running import plain_text
from auroraview.errors import UsageError

if TYPE_CHECKING:
    from auroraview import _core
    from auroraview._core import Buffer
    from auroraview.bridge import Bridge

__all__ = ["Peer", "PeerInfo"]

EVENTS = ("document", "ready", "gone", "suspended", "resumed")


@dataclass(frozen=True)
class PeerInfo:
    """Who a page is, as far as that is known.

    Attributes:
        transport: ``"websocket"`` (a browser), ``"embedded"`` (a window), ``"isolated"`` (a window in a process of its
            own) or ``"memory"`` (a page of a test).
        address: of the browser, as in ``"127.0.0.1:51234"``; ``None`` for others. Behind a reverse proxy it is the
            proxy's, unless the server that mounts us says otherwise.
        user_agent: what the browser calls itself, or ``None``.
        session_id: id of the session, the same over reloads and reconnects; ``None`` for others. It is no secret.
        connected_since: when the session began (a window: when it opened), in seconds since the epoch; ``None`` before.
        url: address of the document, without a fragment that held the token; ``""`` before there is one.
        origin: of the document, as in ``"http://127.0.0.1:8000"``; ``None`` where nobody said.
        identity: what ``authenticate`` answered; ``None`` without.
    """

    transport: str
    address: str | None
    user_agent: str | None
    session_id: str | None
    connected_since: float | None
    url: str
    origin: str | None
    identity: Any = None


class Peer:
    """One page. It survives reloads, and a served one the loss of its connection; each load is a new *document*.

    Got from ``view.peer``, ``current_call().peer``, ``bridge.peers`` or ``bridge.on_connect``; not made by hand.
    """

    def __init__(
        self,
        core: _core.Peer,
        bridge: Bridge,
        *,
        transport: str = "websocket",
        close: Callable[[], None] | None = None,
    ) -> None:
        self._core = core
        self.bridge = bridge
        self._transport = transport
        self._close = close
        self._since: float | None = None
        self._origin: str | None = None
        self._listeners = Listeners(EVENTS, bridge, core.id)
        self._buffers = Buffers(core)
        core.set_python(weakref.ref(self))

    @property
    def connected(self) -> bool:
        """Somebody is there: the browser's connection stands, the window is open. A browser that lost its connection
        may come back, until ``bridge.on_disconnect`` tells its end."""
        return self._core.connected

    @property
    def info(self) -> PeerInfo:
        """Who it is, and since when."""
        plain = self._core.info()
        if plain is not None:
            return PeerInfo(*plain)
        return PeerInfo(self._transport, None, None, None, self._since, self.url, self._origin)

    @property
    def document(self) -> str | None:
        """Id of the document that is there now; ``None`` between two documents."""
        return self._core.document

    @property
    def generation(self) -> int:
        """Number of documents there have been."""
        return self._core.generation

    @property
    def url(self) -> str:
        """Address of the last document."""
        return self._core.url

    @property
    def is_ready(self) -> bool:
        """The document has loaded as far as ``DOMContentLoaded``, and events flow."""
        return self._core.is_ready

    @property
    def stats(self) -> dict[str, Any]:
        """Counters of this page: calls, events, batches, refused messages by reason, what is queued."""
        return self._core.stats()

    def emit(
        self,
        event: str,
        payload: Any = None,
        *,
        retain: bool = False,
        keep: str = "all",
        key: str | None = None,
    ) -> None:
        """Sends an event to this page. Any thread; never blocks. See :meth:`auroraview.WebView.emit`."""
        self._core.emit(event, payload, retain, latest_key(event, keep, key))

    def emit_batch(self, events: Iterable[tuple[str, Any]]) -> None:
        """Sends several events at once: all of them, or none when one cannot be sent."""
        self._core.emit_batch(list(events))

    def buffer(self, name: str, shape: int | Iterable[int], dtype: Any = "uint8") -> Buffer:
        """Memory whose content this page has. See :meth:`auroraview.WebView.buffer`."""
        return self._buffers.get(name, shape, dtype)

    def close(self, reason: str = "closed by the program") -> None:
        """Ends it. What the page waits for rejects with ``closed`` and the reason; it does not connect again by itself.
        A window closes. Any thread; closing twice is fine.

        Args:
            reason: for people, up to 120 bytes; longer ones are cut.
        """
        if not isinstance(reason, str):
            raise UsageError(f"the reason is a str, not {type(reason).__name__}")
        if self._close is not None:
            self._close()
        else:
            self._core.close(plain_text(reason))

    def on(self, event: str, func: Callable[..., Any] | None = None) -> Any:
        """Listens to what happens to the page. A decorator, or called with the function, which gets no argument.

        ``"document"``: a new document said hello; ``"ready"``: its DOM is there; ``"gone"``: it went away;
        ``"suspended"``: a browser's connection was lost; ``"resumed"``: it is there again, and nothing was lost.
        """
        return self._listeners.add(event, func)

    def off(self, event: str, func: Callable[..., Any] | None = None) -> int:
        """Removes one listener, or all of an event; returns how many."""
        return self._listeners.remove(event, func)

    def __repr__(self) -> str:
        return f"<auroraview.Peer {self._core.id}>"

    # For the library's own use: the life of what is no session of a server

    def _began(self, origin: str | None = None) -> None:
        self._since = time.time()
        self._origin = origin
        self.bridge._peer_connected(self)

    def _ended(self, reason: str = "closed") -> None:
        if self._since is not None:
            self._since = None
            self.bridge._peer_disconnected(self, reason)


def latest_key(event: str, keep: str, key: str | None) -> str | None:
    """The key under which an event replaces one that still waits; ``None``: it replaces nothing.

    Raises:
        UsageError: ``keep`` is neither of its values, or ``key`` goes without ``keep="latest"``.
    """
    if keep == "all":
        if key is not None:
            raise UsageError('key= says what the newest value replaces: it goes with keep="latest"')
        return None
    if keep != "latest":
        raise UsageError(f"keep must be 'all' or 'latest', not {keep!r}")
    if key is None:
        return event
    if not isinstance(key, str) or not key:
        raise UsageError(f"key must be a non-empty str, not {key!r}")
    return key
