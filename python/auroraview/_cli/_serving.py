"""``auroraview serve``: a page and its bridge to browsers, until Ctrl-C or SIGTERM."""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading
import traceback
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from auroraview.errors import UsageError

if TYPE_CHECKING:
    from auroraview.bridge import Bridge

_TOKEN = "AURORAVIEW_TOKEN"

USAGE = None
DESCRIPTION = """Serves the files of a page, and the bridge of a Python program, to browsers.

The link that is printed holds a secret: whoever has it may call the program.
The page gets window.auroraview from <script src="/auroraview.js"></script>."""
MORE = f"""environment:
  {_TOKEN}  the secret of the link, 16 characters or more; without it
                    each start makes a new one

example:
  auroraview serve dist/ --app panel:bridge --open --reload

exit status:
  0 after Ctrl-C or SIGTERM, 1 when it cannot serve, 2 for wrong usage"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Tells the parser what it takes."""
    parser.add_argument("path", metavar="PATH", help="directory with an index.html")
    parser.add_argument(
        "--app",
        required=True,
        metavar="MODULE:BRIDGE",
        help="where the Bridge is: a module that can be imported from here, and its attribute",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument("--reload", action="store_true", help="reload pages when a file below PATH changes")
    parser.add_argument(
        "--allow-remote", action="store_true", help="let other machines reach it; there is no encryption"
    )
    parser.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name that browsers know this server by; may be repeated",
    )
    parser.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="origin of a page from elsewhere that may use the bridge; may be repeated",
    )


def run(parsed: argparse.Namespace) -> int:
    """Serves until it is told to stop."""
    from auroraview import _watching
    from auroraview._lifecycle import start_thread
    from auroraview.server import Server

    stopped = threading.Event()
    previous = signal.signal(signal.SIGTERM, lambda *_: _interrupt(stopped, *_))
    try:
        bridge = _find_bridge(parsed.app)
        if bridge is None:
            return 1
        server = Server(
            bridge,
            path=parsed.path,
            host=parsed.host,
            port=parsed.port,
            token=os.environ.get(_TOKEN) or None,
            allow_remote=parsed.allow_remote,
            allow_hosts=parsed.allow_host,
            allow_origins=parsed.allow_origin,
            nocache=parsed.reload,
        )
        with server:
            if parsed.reload:
                root = Path(parsed.path)
                first = _watching.snapshot(root)
                start_thread("files", lambda: _watching.watch(root, first, server.reload, stopped))
            print(
                f"{parsed.path} is served at {server.url} until Ctrl-C; open it with this link, which holds a secret:"
            )
            print(server.open_url, flush=True)
            if parsed.open and not server.open():
                print("There is no browser here to open it with.", file=sys.stderr)
            server.wait()
    except KeyboardInterrupt:
        pass
    finally:
        stopped.set()
        signal.signal(signal.SIGTERM, previous)
    return 0


def _interrupt(stopped: threading.Event, _: int, __: FrameType | None) -> None:
    """SIGTERM ends it as Ctrl-C does, once."""
    if not stopped.is_set():
        stopped.set()
        raise KeyboardInterrupt


def _find_bridge(app: str) -> Bridge | None:
    """The bridge that ``module:attribute`` names; ``None`` when its module failed, which has been told.

    Raises:
        UsageError: there is no such module or attribute, or it is no bridge.
    """
    name, colon, attribute = app.partition(":")
    if not (colon and attribute and all(name.split("."))):
        raise UsageError(f"--app is MODULE:BRIDGE, as in panel:bridge, not {app!r}")
    from auroraview.bridge import Bridge

    # The script that was started put its own directory there; the program's modules are where it was started from.
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        found: object = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is not None and (name == error.name or name.startswith(f"{error.name}.")):
            raise UsageError(f"--app {app}: there is no module {error.name!r} here or on the Python path") from None
        return _failed_import(name)
    except Exception:  # noqa: BLE001 - the module is code of the program, which may raise whatever it likes
        return _failed_import(name)
    for part in attribute.split("."):
        if not hasattr(found, part):
            raise UsageError(f"--app {app}: {name} has no {attribute!r}")
        found = getattr(found, part)
    if not isinstance(found, Bridge):
        what = "a WebView; its bridge is meant: add .bridge" if hasattr(found, "bridge") else type(found).__name__
        raise UsageError(f"--app {app}: this is no Bridge but {what}")
    return found


def _failed_import(name: str) -> Bridge | None:
    traceback.print_exc()
    print(f"auroraview: importing the module {name!r} raised what stands above", file=sys.stderr)
    return None
