"""A program of Qt with a panel, and what a user does to it; tells what it saw as JSON.

A scenario is a generator on Qt's thread. It yields what it waits for, a function; the loop goes on meanwhile. Input
is real: xdotool moves the pointer and presses keys.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Generator
from typing import Any

SECONDS = 20.0
BINDING = sys.argv[1]
QtCore: Any = importlib.import_module(f"{BINDING}.QtCore")
QtGui: Any = importlib.import_module(f"{BINDING}.QtGui")
QtWidgets: Any = importlib.import_module(f"{BINDING}.QtWidgets")
Action: Any = getattr(QtGui, "QAction", None) or QtWidgets.QAction
Shortcut: Any = getattr(QtGui, "QShortcut", None) or QtWidgets.QShortcut

Steps = Generator[Callable[[], object], None, Any]

PAGE = """<!doctype html><body style="margin: 0; background: rgb(0, 96, 160); color: white; font: 16px sans-serif">
<p style="margin: 8px"><input id="text" style="width: 150px"> <button id="button">Count</button> <b id="count">0</b></p>
<div id="drag" draggable="true" style="margin: 8px; height: 60px; background: rgb(160, 96, 0)">drag me</div>
<div id="drop" style="margin: 8px; height: 120px; background: rgb(0, 120, 60)">drop here</div>
<script>
  const clicks = { n: 0 };
  document.getElementById("button").onclick = () => {
    document.getElementById("count").textContent = ++clicks.n;
    auroraview.send_event("clicked", clicks.n);
  };
  window.keys = [];
  addEventListener("keydown", (event) => {
    keys.push(event.key);
    if (event.key === "F9") event.preventDefault();
  });
  document.getElementById("drag").ondragstart = (event) => event.dataTransfer.setData("text/plain", "from the page");
  const drop = document.getElementById("drop");
  window.dropped = [];
  drop.ondragenter = () => dropped.push("enter");
  drop.ondragleave = () => dropped.push("leave");
  drop.ondragover = (event) => event.preventDefault();
  drop.ondrop = (event) => {
    event.preventDefault();
    const data = event.dataTransfer;
    dropped.push(["drop", data.getData("text/plain"), data.getData("text/uri-list"), Math.round(event.clientX)]);
  };
</script>"""


class Program:
    """The application, its main window with a text field, and what happened."""

    def __init__(self) -> None:
        self.application = QtWidgets.QApplication([f"test {BINDING}"])
        self.seen: dict[str, Any] = {}
        self.signals: list[str] = []
        self.errors: list[str] = []
        self.window = QtWidgets.QMainWindow()
        self.edit = QtWidgets.QLineEdit()
        self.window.setCentralWidget(self.edit)
        self.window.resize(1000, 640)
        self.window.move(60, 60)
        self.window.show()

    def panel(self, parent: Any = None, **options: Any) -> Any:
        """A panel whose signals are written down."""
        from auroraview.qt import WebPanel

        panel = WebPanel(parent, **{"html": PAGE, "title": "panel", **options})
        for name in ("opened", "ready", "crashed", "closed"):
            getattr(panel, name).connect(lambda name=name: self.signals.append(name))
        return panel

    def dock(self, panel: Any, title: str = "panel", window: Any = None) -> Any:
        """A dock with the panel, on the right."""
        window = window or self.window
        dock = QtWidgets.QDockWidget(title, window)
        dock.setObjectName(title)
        dock.setWidget(panel)
        window.addDockWidget(QtCore.Qt.DockWidgetArea.RightDockWidgetArea, dock)
        return dock

    # Waiting

    def ready(self, panel: Any) -> Steps:
        """Until the page is there, and painted in its place."""
        yield lambda: panel.view.is_ready
        yield lambda: panel._embedding.container is not None and panel.view.window.visible
        yield from self.settled(panel)

    def settled(self, panel: Any) -> Steps:
        """Until the page has the size of its panel."""
        found = wanted = None
        end = time.monotonic() + SECONDS
        while True:
            assert time.monotonic() < end, f"the page is {found}, not {wanted}"
            found = yield from self.js(panel, "[innerWidth, innerHeight]")
            wanted = [panel.width(), panel.height()]
            if all(abs(one - other) <= 1 for one, other in zip(found, wanted, strict=True)):
                return

    def js(self, panel: Any, script: str) -> Steps:
        """The value of a script."""
        future = panel.view.eval_js(script)
        yield future.done
        return future.result(0)

    def page_is(self, panel: Any, script: str, value: Any) -> Steps:
        """Until a script has a value."""
        found = None
        end = time.monotonic() + SECONDS
        while found != value:
            assert time.monotonic() < end, f"{script} is {found!r}, not {value!r}"
            found = yield from self.js(panel, script)

    def turns(self, milliseconds: int = 150) -> Steps:
        """Lets the loop go on, for what must not happen: nothing tells of that."""
        end = time.monotonic() + milliseconds / 1000
        yield lambda: time.monotonic() > end

    # What a user does

    def xdo(self, *arguments: object) -> Steps:
        """Runs xdotool while the loop goes on."""
        tool = subprocess.Popen(["xdotool", *map(str, arguments)])
        yield lambda: tool.poll() is not None

    def point(self, widget: Any, x: float, y: float) -> tuple[int, int]:
        """A place in a widget, on the screen."""
        ratio = widget.devicePixelRatioF()
        place = widget.mapTo(widget.window(), QtCore.QPoint(int(x), int(y)))
        corner = widget.window().mapToGlobal(QtCore.QPoint(0, 0))
        return round((corner.x() + place.x()) * ratio), round((corner.y() + place.y()) * ratio)

    def middle(self, panel: Any, element: str) -> Steps:
        """The middle of an element of the page, on the screen."""
        box = yield from self.js(panel, f"document.getElementById('{element}').getBoundingClientRect().toJSON()")
        return self.point(panel, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def click_page(self, panel: Any, element: str) -> Steps:
        """Clicks into an element of the page."""
        x, y = yield from self.middle(panel, element)
        yield from self.xdo("mousemove", x, y, "click", 1)

    def click(self, widget: Any, x: int = 12, y: int = 12) -> Steps:
        """Clicks into a widget."""
        yield from self.xdo("mousemove", *self.point(widget, x, y), "click", 1)

    def colour(self, x: int, y: int) -> list[int]:
        """Of a pixel of the screen."""
        import ctypes

        x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = x11.XGetImage.restype = ctypes.c_void_p
        x11.XDefaultRootWindow.restype = x11.XGetPixel.restype = ctypes.c_ulong
        display = ctypes.c_void_p(x11.XOpenDisplay(None))
        root = ctypes.c_ulong(x11.XDefaultRootWindow(display))
        image = ctypes.c_void_p(x11.XGetImage(display, root, x, y, 1, 1, ctypes.c_ulong(0xFFFFFF), 2))
        pixel = x11.XGetPixel(image, 0, 0)
        x11.XDestroyImage(image)
        x11.XCloseDisplay(display)
        return [pixel >> 16 & 255, pixel >> 8 & 255, pixel & 255]

    # Running

    def run(self, steps: Steps) -> int:
        """Runs a scenario in Qt's loop, and ends."""
        waits: list[Any] = [None, 0.0]

        def turn() -> None:
            try:
                while waits[0] is None or waits[0]():
                    waits[0] = next(steps)
                    waits[1] = time.monotonic() + SECONDS
                if time.monotonic() > waits[1]:
                    steps.throw(TimeoutError("what is waited for did not come"))
            except StopIteration:
                timer.stop()
                self.application.quit()
            except BaseException:  # noqa: BLE001 - told, and PyQt would abort
                self.seen["error"] = traceback.format_exc()
                if "AURORAVIEW_TEST_PICTURE" in os.environ:
                    subprocess.run(["import", "-window", "root", os.environ["AURORAVIEW_TEST_PICTURE"]], check=False)
                timer.stop()
                self.application.quit()

        timer = QtCore.QTimer()
        timer.timeout.connect(turn)
        timer.start(5)
        status = int((getattr(self.application, "exec", None) or self.application.exec_)())
        print(json.dumps(self.seen), flush=True)
        return status
