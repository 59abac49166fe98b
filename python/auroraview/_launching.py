"""From a launcher's start to its stop: one port, one config script, one child and those that take its place.

A thread of its own keeps it: it waits for the child's end or for the order to stop, starts the next child or cleans up.
So nobody else ever waits for a process, and a stop that was begun comes to its end whoever asked for it.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auroraview import _lifecycle
from auroraview._child import Process, how
from auroraview._config_script import ConfigScript
from auroraview._log import logger
from auroraview._respawn import MOST, WITHIN_SECONDS, Respawns
from auroraview._running import this_thread
from auroraview._waiting import announce_change
from auroraview.errors import HostError

if TYPE_CHECKING:
    from pathlib import Path

    from auroraview import _core
    from auroraview._front_end import FrontEnd

_CLOSE_SECONDS = 1.0


@dataclass(frozen=True)
class Plan:
    """What a launcher does at each start. Times in seconds."""

    front_end: FrontEnd
    script_folder: Path | None
    start_timeout: float
    stop_timeout: float
    respawn: bool


class Run:
    """See the module.

    Args:
        plan: what to run.
        server: the port, which listens already: nobody can take it before the child is there.
        secret: what clients must know; ``None``: nothing.
        tell: told ``("crashed", code)``, ``("exited", code)``, ``("respawned",)``.
        say_goodbye: tells the pages that it is about to end.
        over: called when all is cleaned up, before anybody hears of it.
    """

    def __init__(
        self,
        plan: Plan,
        server: _core.Server,
        secret: str | None,
        *,
        tell: Callable[..., None],
        say_goodbye: Callable[[], None],
        over: Callable[[], None],
    ) -> None:
        self._plan = plan
        self._server = server
        self._secret = secret
        self._tell = tell
        self._say_goodbye = say_goodbye
        self._over = over
        self._script = None if plan.script_folder is None else ConfigScript(plan.script_folder)
        self._respawns = Respawns()
        self._changed = threading.Condition()
        self._stop_asked = False
        self._must_be_ready = False
        self._name = plan.front_end.name
        self.port = server.port
        self.process: Process | None = None
        self.starts = 0
        self.crashes = 0
        #: The child that is there has said ``ready``.
        self.is_ready = False
        #: Some child has.
        self.was_ready = False
        #: Nothing more will be started.
        self.is_ending = False
        #: Nothing is left of it.
        self.is_over = False

    def begin(self, *, must_be_ready: bool) -> None:
        """Starts the first child.

        Args:
            must_be_ready: it is not started again when it ends before it was ready.

        Raises:
            HostError: it cannot be started; all is cleaned up.
        """
        self._must_be_ready = must_be_ready
        # Until its own thread is there, it goes on here alone: not a place for a signal handler to wait for its end.
        before, this_thread.must_not_wait = this_thread.must_not_wait, True
        try:
            self._spawn()
            _lifecycle.start_thread("launcher", self._keep)
        except BaseException:
            if self.process is not None:
                self.process.stop(0.0, 0.0)
            self._clean_up()
            raise
        finally:
            this_thread.must_not_wait = before

    @property
    def was_stopped(self) -> bool:
        """Somebody had it stop."""
        return self._stop_asked

    def ask_stop(self) -> None:
        """Has it stop; does not wait."""
        with self._changed:
            self._stop_asked = self.is_ending = True
            self._changed.notify_all()

    def ready_came(self) -> None:
        """A front end has said ``ready``."""
        with self._changed:
            self.is_ready = self.was_ready = True
            self._changed.notify_all()

    # On its own thread

    def _keep(self) -> None:
        this_thread.must_not_wait = True  # Log handlers of the program run here too.
        last = None
        try:
            last = self._live()
        except BaseException:  # noqa: BLE001 - whatever went wrong, nothing may be left behind
            logger.exception("a launcher has failed")
        finally:
            self._clean_up()
            if last is not None:
                self._tell(*last)

    def _live(self) -> tuple[str, int] | None:
        """Keeps a child running. Returns what is to be told when all is cleaned up."""
        while True:
            process = self._wait_for_an_end()
            if self._stop_asked:
                self._stop(process)
                return "exited", _code_of(process)
            code = _code_of(process)
            if code == 0:
                return "exited", code
            self.crashes += 1
            again = self._plan.respawn and (self.was_ready or not self._must_be_ready)
            if again or self.was_ready or not self._must_be_ready:  # Else `start` raises it.
                rest = "; it is started again" if again else ""
                logger.warning("%s (pid %d) %s%s", self._name, process.pid, how(code), rest)
            if not again:
                return "crashed", code
            self._tell("crashed", code)
            if not self._spawn_again():
                return None

    def _wait_for_an_end(self) -> Process:
        """Until the child has ended or is to be stopped."""
        process = self.process
        assert process is not None, "it is kept from its first child on"
        seconds = self._plan.start_timeout

        def due() -> bool:
            return self._stop_asked or process.has_ended

        with self._changed:
            # Where nobody waits for the first `ready`, nobody else would hear that there is none.
            if not (self._must_be_ready and self.starts == 1):
                if not self._changed.wait_for(lambda: self.is_ready or due(), min(seconds, threading.TIMEOUT_MAX)):
                    logger.warning("%s (pid %d) was not ready within %g s", self._name, process.pid, seconds)
            self._changed.wait_for(due)
        return process

    def _stop(self, process: Process) -> None:
        try:
            self._say_goodbye()
        except Exception:  # noqa: BLE001 - it is stopped whatever the pages can be told
            logger.exception("the pages of a launcher cannot be told that it stops")
        process.stop(self._plan.stop_timeout, self._plan.stop_timeout / 2)

    def _spawn(self) -> None:
        if self._script is not None:
            self._script.write(self.port)
        self.is_ready = False
        self.process = Process(self._plan.front_end, self.port, self._secret, _lifecycle.weakly(self._child_ended))
        self.starts += 1

    def _spawn_again(self) -> bool:
        """Starts a child in the place of one that crashed; whether there is one."""
        while (delay := self._respawns.next_delay()) is not None:
            with self._changed:
                if self._changed.wait_for(lambda: self._stop_asked, delay):
                    return False
            try:
                self._spawn()
            except HostError as error:
                logger.warning("%s", error)
                continue
            self._tell("respawned")
            return True
        logger.error("%s crashed more than %d times in %g s: it is not started again", self._name, MOST, WITHIN_SECONDS)
        return False

    def _clean_up(self) -> None:
        self.is_ending = True
        try:
            if self._script is not None:
                self._script.remove()
            self._server.close(_CLOSE_SECONDS)
        finally:
            try:
                self._over()
            finally:
                self.is_over = True
                announce_change()

    # On the notice thread

    def _child_ended(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _code_of(process: Process) -> int:
    """The exit status; that of a kill for what even a kill has not ended yet (it waits for a disk, say)."""
    code = process.returncode
    return -signal.SIGKILL if code is None else code
