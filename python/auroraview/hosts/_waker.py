"""Waking an application that can run a function on its main thread, from a thread that watches the queue.

The thread sleeps in ``poll`` while nothing waits: an idle application is left alone.
"""

from __future__ import annotations

import contextlib
import os
import select
import threading
import weakref
from collections.abc import Callable

from auroraview import _lifecycle
from auroraview._log import logger
from auroraview._main_thread import main_thread
from auroraview.hosts._base import Drain

#: A turn that takes longer is a long handler, or one inside which the application runs a loop of its own, as modal
#: dialogs do; the application is asked for a further turn, and gives it now or later.
_TURN_SECONDS = 0.05

#: An application that has not given a turn after so long may have dropped the request, as some do when a scene loads;
#: it is asked again, each time after twice as long.
_FIRST_PATIENCE_SECONDS = 2.0

#: One that refuses is asked again sooner at first, as a rule it is just starting or ending.
_REFUSED_SECONDS = 0.05
_LONGEST_PATIENCE_SECONDS = 60.0


class Waker:
    """Has ``run_later(function)`` called from a thread of its own whenever something waits for the main thread.

    Args:
        drain: what :meth:`auroraview.hosts.Host.start` was given.
        run_later: has the application call a function without parameters on its main thread, soon, and returns
            without waiting for that.
    """

    def __init__(self, drain: Drain, run_later: Callable[[Callable[[], None]], object]) -> None:
        self._drain = drain
        self._run_later = run_later
        self._began = threading.Event()
        self._ended = threading.Event()
        self._stopped = False
        self._reader, self._writer = os.pipe()
        for descriptor in (self._reader, self._writer):
            weakref.finalize(self, os.close, descriptor).atexit = False
        _lifecycle.close_at_end(self)
        _lifecycle.start_thread("waker", self._watch)

    def stop(self) -> None:
        """Ends it. What the application was asked for already does nothing."""
        self._stopped = True
        self._began.set()
        self._ended.set()
        with contextlib.suppress(BlockingIOError):
            os.write(self._writer, b"x")

    #: What the end of the program calls.
    close = stop

    def _turn(self) -> None:
        """On the main thread."""
        self._began.set()
        try:
            if not self._stopped:
                self._drain()
        finally:
            self._ended.set()

    def _watch(self) -> None:
        poll = select.poll()
        poll.register(main_thread.fileno(), select.POLLIN)
        poll.register(self._reader, select.POLLIN)
        patience = _FIRST_PATIENCE_SECONDS
        refused = 0.0
        while not self._stopped:
            poll.poll()
            if self._stopped:
                return
            self._began.clear()
            self._ended.clear()
            try:
                self._run_later(self._turn)
            except Exception as error:  # noqa: BLE001 - whatever an application may raise
                if not refused:
                    logger.error("the application takes no function for its main thread: %s", error, exc_info=error)
                refused = min(max(refused * 2, _REFUSED_SECONDS), _LONGEST_PATIENCE_SECONDS)
                self._began.wait(refused)
                continue
            refused = 0.0
            if self._began.wait(patience):
                patience = _FIRST_PATIENCE_SECONDS
                self._ended.wait(_TURN_SECONDS)
            else:
                patience = min(patience * 2, _LONGEST_PATIENCE_SECONDS)
