"""Blender.

``bpy.app.timers.register(function, persistent=True)`` has a function called on the main thread, again after as many
seconds as it returns, also after another file was loaded. Blender cannot be woken: its loop sleeps 5 ms when there is
nothing to do, and looks at its timers then. So the timer asks for its next call at once while something happens, and
less and less often when nothing did for a while; and having served a call it waits a little for the next, which is
there long before Blender would be. Not while Blender draws or an animation plays, which get all the time there is: with
such waits an animation lost a third of its frames under 1 000 calls a second, without them none.
Source: Blender's Python API, "Application Timers (bpy.app.timers)".
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

from auroraview.hosts import _x11
from auroraview.hosts._base import Drain, Host, module, own_windows

_LINGER_SECONDS = 0.005
_LONGEST_TURN_SECONDS = 0.030

#: Between two turns Blender just slept when it took 5 ms; when it took longer than this it had something to do.
_BUSY_SECONDS = 0.008

#: After so many quiet seconds the timer pauses between its looks. Looking all the time costs an idle Blender 1.4 % of
#: a core, pausing so 0.3 %.
_QUIET_SECONDS = 1.0
_PAUSE_SECONDS = 0.02


class Blender(Host):
    """Blender's main thread, by an application timer."""

    name = "blender"

    def detect(self) -> bool:
        """``bpy`` is there: inside Blender, or as a module of a script."""
        return module("bpy") is not None

    def version(self) -> str:
        """As "3.4.1"."""
        return str(module("bpy").app.version_string)

    def toolkit(self) -> str:
        """Blender's own."""
        return "GHOST"

    def interactive(self) -> bool:
        """Not with ``--background``, nor where ``bpy`` is a module of a script: timers do not run there."""
        return not module("bpy").app.background

    def start(self, drain: Drain) -> Callable[[], None]:
        """A timer that lasts over the loading of files."""
        bpy = module("bpy")
        timer = _Timer(bpy, drain)
        bpy.app.timers.register(timer.tick, persistent=True)

        def stop() -> None:
            timer.stopped = True
            if bpy.app.timers.is_registered(timer.tick):
                bpy.app.timers.unregister(timer.tick)

        return stop

    def window_id(self) -> int | None:
        """The largest window of this process that is not ours: Blender tells none of its own."""
        return _x11.window_of(os.getpid(), own_windows())


class _Timer:
    def __init__(self, bpy: Any, drain: Drain) -> None:
        self._bpy = bpy
        self._drain = drain
        self._busy_at = time.monotonic()
        self._due_at = self._busy_at
        self.stopped = False
        # The same object for each look: Blender knows a timer by it, and each `self.method` is another one.
        self.tick = self._tick

    def _tick(self) -> float | None:
        if self.stopped:
            return None
        busy = time.monotonic() - self._due_at > _BUSY_SECONDS or self._plays()
        linger = 0.0 if busy else _LINGER_SECONDS
        served = self._drain(linger, _LONGEST_TURN_SECONDS)
        now = time.monotonic()
        if served:
            self._busy_at = now
        pause = 0.0 if now - self._busy_at < _QUIET_SECONDS else _PAUSE_SECONDS
        self._due_at = now + pause
        return pause

    def _plays(self) -> bool:
        """An animation plays in some window."""
        manager = getattr(self._bpy.context, "window_manager", None)
        return manager is not None and any(window.screen.is_animation_playing for window in manager.windows)
