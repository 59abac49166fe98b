"""Where a window lives, and what becomes of its view when the process of the window, or that of the page, dies.

With ``isolation="process"`` the window has a process of its own, and comes back when that crashes. The view stays open
meanwhile: what is emitted waits, and what is set or loaded holds for the window that comes back.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from auroraview import _fast_lane, _host
from auroraview._log import LINE_LEVELS, logger
from auroraview._respawn import MOST, WITHIN_SECONDS, Respawns
from auroraview._running import program_ends
from auroraview.errors import UsageError

if TYPE_CHECKING:
    from auroraview.view import WebView

_lines = logging.getLogger("auroraview.shell")

_CLOSED = "the window was closed"


class Isolation:
    """Where the window of a view lives, and what brings it back. What is said to happen is told on the notice thread.

    Raises:
        UsageError: no such isolation.
    """

    def __init__(self, view: WebView, isolation: str, respawn: bool, *, sandbox: bool) -> None:
        if isolation not in ("none", "process"):
            raise UsageError(f"isolation must be 'none' or 'process', not {isolation!r}")
        self._view = view
        self._own_process = isolation == "process"
        self._respawn = respawn and self._own_process
        self._respawns = Respawns()
        self._timer: threading.Timer | None = None
        self._sandbox = sandbox
        #: The window lives in this process.
        self.is_here = not self._own_process
        #: As in ``view.info``.
        self.transport = "isolated" if self._own_process else "embedded"
        #: The program of the window's own process.
        self.shell = _host.SHELL if self._own_process else None
        #: Why there is no window any more.
        self.end_reason = _CLOSED

    def prepare(self) -> None:
        """Does what the first window needs.

        Raises:
            HostError: as :func:`auroraview._host.start`; a process of its own fails when it opens. With a sandbox: it
                does not work here.
        """
        if not self._own_process:
            _host.start()
        if self._sandbox and not self._view.is_open:
            from auroraview import _sandbox

            _sandbox.require()

    def opening(self) -> dict[str, Any]:
        """What the native code is told of it when a window opens."""
        folder, why_not = _fast_lane.wish()
        return {"fast_lane": folder, "fast_lane_reason": why_not, "sandbox": self._sandbox}

    def begins(self) -> None:
        """The program opens the window: what crashed before does not count."""
        self._respawns = Respawns()
        self.end_reason = _CLOSED

    def ends(self) -> None:
        """The window is gone for good: nothing brings it back any more."""
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def lost(self, how: str) -> None:
        """The window's process ended."""
        view = self._view
        if not view.is_open:
            return
        view._evaluations.end(how, lost=True)
        view._questions.end(how)
        view.window.native_id_is(None)
        view.window.noticed("crashed")
        if self._respawn:
            self._again(how, "the window opens again", self._reopen)
        else:
            self._give_up(f"{how}, and respawn=False")

    def web_process_died(self, reason: str) -> None:
        """The process of the page ended; the window is there."""
        view = self._view
        view._evaluations.end("the web process died")
        view.window.noticed("crashed")
        how = f"the web process died ({reason})"
        if self._respawn:
            self._again(how, "the page loads again", view.reload)
        else:
            logger.warning("%r: %s; view.reload() revives it", view, how)

    def printed(self, stream: str, pid: int, line: str) -> None:
        """The window's process wrote a line."""
        if not program_ends.is_set():
            _lines.log(LINE_LEVELS[stream], "[%d] %s", pid, line)

    def _again(self, how: str, what: str, act: Callable[[], None]) -> None:
        if program_ends.is_set():
            return
        self.ends()  # Should a page be about to load again, its window opening again does that too.
        delay = self._respawns.next_delay()
        if delay is None:
            self._give_up(f"{how}, the {MOST + 1}th crash within {WITHIN_SECONDS:g} s")
        elif delay == 0:
            logger.warning("%r: %s; %s", self._view, how, what)
            act()
        else:
            logger.warning("%r: %s; %s in %g s", self._view, how, what, delay)
            self._timer = threading.Timer(delay, act)
            self._timer.name = "auroraview-respawn"
            self._timer.daemon = True
            self._timer.start()

    def _give_up(self, why: str) -> None:
        logger.error("%r: %s; the view closes", self._view, why)
        self.end_reason = why
        self._view.close()

    def _reopen(self) -> None:
        """Opens the window again, as it is now. Any thread."""
        view = self._view
        try:
            # Nothing is set, loaded or closed meanwhile.
            with view._lock:
                view._core.reopen(view._open_options())
        except Exception as error:  # noqa: BLE001 - else there would be a view that is open for ever without a window
            self._give_up(f"the window cannot open again: {error}")
