"""The panel: what it can do, apart from any window."""

from __future__ import annotations

from pathlib import Path

from auroraview import Bridge, WebView

PAGE = Path(__file__).resolve().parent / "page"


class Budget:
    """Hours of a shot, by department. The rules are here, and tests of them need nothing of this library."""

    def __init__(self) -> None:
        self.hours = {"Layout": 12, "Animation": 40, "Light": 24}

    @property
    def total(self) -> int:
        return sum(self.hours.values())


def make_bridge(budget: Budget) -> Bridge:
    """The handlers: what a page may ask, and what it is told."""
    bridge = Bridge()

    def tell() -> None:
        bridge.emit("budget", {"hours": budget.hours, "total": budget.total}, retain=True)

    @bridge.bind_call("set_hours")
    def set_hours(department: str, hours: int) -> int:
        if department not in budget.hours:
            raise KeyError(f"there is no department {department}")
        if hours < 0:
            raise ValueError("hours cannot be less than none")
        budget.hours[department] = hours
        tell()
        return budget.total

    tell()
    return bridge


def make_view(bridge: Bridge) -> WebView:
    """The window, not shown yet."""
    return WebView("Budget", path=PAGE, bridge=bridge, width=460, height=340)
