"""A place for windows to open where there is none: a virtual X server, for as long as the process lives."""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import signal
import socket
import struct
import tempfile
import threading
import time
from pathlib import Path

from auroraview import _core, _lifecycle
from auroraview.errors import HostError

_SCREEN = "1600x1000x24"
#: Seconds that the server may take; it needs far less than one.
_START = 30.0

_MISSING = (
    "there is no display to open windows on, and Xvfb, which makes a virtual one, is not installed: install it "
    "(Debian, Ubuntu: apt-get install xvfb; Fedora: dnf install xorg-x11-server-Xvfb; Arch: pacman -S "
    "xorg-server-xvfb), or run the tests where DISPLAY or WAYLAND_DISPLAY names a display that answers"
)

_lock = threading.Lock()
_started: VirtualDisplay | None = None


def ensure() -> None:
    """Sees to it that windows can open: where no display answers, a virtual one is started, once.

    Raises:
        HostError: there is none, and none can be made; the text says what to do.
    """
    global _started
    with _lock:
        if not works():
            _started = VirtualDisplay()


def works() -> bool:
    """Whether something listens behind ``WAYLAND_DISPLAY`` or ``DISPLAY``."""
    wayland = os.environ.get("WAYLAND_DISPLAY")
    if wayland and _answers(str(Path(os.environ.get("XDG_RUNTIME_DIR", "/"), wayland))):
        return True
    match = re.fullmatch(r"(?P<host>.*?):(?P<number>\d+)(\.\d+)?", os.environ.get("DISPLAY", ""))
    if match is None:
        return False
    if match["host"] in ("", "unix"):
        path = f"/tmp/.X11-unix/X{match['number']}"
        return _answers(path) or _answers("\0" + path)
    with contextlib.suppress(OSError):
        socket.create_connection((match["host"], 6000 + int(match["number"])), timeout=3).close()
        return True
    return False


def use(display: str) -> None:
    """Has windows open on this X display from now on."""
    os.environ["DISPLAY"] = display
    os.environ["GDK_BACKEND"] = "x11"
    os.environ.pop("WAYLAND_DISPLAY", None)


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except OSError:
            return False
    return True


class VirtualDisplay:
    """An X server on a free display, which ``DISPLAY`` names from now on. With it goes the window manager openbox, if
    it is installed: without one nothing can be maximized, and the focus is anybody's.

    It ends by itself when nobody is connected any more. We are, by a connection that does nothing, until our process
    ends, however it does: to end the server before would end the windows' loop, and with it the process.
    """

    def __init__(self) -> None:
        if shutil.which("Xvfb") is None:
            raise HostError(_MISSING)
        number = _start_server()
        # The last one to be closed, by the system; held here for that alone.
        self._connection = _connect(number)
        use(f":{number}")
        self._manager = None if shutil.which("openbox") is None else _start_manager()


def _start_server() -> int:
    """Starts it, in a session of its own, so that a Ctrl-C in the terminal is not for it. The display's number."""
    reader, writer = os.pipe()
    with open(reader, "rb", buffering=0) as answer, tempfile.TemporaryFile() as log:
        try:
            server = os.posix_spawnp(
                "Xvfb",
                ["Xvfb", "-displayfd", "3", "-screen", "0", _SCREEN, "-nolisten", "tcp", "-terminate"],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, log.fileno(), 1),
                    (os.POSIX_SPAWN_DUP2, log.fileno(), 2),
                    (os.POSIX_SPAWN_DUP2, writer, 3),
                ],
                setsid=True,
            )
        finally:
            os.close(writer)
        said = b""
        deadline = time.monotonic() + _START
        # It writes the number when it is ready; its end closes the pipe.
        while not said.endswith(b"\n") and select.select([answer], [], [], max(0.0, deadline - time.monotonic()))[0]:
            chunk = answer.read(64)
            if not chunk:
                break
            said += chunk
        if said.strip().isdigit():
            return int(said)
        os.kill(server, signal.SIGKILL)
        os.waitpid(server, 0)
        log.seek(0)
        lines = log.read().decode(errors="replace").strip().splitlines()[-10:]
        words = "\n  ".join(lines) or "it said nothing"
    raise HostError(f"there is no display to open windows on, and a virtual one did not start; Xvfb:\n  {words}")


def _connect(number: int) -> socket.socket:
    """A connection of the X protocol, version 11.0, without more."""
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_START)
    connection.connect(f"/tmp/.X11-unix/X{number}")
    connection.sendall(struct.pack("<BxHHHHxx", ord("l"), 11, 0, 0, 0))
    if connection.recv(1) != b"\x01":
        raise HostError(f"the virtual display :{number} of Xvfb admits nobody")
    return connection


def _start_manager() -> _core.Child:
    """Starts it, and waits until it manages. It ends with our process."""
    _lifecycle.ensure_notice_thread()
    heard = threading.Event()

    def says(event: str, *args: str) -> None:
        if event == "exited" or args[1].strip() == "ready":
            heard.set()

    options = ["--sm-disable", "--startup", "echo ready"]
    manager = _core.Child("openbox", options, {}, None, None, "openbox", says)
    heard.wait(_START)
    return manager
