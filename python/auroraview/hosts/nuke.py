"""Foundry Nuke.

``nuke.executeInMainThread(call, args=(), kwargs={})`` runs a function on the main thread and returns at once; what the
function raises is lost there. ``nuke.GUI`` tells whether there is a user interface. Source: Foundry's Nuke Python
developer guide, ``nukescripts.executeInMainThread`` and "Threading".

No function gives the main window: it is a ``QMainWindow`` among the application's top-level widgets.
"""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable
from typing import Any

from auroraview.hosts import _binding
from auroraview.hosts._base import Drain, Host, module
from auroraview.hosts._waker import Waker


class Nuke(Host):
    """Nuke's main thread, by its own queue."""

    name = "nuke"

    def detect(self) -> bool:
        """``nuke`` is there."""
        return hasattr(module("nuke"), "executeInMainThread")

    def version(self) -> str:
        """As "15.1v3"."""
        return str(module("nuke").NUKE_VERSION_STRING)

    def toolkit(self) -> str:
        """Nuke's windows are Qt's."""
        return "Qt"

    def interactive(self) -> bool:
        """Not with ``-t``, ``-x`` or ``-F``, which have no window."""
        return bool(module("nuke").GUI)

    def start(self, drain: Drain) -> Callable[[], None]:
        """A request for each time that something begins to wait."""
        return Waker(drain, module("nuke").executeInMainThread).stop

    def main_window(self) -> Any:
        """Nuke's, with the PySide that Nuke has: 6 since Nuke 16, 2 before. Nuke loads it only when asked for."""
        for binding in ("PySide6", "PySide2"):
            if _binding.find() is None:
                with contextlib.suppress(ImportError):
                    importlib.import_module(f"{binding}.QtWidgets")
        return _binding.main_window()

    def window_id(self) -> int | None:
        """That of the main window."""
        return _binding.window_id(self.main_window())
