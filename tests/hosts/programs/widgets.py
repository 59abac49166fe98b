"""What applications of Qt have in common: a field to type in, dialogs, and a timer for the agent."""

from __future__ import annotations

import importlib
from typing import Any

from programs import steps
from programs.agent import Agent

TURN_MS = 20


class QtApplication:
    """What the steps need of an application of Qt. Its own object is for the subclass."""

    def __init__(self, binding: str) -> None:
        self.core: Any = importlib.import_module(f"{binding}.QtCore")
        self.gui: Any = importlib.import_module(f"{binding}.QtGui")
        self.widgets: Any = importlib.import_module(f"{binding}.QtWidgets")
        self.edit: Any = None
        self.agent: Any = None
        self.timer: Any = None

    def start(self, main_window: Any) -> None:
        """Begins to listen, with a field of its own in the main window."""
        area = self.core.Qt.DockWidgetArea.LeftDockWidgetArea
        self.edit = self.widgets.QLineEdit()
        holder = self.widgets.QDockWidget("Field", main_window)
        holder.setObjectName("test field")
        holder.setWidget(self.edit)
        main_window.addDockWidget(area, holder)
        steps.application = self
        self.agent = Agent(steps)
        self.timer = self.core.QTimer()
        self.timer.timeout.connect(self.agent.turn)
        self.timer.start(TURN_MS)

    def later(self, func: Any, seconds: float = 0.05) -> None:
        """Runs something when this turn is over."""
        self.core.QTimer.singleShot(int(seconds * 1000), func)

    def forbidden(self) -> None:
        raise RuntimeError("nothing is forbidden here")

    def field(self) -> list[int]:
        spot = self.edit.mapToGlobal(self.core.QPoint(20, self.edit.height() // 2))
        ratio = self.edit.devicePixelRatioF()
        return [int(spot.x() * ratio), int(spot.y() * ratio)]

    def typed(self) -> str:
        return str(self.edit.text())

    def clear_field(self) -> None:
        self.edit.clear()

    def boxes(self) -> list[str]:
        return [
            f"{type(widget).__name__} {widget.windowTitle()!r}"
            for widget in self.widgets.QApplication.topLevelWidgets()
            if isinstance(widget, self.widgets.QDialog) and widget.isVisible()
        ]
