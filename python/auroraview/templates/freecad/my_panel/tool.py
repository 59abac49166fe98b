"""What the page may call, and what it is told. All of it runs on FreeCAD's main thread."""

from pathlib import Path

import FreeCAD

from auroraview import hosts

PAGE = Path(__file__).resolve().parent / "ui"
KEY = "my_panel"


class Tool:
    """Its public methods are what the page may call: ``await auroraview.api.add()``. What they raise, the page gets."""

    def add(self):
        """Adds a box; returns its name."""
        document = FreeCAD.ActiveDocument or FreeCAD.newDocument()
        document.openTransaction("My Panel: add")  # one step of undo
        try:
            box = document.addObject("Part::Box", "Box")
            document.recompute()
        except Exception:
            document.abortTransaction()
            raise
        document.commitTransaction()
        return box.Name


class Observer:
    """FreeCAD calls these methods by their names: the page is sent the names of all objects after every change."""

    def __init__(self, panel):
        self._panel = panel
        self.changed()

    def changed(self, *_):
        document = FreeCAD.ActiveDocument
        items = [] if document is None else [one.Label for one in document.Objects]
        value = {"where": "No document" if document is None else document.Label, "items": items}
        self._panel.emit("items", value, retain=True, keep="latest")  # of many changes in a row only the last is sent

    slotCreatedObject = slotChangedObject = changed
    slotActivateDocument = slotDeletedDocument = slotUndoDocument = slotRedoDocument = changed

    def slotDeletedObject(self, deleted):
        from PySide import QtCore

        QtCore.QTimer.singleShot(0, self.changed)  # it is still among the document's objects


def open_panel():
    """Opens the panel, or brings it back; called again after a reload, it has the new code."""
    panel = hosts.panel("My Panel", key=KEY, path=PAGE, api=Tool(), area="right", width=360)
    before = getattr(FreeCAD, "my_panel_observer", None)  # kept where a reload of this module does not reach
    if before is not None:
        FreeCAD.removeDocumentObserver(before)
    FreeCAD.my_panel_observer = Observer(panel)
    FreeCAD.addDocumentObserver(FreeCAD.my_panel_observer)
    return panel


def close_panel():
    """Closes the panel, if it was ever opened."""
    before = getattr(FreeCAD, "my_panel_observer", None)
    if before is not None:
        FreeCAD.removeDocumentObserver(before)
        FreeCAD.my_panel_observer = None
    for panel in hosts.panels():
        if panel.key == KEY:
            panel.close()
