"""What ends: the page, its process, its widget, the window around it, the program. See ``program.py``."""

from __future__ import annotations

import gc
import os
import signal
import weakref
from typing import Any

from tests.qt.program import Program, QtWidgets, Steps

#: Where a type has its function of that name: after the head of an object and 21 words.
TP_CLEAR = object.__basicsize__ + (1 + 21) * 8
STORM = "setInterval(() => { for (let n = 0; n < 20; n++) auroraview.call('echo', [n]).catch(() => {}) }, 5); 0"


def signals(program: Program) -> Steps:
    """Signals come on Qt's thread; handlers are those of the bridge."""
    panel = program.panel()
    received: list[Any] = []
    panel.received.connect(lambda name, detail: received.append([name, detail]))
    panel.listen("clicked", "other")
    panel.bind_call("add", lambda a, b: a + b)
    program.dock(panel)
    yield from program.ready(panel)
    yield from program.click_page(panel, "button")
    yield lambda: received
    program.seen["received"] = received[0]
    program.seen["sum"] = yield from program.js(panel, "auroraview.call('add', [1, 2])")
    yield from program.js(panel, "auroraview.on('news', (news) => { window.news = news }); 0")
    panel.emit("news", {"a": 1})
    yield from program.page_is(panel, "window.news?.a", 1)


def closing(program: Program) -> Steps:
    """A page that is closed, by whomever, can be opened again in its widget; one that crashed is loaded again."""
    panel = program.panel()
    dock = program.dock(panel)
    yield from program.ready(panel)
    panel.view.close()
    yield lambda: "closed" in program.signals
    program.seen["text"] = panel._notice.text
    dock.setFloating(True)
    dock.setFloating(False)
    panel._notice.pressed.emit()
    yield from program.ready(panel)
    panel.close_view()
    yield lambda: program.signals.count("closed") == 2
    panel.open()
    yield from program.ready(panel)
    yield from program.click_page(panel, "button")
    yield from program.page_is(panel, "document.getElementById('count').textContent", "1")
    for process in _children("WebKitWebProces"):
        os.kill(process, signal.SIGKILL)
    yield lambda: "crashed" in program.signals
    yield lambda: panel._notice.isVisible()
    program.seen["crash"] = panel._notice.text
    panel._notice.pressed.emit()
    yield lambda: not panel._notice.isVisible()
    yield from program.ready(panel)
    yield from program.click_page(panel, "button")
    yield from program.page_is(panel, "document.getElementById('count').textContent", "1")


def deletion(program: Program) -> Steps:
    """Widgets are deleted in any order, under load: the page closes, nothing is kept, the program lives."""
    for what in ("panel", "dock", "container", "window", "python"):
        window = QtWidgets.QMainWindow()
        window.setCentralWidget(QtWidgets.QTextEdit())
        window.resize(700, 400)
        window.show()
        panel: Any = program.panel()
        panel.bind_call("echo", lambda n: n)
        view = panel.view
        dock = program.dock(panel, window=window)
        yield from program.ready(panel)
        yield from program.js(panel, STORM)
        yield from program.turns(100)
        reference = weakref.ref(panel)
        if what == "panel":
            panel.deleteLater()
        elif what == "dock":
            dock.deleteLater()
        elif what == "container":
            panel._embedding.container.deleteLater()
            yield lambda panel=panel: panel._embedding.container is None
            panel._place()
            yield from program.ready(panel)
            panel.deleteLater()
        elif what == "window":
            window.deleteLater()
        else:
            dock.setWidget(QtWidgets.QWidget())
            panel.setParent(None)
        del panel
        yield lambda view=view: gc.collect() >= 0 and not view.is_open
        yield lambda reference=reference: gc.collect() >= 0 and reference() is None
        program.seen[what] = "closed"
        if what != "window":
            window.close()
            window.deleteLater()
    yield from program.turns()


def adoption(program: Program) -> Steps:
    """A view that the program made outlives the widgets it was in."""
    from auroraview import WebView, WindowOptions
    from tests.qt.program import PAGE

    view = WebView("mine", html=PAGE, window=WindowOptions(embedded=True))
    first = program.panel(html=None, title="", view=view)
    first.open()
    program.seen["open"] = view.is_open
    program.dock(first, "first")
    yield from program.ready(first)
    yield from program.js(first, "window.mark = 5")
    parent = first.parentWidget()
    parent.setFloating(True)
    yield from program.settled(first)
    parent.deleteLater()
    del first, parent
    yield from program.turns()
    program.seen["outlives"] = view.is_open
    second = program.panel(html=None, title="", view=view)
    program.dock(second, "second")
    yield from program.ready(second)
    program.seen["mark"] = yield from program.js(second, "window.mark")
    yield lambda: program.colour(*program.point(second, 200, 400)) == [0, 96, 160]
    view.close()
    yield lambda: not view.is_open


def errors(program: Program) -> Steps:
    """An error in a filter or a virtual function is logged, and the program goes on."""
    import logging

    logged: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            logged.append(record.getMessage())

    panel = program.panel()
    program.dock(panel)
    yield from program.ready(panel)
    logging.getLogger("auroraview").addHandler(Handler())

    def broken(*_: object) -> None:
        raise ValueError("broken")

    panel._drops.left = panel._sync_later = panel._follow_scale = broken
    panel.hide()
    panel.show()
    panel.resize(300, 300)
    from auroraview.qt import _posting

    _posting.post(broken)
    yield lambda: len(logged) >= 3
    program.seen["logged"] = all("broken" in one for one in logged)


def collection(program: Program) -> Steps:
    """Qt deletes a panel whose end the collector has cleared, as it does on another thread at the wrong moment."""
    import ctypes

    from auroraview.qt._following import PanelEnd

    panel = program.panel()
    view = panel.view
    (end,) = [one for one in gc.get_objects() if isinstance(one, PanelEnd)]
    address = ctypes.c_void_p.from_address(id(PanelEnd) + TP_CLEAR).value
    ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.py_object)(address)(end)
    program.seen["cleared"] = not vars(end)
    deleted: list[bool] = []
    panel.destroyed.connect(lambda *_: deleted.append(True))
    panel.deleteLater()
    del panel
    yield lambda: deleted
    program.seen["lives"] = not view.is_open


def quitting(program: Program) -> Steps:
    """The user closes the main window under a storm of calls: run many times, it ends with 0."""
    panel = program.panel()
    panel.bind_call("echo", lambda n: n)
    panel.bind_call("main", lambda n: n, thread="main")
    program.dock(panel)
    yield from program.ready(panel)
    yield from program.js(panel, STORM)
    yield from program.turns(200)
    program.seen["quits"] = True
    program.window.close()


def _children(name: str) -> list[int]:
    """Processes of a name that descend from this one."""
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                with open(f"/proc/{entry}/stat") as stat:
                    text = stat.read()
            except OSError:
                continue
            rest = text.rsplit(")", 1)[1].split()
            if name in text.split("(", 1)[1] and int(rest[1]) == os.getpid() and rest[0] != "Z":
                found.append(int(entry))
    return found
