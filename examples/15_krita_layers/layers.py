"""The board's Python: what the page may call, and the layers that it is sent.

Krita tells scripts of documents that are opened and closed, but not of layers. So a timer looks at them twice a second
while the page is there; names and numbers cost little to read. Thumbnails cost more: those of a few layers are made in
each look, the active one always among them, and only those that are others than before are sent, as PNG, which crosses
to the page as bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from krita import Krita
from PyQt5 import QtCore

from auroraview import hosts

PAGE = Path(__file__).resolve().parent / "ui"
PAUSE = 500  # milliseconds between two looks
THUMBNAIL = 96  # pixels
THUMBNAILS = 4  # made in one look

BLENDING = {
    "normal": "Normal",
    "multiply": "Multiply",
    "screen": "Screen",
    "overlay": "Overlay",
    "darken": "Darken",
    "lighten": "Lighten",
    "dodge": "Colour dodge",
    "burn": "Burn",
    "hard_light": "Hard light",
    "soft_light_svg": "Soft light",
    "diff": "Difference",
    "add": "Addition",
    "subtract": "Subtract",
    "color": "Colour",
    "luminize": "Luminosity",
}
KINDS = {"paintlayer", "grouplayer", "filelayer", "filllayer", "vectorlayer", "clonelayer", "adjustmentlayer"}
#: What Krita itself offers for the active layer, with undo.
ACTIONS = {
    "up": "move_layer_up",
    "down": "move_layer_down",
    "duplicate": "duplicatelayer",
    "add": "add_new_paint_layer",
    "delete": "remove_layer",
    "undo": "edit_undo",
    "redo": "edit_redo",
}

_running: Layers | None = None


def open_panel() -> hosts.Panel:
    """Opens the panel; called again, it brings the panel back with a tool that begins anew."""
    global _running
    if _running is not None:
        _running.stop()
    tool = _running = Layers()
    panel = hosts.panel("Layer board", key="example.layers", path=PAGE, api=tool, area="left", width=380, height=760)
    tool.follow(
        lambda board: panel.emit("board", board, retain=True, keep="latest"),
        lambda id, png: panel.emit("thumbnail", {"id": id, "png": png}),
    )
    return panel


class Layers:
    """Its public methods are what the page may call. A layer goes by the id that Krita gives it."""

    def __init__(self) -> None:
        self._told: dict[str, Any] | None = None
        self._sent: dict[str, bytes] = {}  # thumbnails, by the id of their layer
        self._next = 0  # which layer's thumbnail is made next
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(self._look)

    # What the page calls

    def activate(self, id: str) -> None:
        """Makes a layer the one that is painted on."""
        _document().setActiveNode(_layer(id))
        self._look()

    def show(self, id: str, shown: bool) -> None:
        """Shows or hides a layer."""
        _layer(id).setVisible(shown)
        self._redraw()

    def lock(self, id: str, locked: bool) -> None:
        """Keeps a layer from being painted on, or no more."""
        _layer(id).setLocked(locked)
        self._look()

    def rename(self, id: str, name: str) -> None:
        """Renames a layer."""
        if not name.strip():
            raise ValueError("A name needs a letter.")
        _layer(id).setName(name.strip())
        self._look()

    def set_opacity(self, id: str, percent: float) -> None:
        """Sets a layer's opacity, 0 to 100."""
        _layer(id).setOpacity(round(min(max(percent, 0), 100) * 2.55))
        self._redraw()

    def set_blending(self, id: str, mode: str) -> None:
        """Sets how a layer is put on those below it."""
        if mode not in BLENDING:
            raise ValueError(f"There is no blending mode {mode}.")
        _layer(id).setBlendingMode(mode)
        self._redraw()

    def act(self, id: str | None, action: str) -> None:
        """Has Krita do one of `ACTIONS` with a layer; it does so a little later."""
        if action not in ACTIONS:
            raise ValueError(f"There is no action {action}.")
        if id is not None:
            _document().setActiveNode(_layer(id))
        Krita.instance().action(ACTIONS[action]).trigger()
        QtCore.QTimer.singleShot(100, self._look)

    def thumbnails(self) -> None:
        """A page that has just come asks for all of them."""
        self._sent.clear()

    # What the page is told

    def follow(self, tell: Callable[[dict[str, Any]], None], send: Callable[[str, bytes], None]) -> None:
        """From now on ``tell`` gets the layers whenever they are others, and ``send`` the id and PNG of thumbnails."""
        self._tell, self._send = tell, send
        self._timer.start(PAUSE)
        self._look()

    def stop(self) -> None:
        """Takes back what ``follow`` has set up."""
        self._timer.stop()

    def _redraw(self) -> None:
        _document().refreshProjection()
        self._look()

    def _look(self) -> None:
        board = read_board()
        if board != self._told:
            self._told = board
            self._tell(board)
        document = Krita.instance().activeDocument()
        if document is not None:
            self._send_thumbnails([node for node, _ in _nodes(document.rootNode(), 1)], document.activeNode())

    def _send_thumbnails(self, nodes: list[Any], active: Any) -> None:
        count = min(len(nodes), THUMBNAILS)
        chosen = [nodes[(self._next + place) % len(nodes)] for place in range(count)]
        self._next = (self._next + count) % max(len(nodes), 1)
        if active is not None and active.type() in KINDS:
            chosen.insert(0, active)
        for id, node in {_id(node): node for node in chosen}.items():
            png = _png(node)
            if self._sent.get(id) != png:
                self._sent[id] = png
                self._send(id, png)


def read_board() -> dict[str, Any]:
    """The layers of the active document, the topmost first; opacities from 0 to 100."""
    document = Krita.instance().activeDocument()
    modes = [{"id": id, "name": name} for id, name in BLENDING.items()]
    if document is None:
        return {"document": None, "modes": modes, "layers": []}
    active = document.activeNode()
    active_id = _id(active) if active is not None else None
    rows = [
        {
            "id": _id(node),
            "level": level,
            "name": node.name(),
            "kind": node.type(),
            "opacity": round(node.opacity() / 2.55),
            "shown": node.visible(),
            "locked": node.locked(),
            "mode": node.blendingMode(),
            "active": _id(node) == active_id,
        }
        for node, level in _nodes(document.rootNode(), 1)
    ]
    size = [document.width(), document.height()]
    return {"document": document.name() or "Untitled", "size": size, "modes": modes, "layers": rows}


def _nodes(parent: Any, level: int) -> Iterator[tuple[Any, int]]:
    for node in reversed(parent.childNodes()):  # Krita begins with the lowest
        if node.type() in KINDS:
            yield node, level
            yield from _nodes(node, level + 1)


def _document() -> Any:
    document = Krita.instance().activeDocument()
    if document is None:
        raise LookupError("No document is open.")
    return document


def _id(node: Any) -> str:
    return str(node.uniqueId().toString())


def _layer(id: str) -> Any:
    for node, _ in _nodes(_document().rootNode(), 1):
        if _id(node) == id:
            return node
    raise LookupError("This layer is not there any more.")


def _png(node: Any) -> bytes:
    file = QtCore.QBuffer()
    file.open(QtCore.QIODevice.WriteOnly)
    node.thumbnail(THUMBNAIL, THUMBNAIL).save(file, "PNG")
    return bytes(file.data())
