"""Blender: the object is the cube of its factory settings, and typing in the 3D view moves it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import bpy
from programs import steps
from programs.agent import Agent

#: Blender stalls in its first seconds.
START_SECONDS = 3.0
TURN_SECONDS = 0.02


def with_window(func: Callable[..., object], **options: Any) -> None:
    """Operators that end what is shown crash Blender 3.4 by themselves when no window is in the context."""
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        func(**options)


class Blender:
    """What the steps need of the application."""

    def value(self) -> float:
        return float(bpy.data.objects["Cube"].location.x)

    def set_value(self, value: float) -> None:
        bpy.data.objects["Cube"].location.x = value
        bpy.context.view_layer.update()

    def forbidden(self) -> None:
        bpy.ops.view3d.view_selected()  # not allowed where Blender runs timers

    def new_file(self) -> None:
        with_window(bpy.ops.wm.read_homefile, use_factory_startup=True)

    def field(self) -> list[int]:
        """A spot near the lower left of the 3D view. Blender counts from the bottom."""
        window = bpy.context.window_manager.windows[0]
        (area,) = (area for area in window.screen.areas if area.type == "VIEW_3D")
        return [area.x + 120, window.height - area.y - 60]

    def typed(self) -> str:
        return str(self.value())

    def boxes(self) -> list[str]:
        return []

    def leave(self) -> None:
        # Once this turn's answer was given.
        bpy.app.timers.register(lambda: with_window(bpy.ops.wm.quit_blender), first_interval=0.05)


def main() -> None:
    bpy.context.preferences.view.show_splash = False
    steps.application = Blender()

    def turn() -> float:
        turn.agent = getattr(turn, "agent", None) or Agent(steps)
        turn.agent.turn()
        return TURN_SECONDS

    bpy.app.timers.register(turn, first_interval=START_SECONDS, persistent=True)
