"""The panel's Python: what the page may call, and the boxes that it is sent.

A box is a Part::Box; one with round edges is held by a Part::Fillet. What the panel needs beyond, its material, is a
property of the box, so that it is saved with the document and others can read it. FreeCAD's observers tell of changes,
many for one step; they are read together when FreeCAD's loop has its next turn.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import FreeCAD
import FreeCADGui
from PySide import QtCore

from auroraview import hosts

PAGE = Path(__file__).resolve().parent / "ui"
SIDES = ("Length", "Width", "Height")
#: Grams in a cubic centimetre.
DENSITIES = {"Oak": 0.72, "ABS": 1.05, "Aluminium": 2.70, "Steel": 7.85, "Brass": 8.50}
LONGEST = 10_000.0  # mm

_running: Boxes | None = None


def open_panel() -> hosts.Panel:
    """Opens the panel; called again, it brings the panel back with a tool that begins anew."""
    global _running
    if _running is not None:
        _running.stop()
    tool = _running = Boxes()
    panel = hosts.panel("Boxes", key="example.boxes", path=PAGE, api=tool, area="right", width=400)
    tool.follow(lambda state: panel.emit("boxes", state, retain=True, keep="latest"))
    return panel


class Boxes:
    """Its public methods are what the page may call. A box goes by its name in the document."""

    def __init__(self) -> None:
        self._tell: Callable[[dict[str, Any]], None] | None = None
        self._told: dict[str, Any] | None = None
        self._reads_soon = False
        self._open: Any = None  # the document with a step that is not finished: a slider is held

    # What the page calls

    def add(self) -> str:
        """Adds a box beside the others; returns its name."""
        return self._add("Add a box", (60, 40, 25), 0, "Aluminium")

    def copy(self, name: str) -> str:
        """Adds a box like another; returns its name."""
        box = _box(name)
        return self._add("Duplicate a box", [getattr(box, side) for side in SIDES], _radius(box), _material(box))

    def _add(self, step: str, sizes: Sequence[Any], radius: float, material: str) -> str:
        document = FreeCAD.ActiveDocument or FreeCAD.newDocument("Boxes")
        with _Step(document, step):
            box = document.addObject("Part::Box", "Box")
            box.Length, box.Width, box.Height = sizes
            ends = [_shown(one).Shape.BoundBox.XMax for one in _boxes(document) if one is not box]
            box.Placement.Base = FreeCAD.Vector(max(ends, default=-10) + 10, 0, 0)
            _set_material(box, material)
            _round(box, radius)
        self.select(box.Name)
        view = FreeCADGui.ActiveDocument.ActiveView
        if hasattr(view, "viewIsometric"):  # a table may be what is shown
            if len(_boxes(document)) == 1:
                view.viewIsometric()
            view.fitAll()
        return str(box.Name)

    def remove(self, name: str) -> None:
        """Deletes a box."""
        box = _box(name)
        with _Step(box.Document, "Delete a box"):
            if fillet := _fillet(box):
                box.Document.removeObject(fillet.Name)
            box.Document.removeObject(name)

    def rename(self, name: str, label: str) -> None:
        """Changes what is read in FreeCAD's tree; the name stays."""
        box = _box(name)
        with _Step(box.Document, "Rename a box"):
            box.Label = label.strip() or name
            if fillet := _fillet(box):
                fillet.Label = f"{box.Label}, rounded"

    def resize(self, name: str, what: str, value: float, final: bool = True) -> None:
        """Sets ``"Length"``, ``"Width"``, ``"Height"`` or ``"Fillet"``, in mm.

        Until it is ``final``, further values belong to the same step of undo.
        """
        box = _box(name)
        if what not in (*SIDES, "Fillet"):
            raise ValueError(f"A box has no {what}.")
        if self._open is None:
            self._open = box.Document
            box.Document.openTransaction(f"{what} of {box.Label}")
        try:
            if what == "Fillet":
                _round(box, value)
            else:
                setattr(box, what, min(max(value, 1.0), LONGEST))
                _round(box, _radius(box))  # a radius must be smaller than half the shortest side
            box.Document.recompute()
        finally:
            if final:
                self.finish()

    def finish(self) -> None:
        """Ends a step of undo that ``resize`` has begun."""
        if self._open is not None:
            document, self._open = self._open, None
            document.commitTransaction()
            self._changed()

    def set_material(self, name: str, material: str) -> None:
        """Decides on the mass."""
        if material not in DENSITIES:
            raise ValueError(f"There is no material {material}.")
        box = _box(name)
        with _Step(box.Document, "Material of a box"):
            _set_material(box, material)

    def select(self, name: str) -> None:
        """Selects a box in FreeCAD."""
        FreeCADGui.Selection.clearSelection()
        FreeCADGui.Selection.addSelection(_shown(_box(name)))

    def undo(self) -> None:
        """Takes the document's last step back, whoever made it."""
        if FreeCAD.ActiveDocument:
            FreeCAD.ActiveDocument.undo()
            FreeCAD.ActiveDocument.recompute()

    def redo(self) -> None:
        """Makes the step again that was taken back."""
        if FreeCAD.ActiveDocument:
            FreeCAD.ActiveDocument.redo()
            FreeCAD.ActiveDocument.recompute()

    # What the page is told

    def follow(self, tell: Callable[[dict[str, Any]], None]) -> None:
        """From now on ``tell`` gets the boxes whenever something is another, and the present ones at once."""
        self._tell = tell
        self._observer = _Observer(self._changed)
        FreeCAD.addDocumentObserver(self._observer)
        FreeCADGui.Selection.addObserver(self._observer)
        self._read()

    def stop(self) -> None:
        """Takes all back that ``follow`` has set up."""
        if self._tell is not None:
            self._tell = None
            FreeCAD.removeDocumentObserver(self._observer)
            FreeCADGui.Selection.removeObserver(self._observer)

    def _changed(self) -> None:
        if not self._reads_soon:
            self._reads_soon = True
            QtCore.QTimer.singleShot(0, self._read)

    def _read(self) -> None:
        self._reads_soon = False
        state = read_boxes()
        if self._tell is not None and state != self._told:
            self._told = state
            self._tell(state)


def read_boxes() -> dict[str, Any]:
    """What the page shows: lengths in mm, areas in cm², volumes in cm³, masses in g."""
    document = FreeCAD.ActiveDocument
    materials = [{"name": name, "density": density} for name, density in DENSITIES.items()]
    if document is None:
        return {"document": None, "materials": materials, "boxes": [], "undo": "", "redo": ""}
    chosen = {one.Object for one in FreeCADGui.Selection.getSelectionEx(document.Name)}
    return {
        "document": document.Label,
        "materials": materials,
        "boxes": [_row(box, chosen) for box in _boxes(document)],
        "undo": next(iter(document.UndoNames), ""),
        "redo": next(iter(document.RedoNames), ""),
    }


def _row(box: Any, chosen: set[Any]) -> dict[str, Any]:
    shape = _shown(box).Shape
    volume, area = (0.0, 0.0) if shape.isNull() else (shape.Volume / 1000, shape.Area / 100)
    sizes = {side: round(getattr(box, side).Value, 3) for side in SIDES}
    return {
        "name": box.Name,
        "label": box.Label,
        "sizes": {**sizes, "Fillet": round(_radius(box), 3)},
        "largest_fillet": round(_largest_radius(box), 3),
        "material": _material(box),
        "area": round(area, 3),
        "volume": round(volume, 3),
        "mass": round(volume * DENSITIES[_material(box)], 3),
        "selected": box in chosen or _shown(box) in chosen,
    }


def _boxes(document: Any) -> list[Any]:
    return [one for one in document.Objects if one.TypeId == "Part::Box"]


def _box(name: str) -> Any:
    found = FreeCAD.ActiveDocument and FreeCAD.ActiveDocument.getObject(name)
    if found is None or found.TypeId != "Part::Box":
        raise LookupError(f"There is no box {name} any more.")
    return found


def _fillet(box: Any) -> Any:
    return next((one for one in box.InList if one.TypeId == "Part::Fillet" and one.Base is box), None)


def _shown(box: Any) -> Any:
    return _fillet(box) or box


def _material(box: Any) -> str:
    return box.Material if getattr(box, "Material", None) in DENSITIES else "Aluminium"


def _set_material(box: Any, material: str) -> None:
    if not hasattr(box, "Material"):
        box.addProperty("App::PropertyString", "Material", "Boxes", "what it is made of")
    box.Material = material


def _radius(box: Any) -> float:
    fillet = _fillet(box)
    return float(fillet.Edges[0][1]) if fillet and fillet.Edges else 0.0


def _largest_radius(box: Any) -> float:
    return max(0.0, min(getattr(box, side).Value for side in SIDES) / 2 - 0.1)


def _round(box: Any, radius: float) -> None:
    """Rounds all twelve edges; with radius 0 the plain box is back."""
    radius = min(radius, _largest_radius(box))
    fillet = _fillet(box)
    if radius <= 0:
        if fillet:
            box.Document.removeObject(fillet.Name)
            box.ViewObject.Visibility = True
        return
    if not fillet:
        fillet = box.Document.addObject("Part::Fillet", "RoundBox")
        fillet.Label = f"{box.Label}, rounded"
        fillet.Base = box
        box.ViewObject.Visibility = False
    fillet.Edges = [(edge, radius, radius) for edge in range(1, 13)]


class _Step:
    """What happens inside is one step of undo."""

    def __init__(self, document: Any, name: str) -> None:
        self._document, self._name = document, name

    def __enter__(self) -> None:
        self._document.openTransaction(self._name)

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self._document.recompute()
            self._document.commitTransaction()
        else:
            self._document.abortTransaction()


class _Observer:
    """FreeCAD calls what it finds by name. All that matters here is that something happened."""

    def __init__(self, changed: Callable[[], None]) -> None:
        def told(*_: object) -> None:
            changed()

        for slot in ("CreatedDocument", "DeletedDocument", "ActivateDocument", "RelabelDocument", "UndoDocument"):
            setattr(self, f"slot{slot}", told)
        for slot in ("RedoDocument", "CreatedObject", "DeletedObject", "ChangedObject", "RecomputedDocument"):
            setattr(self, f"slot{slot}", told)
        for name in ("addSelection", "removeSelection", "setSelection", "clearSelection"):
            setattr(self, name, told)
