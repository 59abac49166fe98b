"""A dock for a program of Qt: ``my_panel.open_panel(main_window)`` when the window is there, on the main thread."""

import sys
from pathlib import Path

VENDOR = str(Path(__file__).resolve().parent / "vendor")
if VENDOR not in sys.path:
    sys.path.append(VENDOR)  # after all others: an installation of the studio's goes first

from my_panel.tool import close_panel, open_panel

__all__ = ["close_panel", "open_panel"]
