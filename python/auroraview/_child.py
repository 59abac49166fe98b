"""A child of a launcher: what it says goes to the log, how it ended is told, why it could not start is explained."""

from __future__ import annotations

import errno
import logging
import signal
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from auroraview import _core
from auroraview._front_end import SHELL_NAME
from auroraview._lifecycle import weakly
from auroraview._log import LINE_LEVELS
from auroraview.errors import HostError

if TYPE_CHECKING:
    from auroraview._front_end import FrontEnd

_logger = logging.getLogger("auroraview.launcher")

#: What the dynamic linker exits with.
_NOT_LOADED = 127


class Process:
    """A process that a launcher started: ``launcher.process``. It is there until it has ended, and its numbers stay."""

    def __init__(self, front_end: FrontEnd, port: int, secret: str | None, ended: Callable[[], None]) -> None:
        self._name = front_end.name
        self._is_shell = front_end.is_shell
        self._ended = ended
        #: It has ended, and its last words are in the log.
        self.has_ended = False
        # Its first lines may come before we know it.
        self._starting = threading.Lock()
        line = front_end.command_line(port)
        with self._starting:
            try:
                self._core = _core.Child(
                    line[0],
                    line[1:],
                    front_end.environment(port, secret),
                    front_end.cwd,
                    front_end.first_line(secret),
                    front_end.name,
                    weakly(self._noticed),
                )
            except OSError as error:
                raise HostError(_why_not(line[0], front_end, error)) from error

    @property
    def pid(self) -> int:
        """Its process id, also after its end."""
        return self._core.pid

    @property
    def returncode(self) -> int | None:
        """Its exit status, a negative number for the signal that killed it; ``None`` while it runs."""
        return self._core.returncode

    def __repr__(self) -> str:
        code = self.returncode
        return f"<auroraview.launcher.Process {self._name}, pid {self.pid}{'' if code is None else ', ' + how(code)}>"

    # For the library's own use

    def stop(self, ask: float, terminate: float) -> None:
        """Closes its stdin, sends SIGTERM after ``ask`` seconds, SIGKILL ``terminate`` seconds later. Blocks."""
        self._core.stop(ask, terminate)

    def account(self, what: str) -> str:
        """What happened to it, with its own last words; for an error."""
        text = f"{self._name} (pid {self.pid}) {what}"
        said = self._core.tail().strip()
        if self._is_shell and self.returncode == _NOT_LOADED and "shared libraries" in said:
            text += "; WebKitGTK is missing (Debian, Ubuntu: apt-get install libwebkit2gtk-4.1-0)"
        if not said:
            return f"{text}; it said nothing"
        indented = said.replace("\n", "\n  ")
        return f"{text}; it said:\n  {indented}"

    def _noticed(self, event: str, *args: str | int) -> None:
        """On the notice thread."""
        if event == "line":
            with self._starting:
                pid = self._core.pid
            _logger.log(LINE_LEVELS[str(args[0])], "%s[%d]: %s", self._name, pid, args[1])
        elif event == "exited":
            self.has_ended = True
            self._ended()


def how(code: int) -> str:
    """How a process ended."""
    if code >= 0:
        return f"exited with code {code}"
    try:
        return f"was killed by signal {-code} ({signal.Signals(-code).name})"
    except ValueError:
        return f"was killed by signal {-code}"


def _why_not(program: str, front_end: FrontEnd, error: OSError) -> str:
    if front_end.cwd is not None and error.filename == front_end.cwd:
        return f"cannot run {program} in {front_end.cwd}: {error.strerror}; cwd= must be a directory"
    if error.errno == errno.ENOENT and front_end.is_shell:
        return f"{SHELL_NAME} is not in the package ({program}); install auroraview again"
    match error.errno:
        case errno.ENOENT:
            remedy = "give its path, or install it"
        case errno.EACCES:
            remedy = "it must be a file that may be executed (chmod +x), or an argument of the program that runs it"
        case errno.ENOEXEC:
            remedy = "a script is an argument of the program that runs it, as in command=['python3', 'app.py']"
        case _:
            remedy = "the system says no more"
    return f"cannot run {program}: {error.strerror or error}; {remedy}"
