"""How does a panel show pictures out of the program, and follow a program that tells nothing?

A board of the layers of Krita's document: thumbnails, names, opacity, blending mode, visibility, order.

In Krita: Tools, Scripts, Scripter; open this file there and run it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[2] / "python"))  # this checkout, unless the package is installed

import layers

panel = layers.open_panel()
