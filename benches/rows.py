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
    """One figure. ``goal`` says in words what ``holds`` checked."""

    name: str
    unit: str
    ours: float
    peers: dict[str, float] = field(default_factory=dict)
    goal: str = ""
    holds: bool = True

    def __str__(self) -> str:
        peers = ", ".join(f"{name} {value:.4g}" for name, value in self.peers.items())
        mark = "ok " if self.holds else "NOT"
        against = f"   ({peers})" if peers else ""
        return f"{mark}  {self.name:<44} {self.ours:>9.4g} {self.unit:<12} {self.goal}{against}"


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
    """What the figures were measured on."""
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


def write(path: Path, rows: list[Row]) -> None:
    """Writes ``bench.json``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    result = {"machine": machine(), "rows": [asdict(row) for row in rows]}
    path.write_text(json.dumps(result, indent=2) + "\n")
