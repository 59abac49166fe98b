"""How does one program feed several front ends, each a program of its own?

Three panels over one fleet of vans: a map, a table and a log. Each is a window with a process and a port of its own;
all have the same bridge, and the same page, which learns from its settings which panel it is.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from traffic import Line, Traffic

from auroraview import Bridge, HostError, Launcher

PAGE = Path(__file__).resolve().parent / "page"
#: Width and height of the page area of each panel.
PANELS = {"map": (900, 560), "table": (640, 876), "log": (900, 300)}
CHOICES: dict[str, tuple[object, ...]] = {
    "theme": ("system", "light", "dark"),
    "units": ("km/h", "mph"),
    "paused": (False, True),
}
RATE = 60  # updates a second


class Fleet:
    """The program behind the panels; the folder is for `ws-config.js`, which pages that come from a port do without."""

    def __init__(self, folder: Path) -> None:
        self.bridge = Bridge()
        self.traffic = Traffic()
        self.settings = {name: choices[0] for name, choices in CHOICES.items()}
        self.panels = {
            name: Launcher(
                self.bridge,
                page=PAGE,
                command=["auroraview-shell", f"--width={width}", f"--height={height}"],
                config_dir=folder,
                respawn=True,  # a panel that crashes comes back; the others do not notice
            )
            for name, (width, height) in PANELS.items()
        }
        self.bridge.on("change_settings", self.change_settings)
        self.bridge.on("choose", self.choose)
        self.bridge.bind_call("history", self.history)
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._feed = threading.Thread(target=self._run, name="feed")
        self._send_settings()

    def __enter__(self) -> Fleet:
        with contextlib.ExitStack() as stack:
            for panel in self.panels.values():
                stack.callback(panel.stop)
                panel.start(wait=False)  # all at the same time
            self._feed.start()
            stack.callback(self._feed.join)
            stack.callback(self._stop.set)
            self._all = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._all.close()

    def wait(self) -> None:
        """Until the last panel has been closed."""
        for panel in self.panels.values():
            panel.wait()

    def _run(self) -> None:
        next_time = time.monotonic()
        while not self._stop.wait(max(0.0, next_time - time.monotonic())):
            next_time = max(next_time + 1 / RATE, time.monotonic() - 1)
            if self.settings["paused"]:
                continue
            with self._lock:
                lines = self.traffic.step(1 / RATE)
                snapshot = self.traffic.snapshot()
            # A panel that is slow, or not there, misses snapshots in between, and never the last one.
            self.bridge.emit("snapshot", snapshot, keep="latest")
            self._send_lines(lines)

    def _send_lines(self, lines: list[Line]) -> None:
        log = self.panels["log"]
        for line in lines if log.is_running else ():
            log.emit("line", line)  # each of them; they wait while the panel comes back after a crash

    def _send_settings(self) -> None:
        """Retained: each document of a panel begins with them, before any data."""
        for name, panel in self.panels.items():
            panel.emit("settings", {"panel": name, **self.settings}, retain=True)

    # What the pages say

    def change_settings(self, wanted: dict[str, Any]) -> None:
        """A panel asks, the program decides, all panels are told."""
        for name, choice in wanted.items():
            if choice in CHOICES.get(name, ()):
                self.settings[name] = choice
        self._send_settings()

    def choose(self, name: str | None) -> None:
        """One van is looked at, in all panels."""
        self.bridge.emit("chosen", name, retain=True)

    def history(self) -> list[Line]:
        """What happened before the log was there."""
        with self._lock:
            return list(self.traffic.history)


def main(arguments: list[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--drive", action="store_true", help="use the panels like a person and check the effects")
    parser.add_argument(
        "--screenshot", type=Path, metavar="FILE", help="with --drive: a PNG of the light panels; FILE-dark is the dark"
    )
    options = parser.parse_args(arguments)
    if options.screenshot is not None and not options.drive:
        parser.error("--screenshot goes with --drive")
    try:
        with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
            fleet = Fleet(Path(folder))
            if options.drive:
                from driver import drive

                return drive(fleet, options.screenshot)
            with fleet:
                fleet.wait()
    except HostError as error:
        print(f"No panel can be opened here: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
