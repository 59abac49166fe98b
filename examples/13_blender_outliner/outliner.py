"""The outliner's Python: what the page may call, and the tree that it is sent.

Blender calls back on every change of the scene, up to once a frame. Such a call only notes that something changed; a
timer reads the scene then, and the page is sent the tree if it is another one. All of this is on Blender's main thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from auroraview import hosts

PAGE = Path(__file__).resolve().parent / "ui"
WAIT = 0.05  # seconds: a change is shown so much later at most, and a flood of changes costs 20 looks a second

_running: Outliner | None = None


def open_panel() -> hosts.Panel:
    """Opens the panel; called again, it brings the panel back with a tool that begins anew."""
    global _running
    if _running is not None:
        _running.stop()
    tool = _running = Outliner()
    panel = hosts.panel("Outliner", key="example.outliner", path=PAGE, api=tool, width=380, height=560)
    tool.follow(lambda tree: panel.emit("tree", tree, retain=True, keep="latest"))
    return panel


class Outliner:
    """Its public methods are what the page may call. Objects and collections go by ``o:NAME`` and ``c:NAME``."""

    def __init__(self) -> None:
        self._tell: Callable[[dict[str, Any]], None] | None = None
        self._told: dict[str, Any] | None = None
        self._reads_soon = False

        @persistent  # Blender drops others when a file is loaded
        def heard(*_: object) -> None:
            self._changed()

        self._heard = heard  # a function, and the same each time: a method is neither

    # What the page calls

    def select(self, ids: list[str], active: str | None = None) -> None:
        """Selects these objects and no others."""
        wanted = {_name(one) for one in ids if one.startswith("o:")}
        for item in bpy.context.view_layer.objects:
            item.select_set(item.name in wanted)
        if active is not None and active.startswith("o:"):
            bpy.context.view_layer.objects.active = _object(active)
        self._remember("Select")

    def show(self, id: str, shown: bool) -> None:
        """Shows or hides an object, or a collection with all that it holds."""
        if id.startswith("c:"):
            for layer in _layers(bpy.context.view_layer.layer_collection):
                if layer.collection.name == _name(id):
                    layer.hide_viewport = not shown
        else:
            _object(id).hide_set(not shown)
        self._remember("Show" if shown else "Hide")

    def rename(self, id: str, name: str) -> str:
        """Renames; returns the id from then on: Blender makes names unique by numbers."""
        if not name.strip():
            raise ValueError("A name needs a letter.")
        thing = bpy.data.collections[_name(id)] if id.startswith("c:") else _object(id)
        thing.name = name.strip()
        self._remember("Rename")
        return f"{id[:2]}{thing.name}"

    def delete(self, ids: list[str]) -> int:
        """Deletes objects; returns how many."""
        found = [_object(one) for one in ids if one.startswith("o:")]
        for item in found:
            bpy.data.objects.remove(item)
        self._remember("Delete")
        return len(found)

    def frame(self, ids: list[str]) -> None:
        """Moves the first 3D view so that it shows these objects."""
        self.select(ids)
        for window in bpy.context.window_manager.windows:
            for area in window.screen.areas:
                if area.type == "VIEW_3D":
                    region = next(one for one in area.regions if one.type == "WINDOW")
                    with bpy.context.temp_override(window=window, area=area, region=region):
                        bpy.ops.view3d.view_selected()
                    return
        raise LookupError("There is no 3D view to move.")

    def undo(self) -> None:
        """Takes the last step back, whoever made it."""
        with _window():
            bpy.ops.ed.undo()
        self._changed()

    def redo(self) -> None:
        """Makes the step again that was taken back."""
        with _window():
            bpy.ops.ed.redo()
        self._changed()

    # What the page is told

    def follow(self, tell: Callable[[dict[str, Any]], None]) -> None:
        """From now on ``tell`` gets the tree whenever it is another one, and the present one at once."""
        self._tell = tell
        for handlers in _handlers():
            handlers.append(self._heard)
        self._subscribe()
        self._read()

    def stop(self) -> None:
        """Takes all back that ``follow`` has set up."""
        self._tell = None
        bpy.msgbus.clear_by_owner(self)
        for handlers in _handlers():
            handlers[:] = [handler for handler in handlers if handler is not self._heard]

    def _subscribe(self) -> None:
        # A new name is no change of the scene to Blender; this bus tells it, and forgets who listens on every load.
        bpy.msgbus.clear_by_owner(self)
        for key in ((bpy.types.Object, "name"), (bpy.types.Collection, "name"), (bpy.types.LayerObjects, "active")):
            bpy.msgbus.subscribe_rna(key=key, owner=self, args=(), notify=self._heard)

    def _changed(self) -> None:
        if self._tell is not None and not self._reads_soon:
            self._reads_soon = True
            bpy.app.timers.register(self._read, first_interval=WAIT, persistent=True)

    def _read(self) -> None:
        self._reads_soon = False
        if self._tell is None:
            return
        tree = read_tree()
        if tree["file"] != (self._told or {}).get("file"):
            self._subscribe()
        if tree != self._told:
            self._told = tree
            self._tell(tree)

    def _remember(self, step: str) -> None:
        """Makes a step that can be undone of what was just done."""
        with _window():
            bpy.ops.ed.undo_push(message=f"{step} in the outliner")
        self._changed()


def read_tree() -> dict[str, Any]:
    """The scene as rows, in the order in which they are shown, each with its level, from 1."""
    layer = bpy.context.view_layer
    file = Path(bpy.data.filepath).name or "not saved yet"
    return {"file": file, "scene": bpy.context.scene.name, "rows": list(_rows(layer.layer_collection, 1, layer))}


def _rows(layer: Any, level: int, view: Any) -> Iterator[dict[str, Any]]:
    name = layer.collection.name
    # The scene's own collection can be neither hidden nor renamed.
    yield {
        "id": f"c:{name}",
        "kind": "COLLECTION" if level > 1 else "SCENE",
        "name": name,
        "level": level,
        "shown": not layer.hide_viewport,
        "visible": layer.is_visible,
        "selected": False,
        "active": False,
    }
    for child in layer.children:
        if not child.exclude:
            yield from _rows(child, level + 1, view)
    inside = set(layer.collection.objects)
    for item in sorted(inside, key=lambda one: one.name.lower()):
        if item.parent not in inside:
            yield from _object_rows(item, level + 1, view, inside)


def _object_rows(item: Any, level: int, view: Any, inside: set[Any]) -> Iterator[dict[str, Any]]:
    yield {
        "id": f"o:{item.name}",
        "kind": item.type,
        "name": item.name,
        "level": level,
        "shown": not item.hide_get(),
        "visible": item.visible_get(),
        "selected": item.select_get(),
        "active": item == view.objects.active,
    }
    for child in item.children:
        if child in inside:
            yield from _object_rows(child, level + 1, view, inside)


def _layers(layer: Any) -> Iterator[Any]:
    yield layer
    for child in layer.children:
        yield from _layers(child)


def _handlers() -> list[list[Any]]:
    told = bpy.app.handlers
    return [told.depsgraph_update_post, told.undo_post, told.redo_post, told.load_post]


def _name(id: str) -> str:
    return id[2:]


def _object(id: str) -> Any:
    found = bpy.context.view_layer.objects.get(_name(id))
    if found is None:
        raise LookupError(f"There is no object {_name(id)} any more.")
    return found


def _window() -> Any:
    """Where timers run no window is in the context, and operators of undo need one."""
    return bpy.context.temp_override(window=bpy.context.window_manager.windows[0])
