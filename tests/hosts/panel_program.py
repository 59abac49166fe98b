"""A program of Qt with a main window, and panels in it: ``panel_program.py BINDING [APPLICATION]``; tells what it saw.

With the name of a closed application it looks like that one, which tells its main window in its own way.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

BINDING, *REST = sys.argv[1:]
SECONDS = 20.0
core: Any = importlib.import_module(f"{BINDING}.QtCore")
widgets: Any = importlib.import_module(f"{BINDING}.QtWidgets")
application = widgets.QApplication([])
PAGE = "<!doctype html><body>A page"


def module(name: str, **members: Any) -> types.ModuleType:
    made = types.ModuleType(name)
    vars(made).update(members)
    sys.modules[name] = made
    return made


def pretend(name: str) -> None:
    """The application's modules, with what its documentation says of its main window."""

    def later(function: Any, *_: Any) -> None:
        post.wanted.emit(function)

    if name == "maya":
        shiboken = importlib.import_module({"PySide6": "shiboken6", "PySide2": "shiboken2"}[BINDING])
        address = types.SimpleNamespace(mainWindow=lambda: shiboken.getCppPointer(window)[0])
        ui = module("maya.OpenMayaUI", MQtUtil=address)
        utils = module("maya.utils", executeDeferred=later)
        cmds = module("maya.cmds", about=lambda **what: False if "batch" in what else "2025")
        module("maya", utils=utils, cmds=cmds, OpenMayaUI=ui)
    elif name == "houdini":
        module("hdefereval", executeDeferred=later)
        qt = types.SimpleNamespace(mainWindow=lambda: window)
        module("hou", isUIAvailable=lambda: True, applicationVersionString=lambda: "20.5", qt=qt)
    elif name == "nuke":
        module("nuke", executeInMainThread=later, GUI=True, NUKE_VERSION_STRING="15.1v3")
    elif name == "max3ds":
        module("pymxs", runtime=types.SimpleNamespace(maxVersion=lambda: [26000]))
        module("qtmax", GetQMaxMainWindow=lambda: window)


class Post(core.QObject):
    """Has a function run on the main thread, as these applications do."""

    wanted = (getattr(core, "Signal", None) or core.pyqtSignal)(object)


post = Post()
post.wanted.connect(lambda function: function())


def spin(condition: Callable[[], object], what: str) -> None:
    """Lets Qt's loop go on until a condition holds."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true within {SECONDS:g} s"
        loop = core.QEventLoop()
        core.QTimer.singleShot(5, loop.quit)
        (getattr(loop, "exec", None) or loop.exec_)()


def value(panel: Any, script: str) -> Any:
    future = panel.view.eval_js(script)
    spin(future.done, script)
    return future.result(0)


def inside(panel: Any) -> bool:
    """The page is where its widget is in the window, as the X server sees both, and as wide.

    Not as Qt does: it can be wrong for good of a window that was moved while the window manager framed it.
    """
    around = panel.widget.window()
    ratio = panel.widget.devicePixelRatioF()
    corner = panel.widget.mapTo(around, core.QPoint(0, 0))
    frame, place = (_x11.geometry(one) for one in (int(around.winId()), panel.view.window.native_id))
    if frame is None or place is None:
        return False
    wanted = (frame[0] + corner.x() * ratio, frame[1] + corner.y() * ratio, panel.widget.width() * ratio)
    return all(abs(one - other) <= 2 for one, other in zip(place, wanted, strict=False))


def settle() -> None:
    """Lets Qt do what it has put off."""
    done: list[int] = []
    for _ in range(3):
        core.QTimer.singleShot(100, lambda: done.append(1))
    spin(lambda: len(done) == 3, "a few turns of the loop")


def main_window() -> Any:
    made = widgets.QMainWindow()
    made.setObjectName("main")
    made.setCentralWidget(widgets.QTextEdit())
    made.resize(1200, 800)
    made.move(50, 60)
    made.show()
    return made


window = main_window()
if REST:
    pretend(REST[0])
spin(window.isVisible, "the main window")

from auroraview import HostError, hosts  # noqa: E402 - as tools are: after the application
from auroraview.hosts import _x11  # noqa: E402

seen: dict[str, Any] = {}


def docks() -> int:
    return sum(not one.isHidden() for one in window.findChildren(widgets.QDockWidget))


def opened(area: str, **options: Any) -> Any:
    panel = hosts.panel(area, **{"key": area, "area": area, "html": PAGE, "width": 333, "height": 222, **options})
    panel.bind_call("one", lambda: 1)
    assert value(panel, "auroraview.call('one')") == 1
    return panel


def test_places() -> None:
    """Each area, with the size that was asked for."""
    places = {}
    for area in ("right", "left", "top", "bottom", "floating"):
        panel = opened(area)
        dock = panel.dock
        assert (panel.place, panel.widget.view, dock.window() is not None) == ("docked", panel.view, True)
        assert dock.windowTitle() == area
        spin(lambda panel=panel: value(panel, "innerWidth") > 200, "the page has the size of its dock")
        size = dock.height() if area in ("top", "bottom") else dock.width()
        places[area] = [size, bool(dock.isFloating()), panel._look().area, dock.objectName()]
        panel.close()
        assert panel.dock is None
    seen["places"] = places
    spin(lambda: not window.findChildren(widgets.QDockWidget), "the end of the docks")


def test_life() -> None:
    """Closed by its button, run again, floated, closed, deleted: the page stays as long as it is not closed."""
    panel = opened("right")
    value(panel, "window.mark = 7")
    panel.dock.close()
    spin(lambda: value(panel, "document.visibilityState") == "hidden", "the page knows that it is hidden")
    assert panel.is_open
    assert panel._look().visible is False
    assert hosts.panel("again", key="right") is panel
    spin(lambda: value(panel, "document.visibilityState") == "visible", "the page is seen again")
    assert panel.dock.windowTitle() == "again"
    panel.dock.setFloating(True)
    panel.dock.resize(500, 444)
    panel.dock.move(300, 200)
    spin(lambda: panel._look().window == (300, 200, 500, 444), "the floating dock is where it was put")
    panel.dock.deleteLater()
    spin(lambda: panel.dock is None, "the end of the dock")
    assert panel.is_open
    panel.show()
    assert value(panel, "window.mark") == 7
    assert panel.dock.isFloating()
    panel.close()
    spin(lambda: not panel.is_open, "the end of the page")
    panel.show()
    assert value(panel, "window.mark") is None
    assert value(panel, "auroraview.call('one')") == 1
    assert (panel.dock.width(), panel.dock.height()) == (500, 444)
    panel.view.close()
    spin(lambda: panel.dock.isHidden(), "no dock without a page")
    panel.close()
    spin(lambda: not window.findChildren(widgets.QDockWidget), "the end of the docks")
    panel = opened("right")
    panel.bind_call("bye", panel.close)
    panel.view.eval_js("for (let i = 0; i < 50; i++) auroraview.call('one'); auroraview.call('bye')")
    spin(lambda: not panel.is_open, "a panel that its own page closes, in the middle of calls")
    spin(lambda: not window.findChildren(widgets.QDockWidget), "the end of the docks")
    seen["life"] = True


def test_failure() -> None:
    """A page that cannot open is said, and leaves no half dock."""
    from auroraview.view import WebView

    begin = WebView._begin
    WebView._begin = lambda self: (_ for _ in ()).throw(HostError("no place"))  # type: ignore[method-assign]
    try:
        hosts.panel("T", key="bad", html=PAGE)
    except HostError as error:
        seen["failure"] = str(error)
    finally:
        WebView._begin = begin  # type: ignore[method-assign]
    assert docks() == 0
    assert hosts.panels() == tuple(one for one in hosts.panels() if one.key != "bad")


def test_windows() -> None:
    """What the application has saved of its docks counts more than what we have; another window gets the dock."""
    global window
    panel = opened("left")
    window.addDockWidget(core.Qt.DockWidgetArea.BottomDockWidgetArea, panel.dock)
    spin(lambda: panel._look().area == "bottom", "the dock was moved")
    state = window.saveState()
    value(panel, "window.mark = 7")
    window.close()
    window = main_window()
    window.restoreState(state)
    panel.show()
    assert panel.dock.parent() == window
    assert value(panel, "window.mark") == 7
    spin(lambda: inside(panel), "the page is in the dock of the other window")
    settle()  # what the dock before does when it goes
    assert inside(panel)
    hosts.detach()
    spin(lambda: not window.findChildren(widgets.QDockWidget), "the end of the docks")
    window.close()
    window = main_window()
    window.restoreState(state)
    panel = opened("left", width=300)  # what we remember is of another size
    seen["restored"] = panel._look().area


def test_frames() -> None:
    """Windows with a panel are closed by their frames, which ends them in Qt 5 and 6.4, and shown again."""
    panel = opened("right")
    value(panel, "window.mark = 7")
    panel.dock.setFloating(True)
    panel.dock.move(300, 200)
    spin(lambda: inside(panel), "it floats")
    panel.dock.windowHandle().close()
    spin(panel.dock.isHidden, "the dock is closed")
    settle()
    panel.show()
    spin(lambda: inside(panel), "the page is in the floating dock again")
    panel.dock.setFloating(False)
    window.windowHandle().close()
    settle()
    window.show()
    panel.show()
    spin(lambda: inside(panel), "the page is in the main window again")
    assert value(panel, "window.mark") == 7
    panel.close()
    seen["frames"] = True


def test_deletion() -> None:
    """The main window is deleted under docks that are shown, one of them floating; the pages find the next window."""
    global window
    hosts.detach()
    hosts.attach()
    panels = [opened(area) for area in ("right", "bottom", "floating")]
    for panel in panels:
        value(panel, f"window.mark = '{panel.key}'")
    window.deleteLater()
    spin(lambda: not any(panel.dock for panel in panels), "the end of the docks")
    window = main_window()
    for panel in panels:
        panel.show()
        assert panel.dock.parent() == window
        assert value(panel, "window.mark") == panel.key
        spin(lambda panel=panel: inside(panel), "the page is in its dock")
        panel.close()
    seen["deletion"] = True


def test_isolated() -> None:
    """A page in a process of its own is docked like any other; it comes back into its dock after a crash."""
    panel = opened("right", key="isolated", isolation="process")
    assert (panel.place, panel.view.info["transport"]) == ("docked", "isolated")
    ready: list[int] = []
    panel.view.on_ready(lambda: ready.append(1))
    spin(lambda: ready, "the page")
    value(panel, "window.mark = 7")
    panel.dock.setFloating(True)
    panel.dock.move(300, 200)
    spin(lambda: panel._look().floating and inside(panel), "it floats")
    assert value(panel, "window.mark") == 7
    os.kill(shell(), signal.SIGKILL)
    spin(lambda: len(ready) == 2, "the page in another window")
    assert value(panel, "auroraview.call('one')") == 1
    spin(lambda: inside(panel) and panel.widget._embedding.container.isVisible(), "the page is in its dock again")
    panel.close()
    seen["isolated"] = True


def shell() -> int:
    """The process with the isolated window."""
    (found,) = [
        int(one.parent.name)
        for one in Path("/proc").glob("[0-9]*/stat")
        if re.search(rf"\(auroraview-shel\) [RSD] {os.getpid()} ", one.read_text())
    ]
    return found


def test_elsewhere() -> None:
    """Qt's windows are not X11's: the panel is a window in a process of its own."""
    panel = opened("right")
    assert (panel.place, panel.dock, panel.widget, docks()) == ("window", None, None, 0)
    seen["elsewhere"] = panel.view.info["transport"]


def test_end() -> None:
    """The panels are open, and a call is on its way: the program ends as if they were not there."""
    for area in ("right", "bottom", "floating"):
        opened(area)
    for panel in hosts.panels():
        panel.view.eval_js("setInterval(() => auroraview.call('one'), 1)")
    print(json.dumps(seen), flush=True)
    core.QTimer.singleShot(50, window.close)


info = hosts.attach()
seen["info"] = [info.name, info.loop]
on_x11 = application.platformName() == "xcb"
if not on_x11:
    tests = [test_elsewhere, test_end]
elif REST:
    tests = [test_places, test_end]
else:
    tests = [test_places, test_life, test_failure, test_windows, test_frames, test_deletion, test_isolated, test_end]
for test in tests:
    test()
sys.exit((getattr(application, "exec", None) or application.exec_)())
