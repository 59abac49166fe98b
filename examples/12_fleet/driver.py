"""Uses the panels as a person would, kills one of them, and checks what comes of it in all of them.

Their pages are in other processes: each is sent orders as events (`page/driven.js`) and answers with events.
"""

from __future__ import annotations

import itertools
import os
import signal
import socket
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from main import PANELS, Fleet

from auroraview import AuroraViewError, current_call

SECONDS = 30.0


class StepError(Exception):
    """Something did not come out as it should."""


def check(held: object, what: str) -> None:
    """Raises `StepError` when the condition does not hold."""
    if not held:
        raise StepError(what)


def until(condition: Callable[[], Any], what: str) -> Any:
    """Waits for the condition; returns what it gives."""
    end = time.monotonic() + SECONDS
    while not (value := condition()):
        check(time.monotonic() < end, f"waited {SECONDS:g} s for {what}")
        time.sleep(0.02)
    return value


class Driver:
    """One run through the panels."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.failures: list[str] = []
        self._numbers = itertools.count(1)
        self._orders: dict[int, Future[Any]] = {}
        fleet.bridge.on("obeyed", self._obeyed)

    def order(self, panel: str, what: str, selector: str = "body", value: str | None = None) -> Any:
        """Has a panel do something; returns what it answers."""
        number = next(self._numbers)
        future = self._orders[number] = Future()
        launcher = self.fleet.panels[panel]
        launcher.emit("order", {"number": number, "what": what, "selector": selector, "value": value})
        try:
            return future.result(SECONDS)
        except TimeoutError as error:
            raise StepError(f"the panel {panel} does not answer") from error
        finally:
            del self._orders[number]

    def _obeyed(self, answer: dict[str, Any]) -> None:
        # Whoever it was: an order that was not acknowledged by a page that died is obeyed by the next one.
        future = self._orders.get(answer["number"])
        if future is None or future.done():
            return
        if "problem" in answer:
            future.set_exception(StepError(f"{current_call().peer}: {answer['problem']}"))
        else:
            future.set_result(answer["value"])

    def text(self, panel: str, selector: str) -> str:
        return str(self.order(panel, "text", selector))

    def step(self, text: str, action: Callable[[], str]) -> None:
        """Does one thing and prints how it went."""
        began = time.perf_counter()
        try:
            remark, mark = action(), "✓"
        except (AuroraViewError, StepError, OSError) as error:
            self.failures.append(f"{text}: {error}")
            remark, mark = str(error), "✗"
        print(f"  {mark} {(time.perf_counter() - began) * 1000:7.0f} ms  {text} ({remark})", flush=True)

    # The steps, in order

    def open(self) -> str:
        for name, panel in self.fleet.panels.items():
            until(lambda panel=panel: panel.peer.is_ready, f"the panel {name}")
        panels = self.fleet.panels.values()
        check(len({panel.port for panel in panels}) == len(PANELS), "two have one port")
        titles = [self.order(name, "title") for name in PANELS]
        check(titles == ["Fleet: Map", "Fleet: Vans", "Fleet: Log"], f"the titles are {titles}")
        return ", ".join(f"{title} is process {panel.process.pid}" for title, panel in zip(titles, panels, strict=True))

    def updates(self) -> str:
        rates = {name: until(lambda name=name: int(self.text(name, "#rate")), "updates") for name in PANELS}
        for name in PANELS:
            problems = self.order(name, "problems")
            check(problems == [], f"the panel {name} has problems: {problems}")
        return ", ".join(f"{name} {rate}/s" for name, rate in rates.items())

    def choose(self) -> str:
        self.order("table", "press", "tbody tr[tabindex='0']", "Home")
        self.order("table", "press", "tbody tr:first-child", "ArrowDown")
        self.order("table", "press", "tbody tr:nth-child(2)", "Enter")
        until(lambda: "Van 02" in self.text("map", "#state"), "Van 02 on the map")
        self.order("map", "press", "canvas", "ArrowRight")
        until(lambda: self.text("table", "tr[aria-selected='true'] th") == "Van 03", "Van 03 in the table")
        until(lambda: "Van 03" in self.text("log", "#state"), "Van 03 in the log")
        return "Van 02 in the table, then the next one on the map"

    def sort(self) -> str:
        self.order("table", "click", "thead [data-key='parcels']")
        self.order("table", "click", "thead [data-key='parcels']")
        most = max(van.parcels for van in self.fleet.traffic.vans)
        shown = int(self.text("table", "tbody tr:first-child td:nth-of-type(4)"))
        check(abs(shown - most) <= 2, f"first are {shown} parcels, and one van has {most}")
        self.order("table", "click", "thead [data-key='name']")
        return f"{most} parcels first"

    def filter(self) -> str:
        until(lambda: self.order("log", "count", value="li.delivery"), "a delivery")
        self.order("log", "click", "[data-kind='delivery']")
        others = self.order("log", "count", value="li:not(.delivery):not([hidden])")
        check(others == 0, f"{others} other lines are shown")
        self.order("log", "click", "[data-kind='']")
        return "deliveries only"

    def dark(self) -> str:
        self.theme("dark", "map")
        return "chosen in the map, dark in all"

    def theme(self, theme: str, panel: str) -> None:
        self.order(panel, "pick", "#theme", theme)
        for name in PANELS:
            until(lambda name=name: self.order(name, "scheme", "html") == theme, f"a {theme} {name}")

    def pause(self) -> str:
        self.order("table", "click", "#pause")
        until(lambda: self.fleet.settings["paused"], "the word of it")
        tick = self.fleet.traffic.tick
        for name in PANELS:
            until(
                lambda name=name: self.text(name, "#tick") == str(self.fleet.traffic.tick), f"the last tick in {name}"
            )
        self.order("log", "click", "#pause")
        until(lambda: self.fleet.traffic.tick > tick, "the next one")
        return f"all stand at tick {tick}, the last one"

    def kill(self) -> str:
        panels = self.fleet.panels
        others = [panels[name].process.pid for name in ("map", "table")]
        log = panels["log"]
        killed, document = log.process.pid, log.peer.document
        os.kill(killed, signal.SIGKILL)
        began = time.perf_counter()
        until(lambda: log.peer.is_ready and log.peer.document != document, "the log that comes back")
        back = time.perf_counter() - began
        until(lambda: self.order("log", "count", value="li") > 0, "its lines")
        check(self.order("log", "scheme", "html") == "dark", "it has forgotten that it is dark")
        until(lambda: "Van 03" in self.text("log", "#state"), "the chosen van")
        check(self.order("log", "problems") == [], f"it has problems: {self.order('log', 'problems')}")
        check(others == [panels[name].process.pid for name in ("map", "table")], "another panel died")
        return f"process {killed} killed, a new page with its settings after {back * 1000:.0f} ms"

    def read(self) -> str:
        gaps = self.order("log", "gaps", ".log")
        check(gaps == [], f"before the lines {gaps} something is missing, or twice")
        return f"{self.order('log', 'count', value='li')} lines, none missing, none twice"

    def picture(self, theme: str, file: Path) -> str:
        import screen

        self.theme(theme, "log")
        file.parent.mkdir(parents=True, exist_ok=True)
        places = {"Fleet: Map": (0, 0), "Fleet: Vans": (916, 0), "Fleet: Log": (0, 576)}
        return f"{file}, {screen.picture(file, places) / 1000:.0f} kB"

    def close(self) -> str:
        panels = list(self.fleet.panels.values())
        processes = [panel.process.pid for panel in panels]
        ports = [panel.port for panel in panels]
        self.fleet.__exit__(None, None, None)
        left = [process for process in processes if Path(f"/proc/{process}").exists()]
        check(not left, f"processes {left} are left")
        for port in ports:
            with socket.socket() as knock:
                check(knock.connect_ex(("127.0.0.1", port)) != 0, f"port {port} still answers")
        return "no process and no port is left"


def drive(fleet: Fleet, screenshot: Path | None) -> int:
    """Runs all steps; returns 0 when everything held, else 1."""
    driver = Driver(fleet)
    began = time.perf_counter()
    print("Driving the fleet")
    steps: list[tuple[str, Callable[[], str]]] = [
        ("Open three panels", driver.open),
        ("Watch the updates", driver.updates),
        ("Choose a van with the keyboard", driver.choose),
        ("Sort the table", driver.sort),
        ("Filter the log", driver.filter),
        ("Switch to dark", driver.dark),
        ("Pause and go on", driver.pause),
        ("Kill the log", driver.kill),
        ("Read the log", driver.read),
    ]
    if screenshot is not None:
        dark = screenshot.with_stem(f"{screenshot.stem}-dark")
        steps.append(("Take a picture in the dark", lambda: driver.picture("dark", dark)))
        steps.append(("Take a picture in the light", lambda: driver.picture("light", screenshot)))
    with fleet:
        for text, action in steps:
            driver.step(text, action)
        driver.step("Close all", driver.close)
    for failure in driver.failures:
        print(f"FAILED: {failure}")
    held = "Everything was confirmed" if not driver.failures else f"Failed steps: {len(driver.failures)}"
    print(f"{held}, in {time.perf_counter() - began:.1f} s.")
    return 1 if driver.failures else 0
