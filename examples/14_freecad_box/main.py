"""How does a panel change a model while a slider moves, and follow what is changed elsewhere?

Boxes with rounded edges: sizes by sliders and numbers, material, volume and mass, undo; several boxes in one document.

From a terminal: ``freecad main.py``. In FreeCAD: Macro, Macros..., this folder as the location, main.py, Execute.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
try:
    import auroraview  # noqa: F401
except ModuleNotFoundError:  # this is a checkout of the project, which is not installed
    sys.path.append(str(HERE.parents[1] / "python"))

import boxes
from PySide import QtCore

# As an argument of FreeCAD it runs before there is a window to dock in.
QtCore.QTimer.singleShot(0, boxes.open_panel)
