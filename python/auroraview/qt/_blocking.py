"""Modal dialogs of the application: the page below one takes no input meanwhile.

The X server knows nothing of them and goes on giving clicks to the page, so the page itself has to be told.
"""

from __future__ import annotations

import weakref
from typing import Any

from auroraview.qt._binding import QtCore, QtWidgets, is_alive
from auroraview.qt._guard import guarded_filter


class Blocking(QtCore.QObject):  # type: ignore[misc]
    """Watches the window in which a panel is, and that is another one after docking."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self._panel = weakref.ref(panel)
        self._window: Any = lambda: None

    def follow(self) -> None:
        """Looks which window the panel is in now, and whether that is blocked."""
        panel = self._panel()
        if panel is None:
            return
        window = panel.window()
        before = self._window()
        if before is not window:
            if before is not None and is_alive(before):
                before.removeEventFilter(self)
            self._window = weakref.ref(window)  # its Python object would keep all widgets in it, and they this
            window.installEventFilter(self)
        dialog = QtWidgets.QApplication.activeModalWidget()
        panel._set_enabled(dialog is None or dialog == window or not _blocks(dialog, window))

    @guarded_filter
    def eventFilter(self, watched: Any, event: Any) -> bool:  # noqa: N802 - Qt's name
        kind = event.type()
        if kind in (QtCore.QEvent.Type.WindowBlocked, QtCore.QEvent.Type.WindowUnblocked):
            panel = self._panel()
            if panel is not None and watched == panel.window():
                panel._set_enabled(kind == QtCore.QEvent.Type.WindowUnblocked)
        return False


def _blocks(dialog: Any, window: Any) -> bool:
    """Whether a modal dialog keeps a window from input: all others, or those that it belongs to."""
    above = window
    while above is not None:
        if above == dialog:
            return False  # a window of the dialog's own
        above = above.parentWidget()
    if dialog.windowModality() == QtCore.Qt.WindowModality.ApplicationModal:
        return True
    parent = dialog.parentWidget()
    return parent is not None and bool(parent.window() == window)
