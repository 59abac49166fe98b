"""The add-on: an operator that opens the panel, with a place in the Window menu and in the sidebar of 3D views."""

bl_info = {
    "name": "My Panel",
    "author": "",
    "version": (0, 1, 0),
    "blender": (3, 4, 0),
    "location": "Window > My Panel, and the sidebar of 3D views",
    "description": "A panel made of a web page",
    "category": "Interface",
}

if "tool" in locals():  # Blender runs this again in the same module: "Reload Scripts"
    import importlib

    importlib.reload(tool)

import sys
from pathlib import Path

import bpy

VENDOR = Path(__file__).resolve().parent / "vendor"
if str(VENDOR) not in sys.path:
    sys.path.append(str(VENDOR))  # after all others: an installation of the studio's goes first
for program in VENDOR.glob("auroraview/_native/auroraview-shell"):
    program.chmod(0o755)  # Blender forgets that when it unpacks an add-on

from . import tool


class MY_PANEL_OT_open(bpy.types.Operator):
    """Open the panel, or bring it to the front"""

    bl_idname = "my_panel.open"
    bl_label = "My Panel"

    def execute(self, context):
        tool.open_panel()
        return {"FINISHED"}


class MY_PANEL_PT_sidebar(bpy.types.Panel):
    bl_label = "My Panel"
    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "My Panel"

    def draw(self, context):
        self.layout.operator(MY_PANEL_OT_open.bl_idname, text="Open", icon="WINDOW")


def draw_menu(self, context):
    self.layout.separator()
    self.layout.operator(MY_PANEL_OT_open.bl_idname)


CLASSES = (MY_PANEL_OT_open, MY_PANEL_PT_sidebar)


def register():
    for one in CLASSES:
        bpy.utils.register_class(one)
    bpy.types.TOPBAR_MT_window.append(draw_menu)


def unregister():
    tool.close_panel()
    bpy.types.TOPBAR_MT_window.remove(draw_menu)
    for one in reversed(CLASSES):
        bpy.utils.unregister_class(one)
