"""The native window of a view inside a widget of Qt.

Qt moves, clips and resizes the window as it does its own. The container belongs to the widget and dies with it; the
window does not: it goes back to the screen, hidden, and can be embedded again.
"""

from __future__ import annotations

import contextlib
import os
import weakref
from typing import TYPE_CHECKING, Any

from auroraview.errors import AuroraViewError
from auroraview.hosts import _x11
from auroraview.qt._binding import QtCore, QtGui, QtWidgets, is_alive
from auroraview.qt._guard import guarded_filter

if TYPE_CHECKING:
    from auroraview.view import WebView

#: Which widget took each window in last.
_holders: weakref.WeakValueDictionary[int, Embedding] = weakref.WeakValueDictionary()


class _Leaving(QtCore.QObject):  # type: ignore[misc]
    """Sees when Qt ends the native window around a page, as Qt 5 does when a floating dock is closed by its frame."""

    def __init__(self, embedding: Embedding) -> None:
        super().__init__()
        self._embedding = weakref.ref(embedding)

    @guarded_filter
    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802 - Qt's name
        # PySide2 does not tell which one it is. That it was made was told before this was listening.
        if event.type() == QtCore.QEvent.Type.PlatformSurface:
            watched.removeEventFilter(self)
            embedding = self._embedding()
            if embedding is not None:
                embedding.leave()
        return False


class Embedding:
    """At most one window inside one widget. On Qt's thread."""

    def __init__(self) -> None:
        self.native_id: int | None = None
        self._container: Any = None
        self._window: Any = None
        self._leaving = _Leaving(self)

    @property
    def container(self) -> Any:
        """The widget around the window, or ``None``."""
        return self._container if self._container is not None and is_alive(self._container) else None

    @property
    def is_in_place(self) -> bool:
        """There is a container, and the window is in it."""
        return self.native_id is not None and self.container is not None

    def put(self, native_id: int, parent: Any, layout: Any) -> None:
        """Takes the window in; one that was there before goes."""
        self.remove()
        if _holders.get(native_id) is not None:
            # Qt moves it when the container is shown; the one that it is in may be deleted before, and it with that.
            _x11.take_out(native_id)
        self.native_id = native_id
        _holders[native_id] = self
        self._window = QtGui.QWindow.fromWinId(native_id)
        self._window.installEventFilter(self._leaving)
        self._container = QtWidgets.QWidget.createWindowContainer(self._window, parent)
        # The panel takes the focus: the container would ask the window manager to activate a window it does not know.
        self._container.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        layout.addWidget(self._container)
        self._container.show()

    def save(self) -> None:
        """To be called while Qt deletes the widget, and its container still is there.

        Qt 5 leaves the window in the container, which the X server destroys with all that is in it. Not by
        ``QWindow.setParent``, with which PyQt takes the window over, and deletes it in the middle of Qt's own work.
        """
        if self.native_id is not None and _holders.get(self.native_id) is self:
            _x11.take_out(self.native_id)

    def leave(self) -> None:
        """Saves the window; it has to be put in again."""
        self.save()
        self.native_id = None

    def remove(self) -> None:
        """Lets the window go; it is hidden, and the page lives on."""
        if self._window is not None and is_alive(self._window):
            self._window.removeEventFilter(self._leaving)
        container, self._container, self._window, self.native_id = self.container, None, None, None
        if container is not None:
            container.hide()
            container.deleteLater()
            # At once: Qt 6 hides the window and puts it on the screen when the container goes, wherever it is then.
            QtCore.QCoreApplication.sendPostedEvents(container, int(QtCore.QEvent.Type.DeferredDelete))


def page_zoom(widget: Any) -> float:
    """How large the page has to be drawn so that its pixels are those of the widget: pages are laid out in those of the
    screen, which Qt may scale."""
    ratio = float(widget.devicePixelRatioF())
    return round(min(max(ratio / _toolkit_scale(), 0.25), 5.0), 4)


def _toolkit_scale() -> int:
    """What GTK scales by itself."""
    with contextlib.suppress(ValueError):
        return max(1, int(os.environ.get("GDK_SCALE", "1")))
    return 1


def set_quietly(view: WebView, name: str, value: Any) -> None:
    """Sets a property of the view's window if that changes it. The view may just have closed."""
    if getattr(view.window, name) != value:
        with contextlib.suppress(AuroraViewError):
            setattr(view.window, name, value)
