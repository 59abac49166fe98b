"""A panel in a dock of the application's main window, which is one of Qt's.

The dock belongs to the main window and may be deleted with it, or by anybody, at any time; the view belongs to the
panel, and finds a place in a new dock. Nothing here relies on an order in which Qt deletes things: whatever was deleted
raises ``RuntimeError`` when it is touched.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from auroraview._log import logger
from auroraview._running import program_ends
from auroraview.hosts import _binding
from auroraview.hosts._memory import Remembered, on_some_screen

if TYPE_CHECKING:
    from auroraview.hosts._wish import Wish
    from auroraview.view import WebView

_SIDES = {"left": "Left", "right": "Right", "top": "Top", "bottom": "Bottom"}


class Docked:
    """The dock of a panel, hidden until :meth:`show`.

    Args:
        window: the application's ``QMainWindow``.
        view: an embedded one; it is opened.
        name: the dock's name, by which the application's own ``saveState`` knows it.
        wish: where it shall be.
        changed: called when it was moved, resized, shown or hidden.

    Raises:
        HostError: the page could not be opened; no dock is made then.
    """

    kind = "docked"

    def __init__(self, window: Any, view: WebView, name: str, wish: Wish, changed: Callable[[], None]) -> None:
        qt = importlib.import_module("auroraview.qt")
        binding = _binding.binding_of(window)
        self._core: Any = importlib.import_module(f"{binding}.QtCore")
        self._gui: Any = importlib.import_module(f"{binding}.QtGui")
        self.view = view
        self._wish = wish
        self._changed = changed
        self._state: Remembered | None = None
        self.widget: Any = qt.WebPanel(window, view=view)
        # A child of the main window without a place of its own, until it is in the dock.
        self.widget.hide()
        try:
            self.widget.open()
            self.dock: Any = _dock_class(binding)(view.window.title, window)
        except BaseException:
            self.widget.deleteLater()
            raise
        self.dock.setObjectName(name)
        self.dock.setWidget(self.widget)
        self.widget.show()
        self._place(window)
        self.dock.told = self._told
        self.widget.closed.connect(self._page_closed)

    @property
    def _window(self) -> Any:
        """Not kept: a reference would keep a window that Python owns from being deleted."""
        return self.dock.parent()

    def _place(self, window: Any) -> None:
        """As the application remembers it, else as we do, else as the program wants it."""
        wish = self._wish
        self.dock.hide()
        if not window.restoreDockWidget(self.dock):
            areas = self._core.Qt.DockWidgetArea
            side = _SIDES[wish.side]
            window.addDockWidget(getattr(areas, f"{side}DockWidgetArea"), self.dock)
            if wish.floating:
                self._float(window)
        self.dock.hide()

    def _float(self, window: Any) -> None:
        wish = self._wish
        self.dock.setFloating(True)
        x, y, width, height = wish.window or (0, 0, wish.width, wish.height)
        self.dock.resize(width, height)
        if wish.window is None or not on_some_screen(wish.window, self._screens()):
            over = window.geometry()
            x = over.x() + max(0, (over.width() - width) // 2)
            y = over.y() + max(0, (over.height() - height) // 2)
        self.dock.move(x, y)

    def _screens(self) -> list[tuple[int, int, int, int]]:
        rectangles = [screen.geometry() for screen in self._gui.QGuiApplication.screens()]
        return [(one.x(), one.y(), one.width(), one.height()) for one in rectangles]

    @property
    def alive(self) -> bool:
        """The dock and its widget are there."""
        try:
            return self.dock.widget() is not None and bool(self.widget.objectName() or True)
        except RuntimeError:
            return False

    def belongs_to(self, main_window: Callable[[], Any]) -> bool:
        """The dock's window is shown, or is the one that the application has now."""
        with contextlib.suppress(RuntimeError):
            return bool(self._window.isVisible() or self._window == main_window())
        return False

    def show(self) -> None:
        """Brings it back, and to the front where it shares its place with others."""
        is_first = self._state is None
        self.dock.show()
        if is_first and not self.dock.isFloating():
            self._resize()
        self.dock.raise_()
        self._told()

    def _resize(self) -> None:
        """Qt gives a new dock the least that it can have, and takes wishes once the dock is shown."""
        orientation = self._core.Qt.Orientation
        across = self._window.dockWidgetArea(self.dock) in (
            self._core.Qt.DockWidgetArea.LeftDockWidgetArea,
            self._core.Qt.DockWidgetArea.RightDockWidgetArea,
        )
        width, height = self._wish.size or (self._wish.width, self._wish.height)
        self._window.resizeDocks(
            [self.dock], [width if across else height], orientation.Horizontal if across else orientation.Vertical
        )

    def hide(self) -> None:
        """What its close button does: the page goes on, and is told that nobody sees it."""
        self.dock.hide()

    def set_title(self, title: str) -> None:
        """That of the dock and of the page's window."""
        self.dock.setWindowTitle(title)

    def close(self) -> None:
        """Removes the dock, and closes the page."""
        with contextlib.suppress(RuntimeError):  # deleted by Qt, alone or with its window
            self.dock.told = None
            self._window.removeDockWidget(self.dock)
            self.dock.deleteLater()
        self.view.close()

    def abandon(self) -> None:
        """Removes what is left of a dock whose parts were deleted; the page stays open."""
        for one in (self.dock, self.widget):
            with contextlib.suppress(RuntimeError):
                one.deleteLater()

    def _page_closed(self) -> None:
        """By itself, or by ``view.close()``: an empty dock is of no use."""
        if not self.view.is_open:  # it may have been opened again before Qt told
            with contextlib.suppress(RuntimeError):
                self.dock.hide()

    def look(self) -> Remembered | None:
        """How it was when it last changed. Any thread."""
        return self._state

    def _told(self) -> None:
        """Called by Qt in the middle of its own work, also while everything ends: must not raise."""
        if program_ends.is_set():
            return
        try:
            state = self._now()
            if state is not None and state != self._state:
                self._state = state
                self._changed()
        except RuntimeError:
            pass  # deleted by Qt
        except Exception as error:  # noqa: BLE001 - PyQt would end the application
            logger.error("where %r is: %s", self.view, error, exc_info=error)

    def _now(self) -> Remembered | None:
        """``None`` while the window is being deleted: its docks are hidden when it is no main window any more."""
        dock, last, wish = self.dock, self._state, self._wish
        main_window = _binding.as_main_window(self._window)
        if main_window is None:
            return None
        floating = bool(dock.isFloating())
        size, window = (wish.size, wish.window) if last is None else (last.size, last.window)
        side = wish.side if last is None else last.area
        if floating:
            window = (dock.x(), dock.y(), dock.width(), dock.height())
        else:
            if dock.isVisible():
                size = (dock.width(), dock.height())
            area = main_window.dockWidgetArea(dock)
            for name, qt_name in _SIDES.items():
                if area == getattr(self._core.Qt.DockWidgetArea, f"{qt_name}DockWidgetArea"):
                    side = name
        return Remembered(wish.asked, side, floating, not dock.isHidden(), size, window)


@functools.cache
def _dock_class(binding: str) -> Any:
    """A dock that tells when it was moved, resized, shown or hidden, which no signal of Qt does."""
    base: Any = importlib.import_module(f"{binding}.QtWidgets").QDockWidget

    class PanelDock(base):  # type: ignore[misc]
        told: Callable[[], None] | None = None

        def moveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
            super().moveEvent(event)
            self.tell()

        def resizeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
            super().resizeEvent(event)
            self.tell()

        def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
            super().showEvent(event)
            self.tell()

        def hideEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
            super().hideEvent(event)
            self.tell()

        def tell(self) -> None:
            if self.told is not None:
                self.told()

    return PanelDock
