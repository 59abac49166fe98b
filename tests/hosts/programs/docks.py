"""What a user does to a dock, by the means of Qt."""

from __future__ import annotations

from typing import Any


class Dock:
    """The dock of a panel; ``core`` is the QtCore that it belongs to."""

    def __init__(self, core: Any, dock: Any) -> None:
        self._core = core
        self._dock = dock

    def take_out(self) -> None:
        """Makes a window of it."""
        self._dock.setFloating(True)
        self._dock.move(300, 200)
        self._dock.resize(500, 300)

    def put_back(self) -> None:
        self._dock.setFloating(False)

    def is_floating(self) -> bool:
        return bool(self._dock.isFloating())

    def move_to(self, side: str) -> None:
        """To a side of the main window: Left, Right, Top, Bottom."""
        self._dock.parent().addDockWidget(getattr(self._core.Qt.DockWidgetArea, f"{side}DockWidgetArea"), self._dock)

    def resize(self, width: int) -> None:
        """Gives it another width while it is docked, in pixels of Qt."""
        self._dock.parent().resizeDocks([self._dock], [width], self._core.Qt.Orientation.Horizontal)

    def size(self) -> list[float]:
        """Of its content, in pixels of the screen."""
        content = self._dock.widget()
        ratio = content.devicePixelRatioF()
        return [content.width() * ratio, content.height() * ratio]

    def hide(self) -> None:
        self._dock.hide()

    def show(self) -> None:
        self._dock.show()

    def delete(self) -> None:
        self._dock.deleteLater()
