"""FreeCAD: the object is a box of its Part workbench, the number its length in millimetres."""

from __future__ import annotations

from typing import Any

import FreeCAD
import FreeCADGui
from programs.widgets import QtApplication

#: FreeCAD runs scripts while it starts.
START_SECONDS = 3.0


class Program(QtApplication):
    """FreeCAD with a document."""

    def __init__(self) -> None:
        super().__init__("PySide2")
        self.document: Any = None

    def begin(self) -> None:
        self.new_file()
        self.start(FreeCADGui.getMainWindow())

    def value(self) -> float:
        return float(self.document.Box.Length)

    def set_value(self, value: float) -> None:
        self.document.Box.Length = value
        self.document.recompute()

    def new_file(self) -> None:
        before, self.document = self.document, FreeCAD.newDocument()
        self.document.addObject("Part::Box", "Box")
        self.document.recompute()
        FreeCADGui.ActiveDocument.ActiveView.viewIsometric()
        FreeCADGui.ActiveDocument.ActiveView.fitAll()
        if before is not None:
            FreeCAD.closeDocument(before.Name)

    def leave(self) -> None:
        def close() -> None:
            # With an unsaved document it asks.
            FreeCAD.closeDocument(self.document.Name)
            FreeCADGui.getMainWindow().close()

        self.later(close)


def main() -> None:
    program = Program()
    program.later(program.begin, START_SECONDS)
    main.program = program  # type: ignore[attr-defined]
