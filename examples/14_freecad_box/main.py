"""How does a panel change a model while a slider moves, and follow what is changed elsewhere?

Boxes with rounded edges: sizes by sliders and numbers, material, volume and mass, undo; several boxes in one document.

From a terminal: ``freecad main.py``. In FreeCAD: Macro, Macros..., this folder as the location, main.py, Execute.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[2] / "python"))  # this checkout, unless the package is installed

import boxes
from PySide import QtCore

# As an argument of FreeCAD it runs before there is a window to dock in.
QtCore.QTimer.singleShot(0, boxes.open_panel)
