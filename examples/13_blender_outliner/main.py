"""How does a panel follow what happens in Blender, and change it?

An outliner: the tree of collections and objects to search, select, show, hide, rename and delete, by mouse or keyboard.

In Blender's text editor: open this file, Run Script. From a terminal: ``blender --python main.py``.
"""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
try:
    import auroraview  # noqa: F401
except ModuleNotFoundError:  # Blender looks for no packages outside; this is a checkout of the project
    sys.path.append(str(HERE.parents[1] / "python"))

import outliner

panel = outliner.open_panel()
