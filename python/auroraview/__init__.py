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

# Whatever type checkers call this, they take it for true. `typing` has it too, and takes longer than all of this.
TYPE_CHECKING = False

if TYPE_CHECKING:
    from auroraview import hosts
    from auroraview._access import Request
    from auroraview._asgi import AsgiApp, asgi
    from auroraview._core import Array, Buffer, __version__
    from auroraview._core import Job as Call
    from auroraview._downloads import Download
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
else:
    # Type checkers do not see this: to them every name would be there.
    def __getattr__(name: str) -> object:
        module = _MODULE_OF.get(name, name)
        if module not in _PLACES:
            raise AttributeError(f"module 'auroraview' has no attribute {name!r}")
        from importlib import import_module

        try:
            found: object = import_module(f"auroraview.{module}")
        except ImportError as error:
            if module != "_core":
                raise
            raise ImportError(
                f"auroraview cannot load its native module: {error}. Install the package for this Python and this "
                "machine again, with `python -m pip install --force-reinstall auroraview`; "
                "`python -m auroraview doctor` says more",
                name="auroraview._core",
            ) from error
        if module != name:
            found = getattr(found, _OTHER_NAMES.get(name, name))
        globals()[name] = found
        return found


del TYPE_CHECKING

__all__ = [
    "Array",
    "AsgiApp",
    "AuroraViewError",
    "Backpressure",
    "Bridge",
    "Buffer",
    "Call",
    "CallTimeout",
    "Cancelled",
    "Download",
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

# Where the names above come from, when they are first asked for: so that importing the package costs next to nothing,
# and a program pays only for what it uses. The imports above say the same to type checkers.
_PLACES = {
    "_access": "Request",
    "_asgi": "AsgiApp asgi",
    "_core": "Array Buffer Call __version__",
    "_downloads": "Download",
    "_main_thread": "main_thread",
    "bridge": "Bridge current_call",
    "errors": (
        "AuroraViewError Backpressure CallTimeout Cancelled HostError ProtocolError RemoteError UsageError ViewClosed"
    ),
    "futures": "Future",
    "hosts": "",
    "launcher": "Launcher",
    "navigation": "Navigation",
    "options": "Limits ServerOptions WindowOptions",
    "peer": "Peer PeerInfo",
    "server": "Server serve",
    "view": "WebView",
    "window": "Window",
}
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names.split()}
_OTHER_NAMES = {"Call": "Job"}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
