"""Programs with a panel, which ``benches.hosts`` starts and asks: Blender, FreeCAD, one of PySide6, and beside them one
with PySide6's own browser widget."""
