"""SideFX Houdini.

``hdefereval.executeDeferred(function)`` runs a function on the main thread when Houdini's event loop is idle, and does
not wait for it; from any thread. The module comes with Houdini and can be imported only where there is a user
interface, which ``hou.isUIAvailable()`` tells. Source: the module's own documentation, ``help(hdefereval)`` in Houdini.

``hou.qt.mainWindow()`` gives the main window as a ``QWidget``: docks have a place there only if it is a main window of
Qt's too, else a panel is a window above it. Source: SideFX's HOM reference, ``hou.qt``.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from auroraview.hosts import _binding
from auroraview.hosts._base import Drain, Host, module
from auroraview.hosts._waker import Waker


class Houdini(Host):
    """Houdini's main thread, when its loop is idle."""

    name = "houdini"

    def detect(self) -> bool:
        """``hou`` is there."""
        return module("hou") is not None

    def version(self) -> str:
        """As "20.5.332"."""
        return str(module("hou").applicationVersionString())

    def toolkit(self) -> str:
        """Houdini's windows are Qt's where Python meets them."""
        return "Qt"

    def interactive(self) -> bool:
        """Not in ``hython`` and ``hbatch``."""
        return bool(module("hou").isUIAvailable())

    def start(self, drain: Drain) -> Callable[[], None]:
        """A deferred call for each time that something begins to wait."""
        # Not loaded at the start of Houdini, as `hou` is.
        return Waker(drain, importlib.import_module("hdefereval").executeDeferred).stop

    def main_window(self) -> Any:
        """Houdini's, if docks have a place there."""
        return _binding.as_main_window(module("hou").qt.mainWindow())

    def window_id(self) -> int | None:
        """Houdini's, whatever kind of window it is."""
        return _binding.window_id(module("hou").qt.mainWindow())
