"""Autodesk Maya.

``maya.utils.executeDeferred(function)`` runs a function on the main thread at the next idle event, and does not wait
for it; from any thread. In batch mode there are no idle events. Source: Autodesk's Maya help, "Python and threading".
"""

from __future__ import annotations

from collections.abc import Callable

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
