"""The end inside of a measured program: it is asked over a socket, and answers on a thread of its own.

One JSON object a line: ``{"do": "calls", "count": 1000}`` is answered by ``{"result": ...}`` or ``{"error": text}``.
The first line is the program's own, when its event loop runs: who it is.
"""

from __future__ import annotations

import json
import os
import socket
import statistics
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: In the environment: the socket's path.
SOCKET = "AURORAVIEW_BENCH_SOCKET"


def serve(hello: dict[str, Any], commands: dict[str, Callable[..., Any]], quit_soon: Callable[[], None]) -> None:
    """Answers until ``quit``, or until nobody asks any more; then has the program quit. Returns at once."""

    def work() -> None:
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(os.environ[SOCKET])
            with client.makefile("rw", encoding="utf-8") as stream:
                answer: dict[str, Any] = {"result": hello}
                while True:
                    stream.write(json.dumps(answer) + "\n")
                    stream.flush()
                    line = stream.readline()
                    if not line:
                        break
                    asked = json.loads(line)
                    do = asked.pop("do")
                    if do == "quit":
                        break
                    try:
                        answer = {"result": commands[do](**asked)}
                    except Exception:  # noqa: BLE001 - who asked is told
                        answer = {"error": traceback.format_exc()}
        quit_soon()

    threading.Thread(target=work, name="bench", daemon=True).start()


class Stamps:
    """When a handler ran. From one run to the next it takes a whole call of a page that calls in sequence; the page's
    own clock is too coarse for one call: WebKit's goes in steps of a millisecond."""

    def __init__(self) -> None:
        self.taken: list[int] = []
        self.take = self.taken.append

    def pair(self, first: int, second: int) -> int:
        """The handler."""
        self.take(time.perf_counter_ns())
        return first

    def figures(self, count: int) -> dict[str, float]:
        """Of so many calls in sequence, in microseconds."""
        if len(self.taken) != count + 1:
            raise RuntimeError(f"{len(self.taken)} calls came instead of {count + 1}")
        each = sorted((later - one) / 1000 for one, later in zip(self.taken, self.taken[1:], strict=False))
        return {"median": statistics.median(each), "p95": each[int(count * 0.95)], "mean": statistics.fmean(each)}


def cpu_percent(seconds: float) -> float:
    """What this process uses meanwhile, all threads together, in percent of a core; the step is 0.1 in 10 s."""
    began, before = time.monotonic(), _ticks()
    time.sleep(seconds)
    return (_ticks() - before) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - began) * 100


def _ticks() -> int:
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
