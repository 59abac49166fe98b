"""What a view shows: an address, a text of HTML, or files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from auroraview.errors import UsageError
from auroraview.options import check_text

if TYPE_CHECKING:
    from auroraview.options import StrPath

#: Kind, text or root, entry: what the native code takes.
Source = tuple[str, str, str]

_NOTHING = """<!doctype html><html lang="en"><meta charset="utf-8"><title>AuroraView</title>
<meta name="color-scheme" content="light dark">
<style>
body { font: 16px/1.5 system-ui, sans-serif; max-width: 34rem; margin: 12vh auto; padding: 0 1.5rem }
pre { padding: 1rem; border-radius: 8px; background: light-dark(#f1f3f7, #23262d); overflow: auto }
</style>
<h1>Nothing to show yet</h1>
<p>This view was made without a page. Pass one of:</p>
<pre>WebView("Title", html="&lt;h1&gt;Hello&lt;/h1&gt;")
WebView("Title", path="dist/")
WebView("Title", url="https://example.com")</pre>
"""


def choose(url: str | None, html: str | None, path: StrPath | None) -> Source:
    """The one source that was given; none gives a page that says what to pass."""
    given = [name for name, value in (("url", url), ("html", html), ("path", path)) if value is not None]
    if len(given) > 1:
        raise UsageError(f"pass one of url, html and path, not {' and '.join(given)}")
    if url is not None:
        return of_url(url)
    if path is not None:
        return of_path(path)
    return of_html(_NOTHING if html is None else html)


def of_url(url: str) -> Source:
    """An address with a scheme."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise UsageError(f"url must be an http or https address, not {url!r}; pass path= for a local file or directory")
    return _sendable("url", url, "")


def of_html(html: str) -> Source:
    """A text of HTML."""
    if not isinstance(html, str):
        raise UsageError(f"html must be a str, not {type(html).__name__}")
    return _sendable("html", html, "")


def of_path(path: StrPath) -> Source:
    """A directory with an ``index.html``, or one file, whose directory is served with it."""
    place = Path(os.path.abspath(path))
    if place.is_dir():
        return _sendable("directory", str(place), "")
    if place.is_file():
        return _sendable("directory", str(place.parent), place.name)
    raise FileNotFoundError(f"there is no page at {place}")


def _sendable(kind: str, text: str, entry: str) -> Source:
    """Refuses what no window can be told of, while nothing has changed yet."""
    what = "the path of a page" if kind == "directory" else kind
    check_text(what, text)
    check_text(what, entry)
    return kind, text, entry
