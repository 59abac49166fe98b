"""Applications that run for a test: how each is started, and how a test speaks with what runs inside.

``programs/`` holds what runs inside. Each application has a home of its own, so that nothing of the person's
configuration counts, and nothing is left in it.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENTRY = ROOT / "tests" / "hosts" / "programs" / "entry.py"

#: How long an application may take to start, to end, or to do what it is asked to. Tests that pass do not wait for it.
SECONDS = 60.0


@dataclass(frozen=True)
class Kind:
    """An application, or a variant of one.

    Attributes:
        name: in names of tests and pictures.
        host: what ``hosts.detect()`` calls it.
        inside: the module of ``programs`` that knows it, and its argument.
        command: how it is started; None where it is not installed.
        docks: it has docks of Qt.
        loop: what ``hosts.detect()`` says of it.
        quits: how often it is ended under load.
        prepare: writes what it needs into its home.
        settles: its first start in a new home takes long; later ones begin with the home that a good end left.
    """

    name: str
    host: str
    inside: str
    command: Callable[[], list[str] | None]
    docks: bool = True
    loop: str = "guest"
    quits: int = 20
    environment: dict[str, str] = field(default_factory=dict)
    prepare: Callable[[Path], None] = lambda home: None
    settles: bool = False

    def __str__(self) -> str:
        return self.name


def installed(name: str, *arguments: str) -> Callable[[], list[str] | None]:
    """A program of the system."""
    return lambda: [path, *arguments, str(ENTRY)] if (path := shutil.which(name)) else None


@functools.cache
def python_with(module: str) -> str | None:
    """An interpreter that has a module: the one named by AURORAVIEW_QT_PYTHON, that of these tests, the system's."""
    look = "import importlib.util as i, sys; sys.exit(sys.version_info < (3, 11) or not i.find_spec(sys.argv[1]))"
    named = os.environ.get("AURORAVIEW_QT_PYTHON")
    for python in (named, str(ROOT / "build/hosts/bin/python"), "/usr/bin/python3", sys.executable):
        if python and Path(python).exists():
            if subprocess.run([python, "-c", look, module], timeout=SECONDS, check=False).returncode == 0:
                return python
    return None


def binding(name: str, variant: str = "", **options: Any) -> Kind:
    """A small application of Qt."""

    def command() -> list[str] | None:
        return [python, str(ENTRY)] if (python := python_with(name)) else None

    return Kind(name + variant, "qt", f"in_qt {name}", command, **options)


def prepare_krita(home: Path) -> None:
    """A plug-in that runs the entry, enabled."""
    plugins = home / ".local/share/krita/pykrita"
    (plugins / "auroraview_test").mkdir(parents=True)
    (plugins / "auroraview_test.desktop").write_text(
        "[Desktop Entry]\nType=Service\nServiceTypes=Krita/PythonPlugin\nX-KDE-Library=auroraview_test\nName=Test\n"
    )
    (plugins / "auroraview_test/__init__.py").write_text(f"import runpy\nrunpy.run_path({str(ENTRY)!r})\n")
    (home / ".config/kritarc").write_text("[python]\nenable_auroraview_test=true\n")


def krita() -> list[str] | None:
    """Krita takes no script: the plug-in is found in its home."""
    return ["krita", "--nosplash"] if shutil.which("krita") else None


KINDS = {
    str(kind): kind
    for kind in (
        Kind(
            "blender",
            "blender",
            "in_blender",
            installed("blender", "--factory-startup", "-noaudio", "--python-exit-code", "3", "--python"),
            docks=False,
            loop="own",
        ),
        # As root, Chromium in FreeCAD's start page ends the program unless it may do without its sandbox.
        Kind(
            "freecad",
            "freecad",
            "in_freecad",
            installed("freecad"),
            environment={"QTWEBENGINE_DISABLE_SANDBOX": "1"},
        ),
        Kind("krita", "krita", "in_krita", krita, prepare=prepare_krita, settles=True),
        binding("PySide6"),
        binding("PyQt6", quits=6),
        binding("PyQt5", quits=6),
        binding("PySide2", quits=6),
        binding("PySide6", "-isolated", quits=6, environment={"AURORAVIEW_ISOLATION": "process"}),
        binding("PySide6", "-without-glib", quits=6, loop="own", environment={"QT_NO_GLIB": "1"}),
    )
}

#: Blender as a module of a script. It has no windows, so it is not among the others.
BPY = Kind(
    "bpy",
    "blender",
    "in_bpy",
    lambda: [python, str(ENTRY)] if (python := python_with("bpy")) else None,
    docks=False,
    loop="own",
)

#: Homes of applications that settled in.
_settled: dict[str, tempfile.TemporaryDirectory[str]] = {}
_settling = threading.Lock()


class Program:
    """A running application."""

    def __init__(self, kind: Kind) -> None:
        command = kind.command()
        if command is None:
            missing = f"{kind} is not installed"
            if "AURORAVIEW_REQUIRE_HOSTS" in os.environ:
                pytest.fail(missing)
            pytest.skip(missing)
        self.kind = kind
        self.home = Path(tempfile.mkdtemp(prefix=f"{kind}-"))
        for folder in ("run", "tmp"):
            (self.home / folder).mkdir(mode=0o700)
        if kind.name in _settled:
            shutil.copytree(_settled[kind.name].name, self.home, symlinks=True, dirs_exist_ok=True)
        else:
            (self.home / ".config").mkdir()
            kind.prepare(self.home)
        self._log = (self.home / "log").open("w+")
        self._numbers = itertools.count()
        self._answers: dict[int, dict[str, Any]] = {}
        self._changed = threading.Condition()
        self._socket: socket.socket | None = None
        self._reader: threading.Thread | None = None
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.home / "agent"))
        listener.listen(1)
        self.process = subprocess.Popen(
            command,
            cwd=self.home,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._accept(listener)
        except BaseException:
            self.kill()
            raise
        finally:
            listener.close()

    def _environment(self) -> dict[str, str]:
        environment = {
            **os.environ,
            # Another Python that stands first here takes its modules from Krita.
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.home / "run"),
            "TMPDIR": str(self.home / "tmp"),
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "PYTHONWARNINGS": "default",
            "AURORAVIEW_PACKAGE": os.environ.get("AURORAVIEW_PACKAGE", str(ROOT / "python")),
            "AURORAVIEW_PROGRAMS": str(ENTRY.parents[1]),
            "AURORAVIEW_PROGRAM": self.kind.inside,
            "AURORAVIEW_AGENT": self.marker,
            **self.kind.environment,
        }
        # What the tests' own display or interpreter needs, and no application has.
        for name in ("GDK_BACKEND", "VIRTUAL_ENV", "PYTHONPATH", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            environment.pop(name, None)
        return environment

    @property
    def marker(self) -> str:
        """Is in the environment of this program and of what it started, and nowhere else."""
        return str(self.home / "agent")

    def _accept(self, listener: socket.socket) -> None:
        listener.settimeout(0.2)
        deadline = time.monotonic() + SECONDS * 2
        while self._socket is None:
            assert self.process.poll() is None, f"{self.kind} ended at its start: {self.said()}"
            assert time.monotonic() < deadline, f"{self.kind} did not come up: {self.said()}"
            with contextlib.suppress(TimeoutError):
                self._socket, _ = listener.accept()
                self._socket.settimeout(None)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._socket is not None
        with contextlib.suppress(OSError), self._socket.makefile() as lines:
            for line in lines:
                answer = json.loads(line)
                with self._changed:
                    self._answers[answer["id"]] = answer
                    self._changed.notify_all()
        with self._changed:
            self._socket.close()
            self._socket = None
            self._changed.notify_all()

    @property
    def isolated(self) -> bool:
        """The panel's window is one of another process."""
        return "AURORAVIEW_ISOLATION" in self.kind.environment

    @property
    def runs(self) -> bool:
        """It has not ended."""
        return self.process.poll() is None

    def main(self, step: str, *args: Any, seconds: float = SECONDS) -> Any:
        """Has a function of ``programs.steps`` run on the application's main thread; its value."""
        return self._request("main", step, args, seconds)

    def worker(self, step: str, *args: Any, seconds: float = SECONDS) -> Any:
        """Has a function of ``programs.steps`` run on a thread of its own; its value."""
        return self._request("worker", step, args, seconds)

    def ask(self, script: str) -> Any:
        """The value of a script in the panel's page."""
        return self.worker("ask", script)

    def _request(self, thread: str, step: str, args: tuple[Any, ...], seconds: float) -> Any:
        number = next(self._numbers)
        request = {"id": number, "thread": thread, "step": step, "args": args}
        connection = self._socket
        assert connection is not None, f"{self.kind} has ended: {self.said()}"
        connection.sendall(json.dumps(request).encode() + b"\n")
        with self._changed:
            self._changed.wait_for(lambda: number in self._answers or self._socket is None, seconds)
            answer = self._answers.pop(number, None)
        assert answer is not None, f"{self.kind} did not answer {step}{args}: {self.said()}"
        assert "error" not in answer, answer.get("error")
        return answer["value"]

    def open_tool(self) -> None:
        """Runs the tool, and waits for its page."""
        self.main("open_tool")
        self.worker("ready")

    def said(self) -> str:
        """The end of what it printed, and how it ended if it did."""
        self._log.flush()
        return f"status {self.process.poll()}\n{Path(self._log.name).read_text(errors='replace')[-4000:]}"

    def processes(self) -> dict[int, str]:
        """Ids and names of all that this program started, itself included, the dead that nobody reaped left out."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    name, _, rest = (entry / "stat").read_text().partition("(")[2].rpartition(")")
                    if rest.split()[0] not in "ZX" and self.marker.encode() in (entry / "environ").read_bytes():
                        found[int(entry.name)] = name
        return found

    def kill_web_process(self) -> None:
        """Ends the process that runs the page, as a crash would."""
        (web_process,) = (pid for pid, name in self.processes().items() if name.startswith("WebKitWebProces"))
        os.kill(web_process, signal.SIGKILL)

    def end(self) -> None:
        """Ends it as its user does, and looks at how it ends: status 0, and nothing is left."""
        self.main("leave")
        self.wait_end()

    def wait_end(self) -> None:
        """Waits for its end, and looks at it."""
        try:
            try:
                status = self.process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                raise AssertionError(f"{self.kind} did not end: {self.said()}") from None
            assert status == 0, f"{self.kind} ended badly: {self.said()}"
            deadline = time.monotonic() + SECONDS / 2
            while left := self.processes():
                assert time.monotonic() < deadline, f"{self.kind} left behind {left}"
                time.sleep(0.05)
            self._settle()
        finally:
            self.kill()

    def _settle(self) -> None:
        if not self.kind.settles:
            return
        with _settling:
            if self.kind.name in _settled:
                return
            kept = tempfile.TemporaryDirectory(prefix=f"{self.kind}-home-")
            skipped = shutil.ignore_patterns("run", "tmp", "agent", "log", "panels")
            shutil.copytree(self.home, kept.name, symlinks=True, ignore=skipped, dirs_exist_ok=True)
            _settled[self.kind.name] = kept

    def kill(self) -> None:
        """Ends all that is left, and takes its home away. Does nothing when that was done."""
        for pid in self.processes():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(SECONDS)
        if self._reader is not None:
            self._reader.join(SECONDS)
        self._log.close()
        shutil.rmtree(self.home, ignore_errors=True)
