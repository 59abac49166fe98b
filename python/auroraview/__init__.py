"""Web user interfaces for Python programs.

    from auroraview import WebView

    view = WebView("Hello", html="<h1>Hello</h1>")

    @view.bind_call("add")
    def add(a, b):
        return a + b

    view.show()

The page calls ``await auroraview.call("add", {a: 1, b: 2})``. See :class:`WebView` and :class:`Bridge`;
:func:`serve` shows the same page in browsers, :func:`asgi` inside another web server, :class:`Launcher` in a program
of its own. Inside Blender, Maya and other applications: :mod:`auroraview.hosts` and :data:`main_thread`.
"""

from auroraview import hosts
from auroraview._access import Request
from auroraview._asgi import AsgiApp, asgi
from auroraview._core import Array, __version__
from auroraview._core import Job as Call
from auroraview._main_thread import main_thread
from auroraview.bridge import Bridge, current_call
from auroraview.errors import (
    AuroraViewError,
    Backpressure,
    CallTimeout,
    Cancelled,
    HostError,
    ProtocolError,
    RemoteError,
    UsageError,
    ViewClosed,
)
from auroraview.futures import Future
from auroraview.launcher import Launcher
from auroraview.navigation import Navigation
from auroraview.options import Limits, ServerOptions, WindowOptions
from auroraview.peer import Peer, PeerInfo
from auroraview.server import Server, serve
from auroraview.view import WebView
from auroraview.window import Window

__all__ = [
    "Array",
    "AsgiApp",
    "AuroraViewError",
    "Backpressure",
    "Bridge",
    "Call",
    "CallTimeout",
    "Cancelled",
    "Future",
    "HostError",
    "Launcher",
    "Limits",
    "Navigation",
    "Peer",
    "PeerInfo",
    "ProtocolError",
    "RemoteError",
    "Request",
    "Server",
    "ServerOptions",
    "UsageError",
    "ViewClosed",
    "WebView",
    "Window",
    "WindowOptions",
    "__version__",
    "asgi",
    "current_call",
    "hosts",
    "main_thread",
    "serve",
]
