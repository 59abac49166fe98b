"""The other end as a handler sees it: one page."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from auroraview._listeners import Listeners

if TYPE_CHECKING:
    from auroraview import _core
    from auroraview.bridge import Bridge

__all__ = ["Peer"]

EVENTS = ("document", "ready", "gone")


class Peer:
    """One page. It survives reloads; each load is a new *document*.

    Got from ``view.peer``, ``current_call().peer`` or ``bridge.peers``; not made by hand.
    """

    def __init__(self, core: _core.Peer, bridge: Bridge) -> None:
        self._core = core
        self.bridge = bridge
        self._listeners = Listeners(EVENTS, bridge, core.id)
        core.set_python(weakref.ref(self))

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

    def emit(self, event: str, payload: Any = None, *, retain: bool = False) -> None:
        """Sends an event to this page. Any thread; never blocks. See :meth:`auroraview.WebView.emit`."""
        self._core.emit(event, payload, retain)

    def emit_batch(self, events: Iterable[tuple[str, Any]]) -> None:
        """Sends several events at once: all of them, or none when one cannot be sent."""
        self._core.emit_batch(list(events))

    def on(self, event: str, func: Callable[..., Any] | None = None) -> Any:
        """Listens to what happens to the page's document: ``"document"`` (a new one said hello), ``"ready"``,
        ``"gone"``. A decorator, or called with the function."""
        return self._listeners.add(event, func)

    def off(self, event: str, func: Callable[..., Any] | None = None) -> int:
        """Removes one listener, or all of an event; returns how many."""
        return self._listeners.remove(event, func)

    def __repr__(self) -> str:
        return f"<auroraview.Peer {self._core.id}>"
