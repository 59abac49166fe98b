"""Whether a panel can be seen.

Qt hides most of what is out of sight, but of docks that share a place it moves those behind to where nobody looks.
"""

from __future__ import annotations

import weakref
from typing import Any

from auroraview.qt._binding import QtCore, QtWidgets, is_alive
from auroraview.qt._guard import guarded


class Visibility(QtCore.QObject):  # type: ignore[misc]
    """Watches the dock in which a panel is, if it is in one."""

    def __init__(self, panel: Any) -> None:
        super().__init__(panel)
        self._panel = weakref.ref(panel)
        self._dock: Any = lambda: None
        #: What the dock said last.
        self._seen: bool | None = None

    def is_visible(self) -> bool:
        """It can be seen, at least in part."""
        panel = self._panel()
        if panel is None or not panel.isVisible():
            return False
        dock = self._follow(panel)
        if dock is None or dock.isFloating():
            return True
        if self._seen is not None:
            return self._seen
        place = dock.geometry()
        return bool(place.right() >= 0 and place.bottom() >= 0)

    def _follow(self, panel: Any) -> Any:
        above = panel.parentWidget()
        while above is not None and not isinstance(above, QtWidgets.QDockWidget):
            above = above.parentWidget()
        before = self._dock()
        if above is not before:
            if before is not None and is_alive(before):
                before.visibilityChanged.disconnect(self._changed)
            self._seen = None
            self._dock = weakref.ref(above) if above is not None else lambda: None
            if above is not None:
                above.visibilityChanged.connect(self._changed)
        return above

    @guarded
    def _changed(self, visible: bool) -> None:
        self._seen = visible
        panel = self._panel()
        if panel is not None:
            panel._sync_later()
