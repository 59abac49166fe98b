"""Runs an ASGI application under uvicorn, with the loop and the WebSocket library that uvicorn chooses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import uvicorn


def run(app: Any, started: Callable[[int], None]) -> None:
    """``started`` gets the port, which is a free one. Does not return."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning")
    server = uvicorn.Server(config)

    async def main() -> None:
        serving = asyncio.create_task(server.serve())
        while not server.started and not serving.done():
            await asyncio.sleep(0.01)
        if server.started:
            started(server.servers[0].sockets[0].getsockname()[1])
        await serving

    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(main())
