"""The servers and the load client as processes: started, asked, ended by their ids."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

LOAD = Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release" / "examples" / "load"


@dataclass
class Served:
    """A server that runs."""

    name: str
    process: int
    port: int
    token: str | None

    @property
    def url(self) -> str:
        """For a browser."""
        return f"http://127.0.0.1:{self.port}/" + (f"#token={self.token}" if self.token else "")

    @property
    def words(self) -> list[str]:
        """For the load client."""
        if self.token:
            return ["--url", f"ws://127.0.0.1:{self.port}/auroraview.ws", "--token", self.token]
        return ["--url", f"ws://127.0.0.1:{self.port}/", "--dialect", "plain"]


@contextmanager
def started(name: str) -> Iterator[Served]:
    """One of ``benches.servers``, until the end of the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benches.servers", name], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if not line:
            raise RuntimeError(f"the server {name} did not start; status {process.wait(30)}")
        where = json.loads(line)
        yield Served(name, process.pid, where["port"], where["token"])
    finally:
        process.stdin.close()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)
        process.stdout.close()


@contextmanager
def all_started(*names: str) -> Iterator[list[Served]]:
    with ExitStack() as stack:
        yield [stack.enter_context(started(name)) for name in names]


def load(kind: str, server: Served, **numbers: float) -> dict[str, float]:
    """Runs the load client; its figures."""
    words = [word for name, value in numbers.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    done = subprocess.run([LOAD, kind, *server.words, *words], capture_output=True, text=True, timeout=300)
    if done.returncode:
        raise RuntimeError(f"load {kind} on {server.name}: {done.stderr.strip()}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


@contextmanager
def idle_peers(server: Served, count: int) -> Iterator[None]:
    """Peers that are connected and do nothing, during the block."""
    process = subprocess.Popen(
        [LOAD, "idle", *server.words, "--peers", str(count)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        if process.stdout.readline().strip() != "open":
            raise RuntimeError(f"load idle on {server.name}: status {process.wait(30)}")
        yield
        if process.poll() is not None:
            raise RuntimeError(f"load idle on {server.name}: lost its peers")
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)
        process.stdout.close()
