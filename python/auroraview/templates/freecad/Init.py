"""FreeCAD runs this at its start, without windows too. Nothing is to be done then."""
