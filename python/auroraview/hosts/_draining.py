"""One turn of an application's loop, spent on the queue of the main thread.

It must raise nothing, whatever a handler does: Blender drops a timer that raises, PyQt ends the program.
"""

from __future__ import annotations

import select
import time

from auroraview._log import logger
from auroraview._main_thread import main_thread
from auroraview._running import program_ends
from auroraview.errors import UsageError

BUDGET_SECONDS = 0.008


class Turn:
    """Empties the queue as :class:`~auroraview.hosts._base.Drain` says."""

    def __init__(self, budget: float = BUDGET_SECONDS) -> None:
        self._budget = budget
        self._stopped = False
        self._poll = select.poll()
        self._poll.register(main_thread.fileno(), select.POLLIN)

    def __call__(self, linger: float = 0.0, longest: float = 0.0, /) -> int:
        began = time.monotonic()
        served = 0
        left = self._budget
        while not self._stopped and not program_ends.is_set():
            at = time.monotonic()
            count = self._pump(left)
            now = time.monotonic()
            left -= now - at
            served += count
            wait = min(linger, longest - (now - began))
            # Without the GIL: what is to come must be able to.
            if not count or left <= 0 or wait <= 0 or self._stopped or not self._poll.poll(wait * 1000):
                break
        return served

    def stop(self) -> None:
        """From now on it does nothing, however often an application that was told otherwise calls it."""
        self._stopped = True

    def _pump(self, seconds: float) -> int:
        try:
            return main_thread.pump(seconds)
        except KeyboardInterrupt:
            # Its handler has been answered and the log told; the application is not ours to end.
            return 1
        except UsageError:
            self.stop()
            logger.exception("this application's main thread is not Python's: handlers cannot run there")
            return 0
