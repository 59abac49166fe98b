"""The command that opens the panel. What it needs is loaded when it is used, so FreeCAD starts as fast as without."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ICON = str(HERE / "icon.svg")
if str(HERE / "vendor") not in sys.path:
    sys.path.append(str(HERE / "vendor"))  # after all others: an installation of the studio's goes first


class Open:
    """FreeCAD calls these methods by their names."""

    def GetResources(self):
        return {"MenuText": "My Panel", "ToolTip": "Open the panel, or bring it to the front", "Pixmap": ICON}

    def Activated(self):
        from my_panel import tool

        tool.open_panel()

    def IsActive(self):
        return True
