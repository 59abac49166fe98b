"""Pages inside windows of Qt: PySide6, PySide2, PyQt6 or PyQt5, whichever the application has.

    from auroraview.qt import WebPanel

    panel = WebPanel(title="Outliner", path="ui/", api=Tool())
    dock = QDockWidget("Outliner", main_window)
    dock.setWidget(panel)

Importing this module imports Qt; ``import auroraview`` does not.
"""

from auroraview.qt._binding import embeds
from auroraview.qt.panel import WebPanel

__all__ = ["WebPanel", "embeds"]
