"""Panels inside Blender, FreeCAD and a program of PySide6; beside the latter, PySide6's own browser widget.

Measures are taken in turns: one after another in all programs, which run at the same time and are idle meanwhile.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from benches.hosts_programs import Program, installed, started
from benches.rows import Row, median

NAMES = ("blender", "freecad", "pyside")
PEER = "QWebEngineView + QWebChannel"

SETTLE = 5.0  # seconds: so long Blender starts, with stalls of seconds
STARTS = 3  # of each program, for its first panel
FURTHER = 5  # panels in programs that have had one
CALLS, ROUNDS = 1_000, 5
GOALS = {  # in microseconds: on a worker, and on the main thread
    "blender": {"worker": 500, "main": 1000},
    "freecad": {"worker": 400, "main": 300},
    "pyside": {"worker": 400, "main": 300},
}
OPEN_GOAL = 500.0  # milliseconds
RATE = 1_000  # calls a second, while Blender draws

Programs = dict[str, Program]
Figures = dict[str, float]


def opened(programs: Programs) -> dict[str, Figures]:
    """Opens a panel in each, one after another."""
    return {name: program.ask("open") for name, program in programs.items()}


def openings(words: str, programs: Programs, figures: list[dict[str, Figures]]) -> Iterator[Row]:
    """Until the call returns, which has the main thread for so long; until the page is ready; and until its second
    frame, when the first has been painted."""
    for name, program in programs.items():
        if name == "webengine":
            continue
        for state in ("returned", "ready", "painted"):
            own = median(one[name][state] for one in figures)
            peers = {}
            if name == "pyside" and "webengine" in programs:
                peers[PEER] = median(one["webengine"][state] for one in figures)
            goal = f"<= {OPEN_GOAL:g}" if state == "painted" else ""
            yield Row(f"{program.title}: {words}, {state}", "ms", own, peers, goal, not goal or own <= OPEN_GOAL)


def calls(programs: Programs) -> Iterator[Row]:
    """In sequence from the page, on a worker and on the main thread."""
    ways = [
        (name, where) for name in programs for where in ("worker", "main") if (name, where) != ("webengine", "worker")
    ]
    figures: dict[tuple[str, str], list[Figures]] = {way: [] for way in ways}
    for name, where in ways:
        programs[name].ask("calls", where=where, count=CALLS // 2)
    for _ in range(ROUNDS):
        for name, where in ways:
            figures[name, where].append(programs[name].ask("calls", where=where, count=CALLS))
    for name, where in ways:
        if name == "webengine":
            continue
        for words in ("median", "p95"):
            own = median(one[words] for one in figures[name, where])
            peers = {}
            if name == "pyside" and "webengine" in programs:
                peers[PEER if where == "main" else f"{PEER}, on the main thread"] = median(
                    one[words] for one in figures["webengine", "main"]
                )
            limit = GOALS[name][where]
            goal = f"<= {limit}" if words == "median" else ""
            place = "on the main thread" if where == "main" else "on a worker"
            yield Row(
                f"{programs[name].title}: call {place}, {words}", "µs", own, peers, goal, not goal or own <= limit
            )


def idle(programs: Programs) -> Iterator[Row]:
    """With the panel and without; all programs at the same time, as they should do nothing."""
    programs = {name: program for name, program in programs.items() if name != "webengine"}
    with ThreadPoolExecutor(len(programs)) as pool:
        answers = pool.map(lambda program: program.ask("idle", rounds=2, seconds=10, settle=2), programs.values())
        for program, figures in zip(programs.values(), answers, strict=True):
            own, without = (sum(figures[key]) / len(figures[key]) for key in ("with", "without"))
            yield Row(
                f"{program.title}: idle CPU with a panel open",
                "% of a core",
                own,
                {"without": without},
                "<= 1 more than without",
                own <= without + 1,
            )


def redraws(blender: Program) -> Iterator[Row]:
    """How often Blender draws its viewport while the page makes calls on the main thread, and while it makes none."""
    ways = {
        "turning": "viewport turned 60 times a second",
        "24": "animation of 24 frames a second",
        "1000": "animation as fast as Blender can",
    }
    for way, words in ways.items():
        busy, quiet = [], []
        for turn in range(ROUNDS):
            both = ((RATE, busy), (0, quiet))
            for rate, figures in both if turn % 2 else reversed(both):
                figures.append(blender.ask("redraws", way=way, rate=rate, seconds=2))
        own, other = (median(one["drawn"] for one in figures) for figures in (busy, quiet))
        yield Row(
            f"{blender.title}: redraws during {RATE} calls/s, {words}",
            "1/s",
            own,
            {"without calls": other},
            ">= 90 % of without",
            own >= 0.9 * other,
        )
        handled = median(one["handled"] for one in busy)
        yield Row(f"{blender.title}: calls handled meanwhile", "1/s", handled, {"made": RATE})


def available() -> list[str]:
    """Says what is left out."""
    names = []
    for name in (*NAMES, "webengine"):
        if installed(name):
            names.append(name)
        else:
            print(f"{name} is not installed: left out", file=sys.stderr)
    return names


def run() -> Iterator[Row]:
    """All rows, as they come."""
    names = available()
    first: list[dict[str, Figures]] = []
    for turn in range(STARTS):
        with started(*names) as programs:
            time.sleep(SETTLE)
            first.append(opened(programs))
            if turn < STARTS - 1:
                continue
            yield from openings("first panel", programs, first)
            yield from calls(programs)
            if "blender" in programs:
                yield from redraws(programs["blender"])
            yield from idle(programs)
            further = []
            for _ in range(FURTHER):
                for program in programs.values():
                    program.ask("close")
                further.append(opened(programs))
            yield from openings("further panel", programs, further)
