"""Autodesk Maya.

``maya.utils.executeDeferred(function)`` runs a function on the main thread at the next idle event, and does not wait
for it; from any thread. In batch mode there are no idle events. Source: Autodesk's Maya help, "Python and threading".

The main window is told by ``OpenMayaUI.MQtUtil.mainWindow()`` as an address, which the shiboken of the PySide that Maya
brings makes a widget of. Source: Autodesk's Maya help, "Working with PySide in Maya".
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from auroraview.hosts import _binding
from auroraview.hosts._base import Drain, Host, module
from auroraview.hosts._waker import Waker


class Maya(Host):
    """Maya's main thread, by its idle events."""

    name = "maya"

    def detect(self) -> bool:
        """Its commands are there."""
        return module("maya.cmds") is not None and module("maya.utils") is not None

    def version(self) -> str:
        """As "2025"."""
        return str(module("maya.cmds").about(version=True))

    def toolkit(self) -> str:
        """Maya's windows are Qt's."""
        return "Qt"

    def interactive(self) -> bool:
        """Not in ``maya -batch``, ``mayapy`` and the renderer."""
        return not module("maya.cmds").about(batch=True)

    def start(self, drain: Drain) -> Callable[[], None]:
        """A deferred call for each time that something begins to wait."""
        return Waker(drain, module("maya.utils").executeDeferred).stop

    def main_window(self) -> Any:
        """Maya's, with the PySide that Maya has: 6 since Maya 2025, 2 before."""
        address = importlib.import_module("maya.OpenMayaUI").MQtUtil.mainWindow()
        if not address:
            return None
        for binding, shiboken in (("PySide6", "shiboken6"), ("PySide2", "shiboken2")):
            try:
                widgets = importlib.import_module(f"{binding}.QtWidgets")
                wrap = importlib.import_module(shiboken).wrapInstance
            except ImportError:
                continue
            # Asked as a widget first: a wrapper of a class that it does not have would end Maya.
            if _binding.as_main_window(wrap(int(address), widgets.QWidget)) is None:
                return None
            return wrap(int(address), widgets.QMainWindow)
        return None

    def window_id(self) -> int | None:
        """That of the main window."""
        return _binding.window_id(self.main_window())
