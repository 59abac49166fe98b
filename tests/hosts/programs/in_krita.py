"""Krita: the object is the background layer of a picture, the number its opacity, 0 to 255."""

from __future__ import annotations

from typing import Any

from krita import Krita
from programs.widgets import QtApplication

#: A plug-in is loaded while Krita starts.
START_SECONDS = 3.0


class Program(QtApplication):
    """Krita with a picture."""

    def __init__(self) -> None:
        super().__init__("PyQt5")
        self.krita = Krita.instance()
        self.document: Any = None

    def begin(self) -> None:
        if self.krita.activeWindow() is None:
            self.later(self.begin, 0.5)
            return
        self.new_file()
        self.start(self.krita.activeWindow().qwindow())

    def value(self) -> float:
        return float(self.document.topLevelNodes()[0].opacity())

    def set_value(self, value: float) -> None:
        self.document.topLevelNodes()[0].setOpacity(int(value))
        self.document.refreshProjection()
        self.document.setModified(False)

    def new_file(self) -> None:
        before, self.document = self.document, self.krita.createDocument(640, 480, "Test", "RGBA", "U8", "", 120.0)
        self.krita.activeWindow().addView(self.document)
        if before is not None:
            before.setModified(False)
            before.close()

    def leave(self) -> None:
        def close() -> None:
            # With an unsaved picture it asks.
            self.document.setModified(False)
            self.krita.action("file_quit").trigger()

        self.later(close)


def main() -> None:
    program = Program()
    program.later(program.begin, START_SECONDS)
    main.program = program  # type: ignore[attr-defined]
