"""``auroraview.serve`` as it comes, or without the limits of frames and bytes a second."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from auroraview import ServerOptions
from auroraview import serve as serve_bridge
from benches.servers.handlers import bridge

PAGE = '<!doctype html><title>bench</title><script src="/auroraview.js"></script>'


def serve(announce: Callable[[int, str | None], None], *, unmetered: bool = False) -> None:
    """``unmetered`` lifts what protects a server from a peer that floods it, which is what the load client does."""
    options = ServerOptions(frames_per_second=1e9, bytes_per_second=1e15) if unmetered else ServerOptions()
    token = "bench" * 5
    with TemporaryDirectory() as directory:
        (Path(directory) / "index.html").write_text(PAGE)
        with serve_bridge(bridge(), path=directory, token=token, options=options) as server:
            announce(server.port, token)
            server.wait()
