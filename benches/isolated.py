"""Windows in a process of their own beside those of this process; and front ends that get 60 updates a second."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

from auroraview import WebView
from benches import updates
from benches.bridge import Bench
from benches.processes import shells
from benches.rows import Row, median, medians

IN_PROCESS = "window of the process"
ROUNDS = 7


def openings(isolation: str, count: int) -> list[float]:
    """Milliseconds, each window of a new program."""
    output = subprocess.run(
        [sys.executable, "-m", "benches.opening", isolation, f"--count={count}"],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
    ).stdout
    result: list[float] = json.loads(output)
    return result


def starts() -> Iterator[Row]:
    """Of new programs: what the first window of one has to load is part of it, and what stays for the second is not."""
    further: dict[str, list[float]] = {"none": [], "process": []}

    def first(isolation: str) -> float:
        one, two, three = openings(isolation, 3)
        further[isolation] += [two, three]
        return one

    openings("none", 1)
    openings("process", 1)
    own, other = medians(ROUNDS, lambda: first("process"), lambda: first("none"))
    yield Row(
        "start to first answered call, first window of a program",
        "ms",
        own,
        {IN_PROCESS: other},
        "<= 1.5 x the window of the process",
        own <= 1.5 * other,
    )
    yield Row(
        "start to first answered call, a further window",
        "ms",
        median(further["process"]),
        {IN_PROCESS: median(further["none"])},
    )


def calls() -> Iterator[Row]:
    isolated, within = Bench(isolation="process"), Bench()
    with isolated.open(), within.open():
        for bench in (isolated, within):
            bench.measure("sequential(500)")
            bench.measure("pipelined(10000)")
        for words, script in (
            ("call, one after another", "sequential(2000)"),
            ("call, 10 000 at once, two named parameters", "pipelined(10000)"),
        ):
            own, other = medians(
                ROUNDS, lambda script=script: isolated.measure(script), lambda script=script: within.measure(script)
            )
            yield Row(words, "µs", own, {IN_PROCESS: other}, "<= 2 x the window of the process", own <= 2 * other)


def recovered() -> float:
    """Seconds from the kill until a page of a new process has the answer to a call."""
    answered = threading.Event()
    view = WebView(
        "Recovery",
        html="<script>auroraview.call('bench.first').then(() => auroraview.send_event('bench.answered'))</script>",
        isolation="process",
    )
    view.bind_call("bench.first", lambda: None)
    view.on("bench.answered", answered.set)
    view.show(wait=False)
    try:
        if not answered.wait(60):
            raise TimeoutError("the page had no answer")
        answered.clear()
        (shell,) = shells()
        began = time.perf_counter()
        os.kill(shell, signal.SIGKILL)
        if not answered.wait(60):
            raise TimeoutError("no page came back")
        return time.perf_counter() - began
    finally:
        view.close()
        view.wait(30)


def recovery() -> Iterator[Row]:
    seconds = median(recovered() for _ in range(ROUNDS))
    yield Row("from SIGKILL of the window's process to a page that calls", "s", seconds, {}, "<= 1.5", seconds <= 1.5)


def run() -> Iterator[Row]:
    """All rows, as they come."""
    for measure in (starts, calls, recovery, updates.rows):
        yield from measure()
