"""``auroraview PATH``: a page in a window, without a program behind it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from auroraview._cli._parser import COMMANDS, fail, meant
from auroraview.errors import HostError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

USAGE = """auroraview PATH | --url URL | --html FILE
                  [--title TITLE] [--width PIXELS] [--height PIXELS]
                  [--sandbox] [--debug]
       auroraview COMMAND ..."""
DESCRIPTION = "Opens a page in a native window until it is closed, or runs a command."
MORE = """commands:
  serve    serve a page and its bridge to browsers
  new      make the folder of a tool with a page, and its tests
  doctor   look whether windows can open here, and say what to do
"auroraview COMMAND --help" says more. A page of such a name is ./serve.

examples:
  auroraview page.html
  auroraview dist/ --title "Asset Browser" --width 1200 --height 700
  auroraview --url http://localhost:5173 --debug
  python report.py | auroraview --html -

exit status:
  0 when the window was closed, 1 when none can be opened, 2 for wrong
  usage, 130 when Ctrl-C closed it"""

_MOST_PIXELS = 32_767


class _Version(argparse.Action):
    """Prints the version, also where the native module cannot be loaded."""

    def __init__(self, option_strings: Sequence[str], dest: str, help: str | None = None) -> None:
        super().__init__(option_strings, dest, nargs=0, help=help)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        from auroraview._doctor import version

        print(f"auroraview {version()}")
        parser.exit()


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Tells the parser what it takes."""
    parser.add_argument("path", metavar="PATH", nargs="?", help="an HTML file, or a directory with an index.html")
    parser.add_argument("--url", help="an http or https address to show instead")
    parser.add_argument("--html", metavar="FILE", help='a text of HTML to show instead, by itself; "-" is stdin')
    parser.add_argument("--title", help="title of the window (default: name of the page)")
    parser.add_argument(
        "--width", metavar="PIXELS", type=_pixels, default=800, help="of the page, in pixels (default: %(default)s)"
    )
    parser.add_argument(
        "--height", metavar="PIXELS", type=_pixels, default=600, help="of the page, in pixels (default: %(default)s)"
    )
    parser.add_argument(
        "--sandbox", action="store_true", help="the page's process may see and do only what a page needs"
    )
    parser.add_argument(
        "--debug", action="store_true", help="with the web inspector; the page's console is printed; nothing is cached"
    )
    parser.add_argument("--version", action=_Version, help="print the version")


def _pixels(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text[:9]) <= _MOST_PIXELS):
        raise argparse.ArgumentTypeError(f"expected pixels, 1 to {_MOST_PIXELS}, not {text!r}")
    return int(text)


def run(parsed: argparse.Namespace) -> int:
    """Shows the page; returns when the window is closed."""
    given = {name: value for name in ("path", "url", "html") if (value := getattr(parsed, name)) is not None}
    if not given:
        raise UsageError("nothing to do; auroraview --help says what there is")
    if len(given) > 1:
        names = " and ".join("PATH" if name == "path" else f"--{name}" for name in given)
        raise UsageError(f"a window shows one page: pass PATH, --url or --html, not {names}")
    title, source = _source(**given)

    from auroraview import WebView

    if parsed.debug:
        import logging

        logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
        logging.getLogger("auroraview.page").setLevel(logging.DEBUG)  # console.debug() too
    title = title if parsed.title is None else parsed.title
    look = {"width": parsed.width, "height": parsed.height}
    view = WebView(title, **look, sandbox=parsed.sandbox, debug=parsed.debug, **source)
    try:
        view.show()
    except HostError as error:
        return fail(1, f"{error}; auroraview doctor says more")
    return 0


def _source(path: str | None = None, url: str | None = None, html: str | None = None) -> tuple[str, dict[str, Any]]:
    """A title, and what the view takes for its page.

    Raises:
        UsageError: there is nothing of the kind.
    """
    if url is not None:
        if not _is_address(url):
            raise UsageError(f"--url takes an http or https address, as in http://localhost:5173, not {url!r}")
        return urlsplit(url).netloc.rpartition("@")[2], {"url": url}
    if html is not None:
        return ("AuroraView" if html == "-" else Path(html).stem), {"html": _text(html)}
    assert path is not None, "one of the three is given"
    if not os.path.exists(path):
        raise UsageError(_nothing_at(path))
    page = Path(path, "index.html") if os.path.isdir(path) else Path(path)
    if not page.exists():
        raise UsageError(f"the directory {path} has no index.html")
    return Path(os.path.abspath(path)).name or "AuroraView", {"path": path}


def _text(file: str) -> str:
    """The text of a file of HTML, or what comes on stdin."""
    try:
        if file != "-":
            data = Path(file).read_bytes()
        elif sys.stdin is None:
            raise UsageError("--html - reads the page from stdin, which is closed")
        else:
            data = sys.stdin.buffer.read()
        return data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"--html {file}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"--html {file}: this is no UTF-8: {error}") from error


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _nothing_at(path: str) -> str:
    """What is wrong with a path where nothing is: it may be a command, an address or a name, mistyped."""
    if _is_address(path):
        return f"this is an address: auroraview --url {path}"
    place, name = os.path.split(path)
    try:
        beside = os.listdir(place or ".")
    except OSError:
        beside = []
    if place or Path(name).suffix:
        return f"there is no page at {path}{meant(name, beside)}"
    return f"there is no command, file or directory {path!r}{meant(name, [*COMMANDS, *beside])}"
