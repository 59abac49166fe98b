"""The programs of ``benches.inside``, and others that are asked likewise, as processes: started, asked, ended by being
told to quit."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from benches.inside.session import SOCKET

ROOT = Path(__file__).resolve().parents[1]
INSIDE = ROOT / "benches" / "inside"
#: Has PySide6; made by ``make bench-hosts``.
PYTHON = ROOT / "build" / "hosts-bench" / "bin" / "python"

# A small window: all of it is drawn by software.
BLENDER = "blender -p 0 0 640 480 --factory-startup -noaudio --python-exit-code 3 --python"
COMMANDS = {
    "blender": [*BLENDER.split(), str(INSIDE / "in_blender.py")],
    "freecad": [shutil.which("FreeCAD") or "freecad", str(INSIDE / "in_freecad.py")],
    "pyside": [str(PYTHON), "-m", "benches.inside.pyside"],
    "webengine": [str(PYTHON), "-m", "benches.inside.webengine"],
}

START_TIMEOUT = 60.0  # seconds until a program's event loop runs
ANSWER_TIMEOUT = 120.0  # seconds
QUIT_TIMEOUT = 30.0  # seconds


@dataclass
class Program:
    """One that runs.

    Attributes:
        hello: the program's version, its toolkit, and the loop mode.
        process: its id.
    """

    name: str
    hello: dict[str, Any] = field(default_factory=dict)
    process: int = 0
    _stream: IO[str] | None = None
    _told: Callable[[str], RuntimeError] = RuntimeError

    def ask(self, do: str, **arguments: Any) -> Any:
        """The command's answer."""
        assert self._stream is not None
        self._stream.write(json.dumps({"do": do, **arguments}) + "\n")
        self._stream.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._stream is not None
        try:
            line = self._stream.readline()
        except TimeoutError:
            raise self._told("does not answer") from None
        if not line:
            raise self._told("has gone")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{self.name}: {answer['error']}")
        return answer["result"]

    @property
    def title(self) -> str:
        """For people."""
        words = {"blender": "Blender", "freecad": "FreeCAD"}
        return f"{words[self.name]} {self.hello['version']}" if self.name in words else str(self.hello["toolkit"])


def installed(name: str) -> bool:
    """Whether the program is there at all."""
    return shutil.which(COMMANDS[name][0]) is not None


@contextmanager
def started(
    *names: str, commands: Mapping[str, list[str]] = COMMANDS, environment: Mapping[str, str] | None = None
) -> Iterator[dict[str, Program]]:
    """Programs, all started at once, until the end of the block.

    Args:
        commands: what to start for each name.
        environment: of all, instead of one made for each that has never run before.

    Raises:
        RuntimeError: one did not start, or did not end with status 0 when told to quit.
    """
    with ExitStack() as stack:
        pending = [stack.enter_context(_started(name, commands[name], environment)) for name in names]
        yield {name: next(one) for name, one in zip(names, pending, strict=True)}


@contextmanager
def _started(name: str, command: list[str], environment: Mapping[str, str] | None) -> Iterator[Iterator[Program]]:
    with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as stack:
        log = stack.enter_context(Path(folder, "log").open("w+", encoding="utf-8", errors="replace"))
        listener = stack.enter_context(socket.socket(socket.AF_UNIX))
        path = str(Path(folder, "socket"))
        listener.bind(path)
        listener.listen()
        listener.settimeout(1.0)
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**(_environment(folder) if environment is None else environment), SOCKET: path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )

        def told(what: str) -> RuntimeError:
            log.seek(0)
            return RuntimeError(f"{name} {what}; its last words:\n{log.read()[-3000:]}")

        def accepted() -> socket.socket:
            deadline = time.monotonic() + START_TIMEOUT
            while process.poll() is None and time.monotonic() < deadline:
                with suppress(TimeoutError):
                    return listener.accept()[0]
            raise told("did not start" if process.returncode is None else f"ended with status {process.returncode}")

        def connected() -> Iterator[Program]:
            connection = stack.enter_context(accepted())
            connection.settimeout(ANSWER_TIMEOUT)
            stream = stack.enter_context(connection.makefile("rw", encoding="utf-8"))
            program = Program(name, {}, process.pid, stream, told)
            program.hello = program._answer()
            programs.append(program)
            yield program

        programs: list[Program] = []
        try:
            yield connected()
            for program in programs:
                assert program._stream is not None
                program._stream.write('{"do": "quit"}\n')
                program._stream.flush()
            try:
                status = process.wait(QUIT_TIMEOUT)
            except subprocess.TimeoutExpired:
                raise told("did not quit") from None
            if status:
                raise told(f"ended with status {status}")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _environment(home: str) -> dict[str, str]:
    """Programs in the state of their first start, drawing by software everywhere alike."""
    return {
        **os.environ,
        "HOME": home,
        "XDG_RUNTIME_DIR": home,
        "XDG_STATE_HOME": str(Path(home, "state")),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'python'}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "QT_QPA_PLATFORM": "xcb",
        "QTWEBENGINE_DISABLE_SANDBOX": "1",  # FreeCAD's start page is Chromium, which refuses to run as root otherwise
    }
