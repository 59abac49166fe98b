"""Asks the programs in turns, and compares their medians."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benches.bridge import floor
from benches.hosts_programs import Program
from benches.peers import tree
from benches.peers.measure import IDLE_SECONDS, IMPORTS, OURS, PYWEBVIEW, QT, SETTLE, Contender, left_out, running
from benches.peers.measure import present as present_peers
from benches.rows import Row, median

TURNS = 5
BUSY = 80  # percent of the time of the thread of the windows
MEGABYTE = 1_000_000
FRAME_SECONDS, FRAME_SIZE = 5.0, (1920, 1080)
TRANSFERS = 10_000

ORDINARY, FLOOR = "ordinary lane", "bare script message + evaluate"
PROGRAM = "benches.lane.program"
FAST_LANE = "AURORAVIEW_FAST_LANE"


@dataclass
class Found:
    """Figures of all: of each measure, by name, a value a turn."""

    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    def add(self, measure: str, name: str, value: float) -> None:
        self.figures.setdefault(measure, {}).setdefault(name, []).append(value)

    def median(self, measure: str, name: str) -> float | None:
        values = self.figures.get(measure, {}).get(name)
        return median(values) if values else None


def contenders() -> tuple[list[Contender], dict[str, str]]:
    """Ours on the fast lane and on the ordinary one, and the peers that are there; of the others, why not."""
    (_, *peers), absent = present_peers()
    lanes = {OURS: "1", ORDINARY: "0"}
    own = [
        Contender(name, name, sys.executable, IMPORTS, module=PROGRAM, variables={FAST_LANE: value})
        for name, value in lanes.items()
    ]
    return own + peers, absent


class Measure:
    """What is asked of the programs.

    Attributes:
        found: the figures.
        notes: what could not be measured, and why.
    """

    def __init__(self, home: str) -> None:
        self.found = Found()
        self.notes: list[str] = []
        self._home = home

    @contextmanager
    def started(self, contender: Contender) -> Iterator[Program]:
        """Its program; of ours, on the lane it is to be on.

        Raises:
            RuntimeError: it is on another.
        """
        with running(contender, self._home) as program:
            contender.title = contender.name if contender.module else program.hello["title"]
            if contender.module:
                lane, reason = program.ask("lane")
                if (lane == "fast") != (contender.name == OURS):
                    raise RuntimeError(f"{contender.name}: the page is on the lane {lane}; {reason or 'no reason'}")
            yield program

    def calls(self, contender: Contender, *, idle: bool) -> None:
        """Calls, with the thread of the window idle, and busy."""
        with self.started(contender) as program:
            add = self._adder(contender)
            program.ask("calls", count=1_000)
            for name, value in program.ask("calls", count=5_000).items():
                add(f"sequential {name}", value)
            # What takes milliseconds has to be compiled first, by an engine that does so when it likes.
            warm_up = [1_000] if contender.name == PYWEBVIEW else [10_000] * 3
            for count in warm_up:
                program.ask("work", name="pipelined", sizes=[count])
            rounds = [program.ask("work", name="pipelined", sizes=[10_000]) for _ in warm_up]
            add("pipelined", median(rounds))
            if contender.name == OURS:
                program.ask("sync", count=500)
                add("sync", program.ask("sync", count=5_000))
            busy = program.ask("busy", percent=BUSY)
            if busy < 5:  # Others may want the core too.
                raise RuntimeError(f"{contender.name}: its window's thread is busy for {busy:.0f} % only")
            for name, value in program.ask("calls", count=300).items():
                add(f"busy {name}", value)
            program.ask("busy", percent=0)
            if idle:
                time.sleep(SETTLE)
                own, below = tree.wake_ups(program.process, IDLE_SECONDS)
                add("wake-ups", own)
                add("wake-ups below", below)
                if contender.module:
                    threads = program.ask("idle", seconds=IDLE_SECONDS)
                    add("wake-ups of the lane", threads.get("auroraview-io", 0.0))

    def bytes(self, contender: Contender) -> None:
        """Arrays of 10 MB both ways, and into a buffer that the page keeps."""
        # So many that a measure takes a moment of the page's clock.
        count = 50 if contender.name == OURS else 4
        with self.started(contender) as program:
            add = self._adder(contender)
            for way in ("down", "up"):
                program.ask("work", name=way, sizes=[2, 10 * MEGABYTE])
                add(way, program.ask("work", name=way, sizes=[count, 10 * MEGABYTE]))
            with self.noted("a buffer that the page keeps"):
                program.ask("published", count=2, size=10 * MEGABYTE)
                add("kept", program.ask("published", count=count, size=10 * MEGABYTE))

    def frames(self, contender: Contender) -> None:
        """Of the size of a screen."""
        width, height = FRAME_SIZE
        with self.started(contender) as program, self.noted("frames"):
            figures = program.ask("frames", seconds=FRAME_SECONDS, width=width, height=height)
            for name, value in figures.items():
                self.found.add(f"frames {name}", contender.name, value)

    def memory(self, contender: Contender) -> None:
        """By how much many transfers both ways make it grow, when some have been made before."""
        with self.started(contender) as program:
            add = self._adder(contender)
            program.ask("work", name="both", sizes=[TRANSFERS // 10, MEGABYTE])
            before = program.ask("memory")
            for _ in range(10):
                program.ask("work", name="both", sizes=[TRANSFERS // 10, MEGABYTE])
            after = program.ask("memory")
            add("growth", after[0] - before[0])
            add("growth below", after[1] - before[1])

    @contextmanager
    def noted(self, what: str) -> Iterator[None]:
        """Goes on when the block fails, and says so at once and in the result."""
        try:
            yield
        except RuntimeError as error:
            print(error, file=sys.stderr)
            last = str(error).strip().rpartition("\n")[2]
            note = f"Not measured: {what} ({last})."
            if note not in self.notes:
                self.notes.append(note)

    def _adder(self, contender: Contender) -> Callable[[str, float], None]:
        return lambda measure, value: self.found.add(measure, contender.name, value)


def run() -> Iterator[Row | str]:
    """All rows, and notes on them; takes about five minutes on two quiet cores."""
    everyone, absent = contenders()
    for title, why in absent.items():
        print(f"{title} is absent: {why}", file=sys.stderr)
    fast, ordinary = everyone[:2]
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        measure = Measure(home)
        with measure.noted("the fast lane"), measure.started(fast):
            pass
        lanes = [ordinary] if measure.notes else [fast, ordinary]
        everyone = lanes + everyone[2:]
        for number in range(TURNS):
            print(f"turn {number + 1} of {TURNS}", file=sys.stderr)
            first = number % len(everyone)
            for contender in everyone[first:] + everyone[:first]:
                with left_out(contender, everyone, absent):
                    measure.calls(contender, idle=number < 2)
            bare = floor(2_000, 10_000)
            measure.found.add("sequential median", FLOOR, bare["median"])
            measure.found.add("pipelined", FLOOR, bare["pipelined"])
            for contender in lanes:
                measure.bytes(contender)
                if number < 3:
                    measure.frames(contender)
        if fast in lanes:
            print("memory", file=sys.stderr)
            measure.memory(fast)
    for title, why in absent.items():
        yield f"{title} is absent: {why}."
    yield from measure.notes
    yield from Comparison(measure.found, everyone).rows()


class Comparison:
    """Makes the rows."""

    def __init__(self, found: Found, everyone: list[Contender]) -> None:
        self._found = found
        self._titles = {contender.name: contender.title for contender in everyone}

    def _value(self, measure: str, name: str = OURS) -> float:
        """Not a number where it was not measured, so that no goal holds."""
        value = self._found.median(measure, name)
        return float("nan") if value is None else value

    def _row(
        self, words: str, unit: str, measure: str, peers: tuple[str, ...], goals: dict[str, bool], *, ratio: bool = True
    ) -> Row:
        """Of one measure, beside others; the goal is all of these, in words, and whether each holds."""
        beside = {self._titles.get(name, name): self._found.median(measure, name) for name in peers}
        own = self._found.median(measure, OURS)
        return Row(words, unit, own, beside, ", ".join(goals), all(goals.values()), ratio)

    def rows(self) -> Iterator[Row]:
        everyone = (ORDINARY, FLOOR, PYWEBVIEW, QT)
        programs = (ORDINARY, PYWEBVIEW, QT)
        value = self._value
        one, busy = value("sequential median"), value("busy median")
        goals = {"<= 60": one <= 60, "<= 0.35 x the bare one": one <= 0.35 * value("sequential median", FLOOR)}
        if self._found.median("sequential median", QT) is None:
            goals["QtWebChannel absent"] = True
        else:
            goals["QtWebChannel >= 2.5 x ours"] = value("sequential median", QT) >= 2.5 * one
        words = "call, one after another, two named parameters"
        yield self._row(f"{words}: median", "µs", "sequential median", everyone, goals)
        yield self._row(f"{words}: p95", "µs", "sequential p95", programs, {})
        goals = {"<= 1.5 x idle": busy <= 1.5 * one}
        yield self._row(f"the same, the window's thread {BUSY} % busy: median", "µs", "busy median", programs, goals)
        yield self._row(f"the same, the window's thread {BUSY} % busy: p95", "µs", "busy p95", programs, {})
        goals = {"<= 3": value("pipelined") <= 3}
        yield self._row("call, 10 000 at once, two named parameters", "µs", "pipelined", everyone, goals)
        yield self._row("callSync", "µs", "sync", (), {"<= 60": value("sync") <= 60})
        for words, measure, goal in (
            ("10 MB to the page, a buffer that it keeps", "kept", 1.5),
            ("10 MB to the page, a new array", "down", 1.0),
            ("10 MB to Python, an array of numpy", "up", 1.0),
        ):
            yield self._row(words, "GB/s", measure, (ORDINARY,), {f">= {goal:g}": value(measure) >= goal})
        yield from self._frames()
        for words, measure in (("the program", "growth"), ("the engine's processes", "growth below")):
            yield self._row(
                f"growth of {words} by {TRANSFERS} transfers of 1 MB each way",
                "MB",
                measure,
                (),
                {"< 20": value(measure) < 20},
                ratio=False,
            )
        lane = value("wake-ups of the lane")
        yield self._row("idle, wake-ups of the lane's thread", "1/s", "wake-ups of the lane", (), {"0": lane == 0})
        more = value("wake-ups") - value("wake-ups", ORDINARY)
        goals = {"no more than on the ordinary lane": more <= 0.5}
        yield self._row("idle, wake-ups of the program", "1/s", "wake-ups", programs, goals)
        yield self._row("idle, wake-ups of the engine's processes", "1/s", "wake-ups below", programs, {})

    def _frames(self) -> Iterator[Row]:
        value, beside = self._value, (ORDINARY,)
        arrived, published = value("frames arrived"), value("frames published")
        words = "frames of {} x {}, RGBA, 60 a second published".format(*FRAME_SIZE)
        goals = {"all but one in a hundred": arrived >= 0.99 * published}
        yield self._row(f"{words}: arrived", "1/s", "frames arrived", beside, goals)
        goals = {"not dropped": value("frames last") >= 0}
        yield self._row(f"{words}: until the last one has arrived", "ms", "frames last", beside, goals)
        spent = value("frames program")
        yield self._row(f"{words}: CPU of the program", "% of a core", "frames program", beside, {"<= 25": spent <= 25})
        yield self._row(f"{words}: CPU of the engine's processes", "% of a core", "frames page", beside, {})
