"""A server in a process of its own: to be frozen, to be measured, to die.

What it can be asked is bound as methods, so a page asks it over its own wire.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.helpers import wait_for
from tests.e2e.processes import Program

_CODE = """
import asyncio, gc
from auroraview import Bridge, ServerOptions, serve

bridge = Bridge()
noted, ended = [], []

@bridge.bind_call("emit")
def emit(count, event="tick"):
    for number in range(count):
        bridge.emit(event, number)

@bridge.bind_call("stream")
async def stream(count, size, pause):
    for number in range(count):
        bridge.emit("data", [number, "x" * size])
        await asyncio.sleep(pause)

bridge.bind_call("echo", lambda value: value)
bridge.bind_call("note", noted.append)
bridge.bind_call("noted", lambda: noted)
bridge.bind_call("ended", lambda: ended)
bridge.bind_call("peers", lambda: len(bridge.peers))
bridge.bind_call("collect", lambda: gc.collect() and None)
bridge.on("note", noted.append)
bridge.on_disconnect(lambda peer, reason: ended.append(reason))

server = serve(bridge, path={path!r}, port={port}, token={token!r}, options=ServerOptions({options}))
print("open", server.open_url)
server.wait()
"""


class ServerProcess:
    """A server with handlers ``echo``, ``emit``, ``stream``, ``note``, ``noted``, ``ended``, ``peers``; and event
    ``note``.

    Args:
        options: arguments of ``ServerOptions``, as Python text.
        path: a folder with pages.
    """

    def __init__(self, options: str = "", *, path: Path | None = None, port: int = 0, token: str | None = None) -> None:
        folder = None if path is None else str(path)
        self.program = Program(_CODE.format(options=options, path=folder, port=port, token=token))
        wait_for(
            lambda: self.program.lines or self.program.process.poll() is not None,
            "the server's first line",
        )
        if not self.program.lines:
            self.program.end().assert_clean()
        #: The link with the secret.
        self.address = self.program.lines[0].removeprefix("open ")
        self.pid = self.program.pid

    def freeze(self) -> None:
        """Stops all of its threads."""
        os.kill(self.pid, signal.SIGSTOP)
        wait_for(lambda: self._state() == "T", "the stopped server")

    def go_on(self) -> None:
        """Lets it run again."""
        os.kill(self.pid, signal.SIGCONT)

    def memory(self) -> int:
        """Resident bytes, the pages of files left out."""
        return self._status("RssAnon") * 1024

    def threads(self) -> int:
        """Number of its threads."""
        return self._status("Threads")

    def files(self) -> int:
        """Number of its open files and sockets."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))

    def end(self) -> None:
        """Kills it."""
        self.program.process.kill()
        self.program.end()

    def _status(self, name: str) -> int:
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            key, _, value = line.partition(":")
            if key == name:
                return int(value.split()[0])
        raise AssertionError(f"no {name} in the status of the process")

    def _state(self) -> str:
        return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]


@contextlib.contextmanager
def server_process(options: str = "", *, path: Path | None = None) -> Iterator[ServerProcess]:
    """A server in a process of its own, killed at the end."""
    server = ServerProcess(options, path=path)
    try:
        yield server
    finally:
        server.end()
