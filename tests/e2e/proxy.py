"""A network that fails on demand: a loopback TCP proxy between a page and the server.

It doubles and reorders nothing, as TCP does not. It can cut, refuse, delay, hold still (a half-open connection: both
ends see an open one on which nothing arrives) and cut in the middle of what it passes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Any

from tests.e2e.helpers import PATIENCE

_CHUNK = 65_536


class _Link:
    """One connection through the proxy."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.sockets = (client, server)
        self.tasks: list[asyncio.Task[None]] = []


class Proxy:
    """Passes on what arrives at ``port`` to ``target`` (set it before the first connection). Any thread.

    Attributes:
        delay: seconds by which each chunk is late.
        accepted: number of connections so far.
        passed: bytes passed on so far, to the page and to the server.
    """

    def __init__(self, target: int | None = None) -> None:
        self.target = target
        self.delay = 0.0
        self.accepted = 0
        self.passed = {"page": 0, "server": 0}
        self._links: set[_Link] = set()
        self._left: dict[str, int | None] = {"page": None, "server": None}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self._open = asyncio.Event()
        self._listener: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self.port = 0
        self._say(self._listen)
        self._say(self._open.set)

    @property
    def origin(self) -> str:
        """The address that pages use."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        """Connections that are open now."""
        return len(self._links)

    def drop(self) -> None:
        """Resets all connections; new ones are accepted."""
        self._say(self._drop)

    def cut(self) -> None:
        """The network is gone: resets all connections and refuses new ones, until ``restore``."""
        self._say(self._refuse)
        self.drop()

    def freeze(self) -> None:
        """Still accepts and reads, but passes nothing on, until ``restore``; no end is told."""
        self._say(self._open.clear)

    def truncate(self, count: int, towards: str = "page") -> None:
        """Passes on ``count`` more bytes in one direction (``"page"`` or ``"server"``) and then cuts all connections,
        once."""
        self._left[towards] = count

    def restore(self) -> None:
        """Works again; what was held still goes on its way."""
        self._say(self._listen)
        self._say(self._open.set)

    def close(self) -> None:
        """Ends it with all its connections."""
        self.cut()
        self._say(self._loop.stop, wait=False)
        self._thread.join(PATIENCE)
        self._loop.close()

    # On the loop's thread.

    def _say(self, func: Callable[[], Any], *, wait: bool = True) -> None:
        async def call() -> None:
            func()
            await asyncio.sleep(0)

        if wait:
            asyncio.run_coroutine_threadsafe(call(), self._loop).result(PATIENCE)
        else:
            self._loop.call_soon_threadsafe(func)

    def _listen(self) -> None:
        if self._listener is None:
            self._listener = socket.create_server(("127.0.0.1", self.port), backlog=256)
            self._listener.setblocking(False)
            self.port = self._listener.getsockname()[1]
            self._accepting = self._loop.create_task(self._accept(self._listener))

    def _refuse(self) -> None:
        if self._listener is not None and self._accepting is not None:
            self._accepting.cancel()
            self._loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _drop(self) -> None:
        for link in list(self._links):
            self._reset(link)

    def _reset(self, link: _Link) -> None:
        self._links.discard(link)
        for task in link.tasks:
            if task is not asyncio.current_task(self._loop):
                task.cancel()
        for end in link.sockets:
            if end.fileno() >= 0:
                self._loop.remove_reader(end)
                self._loop.remove_writer(end)
                # Zero seconds of lingering: the other end gets a reset.
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                end.close()

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            client, _ = await self._loop.sock_accept(listener)
            self.accepted += 1
            server = socket.socket()
            for end in (client, server):
                end.setblocking(False)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link = _Link(client, server)
            self._links.add(link)
            link.tasks = [self._loop.create_task(self._serve(link))]

    async def _serve(self, link: _Link) -> None:
        client, server = link.sockets
        try:
            await self._open.wait()
            await self._loop.sock_connect(server, ("127.0.0.1", self.target))
        except OSError:
            self._reset(link)
            return
        link.tasks += [
            self._loop.create_task(self._pass_on(link, client, server, "server")),
            self._loop.create_task(self._pass_on(link, server, client, "page")),
        ]

    async def _pass_on(self, link: _Link, source: socket.socket, target: socket.socket, towards: str) -> None:
        with contextlib.suppress(OSError):
            while chunk := await self._loop.sock_recv(source, _CHUNK):
                if self.delay:
                    await asyncio.sleep(self.delay)
                await self._open.wait()
                left = self._left[towards]
                if left is not None and left < len(chunk):
                    self._left[towards] = None
                    await self._loop.sock_sendall(target, chunk[:left])
                    # An orderly end, so that what was passed on is read before the end is seen.
                    target.shutdown(socket.SHUT_WR)
                    self._drop_others(link)
                    break
                if left is not None:
                    self._left[towards] = left - len(chunk)
                await self._loop.sock_sendall(target, chunk)
                self.passed[towards] += len(chunk)
        self._finish(link)

    def _drop_others(self, link: _Link) -> None:
        for other in list(self._links - {link}):
            self._reset(other)

    def _finish(self, link: _Link) -> None:
        """One end is done: so is the other."""
        self._links.discard(link)
        for task in link.tasks:
            if task is not asyncio.current_task(self._loop):
                task.cancel()
        for end in link.sockets:
            if end.fileno() >= 0:
                self._loop.remove_reader(end)
                self._loop.remove_writer(end)
                end.close()


@contextlib.contextmanager
def proxy(target: int | None = None) -> Iterator[Proxy]:
    """A proxy, closed at the end."""
    one = Proxy(target)
    try:
        yield one
    finally:
        one.close()
