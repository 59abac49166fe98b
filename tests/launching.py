"""Launchers of ``launched.py``, for tests."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from auroraview import Bridge, HostError, Launcher
from tests.helpers import SECONDS, eventually

PROGRAM = str(Path(__file__).with_name("launched.py"))


class Told:
    """A launcher, with all that it and its front end said."""

    def __init__(self, bridge: Bridge, *modes: str, **options: Any) -> None:
        self.events: list[tuple[str, Any]] = []
        self._lock = threading.Lock()
        options.setdefault("start_timeout", SECONDS)
        if "plain" in modes:
            options.setdefault("dialect", "plain")
        self.launcher = Launcher(bridge, command=[sys.executable, PROGRAM, *modes], **options)
        for event in ("ready", "respawned"):
            self.launcher.on(event, self._keeper(event))
        for event in ("exited", "crashed"):
            self.launcher.on(event, self._keeper(event))
        for event in ("environment", "heard"):
            bridge.on(event, self._keeper(event))

    def _keeper(self, event: str) -> Callable[..., None]:
        def keep(detail: Any = None) -> None:
            with self._lock:
                self.events.append((event, detail))

        return keep

    def of(self, event: str) -> list[Any]:
        """The details of all events of this name so far."""
        return [detail for name, detail in self.events if name == event]

    def wait(self, event: str, count: int = 1) -> list[Any]:
        """Waits for so many events of this name; their details."""
        try:
            eventually(lambda: len(self.of(event)) >= count)
        except AssertionError:
            raise AssertionError(f"no {count} x {event!r} within {SECONDS:g} s: {self.events}") from None
        return self.of(event)

    def environment(self) -> dict[str, Any]:
        """What the front end found around it, the last one."""
        found: dict[str, Any] = self.wait("environment", self.launcher.stats["starts"])[-1]
        return found

    def problem_of_start(self, meanwhile: Callable[[], None]) -> str:
        """Starts it on a thread of its own, does something once there is a process, and returns the start's error."""
        problems = []

        def start() -> None:
            try:
                self.launcher.start()
            except HostError as error:
                problems.append(str(error))

        starter = threading.Thread(target=start)
        starter.start()
        eventually(lambda: self.launcher.process is not None)
        meanwhile()
        starter.join(SECONDS)
        (problem,) = problems
        return problem

    def do(self, **orders: Any) -> None:
        """Has the front end do something."""
        self.launcher.emit("do", orders)


Launch = Callable[..., Told]


@pytest.fixture
def launch(bridge: Bridge) -> Iterator[Launch]:
    """Makes launchers that are stopped in the end."""
    with contextlib.ExitStack() as stack:

        def make(*modes: str, bridge: Bridge = bridge, **options: Any) -> Told:
            told = Told(bridge, *modes, **options)
            stack.callback(told.launcher.stop)
            return told

        yield make


@pytest.fixture
def started(launch: Launch) -> Told:
    """A launcher whose front end is ready."""
    told = launch(stop_timeout=SECONDS)
    told.launcher.start()
    return told
