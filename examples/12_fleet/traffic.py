"""Delivery vans in a small town: what the panels show. Nothing in here knows of pages."""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any

COLUMNS = ("Ash", "Birch", "Cedar", "Elm", "Fir", "Hazel", "Larch", "Maple", "Oak", "Pine", "Rowan")
ROWS = ("1st", "2nd", "3rd", "4th", "5th", "6th", "7th")
BLOCK = 100.0  # metres from crossing to crossing
VANS = 36

Line = dict[str, Any]


@dataclass
class Van:
    """One van. Angles are in radians, 0 is to the east; positions in metres from the north-west corner."""

    name: str
    x: float
    y: float
    target: tuple[int, int]
    cruise: float
    battery: float
    parcels: int
    angle: float = 0.0
    speed: float = 0.0
    state: str = "driving"
    until: float = 0.0
    where: str = field(default="", compare=False)


class Traffic:
    """All vans and the time. One thread at a time."""

    def __init__(self, seed: int = 7) -> None:
        self._dice = random.Random(seed)
        self.tick = 0
        self.seconds = 0.0
        #: The last things that happened, oldest first.
        self.history: deque[Line] = deque(maxlen=200)
        self._lines = 0
        self.vans = [self._new_van(number) for number in range(1, VANS + 1)]

    def _new_van(self, number: int) -> Van:
        column, row = self._dice.randrange(len(COLUMNS)), self._dice.randrange(len(ROWS))
        return Van(
            name=f"Van {number:02}",
            x=column * BLOCK,
            y=row * BLOCK,
            target=self._crossing_near(column, row),
            cruise=self._dice.uniform(9, 16),
            battery=self._dice.uniform(30, 100),
            parcels=self._dice.randrange(4, 40),
        )

    def _crossing_near(self, column: int, row: int) -> tuple[int, int]:
        column += self._dice.randint(-3, 3)
        row += self._dice.randint(-2, 2)
        return min(max(column, 0), len(COLUMNS) - 1), min(max(row, 0), len(ROWS) - 1)

    def step(self, seconds: float) -> list[Line]:
        """Lets time pass; returns what happened."""
        self.tick += 1
        self.seconds += seconds
        return [line for van in self.vans if (line := self._step(van, seconds)) is not None]

    def snapshot(self) -> dict[str, Any]:
        """All that a panel needs to show this moment."""
        vans = [
            {
                "name": van.name,
                "x": round(van.x, 1),
                "y": round(van.y, 1),
                "angle": round(van.angle, 3),
                "state": van.state,
                "speed": round(van.speed * 3.6, 1),
                "battery": round(van.battery, 1),
                "parcels": van.parcels,
                "where": van.where,
            }
            for van in self.vans
        ]
        return {"tick": self.tick, "seconds": round(self.seconds, 2), "vans": vans}

    def _step(self, van: Van, seconds: float) -> Line | None:
        van.where = f"{COLUMNS[round(van.x / BLOCK)]} & {ROWS[round(van.y / BLOCK)]}"
        if van.state != "driving":
            if van.state == "charging":
                van.battery = min(100.0, van.battery + 6 * seconds)
            if self.seconds < van.until:
                return None
            left = van.state
            van.state, van.target = "driving", self._crossing_near(*van.target)
            return self._line(van, "charge", f"is charged to {van.battery:.0f} %") if left == "charging" else None
        # Along the street to the right column, then to the right row.
        east, south = van.target[0] * BLOCK - van.x, van.target[1] * BLOCK - van.y
        left_on_street = abs(east) or abs(south)
        if left_on_street == 0:
            return self._arrive(van)
        van.angle = (0.0 if east > 0 else math.pi) if east else math.copysign(math.pi / 2, south)
        van.speed += (min(van.cruise, 3 + left_on_street / 2) - van.speed) * min(1.0, 3 * seconds)
        way = min(van.speed * seconds * 2, left_on_street)
        if east:
            van.x = van.target[0] * BLOCK if way == left_on_street else van.x + math.copysign(way, east)
        else:
            van.y = van.target[1] * BLOCK if way == left_on_street else van.y + math.copysign(way, south)
        van.battery = max(0.0, van.battery - way * 0.012)
        return None

    def _arrive(self, van: Van) -> Line:
        van.speed = 0.0
        if van.battery < 25:
            van.state, van.until = "charging", self.seconds + 8
            return self._line(van, "charge", f"charges, {van.battery:.0f} % left")
        van.state, van.until = "stopped", self.seconds + self._dice.uniform(1, 4)
        if van.parcels == 0:
            van.parcels = self._dice.randrange(20, 41)
            return self._line(van, "load", f"takes {van.parcels} parcels on")
        if self._dice.random() < 0.12:
            return self._line(van, "problem", "finds nobody at home")
        van.parcels -= 1
        return self._line(van, "delivery", f"delivers a parcel, {van.parcels} left")

    def _line(self, van: Van, kind: str, what: str) -> Line:
        self._lines += 1
        line = {
            "number": self._lines,
            "seconds": round(self.seconds, 1),
            "van": van.name,
            "kind": kind,
            "text": f"{what}, {van.where}",
        }
        self.history.append(line)
        return line
