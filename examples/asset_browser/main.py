"""An asset browser: a tool panel over a directory of small files, and a tour of the bridge.

Without arguments it makes a sample library in a temporary directory and opens it. `--drive` uses the panel as a person
would, checks what comes of it in the page and on disk, and exits 0 only if everything held.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
from pathlib import Path

import sample_library
from tool import Tool

from auroraview import HostError


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument(
        "--library",
        type=Path,
        metavar="DIR",
        help="browse these files (svg, obj, json, md) instead of the sample; renames are real",
    )
    parser.add_argument(
        "--exports", type=Path, metavar="DIR", help="where exports go; default: exports/ beside the library"
    )
    parser.add_argument("--isolated", action="store_true", help="the window has a process of its own")
    parser.add_argument("--drive", action="store_true", help="use the panel like a person and check the effects")
    parser.add_argument(
        "--screenshot", type=Path, metavar="FILE", help="with --drive: a PNG of the light panel; FILE-dark is the dark"
    )
    options = parser.parse_args(arguments)
    if options.screenshot is not None and not options.drive:
        parser.error("--screenshot goes with --drive")
    if options.drive and options.library is not None:
        parser.error("--drive changes files: it works on the sample library only")
    if options.library is not None and not options.library.is_dir():
        parser.error(f"there is no directory {options.library}")

    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="asset-browser-")))
        library = options.library or folder / "library"
        if options.library is None:
            sample_library.write(library)
        tool = Tool(library, options.exports or library.parent / "exports", isolated=options.isolated)
        tool.feed.start()
        stack.callback(tool.feed.stop)
        try:
            if options.drive:
                from drive import drive

                return drive(tool, options.screenshot)
            print(f"Browsing {library}")
            tool.view.show()
        except HostError as error:
            print(f"No window can open here: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
