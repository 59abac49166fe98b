"""``auroraview new``: the folder of a tool with a page."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from auroraview import _new
from auroraview._cli._parser import fail

USAGE = None
DESCRIPTION = """Makes the folder of a tool with a page. It runs as it is: a window of its own,
with tests. With --host: an add-on of Blender, a workbench of FreeCAD, or a
dock for any program of Qt, installed the application's own way."""
MORE = """examples:
  auroraview new shot_notes
  auroraview new "Shot Notes" --host blender
  auroraview new shot_notes --host freecad --into ~/.local/share/FreeCAD/Mod

exit status:
  0 when it was made, 1 when it cannot be written, 2 for wrong usage"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Tells the parser what it takes."""
    parser.add_argument(
        "folder", metavar="DIR", help="the folder to make; the tool is named as it: shot_notes or 'Shot Notes'"
    )
    parser.add_argument(
        "--host", choices=_new.HOSTS, help="the application that it is a tool of (default: none, a window)"
    )
    parser.add_argument("--into", metavar="DIR", default=".", help="where the folder is made (default: here)")


def run(parsed: argparse.Namespace) -> int:
    """Makes it, and says how to go on."""
    try:
        folder = Path(parsed.into).expanduser() / Path(parsed.folder).expanduser()
    except RuntimeError:  # ~nobody/tools
        return fail(2, f"there is no home for the ~ in {parsed.into} or {parsed.folder}")
    try:
        if parsed.host is None:
            made = _new.create_window(folder)
        else:
            made = _new.create(folder.name, parsed.host, folder.parent)
    except OSError as error:
        return fail(1, f"{error.filename}: {error.strerror}")
    if parsed.host is not None:
        print(f"{made} is ready; {made / 'README.md'} says how to install it.")
        return 0
    here = made.resolve() == Path.cwd()
    print(f"{made.resolve().name if here else made} is ready. To go on:\n")
    if not here:
        print(f"  cd {shlex.quote(str(made))}")
    print("  python main.py         # the window\n  python -m pytest       # its tests\n")
    print("README.md says what is where.")
    return 0
