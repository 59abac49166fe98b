"""A row of the result: a figure of ours, the same figure of others in the same run, and the goal."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path


@dataclass
class Row:
    """One figure.

    Attributes:
        ours: ``None`` where it cannot be known.
        peers: the figure of others; ``None`` of those that are absent.
        goal: says in words what ``holds`` checked.
        ratio: whether one figure divided by another means anything.
    """

    name: str
    unit: str
    ours: float | None
    peers: dict[str, float | None] = field(default_factory=dict)
    goal: str = ""
    holds: bool = True
    ratio: bool = True

    def __str__(self) -> str:
        peers = ", ".join(f"{name} {_digits(value)}" for name, value in self.peers.items())
        mark = "ok " if self.holds else "NOT"
        against = f"   ({peers})" if peers else ""
        return f"{mark}  {self.name:<60} {_digits(self.ours, 'not known'):>9} {self.unit:<12} {self.goal}{against}"


def _digits(value: float | None, otherwise: str = "absent") -> str:
    return otherwise if value is None else f"{value:.4g}"


@dataclass
class Part:
    """Rows that were measured together: what they are about, on what, when it began.

    Attributes:
        columns: the peers are the same in all rows, and have a column each.
        notes: sentences that came with the rows.
    """

    about: str
    machine: dict[str, object]
    rows: list[Row] = field(default_factory=list)
    columns: bool = False
    notes: list[str] = field(default_factory=list)


def median(values: Iterable[float]) -> float:
    return statistics.median(values)


def medians(rounds: int, *measures: Callable[[], float]) -> list[float]:
    """Takes measures in turns, so that noise of the machine meets all of them; returns their medians."""
    results: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for measure, values in zip(measures, results, strict=True):
            values.append(measure())
    return [median(values) for values in results]


def machine() -> dict[str, object]:
    """What the figures are measured on, and how busy it is."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load": os.getloadavg()[0],
    }


def read(path: Path) -> dict[str, Part]:
    """The parts of a ``bench.json``; none when there is none, or one of another shape."""
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))["parts"]
        return {name: Part(**{**part, "rows": [Row(**row) for row in part["rows"]]}) for name, part in parts.items()}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def write(path: Path, parts: dict[str, Part]) -> None:
    """Writes ``bench.json``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {"parts": {name: asdict(part) for name, part in parts.items()}}
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
