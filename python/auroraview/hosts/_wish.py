"""How a panel shall open: what the program asks for, and what is remembered of the last time."""

from __future__ import annotations

from dataclasses import dataclass

from auroraview.hosts._memory import Remembered


@dataclass(frozen=True)
class Wish:
    """Where a panel shall be.

    Attributes:
        asked: the program's ``area``, ``width`` and ``height``.
        side: of the main window, also for one that floats.
        floating: as a window of its own, though it could be docked.
        width, height: of the page, in logical pixels.
        size: of the dock as it was; ``None``: as wide or as high as the program asked.
        window: x, y, width and height as the window that it was; ``None``: it has not been one.
    """

    asked: tuple[str, int, int]
    side: str
    floating: bool
    width: int
    height: int
    size: tuple[int, int] | None = None
    window: tuple[int, int, int, int] | None = None

    @classmethod
    def of(cls, area: str, width: int, height: int, last: Remembered | None) -> Wish:
        """What is remembered counts as long as the program asks for the same."""
        asked = (area, width, height)
        if last is not None and last.asked == asked:
            return cls(asked, last.area, last.floating, width, height, last.size, last.window)
        floating = area == "floating"
        return cls(asked, "right" if floating else area, floating, width, height)
