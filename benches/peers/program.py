"""What the measured programs have in common: the handlers, and the commands of ``benches.inside.session``."""

from __future__ import annotations

import ctypes
import gc
import json
import queue
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

from benches.inside.session import serve
from benches.peers import busy
from benches.peers.spin import spin

PATIENCE = 110.0  # seconds for whatever should take less than twenty


class Program(ABC):
    """A program with one window.

    The page's calls may come on any thread. Commands run on the session's thread, which begins when the page has had
    the answer to its first call.
    """

    def __init__(self, title: str) -> None:
        self._title = title
        self._reports: queue.Queue[str] = queue.Queue()
        self._answered = False
        self._window_work: busy.Work | None = None
        self._stamps: list[int] | None = None

    def pair(self, first: int, second: int) -> int:
        """Called by the page."""
        if self._stamps is not None:
            self._stamps.append(time.perf_counter_ns())
        return first

    def echo(self, text: str) -> str:
        """Called by the page."""
        return text

    def report(self, text: str) -> None:
        """Called by the page."""
        if self._answered:
            self._reports.put(text)
            return
        self._answered = True
        # Of the system's clock: who started the program reads the same.
        hello = {"title": self._title, "answered": time.monotonic()}
        serve(hello, self._commands(), self.end)

    @abstractmethod
    def script(self, text: str) -> None:
        """Runs it in the page."""

    @abstractmethod
    def emit_all(self, values: Iterator[dict[str, Any]]) -> None:
        """Has the page's ``tick`` called with each."""

    def keep_busy(self, work: busy.Work) -> None:
        """Has the thread of the window do it in every turn."""
        work.start()

    def leave_alone(self, work: busy.Work) -> None:
        """No more of it."""
        work.stop()

    @abstractmethod
    def end(self) -> None:
        """Closes the window, and with it ends the program."""

    def _commands(self) -> dict[str, Callable[..., Any]]:
        return {
            "work": self._work,
            "calls": self._calls,
            "emits": self._emits,
            "busy": self._busy,
            "spin": spin,
            "trim": self._trim,
        }

    def _told(self) -> float:
        report = json.loads(self._reports.get(timeout=PATIENCE))
        if "error" in report:
            raise RuntimeError(f"the page: {report['error']}")
        return float(report["value"])

    def _work(self, name: str, sizes: Sequence[int | str]) -> float:
        """What the page's function of that name returns."""
        self.script(f"work({', '.join(map(json.dumps, [name, *sizes]))})")
        return self._told()

    def _calls(self, count: int) -> dict[str, float]:
        """Of calls one after another, in microseconds, from one handler's begin to the next one's: the page's clock is
        too coarse for a call."""
        self._stamps = []
        self._work("sequential", [count + 1])
        stamps, self._stamps = self._stamps, None
        each = sorted((later - one) / 1000 for one, later in pairwise(stamps))
        return {"median": each[count // 2], "p95": each[int(count * 0.95)], "mean": sum(each) / count}

    def _emits(self, count: int, length: int) -> float:
        """Microseconds an event, with a text of so many letters, until the page has had all and said so."""
        text = "x" * length
        values = ({"number": number, "last": number == count - 1, "text": text} for number in range(count))
        began = time.perf_counter()
        self.emit_all(values)
        if self._told() != count:
            raise RuntimeError("not all events came")
        return (time.perf_counter() - began) / count * 1e6

    def _busy(self, percent: float) -> float:
        """Keeps the thread of the window busy, or with 0 no longer; how busy the busiest thread is then, in percent."""
        if self._window_work is not None:
            self.leave_alone(self._window_work)
            self._window_work = None
        if percent:
            self._window_work = busy.Work(percent)
            self.keep_busy(self._window_work)
        return busy.busiest_percent(0.5)

    def _trim(self) -> None:
        """Gives back what the collector and the allocator keep for later."""
        gc.collect()
        ctypes.CDLL(None).malloc_trim(0)
