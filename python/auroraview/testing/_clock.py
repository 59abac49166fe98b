"""Time that a test moves."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable

from auroraview import _core, _waiting
from auroraview._running import this_thread
from auroraview.errors import UsageError

__all__ = ["Clock"]

_LONGEST_SECONDS = 3_155_760_000.0


class Clock:
    """Time that stands still until :meth:`advance` moves it: ``Bridge(clock=Clock())``. Any thread.

        clock = Clock()
        bridge = Bridge(clock=clock, frame_rate=10)
        page = MemoryPage(bridge)
        for value in range(5):
            bridge.emit("progress", value, keep="latest")  # The first leaves at once, the others wait.
        clock.advance(0.1)                                 # Now the last of them leaves.

    It is the time of what the bridge does in time: when events emitted with ``keep="latest"`` leave, how long handlers
    ran (``bridge.stats``, the warning of one that keeps others waiting), and the ``timeout`` of a
    :class:`MemoryPage`'s calls. Everything else keeps to the computer's time: a wait for a future has its deadline, a
    page in a window and a browser their own clocks.
    """

    def __init__(self) -> None:
        self._core = _core.Clock()
        # One at a time: what is due is done in order.
        self._advancing = threading.RLock()
        self._lock = threading.Lock()
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._count = itertools.count()

    @property
    def now(self) -> float:
        """Seconds that have passed since it was made."""
        return self._core.now

    def advance(self, seconds: float) -> None:
        """Lets so much time pass, at once, and does what is due meanwhile, each at its own time, on this thread. What
        leaves for a :class:`MemoryPage` has been received when it returns.

        Raises:
            UsageError: time does not go back, nor on for more than a century.
        """
        if not 0 <= seconds < _LONGEST_SECONDS:
            raise UsageError(f"a clock advances by a number of seconds, from 0 to a century, not by {seconds!r}")
        with self._advancing:
            target = self.now + seconds
            while (timer := self._next_until(target)) is not None:
                step = max(0.0, timer[0] - self.now)
                self._core.advance(step)
                seconds -= step
                timer[2]()
            self._core.advance(max(0.0, seconds))
        if not this_thread.must_not_wait:
            _waiting.hear_what_happened()

    def call_at(self, time: float, func: Callable[[], None]) -> None:
        """Has a function called when that time, in seconds of :attr:`now`, has come; by whoever advances."""
        with self._lock:
            heapq.heappush(self._timers, (time, next(self._count), func))

    def _next_until(self, target: float) -> tuple[float, int, Callable[[], None]] | None:
        with self._lock:
            if self._timers and self._timers[0][0] <= target:
                return heapq.heappop(self._timers)
            return None

    def __repr__(self) -> str:
        return f"<auroraview.testing.Clock {self.now:g} s>"
