"""This process and its children, as the kernel shows them; and programs run to their end."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import textwrap
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.e2e.helpers import PATIENCE, wait_for


def descendants(root: int | None = None) -> dict[int, str]:
    """Process ids and names of all that descend from a process (this one), the dead that nobody reaped left out."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
            state, parent = rest.split()[:2]
            if state != "Z":
                parents[int(entry.name)] = (int(parent), name)
    found: dict[int, str] = {}
    wanted = {os.getpid() if root is None else root}
    while wanted:
        level = {pid for pid, (parent, _) in parents.items() if parent in wanted}
        found.update((pid, parents[pid][1]) for pid in level)
        wanted = level
    return found


def web_processes(root: int | None = None) -> set[int]:
    """The processes in which pages run. The kernel cuts names at 15 characters."""
    return {pid for pid, name in descendants(root).items() if name.startswith("WebKitWebProces")}


def wait_gone(*pids: int) -> None:
    """Waits until these processes have ended. One that is dead and was not reaped yet counts as ended: who reaps the
    orphans of a machine may take seconds."""

    def running() -> bool:
        for pid in pids:
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX":
                    return True
        return False

    wait_for(lambda: not running(), f"the end of the processes {pids}")


def open_files() -> int:
    """Number of file descriptors that this process has open, those of named files left out: the engine opens a few of
    the kernel's once, at a time of its own, to watch the memory."""
    count = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            count += not os.readlink(descriptor).startswith("/")
    return count


def native_threads() -> list[str]:
    """Names of all threads of this process, Python's and others."""
    names = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            names.append((task / "comm").read_text().strip())
    return names


@dataclass
class Ended:
    """How a program ended."""

    code: int
    out: str
    err: str

    def assert_clean(self) -> None:
        """Exit status 0 and not a word on the error stream."""
        assert (self.code, self.err) == (0, ""), f"status {self.code}\n{self.out}\n{self.err}"


def _read(stream: IO[str], lines: list[str]) -> None:
    with stream:
        lines.extend(stream)


class Program:
    """A Python program in a process of its own. What it prints is its way to say how far it is."""

    def __init__(self, code: str, environment: Mapping[str, str | None] | None = None) -> None:
        merged: dict[str, str | None] = {**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})}
        self.process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(code)],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={name: value for name, value in merged.items() if value is not None},
        )
        self.pid = self.process.pid
        # Also where a test fails before it has waited for the end.
        weakref.finalize(self, self.process.kill)
        self._out: list[str] = []
        self._err: list[str] = []
        self._readers = [
            threading.Thread(target=_read, args=(stream, lines), daemon=True)
            for stream, lines in ((self.process.stdout, self._out), (self.process.stderr, self._err))
        ]
        for reader in self._readers:
            reader.start()

    @property
    def lines(self) -> list[str]:
        """What it printed so far."""
        return [line.rstrip("\n") for line in self._out]

    def wait_line(self, line: str) -> None:
        """Waits until it has printed this line."""
        wait_for(
            lambda: line in self.lines or not (self.process.poll() is None or self._reading()),
            f"{line!r} of the program; it said {self.lines} and {''.join(self._err)}",
        )
        assert line in self.lines, f"the program ended without {line!r}: {self.lines}\n{''.join(self._err)}"

    def _reading(self) -> bool:
        return any(reader.is_alive() for reader in self._readers)

    def end(self, seconds: float = PATIENCE) -> Ended:
        """Waits for its end."""
        try:
            code = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            said = "".join([*self._out, *self._err])
            raise AssertionError(f"the program did not end within {seconds:g} s; it said: {said}") from None
        # A web process that still goes down keeps the pipes open for a moment.
        for reader in self._readers:
            reader.join(PATIENCE)
        return Ended(code, "".join(self._out), "".join(self._err))


def run(code: str, environment: Mapping[str, str | None] | None = None, seconds: float = PATIENCE) -> Ended:
    """Runs a program to its end."""
    return Program(code, environment).end(seconds)
