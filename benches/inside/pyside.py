"""``python -m benches.inside.pyside``: a program of PySide6 with a panel docked in its window."""

from __future__ import annotations

import sys
from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow, QTextEdit

from benches.inside.panel import Panel
from benches.inside.session import serve


def later(seconds: float, function: Callable[[], None]) -> None:
    """On the main thread, from there."""
    QTimer.singleShot(round(seconds * 1000), function)


def main() -> int:
    """Runs until told to quit."""
    from auroraview import main_thread

    application = QApplication(["pyside"])
    window = QMainWindow()
    window.setCentralWidget(QTextEdit("A program of Qt."))
    window.resize(1100, 700)
    window.show()
    panel = Panel(later)
    later(0.5, lambda: serve(panel.hello(), panel.commands, lambda: main_thread.call(window.close)))
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
