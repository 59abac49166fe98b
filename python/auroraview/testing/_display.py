"""A place for windows to open where there is none: a virtual X server, for as long as the process lives."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import threading
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

    It ends at the end of the program, after its windows, and with the process if that is killed.
    """

    def __init__(self) -> None:
        if shutil.which("Xvfb") is None:
            raise HostError(_MISSING)
        _lifecycle.ensure_notice_thread()
        self._number: str | None = None
        self._heard = threading.Event()
        self._manager: _core.Child | None = None
        options = ["-displayfd", "1", "-screen", "0", _SCREEN, "-nolisten", "tcp", "-noreset"]
        self._server = _core.Child("Xvfb", options, {}, None, None, "Xvfb", self._server_says)
        self._heard.wait(_START)
        if self._number is None:
            said = self._server.tail().strip().replace("\n", "\n  ")
            self._server.kill()
            raise HostError(f"there is no display, and the virtual one of Xvfb did not start:\n  {said or 'no word'}")
        os.environ["DISPLAY"] = f":{self._number}"
        os.environ["GDK_BACKEND"] = "x11"
        os.environ.pop("WAYLAND_DISPLAY", None)
        if shutil.which("openbox") is not None:
            self._start_manager()
        _lifecycle.close_at_end(self)

    def _start_manager(self) -> None:
        self._heard.clear()
        options = ["--sm-disable", "--startup", "echo ready"]
        self._manager = _core.Child("openbox", options, {}, None, None, "openbox", self._manager_says)
        self._heard.wait(_START)

    def _server_says(self, event: str, *args: str) -> None:
        """On the notice thread."""
        if event == "line" and args[0] == "stdout" and args[1].strip().isdigit():
            self._number = args[1].strip()
        if event == "exited" or self._number is not None:
            self._heard.set()

    def _manager_says(self, event: str, *args: str) -> None:
        """On the notice thread."""
        if event == "exited" or args[1].strip() == "ready":
            self._heard.set()

    def close(self) -> None:
        """Ends it. For the library's own use: nothing may be on it any more."""
        for child in (self._manager, self._server):
            if child is not None:
                child.stop(0.0, 2.0)
