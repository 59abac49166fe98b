"""A small application of Qt with one of the bindings: its object is a number in a spin box."""

from __future__ import annotations

import sys
from typing import Any

from programs.widgets import QtApplication


class SmallApplication(QtApplication):
    """A main window with a number and a text."""

    def __init__(self, binding: str) -> None:
        super().__init__(binding)
        self.application = self.widgets.QApplication([binding])
        self.application.setApplicationVersion("7.2")
        self.window = self.widgets.QMainWindow()
        self.window.setWindowTitle(f"A program of {binding}")
        self.window.setGeometry(60, 60, 1100, 700)
        self.number = self.widgets.QDoubleSpinBox()
        self.number.setDecimals(3)
        self.text: Any = self.widgets.QTextEdit("A text of the application")
        content = self.widgets.QWidget()
        column = self.widgets.QVBoxLayout(content)
        column.addWidget(self.number)
        column.addWidget(self.text)
        self.window.setCentralWidget(content)

    def value(self) -> float:
        return float(self.number.value())

    def set_value(self, value: float) -> None:
        self.number.setValue(value)

    def new_file(self) -> None:
        self.text.clear()
        self.number.setValue(0.0)

    def leave(self) -> None:
        self.later(self.window.close)

    def run(self) -> int:
        self.window.show()
        self.start(self.window)
        return int((getattr(self.application, "exec", None) or self.application.exec_)())


def main(binding: str) -> None:
    sys.exit(SmallApplication(binding).run())
