"""Where the handlers of one bridge run: its workers, its pool, its loop.

Nothing here refers to the bridge: its threads do not keep it alive, and when it goes away they end.
"""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

from auroraview import _lifecycle
from auroraview._asyncio import LoopLane
from auroraview._running import Adopt, run, this_thread

if TYPE_CHECKING:
    from auroraview import _core

_POOL_THREADS = min(32, (os.cpu_count() or 1) + 4)


class Places:
    """The threads of one bridge. They start when they are first needed."""

    def __init__(self, core: _core.Bridge, workers: int) -> None:
        self.loop = LoopLane(core.asyncio)
        self.workers = Workers(core.turns, workers, self.loop.adopt)
        self.pool = Pool(core.pool, self.loop.adopt)
        _lifecycle.close_at_end(self)

    def ensure(self, place: str) -> None:
        """Has the threads of a place running; the main thread is not ours."""
        if place == "worker":
            self.workers.ensure()
        elif place == "pool":
            self.pool.ensure()
        elif place == "loop":
            self.loop.ensure()
        else:
            # It watches whether somebody takes the main thread's work.
            from auroraview import _main_thread  # noqa: F401

    def close(self) -> None:
        """Ends all threads as soon as they are idle. Takes no lock of Python's: a finalizer may call it anywhere."""
        self.workers.turns.close()
        self.pool.lane.close()
        self.loop.close()


class Workers:
    """Threads for plain handlers: one at a time for each peer, in order; ``count`` peers at once.

    A handler that waits inside this library gives its turn away, and a further thread takes it when none is idle.
    """

    def __init__(self, turns: _core.Turns, count: int, adopt: Adopt) -> None:
        self.turns = turns
        self._count = count
        self._adopt = adopt
        self._lock = threading.RLock()
        self._started = False

    def ensure(self) -> None:
        with self._lock:
            if self._started:
                return
            self._started = True
        for _ in range(self._count):
            self._start()

    def _start(self) -> None:
        turns = self.turns.worker()
        _lifecycle.start_thread("worker", lambda: self._serve(turns))

    def _serve(self, turns: _core.Turns) -> None:
        has_turn = False

        def give_way() -> None:
            nonlocal has_turn
            if has_turn:
                has_turn = False
                if not turns.yield_turn():
                    self._start()

        this_thread.before_wait = give_way
        while (work := turns.take(self._count)) is not None:
            has_turn = True
            run(work, self._adopt)
            del work


class Pool:
    """Threads for handlers bound with ``thread="pool"``: one more than are busy, up to a bound.

    A handler that waits inside this library does not count, so that those it waits for find a thread.
    """

    def __init__(self, lane: _core.Lane, adopt: Adopt) -> None:
        self.lane = lane
        self._adopt = adopt
        self._lock = threading.RLock()
        #: Threads that count.
        self._threads = 0
        #: Those of them that wait for work, or are about to.
        self._spare = 0

    def ensure(self) -> None:
        with self._lock:
            if not self._threads:
                self._start()

    def _start(self) -> None:
        _lifecycle.start_thread("pool", self._serve)
        self._threads += 1
        self._spare += 1

    def _serve(self) -> None:
        counts = True

        def give_way() -> None:
            nonlocal counts
            if counts:
                counts = False
                with self._lock:
                    self._threads -= 1
                    if not self._spare:
                        self._start()

        this_thread.before_wait = give_way
        while (work := self.lane.take()) is not None:
            with self._lock:
                self._spare -= 1
                if not self._spare and self._threads < _POOL_THREADS:
                    self._start()
            run(work, self._adopt)
            del work
            with self._lock:
                if not counts:
                    if self._threads >= _POOL_THREADS:
                        return
                    self._threads += 1
                    counts = True
                self._spare += 1
