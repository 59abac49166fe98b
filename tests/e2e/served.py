"""Pages behind a server: a folder with what a test needs, and the links to it."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from auroraview import Bridge, Server, ServerOptions, serve
from tests.e2e.proxy import Proxy

SCRIPT = '<script src="auroraview.js"></script>'
#: A page that needs no build step, and records the events that the conformance tables send.
PLAIN_PAGE = f"<!doctype html><meta charset=utf-8><title>Served</title>{SCRIPT}<body><p>A served page"

#: A form that calls ``greet`` with a name, and ``upload`` with the files that were chosen.
FORM = f"""<!doctype html><meta charset=utf-8><title>Form</title>{SCRIPT}<body>
<input id=name><button id=greet>Greet</button><p id=answer></p>
<input id=file type=file multiple><p id=received></p>
<a id=away href="/other.html">away</a>
<script>
  const by = (id) => document.getElementById(id);
  by("greet").onclick = async () => {{
    by("answer").textContent = await auroraview.call("greet", {{name: by("name").value}});
  }};
  by("file").onchange = async () => {{
    const files = await Promise.all([...by("file").files].map(async (file) => [file.name, await file.arrayBuffer()]));
    by("received").textContent = JSON.stringify(await auroraview.call("upload", [files]));
  }};
</script>"""


def served_html(html: str) -> str:
    """A page of an embedded window, with the script that a served one needs."""
    return html.replace("<script>", f"{SCRIPT}<script>", 1)


@contextlib.contextmanager
def served(
    bridge: Bridge,
    html: str = PLAIN_PAGE,
    *,
    files: Mapping[str, str | bytes] | None = None,
    folder: Path | None = None,
    through: Proxy | None = None,
    options: ServerOptions | None = None,
    **arguments: Any,
) -> Iterator[Server]:
    """Serves a page (``index.html``) and other files, or a folder that there is; closed at the end. With ``through``,
    the proxy leads to it."""
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            _write(folder, {"index.html": html, **(files or {})})
        if through is not None:
            arguments.setdefault("allow_hosts", (f"127.0.0.1:{through.port}",))
            arguments.setdefault("allow_origins", (through.origin,))
        if options is not None:
            arguments["options"] = options
        server = stack.enter_context(serve(bridge, path=folder, **arguments))
        if through is not None:
            through.target = server.port
        yield server


def _write(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content.encode() if isinstance(content, str) else content)


def token_of(server: Server) -> str:
    """The secret in the link."""
    match = re.search(r"#token=([\w-]+)", server.open_url)
    assert match is not None, "the link has a token"
    return match[1]


def link(server: Server, through: Proxy | None = None, path: str = "/", token: str | None = None) -> str:
    """The address that a user would open, perhaps through a proxy."""
    origin = server.url if through is None else through.origin
    parts = urlsplit(origin)
    return f"{parts.scheme}://{parts.netloc}{path}#token={token_of(server) if token is None else token}"
