"""How often what crashed is started again: at once, then less and less soon, and not for ever.

One rule for windows in processes of their own and for front ends that were launched.
"""

from __future__ import annotations

import time
from collections.abc import Callable

#: So many starts after crashes within so many seconds; the next crash is the end.
MOST = 5
WITHIN_SECONDS = 60.0

_SECOND_DELAY = 0.25


class Respawns:
    """The starts after crashes. Not for several threads at once."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._times: list[float] = []

    def next_delay(self) -> float | None:
        """Seconds until the next start, which counts from now: 0, then 0.25 and doubling; ``None``: that was one crash
        too many."""
        now = self._clock()
        self._times = [one for one in self._times if now - one < WITHIN_SECONDS]
        before = len(self._times)
        if before >= MOST:
            return None
        self._times.append(now)
        return 0.0 if before == 0 else float(_SECOND_DELAY * 2 ** (before - 1))
