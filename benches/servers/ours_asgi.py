"""The same bridge mounted in an ASGI server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from auroraview import asgi
from benches.servers.handlers import bridge
from benches.servers.ours import PAGE
from benches.servers.uvicorns import run


def serve(announce: Callable[[int, str | None], None]) -> None:
    token = "bench" * 5
    with TemporaryDirectory() as directory:
        (Path(directory) / "index.html").write_text(PAGE)
        run(asgi(bridge(), path=directory, token=token), lambda port: announce(port, token))
