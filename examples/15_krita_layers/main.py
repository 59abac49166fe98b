"""How does a panel show pictures out of the program, and follow a program that tells nothing?

A board of the layers of Krita's document: thumbnails, names, opacity, blending mode, visibility, order.

In Krita: Tools, Scripts, Scripter; open this file there and run it.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
try:
    import auroraview  # noqa: F401
except ModuleNotFoundError:  # this is a checkout of the project, which is not installed
    sys.path.append(str(HERE.parents[1] / "python"))

import layers

panel = layers.open_panel()
