"""What a view reports, brought to its panel on Qt's thread. Nothing here keeps a panel that Qt deletes."""

from __future__ import annotations

import contextlib
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from auroraview._log import logger
from auroraview.errors import AuroraViewError
from auroraview.qt import _posting
from auroraview.qt._binding import is_alive

if TYPE_CHECKING:
    from auroraview.qt._embedding import Embedding
    from auroraview.qt.panel import WebPanel
    from auroraview.view import WebView

_TOLD = frozenset(("opened", "reopened", "open_failed", "ready", "key", "focused", "crashed", "lost", "closed"))


def follow(panel: WebPanel, *, closes: bool) -> None:
    """Tells the panel what its view reports, until Qt deletes it.

    Args:
        closes: the view closes then.
    """
    reference = weakref.ref(panel)
    view, listeners, embedding = panel.view, panel._listeners, panel._embedding

    def noticed(name: str, *args: Any) -> None:
        moment = time.monotonic()

        def tell() -> None:
            found = reference()
            if found is not None and is_alive(found):
                found._told(name, args, moment)

        if name in _TOLD:
            _posting.post(tell)

    view._followers.append(noticed)
    panel.destroyed.connect(PanelEnd(view, noticed, listeners, embedding, closes=closes))


class PanelEnd:
    """Called when Qt deletes a panel: what followed it ends.

    An object, and not a function. The collector, on one thread, may clear it with the rest of a panel that nobody
    refers to, while Qt deletes that panel on another and calls it. A function that was cleared crashes the
    interpreter; this has nothing left to do then.
    """

    def __init__(
        self,
        view: WebView,
        noticed: Callable[..., None],
        listeners: list[tuple[str, Callable[..., Any]]],
        embedding: Embedding,
        *,
        closes: bool,
    ) -> None:
        self._parts = view, noticed, listeners, embedding, closes

    def __call__(self, *_: object) -> None:
        parts = vars(self).get("_parts")
        if parts is None:
            return
        view, noticed, listeners, embedding, closes = parts
        try:
            with contextlib.suppress(ValueError):
                view._followers.remove(noticed)
            for event, func in listeners:
                view.bridge.off(event, func)
            embedding.save()
            if closes:
                view.close()
        except Exception as error:  # noqa: BLE001 - PyQt would end the application
            logger.error("%r: %s", view, error, exc_info=error)


def show(view: WebView, panel: weakref.ref[WebPanel]) -> None:
    """Opens the view on the thread that calls, which may wait, and tells the panel how that went."""
    problem = None
    try:
        view.show(wait=False)
    except AuroraViewError as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001 - said in the panel, as any other
        problem = repr(error)
        logger.error("%r: %s", view, error, exc_info=error)

    def tell() -> None:
        found = panel()
        if found is not None and is_alive(found):
            found._shown(problem)

    _posting.post(tell)


def emit_received(panel: weakref.ref[WebPanel], event: str, detail: Any) -> None:
    """Sends the signal, on Qt's thread."""
    found = panel()
    if found is not None and is_alive(found):
        found.received.emit(event, detail)
