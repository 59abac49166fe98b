"""Run by Blender: a panel above its window; and how often Blender draws its viewport."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "python")]

import bpy  # noqa: E402
from mathutils import Quaternion  # noqa: E402

from auroraview import main_thread  # noqa: E402
from benches.inside.panel import Panel  # noqa: E402
from benches.inside.session import serve  # noqa: E402


def later(seconds: float, function: Callable[[], object]) -> None:
    """On the main thread, from there."""

    def once() -> None:
        function()

    bpy.app.timers.register(once, first_interval=seconds, persistent=True)


def window() -> Any:
    return bpy.context.window_manager.windows[0]


def viewport() -> tuple[Any, Any]:
    """The area, and what turns it."""
    area = next(area for area in window().screen.areas if area.type == "VIEW_3D")
    return area, area.spaces.active.region_3d


class Redraws:
    """Counts how often the viewport is drawn, while it always has to be."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel
        self._drawn = 0
        self._turning = False
        bpy.types.SpaceView3D.draw_handler_add(self._draw, (), "WINDOW", "POST_PIXEL")
        bpy.context.scene.frame_end = 10_000
        # With all there is to see it would draw twice a second by software.
        bpy.context.preferences.system.viewport_aa = "OFF"
        space = viewport()[0].spaces.active
        space.shading.type = "WIREFRAME"
        space.overlay.show_overlays = space.show_gizmo = False

    def _draw(self) -> None:
        self._drawn += 1

    def _turn(self) -> float | None:
        if not self._turning:
            return None
        area, region = viewport()
        region.view_rotation = region.view_rotation @ Quaternion((0, 0, 1), math.radians(1))
        area.tag_redraw()
        return 1 / 60

    def _start(self, way: str) -> None:
        if way == "turning":
            self._turning = True
            bpy.app.timers.register(self._turn)
        else:
            bpy.context.scene.render.fps = int(way)
            with bpy.context.temp_override(window=window()):
                bpy.ops.screen.animation_play()

    def _stop(self, way: str) -> None:
        if way == "turning":
            self._turning = False
        else:
            with bpy.context.temp_override(window=window()):
                bpy.ops.screen.animation_cancel()

    def redraws(self, way: str, rate: int, seconds: float) -> dict[str, float]:
        """A second, and how many calls a second were handled on the main thread meanwhile, of ``rate`` made.

        Args:
            way: ``"turning"``, 60 times a second by a timer; or an animation, of so many frames a second.
        """
        main_thread.run(self._start, way)
        if rate:
            self._panel.script(f"flow('bench.main', {rate})")
        time.sleep(0.5)
        handled = self._panel.stamps.taken
        began, drawn, calls = time.perf_counter(), self._drawn, len(handled)
        time.sleep(seconds)
        took = time.perf_counter() - began
        figures = {"drawn": (self._drawn - drawn) / took, "handled": (len(handled) - calls) / took}
        if rate:
            self._panel.script("ebb()")
        main_thread.run(self._stop, way)
        handled.clear()
        time.sleep(0.5)
        return figures


def end() -> None:
    """As by its menu."""
    with bpy.context.temp_override(window=window()):
        bpy.ops.wm.quit_blender()


def begin() -> None:
    """When its loop runs."""
    panel = Panel(later)
    commands = {**panel.commands, "redraws": Redraws(panel).redraws}
    serve(panel.hello(), commands, lambda: main_thread.call(later, 0.1, end))


bpy.context.preferences.view.show_splash = False
later(0.5, begin)
