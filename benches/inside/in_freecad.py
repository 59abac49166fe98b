"""Run by FreeCAD: a panel docked in its window, beside a document with a box.

FreeCAD imports a script by its file name, and a package of its own has the name ``freecad``.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "python")]

import FreeCAD  # noqa: E402
import FreeCADGui  # noqa: E402
from PySide2.QtCore import QTimer  # noqa: E402

from auroraview import main_thread  # noqa: E402
from benches.inside.panel import Panel  # noqa: E402
from benches.inside.session import serve  # noqa: E402


def later(seconds: float, function: Callable[[], None]) -> None:
    """On the main thread, from there."""
    QTimer.singleShot(round(seconds * 1000), function)


def end() -> None:
    """Without being asked about the document."""
    FreeCAD.closeDocument("Bench")
    FreeCADGui.getMainWindow().close()


def begin() -> None:
    """When the window is there, which it is not yet while FreeCAD runs its scripts."""
    document = FreeCAD.newDocument("Bench")
    document.addObject("Part::Box", "Box")
    document.recompute()
    FreeCADGui.activeDocument().activeView().fitAll()
    panel = Panel(later)
    serve(panel.hello(), panel.commands, lambda: main_thread.call(later, 0.1, end))


later(1.0, begin)
