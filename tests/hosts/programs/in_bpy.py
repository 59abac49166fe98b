"""Blender as a module of a script, without windows: its page is in a browser; its main thread pumps for handlers."""

from __future__ import annotations

import select
import tempfile
from pathlib import Path
from typing import Any

import bpy
from programs import steps, tool
from programs.agent import Agent

from auroraview import Bridge, hosts, main_thread, serve

TURN_SECONDS = 0.02


class Script:
    """What the steps need of it."""

    def __init__(self) -> None:
        hosts.attach()
        self.goes_on = True
        self.folder = tempfile.TemporaryDirectory()
        page = (tool.PAGE / "index.html").read_text()
        page = page.replace("<script>", '<script src="auroraview.js"></script><script>', 1)
        Path(self.folder.name, "index.html").write_text(page)
        self.bridge = Bridge()
        self.tool = tool.Tool(self)
        self.bridge.bind_api(self.tool)
        self.bridge.bind_call("echo_on_worker", self.tool.echo, thread="worker")
        self.server = serve(self.bridge, path=self.folder.name)

    def address(self) -> str:
        return self.server.open_url

    def value(self) -> float:
        return float(bpy.data.objects["Cube"].location.x)

    def set_value(self, value: float) -> None:
        bpy.data.objects["Cube"].location.x = value
        bpy.context.view_layer.update()

    def forbidden(self) -> None:
        bpy.ops.view3d.view_selected()  # there is no view

    def new_file(self) -> None:
        bpy.ops.wm.read_homefile(use_factory_startup=True)

    def boxes(self) -> list[Any]:
        return []

    def leave(self) -> None:
        self.goes_on = False

    def run(self) -> None:
        agent = Agent(steps)
        while self.goes_on:
            select.select([main_thread.fileno()], [], [], TURN_SECONDS)
            main_thread.pump()
            agent.turn()
        self.server.close()
        self.folder.cleanup()


def main() -> None:
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    steps.application = Script()
    steps.application.run()
