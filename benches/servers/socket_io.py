"""python-socketio under uvicorn. Its JavaScript client is the copy that NiceGUI brings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import nicegui
import socketio

from benches.servers.uvicorns import run

PAGE = '<!doctype html><title>bench</title><script src="/socket.io.min.js"></script>'


def serve(announce: Callable[[int], None]) -> None:
    server = socketio.AsyncServer(async_mode="asgi")

    @server.on("bench.pair")
    async def pair(peer: str, params: dict[str, Any]) -> Any:
        return params["first"]

    script = Path(nicegui.__file__).parent / "static" / "socket.io.min.js"
    with TemporaryDirectory() as directory:
        page = Path(directory) / "index.html"
        page.write_text(PAGE)
        files = {"/": str(page), "/socket.io.min.js": str(script)}
        run(socketio.ASGIApp(server, static_files=files), announce)
