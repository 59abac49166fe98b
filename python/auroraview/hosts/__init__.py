"""Inside other applications: Blender, Maya, Houdini, Nuke, 3ds Max, the Unreal Editor, any Qt program.

    from auroraview import hosts

    hosts.panel("Outliner", path="ui/", key="outliner", api=Tool())     # docked, or a window: as the application allows

    hosts.attach()      # handlers of bridges made from now on run on the application's main thread; panel() does it too
    hosts.detach()      # and no more: for plug-ins that are disabled

:func:`detect` tells where the program runs. An application that is not known becomes so by a :class:`Host` of your own
and :func:`register_host`.
"""

from auroraview.hosts._base import Drain, Host, HostInfo
from auroraview.hosts._panel import Panel
from auroraview.hosts._panels import panel, panels
from auroraview.hosts._registry import attach, detach, detect, register_host
from auroraview.hosts._waker import Waker

__all__ = [
    "Drain",
    "Host",
    "HostInfo",
    "Panel",
    "Waker",
    "attach",
    "detach",
    "detect",
    "panel",
    "panels",
    "register_host",
]
