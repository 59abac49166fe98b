"""How does a panel follow what happens in Blender, and change it?

An outliner: the tree of collections and objects to search, select, show, hide, rename and delete, by mouse or keyboard.

In Blender's text editor: open this file, Run Script. From a terminal: ``blender --python main.py``.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.append(str(Path(__file__).resolve().parents[2] / "python"))  # this checkout, unless the package is installed

import outliner

panel = outliner.open_panel()
