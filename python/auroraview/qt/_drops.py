"""Drags of Qt over the page become the page's own ``dragenter``, ``dragover``, ``dragleave`` and ``drop``.

Qt gives them to the container, which would hand them to a window that Qt cannot reach. So they are taken there and made
again in the page, with text, HTML and addresses. The page takes a drop as it always does, by ``preventDefault()`` in
``dragover``; its answer to one move decides what Qt shows at the next.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auroraview.errors import AuroraViewError
from auroraview.qt._binding import QtCore
from auroraview.qt._guard import guarded_filter

if TYPE_CHECKING:
    from auroraview.futures import Future
    from auroraview.view import WebView

#: Offered by drags that began in a page of WebKitGTK.
_OF_PAGES = "org.webkitgtk.WebKit.custom-pasteboard-data"
_MOST_FILES = 10_000

#: `D` is what the page remembers between two events: the element that the pointer is over, and whether it takes a drop.
_SCRIPT = """((kind, x, y, data, allowed) => {
  const D = (window[Symbol.for("auroraview.drag")] ??= {over: null, takes: false});
  const transfer = new DataTransfer();
  for (const [type, text] of data) transfer.setData(type, text);
  try { transfer.effectAllowed = allowed } catch {}
  const fire = (name, target, cancelable) => !(target ?? document.documentElement).dispatchEvent(new DragEvent(name, {
    dataTransfer: transfer, clientX: x, clientY: y, screenX: x + screenX, screenY: y + screenY,
    bubbles: true, composed: true, cancelable, view: window}));
  if (kind === "leave") {
    if (D.over) fire("dragleave", D.over, false);
    D.over = null;
    return D.takes = false;
  }
  const target = document.elementFromPoint(x, y) ?? document.documentElement;
  if (target !== D.over) {
    const before = D.over;
    D.over = target;
    fire("dragenter", target, true);
    if (before) fire("dragleave", before, false);
  }
  D.takes = fire("dragover", target, true);
  if (kind !== "drop") return D.takes;
  fire(D.takes ? "drop" : "dragleave", target, D.takes);
  D.over = null;
  const taken = D.takes;
  D.takes = false;
  return taken;
})"""


class Drops(QtCore.QObject):  # type: ignore[misc]
    """The drag that is over one panel. On Qt's thread."""

    def __init__(self, view: WebView, parent: Any) -> None:
        super().__init__(parent)
        self._view = view
        self._takes = True
        self._asked: Future | None = None

    def watch(self, container: Any) -> None:
        """Takes what is dragged over a container."""
        container.setAcceptDrops(True)
        container.installEventFilter(self)

    @guarded_filter
    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802 - Qt's name
        kinds, kind = QtCore.QEvent.Type, event.type()
        if kind == kinds.DragMove:
            self.moved(event)
        elif kind == kinds.DragEnter:
            self.entered(event)
        elif kind == kinds.DragLeave:
            self.left()
        elif kind == kinds.Drop:
            self.dropped(event)
        else:
            return False
        return True

    def entered(self, event: Any) -> None:
        """The drag comes over the panel. It is always taken here: otherwise Qt would tell of no moves."""
        self._takes = True
        if self._view.is_open and _data(event):
            self._tell("move", event)
            event.acceptProposedAction()
        else:
            event.ignore()

    def moved(self, event: Any) -> None:
        """Answers with what the page said to the move before."""
        self._look()
        self._tell("move", event)
        if self._takes or self._wanted_files(event):
            event.acceptProposedAction()
        else:
            event.ignore()

    def left(self) -> None:
        """The drag is gone, without a drop."""
        self._send(("leave", 0, 0, [], "none"))

    def dropped(self, event: Any) -> None:
        """The page gets it if it takes it; the program gets files if it listens."""
        self._look()
        self._tell("drop", event)
        files = self._wanted_files(event)
        if files:
            position = _position(event)
            self._view.window._files_dropped(files, round(position.x()), round(position.y()))
        if self._takes or files:
            event.acceptProposedAction()
        else:
            event.ignore()

    def _tell(self, kind: str, event: Any) -> None:
        position = _position(event)
        # Pixels of Qt are those of the page: it is zoomed for that.
        self._send((kind, position.x(), position.y(), _data(event), _allowed(event)))

    def _wanted_files(self, event: Any) -> list[Path]:
        """Files of another program, if somebody wants to know of them."""
        wanted = self._view.is_open and self._view.window._listeners.of("file_drop")
        return _files(event) if wanted else []

    def _look(self) -> None:
        if self._asked is not None and self._asked.done():
            asked, self._asked = self._asked, None
            try:
                self._takes = bool(asked.result(0))
            except AuroraViewError:  # the page went away, or forbids scripts
                self._takes = False

    def _send(self, told: tuple[str, float, float, list[tuple[str, str]], str]) -> None:
        """Moves are told one at a time, the last one wins; what ends a drag is told in any case."""
        self._look()
        if not self._view.is_open or (told[0] == "move" and self._asked is not None):
            return
        kind, x, y, data, allowed = told
        arguments = json.dumps([kind, x, y, data, allowed])
        self._asked = self._view.eval_js(f"{_SCRIPT}(...{arguments})")


def _position(event: Any) -> Any:
    return event.position() if hasattr(event, "position") else event.posF()


def _files(event: Any) -> list[Path]:
    """Paths on this machine; none of a drag that began in a page, which decides what is in it."""
    mime = event.mimeData()
    if not mime.hasUrls() or mime.hasHtml() or mime.hasFormat(_OF_PAGES):
        return []
    local = (url for url in mime.urls() if url.isLocalFile() and url.host() in ("", "localhost"))
    return [Path(str(url.toLocalFile())) for url in itertools.islice(local, _MOST_FILES)]


def _data(event: Any) -> list[tuple[str, str]]:
    """What a page can be given of it: text."""
    mime = event.mimeData()
    found = []
    if mime.hasText():
        found.append(("text/plain", str(mime.text())))
    if mime.hasHtml():
        found.append(("text/html", str(mime.html())))
    if mime.hasUrls():
        encoded = QtCore.QUrl.ComponentFormattingOption.FullyEncoded
        found.append(("text/uri-list", "\r\n".join(str(url.toString(encoded)) for url in mime.urls())))
    return found


def _allowed(event: Any) -> str:
    """As ``DataTransfer.effectAllowed`` has it."""
    actions = event.possibleActions()
    kinds = QtCore.Qt.DropAction
    names = {
        (True, True, True): "all",
        (True, True, False): "copyMove",
        (True, False, True): "copyLink",
        (False, True, True): "linkMove",
        (True, False, False): "copy",
        (False, True, False): "move",
        (False, False, True): "link",
    }
    given = bool(actions & kinds.CopyAction), bool(actions & kinds.MoveAction), bool(actions & kinds.LinkAction)
    return names.get(given, "none")
