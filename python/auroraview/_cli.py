"""The command line, also as ``python -m auroraview``: ``auroraview serve PATH --app module:bridge`` and
``auroraview new NAME --host blender``.

Exit status: 0 after Ctrl-C or SIGTERM, 1 when something failed, 2 for wrong usage, with one line that says what.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from auroraview import _new, _watching
from auroraview._core import __version__
from auroraview._lifecycle import start_thread
from auroraview.bridge import Bridge
from auroraview.errors import AuroraViewError, UsageError
from auroraview.server import Server

_TOKEN = "AURORAVIEW_TOKEN"

_SERVE = """Serves the files of a page, and the bridge of a Python program, to browsers.

The link that is printed holds a secret: whoever has it may call the program. The page gets window.auroraview from
<script src="/auroraview.js"></script>."""
_SERVE_MORE = f"""environment:
  {_TOKEN}  the secret of the link, 16 characters or more; without it each start makes a new one

example:
  auroraview serve dist/ --app panel:bridge --open --reload"""

_NEW = """Makes the folder of a tool with a page: a working add-on of Blender, a workbench of FreeCAD, or
a dock for any program of Qt. It is installed the application's own way; its README.md says how."""
_NEW_MORE = """examples:
  auroraview new "Shot Notes" --host blender
  auroraview new shot_notes --host freecad --into ~/.local/share/FreeCAD/Mod"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    parser = _parser()
    parsed = parser.parse_args(arguments)
    if parsed.command is None:
        parser.error("nothing to do; auroraview --help says what there is")
    try:
        return _create(parsed) if parsed.command == "new" else _serve(parsed)
    except (UsageError, FileNotFoundError) as error:
        return _fail(2, str(error))
    except AuroraViewError as error:
        return _fail(1, str(error))


class _Parser(argparse.ArgumentParser):
    """One line for wrong usage, and no more."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="auroraview", description="Web user interfaces for Python programs.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"auroraview {__version__}")
    commands = parser.add_subparsers(dest="command", title="commands", metavar="COMMAND", parser_class=_Parser)
    serve = commands.add_parser(
        "serve",
        help="serve a page and its bridge to browsers",
        description=_SERVE,
        epilog=_SERVE_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    serve.add_argument("path", metavar="PATH", help="directory with an index.html")
    serve.add_argument(
        "--app",
        required=True,
        metavar="MODULE:BRIDGE",
        help="where the Bridge is: a module that can be imported from here, and its attribute",
    )
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    serve.add_argument("--port", type=int, default=0, help="port to listen on (default: a free one)")
    serve.add_argument("--open", action="store_true", help="open the page in the browser")
    serve.add_argument("--reload", action="store_true", help="reload pages when a file below PATH changes")
    serve.add_argument(
        "--allow-remote", action="store_true", help="let other machines reach it; there is no encryption"
    )
    serve.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="NAME",
        help="a further name that browsers know this server by; may be repeated",
    )
    serve.add_argument(
        "--allow-origin",
        action="append",
        default=[],
        metavar="ORIGIN",
        help="origin of a page from elsewhere that may use the bridge; may be repeated",
    )
    new = commands.add_parser(
        "new",
        help="make the folder of a tool for Blender, FreeCAD or a program of Qt",
        description=_NEW,
        epilog=_NEW_MORE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    new.add_argument("name", metavar="NAME", help="as people read it, or as a module: 'Shot Notes' or shot_notes")
    new.add_argument("--host", required=True, choices=_new.HOSTS, help="the application")
    new.add_argument("--into", metavar="DIR", default=".", help="where the folder is made (default: here)")
    return parser


def _create(parsed: argparse.Namespace) -> int:
    try:
        made = _new.create(parsed.name, parsed.host, Path(parsed.into).expanduser())
    except OSError as error:
        return _fail(1, f"{error.filename}: {error.strerror}")
    print(f"{made} is ready; {made / 'README.md'} says how to install it.")
    return 0


def _fail(status: int, text: str) -> int:
    print(f"auroraview: {text}", file=sys.stderr)
    return status


def _serve(parsed: argparse.Namespace) -> int:
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
