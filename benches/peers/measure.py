"""Asks the programs in turns, and compares their medians."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benches.hosts_programs import ROOT, Program, started
from benches.peers import tree
from benches.peers.environments import ENVIRONMENTS
from benches.rows import Row, median

TURNS = 7
IDLE_TURNS, IDLE_SECONDS = 3, 5.0
#: Seconds from the last work to what is called idle. A fast lane gives its memory back within ten.
SETTLE = 12.0
MEMORY_ROUNDS = 3

OURS = "ours"
PYWEBVIEW, QT = (environment.title for environment in ENVIRONMENTS)
MODULES = {OURS: "ours", PYWEBVIEW: "pywebview_gtk", QT: "qtwebchannel"}
#: What a program with a window of ours begins with.
IMPORTS = "from auroraview import WebView"


@dataclass
class Contender:
    """One of those that are measured, with what was found.

    Attributes:
        title: with its version, when it has been started once.
        imports: statements that a program with a window begins with.
        figures: of each measure, a value a turn.
        module: its program, where it is not the peer's own.
        variables: of its environment, besides those of all.
    """

    name: str
    title: str
    python: str
    imports: str
    figures: dict[str, list[float]] = field(default_factory=dict)
    module: str = ""
    variables: dict[str, str] = field(default_factory=dict)

    def add(self, measure: str, value: float) -> None:
        self.figures.setdefault(measure, []).append(value)

    @property
    def command(self) -> list[str]:
        return [self.python, "-m", self.module or f"benches.peers.{MODULES[self.name]}"]


def present() -> tuple[list[Contender], dict[str, str]]:
    """Those that can be measured, ours first; and of the others, why not."""
    found, absent = [Contender(OURS, OURS, sys.executable, IMPORTS)], {}
    for environment in ENVIRONMENTS:
        why = environment.absent()
        if why is None:
            found.append(Contender(environment.title, environment.title, str(environment.python), environment.imports))
            found[-1].add("wheels", environment.wheels_megabytes())
        else:
            absent[environment.title] = why
    return found, absent


def turn(contender: Contender, home: str, *, idle: bool) -> None:
    """Starts the program, measures all that takes little time, and ends it."""
    python = contender.python
    contender.add("import", imported(python, contender.imports, home))
    if contender.name == OURS:
        contender.add("import of the package", imported(python, "import auroraview", home))
    plain = float(_output([python, "-m", "benches.peers.spin"], home))
    began = time.monotonic()
    with running(contender, home) as program:
        contender.title = program.hello["title"]
        contender.add("start", (program.hello["answered"] - began) * 1000)
        program.ask("work", name="sequential", sizes=[500])
        contender.add("sequential", program.ask("work", name="sequential", sizes=[2_000]))
        program.ask("work", name="pipelined", sizes=[2_000])
        contender.add("pipelined", program.ask("work", name="pipelined", sizes=[10_000]))
        program.ask("work", name="echo", sizes=[2, 1_000_000])
        contender.add("echo", program.ask("work", name="echo", sizes=[9, 1_000_000]))
        program.ask("emits", count=500, length=0)
        contender.add("emits", program.ask("emits", count=5_000, length=0))
        contender.add("spin", program.ask("spin") / plain * 100)
        if idle:
            time.sleep(SETTLE)
            own, below = tree.wake_ups(program.process, IDLE_SECONDS)
            contender.add("wake-ups", own)
            contender.add("wake-ups below", below)


def memory(contender: Contender, home: str) -> None:
    """By how much the third of three equal rounds of traffic makes it grow."""
    sizes = []
    with running(contender, home) as program:
        for _ in range(MEMORY_ROUNDS):
            # Not all at once: what a peak leaves for a while would hide what stays for good.
            program.ask("work", name="sequential", sizes=[5_000])
            program.ask("emits", count=2_000, length=10_000)
            time.sleep(1.0)  # The page says that it has the last ones; only then are they let go of.
            program.ask("trim")
            sizes.append(tree.settled_megabytes(program.process, 5.0))
    for measure, before, after in zip(("growth", "growth below"), *sizes[-2:], strict=True):
        contender.add(measure, after - before)


@contextmanager
def running(contender: Contender, home: str) -> Iterator[Program]:
    """Its program, until the end of the block."""
    commands = {contender.name: contender.command}
    variables = {**environment(home), **contender.variables}
    with started(contender.name, commands=commands, environment=variables) as programs:
        yield programs[contender.name]


def environment(home: str) -> dict[str, str]:
    """The same for all: what they keep, bytecode too, in a home of its own, drawing by software everywhere alike."""
    return {
        **{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"},
        "HOME": home,
        "PYTHONPYCACHEPREFIX": str(Path(home, "bytecode")),
        "XDG_RUNTIME_DIR": home,
        "PYTHONPATH": str(ROOT),
        "LIBGL_ALWAYS_SOFTWARE": "1",
        "WEBKIT_DISABLE_DMABUF_RENDERER": "1",
        "QT_QPA_PLATFORM": "xcb",
    }


def imported(python: str, statements: str, home: str) -> float:
    """Milliseconds that a new interpreter takes for the statements."""
    script = f"import time; began = time.perf_counter(); {statements}; print((time.perf_counter() - began) * 1000)"
    return float(_output([python, "-c", script], home))


def _output(command: list[str], home: str) -> str:
    return subprocess.run(
        command, check=True, stdout=subprocess.PIPE, text=True, timeout=60, cwd=ROOT, env=environment(home)
    ).stdout


def wheel_megabytes() -> float | None:
    """Of the newest one in ``dist``; none when there is none."""
    wheels = sorted(Path(ROOT, "dist").glob("auroraview-*.whl"), key=lambda path: path.stat().st_mtime)
    return wheels[-1].stat().st_size / 1e6 if wheels else None


def run() -> Iterator[Row | str]:
    """All rows, and notes on them; takes about six minutes on two quiet cores."""
    contenders, absent = present()
    for title, why in absent.items():
        print(f"{title} is absent: {why}", file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        for contender in contenders:
            imported(contender.python, contender.imports, home)  # Compiles it.
        for number in range(TURNS):
            print(f"turn {number + 1} of {TURNS}", file=sys.stderr)
            first = number % len(contenders)
            for contender in contenders[first:] + contenders[:first]:
                with left_out(contender, contenders, absent):
                    turn(contender, home, idle=number < IDLE_TURNS)
        for contender in list(contenders):
            print(f"memory, {contender.title}", file=sys.stderr)
            with left_out(contender, contenders, absent):
                memory(contender, home)
    for title, why in absent.items():
        yield f"{title} is absent: {why}."
    yield from Comparison(contenders, list(absent)).rows()


@contextmanager
def left_out(contender: Contender, contenders: list[Contender], absent: dict[str, str]) -> Iterator[None]:
    """Goes on without a peer that fails in the block. It is said at once, and in the result; ours may not fail."""
    try:
        yield
    except (RuntimeError, subprocess.SubprocessError) as error:
        if contender.name == OURS:
            raise
        print(error, file=sys.stderr)
        contenders.remove(contender)
        # Of a program's last words nothing, of what it raised the last line.
        why = str(error).partition("; its last words")[0].strip().rpartition("\n")[2]
        absent[contender.name] = f"it failed, {why}"


class Comparison:
    """Makes the rows."""

    def __init__(self, contenders: list[Contender], absent: list[str]) -> None:
        self._ours, *self._others = contenders
        self._absent = absent

    def _median(self, contender: Contender, measure: str) -> float:
        return median(contender.figures[measure])

    def row(
        self, words: str, unit: str, measure: str, times: dict[str, float] | None = None, *, ratio: bool = True
    ) -> Row:
        """Of one measure.

        Args:
            times: how many times as long as ours others have to take, by their names.
        """
        own = self._median(self._ours, measure)
        found = {other.name: self._median(other, measure) for other in self._others}
        goals, holds = [], True
        for name, factor in (times or {}).items():
            if name in found:
                goals.append(f"{name} >= {factor:g} x ours")
                holds = holds and found[name] >= factor * own
            else:
                goals.append(f"{name} absent")
        return Row(words, unit, own, self._peers(found), ", ".join(goals), holds, ratio)

    def _peers(self, found: dict[str, float]) -> dict[str, float | None]:
        titles = {other.name: other.title for other in self._others}
        return {titles.get(name, name): found.get(name) for name in (PYWEBVIEW, QT)}

    def rows(self) -> Iterator[Row]:
        yield self.row("call, one after another", "µs", "sequential", {PYWEBVIEW: 2.5})
        yield self.row("call, 10 000 at once", "µs", "pipelined", {PYWEBVIEW: 60, QT: 2})
        yield self.row("echo of a string of 1 MB", "ms", "echo", {PYWEBVIEW: 3})
        yield self.row("event to the page, 5 000 until it has handled all", "µs", "emits")
        yield self.row("start of the program to the first answered call", "ms", "start", {PYWEBVIEW: 1})
        yield self.row("import of what a program begins with", "ms", "import")
        package = self._median(self._ours, "import of the package")
        yield Row("import auroraview", "ms", package, {}, "<= 30", package <= 30)
        wheel = wheel_megabytes()
        wheels = self._peers({other.name: self._median(other, "wheels") for other in self._others})
        goal = "<= 4" if wheel is not None else "no wheel in dist"
        yield Row("wheels of it and what it requires", "MB", wheel, wheels, goal, wheel is None or wheel <= 4)
        yield self.row("idle, wake-ups of the program", "1/s", "wake-ups")
        yield self.row("idle, wake-ups of the engine's processes", "1/s", "wake-ups below")
        yield self.row("speed of a background thread, beside no window", "%", "spin")
        yield self.row("growth of the program in a third round", "MB", "growth", ratio=False)
        yield self.row("growth of the engine's processes in a third round", "MB", "growth below", ratio=False)
