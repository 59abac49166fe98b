"""What one writes by hand: ``websockets`` and ``json`` on asyncio, with no more than the calls of the benchmark.

A message holds a call, or an array of calls, which is answered with an array. Compression is off: on loopback it costs
more than it gains.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

import websockets
from websockets.asyncio.server import Request, Response, Server, ServerConnection, broadcast
from websockets.asyncio.server import serve as serve_websockets
from websockets.exceptions import ConnectionClosed

SOURCES = {size: bytes(size) for size in (1_000_000, 100_000_000)}


def serve(announce: Callable[[int], None], *, uvloop: bool = False) -> None:
    factory = None
    if uvloop:
        import uvloop as loops

        factory = loops.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main(announce))


async def main(announce: Callable[[int], None]) -> None:
    fans = set()

    def pair(first: int, second: int) -> int:
        return first

    def fan(rounds: int, interval: int) -> None:
        fans.add(asyncio.create_task(ticks(server, rounds, interval)))

    methods: dict[str, Callable[..., Any]] = {"bench.pair": pair, "bench.fan": fan}

    async def handle(socket: ServerConnection) -> None:
        with suppress(ConnectionClosed):
            await converse(socket)

    async def converse(socket: ServerConnection) -> None:
        if socket.request and socket.request.path.startswith("/missed/"):
            for number in range(int(socket.request.path.rpartition("/")[2])):
                await socket.send(json.dumps({"event": "missed", "detail": {"number": number, "text": "missed"}}))
        async for message in socket:
            if isinstance(message, bytes):
                await socket.send(json.dumps({"result": len(message)}))
                continue
            calls = json.loads(message)
            if isinstance(calls, list):
                answers = [{"id": call["id"], "result": methods[call["method"]](**call["params"])} for call in calls]
                await socket.send(json.dumps(answers))
            elif calls["method"] == "bench.source":
                await socket.send(SOURCES[calls["params"][0]])
            else:
                result = methods[calls["method"]](**calls["params"])
                await socket.send(json.dumps({"id": calls["id"], "result": result}))

    server = await serve_websockets(
        handle, "127.0.0.1", 0, compression=None, max_size=None, process_request=page_or_socket
    )
    announce(server.sockets[0].getsockname()[1])
    await server.serve_forever()


def page_or_socket(connection: ServerConnection, request: Request) -> Response | None:
    """A page, for a browser to come from."""
    if "Upgrade" in request.headers:
        return None
    return connection.respond(HTTPStatus.OK, f"websockets {websockets.__version__}\n")


async def ticks(server: Server, rounds: int, interval: int) -> None:
    for number in range(rounds):
        await asyncio.sleep(interval / 1000)
        event = {"sent": time.time_ns() // 1000, "number": number}
        broadcast(server.connections, json.dumps({"event": "tick", "detail": event}))
