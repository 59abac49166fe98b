"""The keyboard between the application's widgets and the pages: one watcher per application.

The X server gives keys to one window. A click in a page takes them there, out of Qt's sight: for Qt no window has the
focus then. A click in a window of the application has to bring them back, because the window manager does not see that
they had gone. Clicks are watched only while no window of Qt has the focus: otherwise the application's events pass
without touching Python.
"""

from __future__ import annotations

import contextlib
import time
import weakref
from typing import Any

from auroraview.qt._binding import QtCore, QtGui, application, is_alive
from auroraview.qt._guard import guarded, guarded_filter


class _Keeper(QtCore.QObject):  # type: ignore[misc]
    """Brings the keyboard back to the window that is clicked."""

    def __init__(self, parent: Any) -> None:
        super().__init__(parent)
        self.panels: weakref.WeakSet[Any] = weakref.WeakSet()
        #: When a window of the application got the keyboard last, by :func:`time.monotonic`.
        self.given_at = 0.0
        self._watching = False
        parent.focusWindowChanged.connect(self._window_changed)

    @guarded
    def _window_changed(self, window: Any = None) -> None:
        self.watch(window is None)

    def watch(self, on: bool) -> None:
        on = on and bool(self.panels)
        if on != self._watching:
            self._watching = on
            watched = self.parent()
            if on:
                watched.installEventFilter(self)
            else:
                watched.removeEventFilter(self)

    @guarded_filter
    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802 - Qt's name
        if event.type() == QtCore.QEvent.Type.MouseButtonPress and watched.isWindowType():
            self._pressed(watched)
        return False

    def _pressed(self, window: Any) -> None:
        kinds = QtCore.Qt.WindowType
        if window.type() in (kinds.ForeignWindow, kinds.Popup, kinds.ToolTip, kinds.SplashScreen):
            return
        while isinstance(window.parent(), QtGui.QWindow):
            window = window.parent()
        self.give(int(window.winId()))

    def give(self, native_id: int) -> None:
        for panel in list(self.panels):
            if is_alive(panel) and panel.view.is_open:
                self.given_at = time.monotonic()
                panel.view.window.give_focus(native_id)
                return


_keeper: _Keeper | None = None


def _present() -> _Keeper | None:
    return _keeper if _keeper is not None and is_alive(_keeper) else None


def add(panel: Any) -> None:
    """The panel's page may take the keyboard from now on."""
    global _keeper
    if _present() is None:
        _keeper = _Keeper(application())
    assert _keeper is not None, "just made"
    _keeper.panels.add(panel)
    _keeper.watch(QtGui.QGuiApplication.focusWindow() is None)


def remove(panel: Any) -> None:
    """It takes it no more."""
    keeper = _present()
    if keeper is not None:
        keeper.panels.discard(panel)
        if not keeper.panels:
            keeper.watch(False)


def give_to(panel: Any) -> None:
    """The keyboard goes from the panel's page to its window."""
    keeper = _present()
    if keeper is not None:
        keeper.give(int(panel.window().winId()))


def taken_by_page() -> None:
    """A page is about to have the keyboard: Qt learns of it later."""
    keeper = _present()
    if keeper is not None:
        keeper.watch(True)


def given_after(moment: float) -> bool:
    """Whether a window of the application got the keyboard after a moment of :func:`time.monotonic`."""
    keeper = _present()
    return keeper is not None and keeper.given_at > moment


def later(milliseconds: int, panel: Any, function: str) -> None:
    """Calls a method of the panel later, should it still be there."""
    reference = weakref.ref(panel)

    def call() -> None:
        found = reference()
        if found is not None and is_alive(found):
            with contextlib.suppress(RuntimeError):
                getattr(found, function)()

    QtCore.QTimer.singleShot(milliseconds, call)
