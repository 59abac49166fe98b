"""What the page may call, and what it is told. All of it runs on Blender's main thread."""

import sys
from pathlib import Path

import bpy
from bpy.app.handlers import persistent

PAGE = Path(__file__).resolve().parent / "ui"
KEY = "my_panel"


class Tool:
    """Its public methods are what the page may call: ``await auroraview.api.add()``. What they raise, the page gets."""

    def add(self):
        """Adds a cube; returns its name."""
        bpy.ops.mesh.primitive_cube_add()
        added = bpy.context.view_layer.objects.active.name
        with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
            bpy.ops.ed.undo_push(message="My Panel: add")
        return added


def open_panel():
    """Opens the panel, or brings it back; called again after a reload, it has the new code."""
    from auroraview import hosts  # here: an add-on that is only enabled loads nothing

    panel = hosts.panel("My Panel", key=KEY, path=PAGE, api=Tool(), width=360, height=480)
    _follow(panel)
    return panel


def close_panel():
    """Closes the panel, if it was ever opened."""
    _stop()
    if "auroraview.hosts" in sys.modules:
        for panel in sys.modules["auroraview.hosts"].panels():
            if panel.key == KEY:
                panel.close()


def _follow(panel):
    """Sends the page the names of all objects, now and after every change."""
    _stop()

    @persistent
    def my_panel_changed(*_):
        items = sorted(item.name for item in bpy.context.scene.objects)
        value = {"where": bpy.context.scene.name, "items": items}
        panel.emit("items", value, retain=True, keep="latest")  # of many changes in a row only the last one is sent

    for handlers in _handlers():
        handlers.append(my_panel_changed)
    my_panel_changed()


def _stop():
    for handlers in _handlers():
        handlers[:] = [one for one in handlers if getattr(one, "__name__", "") != "my_panel_changed"]


def _handlers():
    told = bpy.app.handlers
    return [told.depsgraph_update_post, told.undo_post, told.redo_post, told.load_post]
