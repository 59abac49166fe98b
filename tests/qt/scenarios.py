"""What becomes of a page when its widget is moved about. See ``program.py``."""

from __future__ import annotations

from typing import Any

from tests.qt.program import PAGE, Program, QtCore, QtGui, QtWidgets, Steps


def docking(program: Program) -> Steps:
    """A dock is resized, floats, comes back, is hidden and shown; the page stays the same document."""
    seen = program.seen
    panel = program.panel()
    dock = program.dock(panel)
    yield from program.ready(panel)
    seen["embeds"] = panel.embeds
    seen["signals"] = list(program.signals)
    yield from program.js(panel, "window.mark = 7; document.getElementById('text').value = 'kept'; 0")
    seen["width of the hint"] = panel.width()
    program.window.resizeDocks([dock], [600], QtCore.Qt.Orientation.Horizontal)
    yield lambda: panel.width() == 600
    yield from program.settled(panel)
    seen["is where Qt says"] = program.colour(*program.point(panel, 300, 400)) == [0, 96, 160]
    dock.setFloating(True)
    dock.move(300, 200)
    dock.resize(500, 300)
    yield lambda: panel.window() is dock
    yield from program.settled(panel)
    yield from program.page_is(panel, "document.visibilityState", "visible")
    dock.setFloating(False)
    yield lambda: panel.window() is program.window
    yield from program.settled(panel)
    dock.hide()
    yield from program.page_is(panel, "document.visibilityState", "hidden")
    dock.show()
    yield from program.page_is(panel, "document.visibilityState", "visible")
    yield from program.settled(panel)
    yield lambda: program.colour(*program.point(panel, 300, 300)) == [0, 96, 160]
    seen["kept"] = yield from program.js(panel, "window.mark + document.getElementById('text').value")


def places(program: Program) -> Steps:
    """Tabs of docks, a tab widget, a splitter, an MDI area, another main window: several panels, each its own page."""
    seen = program.seen
    first, second = program.panel(), program.panel()
    one, two = program.dock(first, "one"), program.dock(second, "two")
    program.window.tabifyDockWidget(one, two)
    yield lambda: two.geometry().right() < 0
    two.raise_()
    yield from program.ready(second)
    one.raise_()
    yield from program.ready(first)
    yield from program.page_is(second, "document.visibilityState", "hidden")
    two.raise_()
    yield from program.page_is(second, "document.visibilityState", "visible")
    yield from program.page_is(first, "document.visibilityState", "hidden")

    yield from program.js(second, "window.mark = 8")
    container: Any
    for container in (QtWidgets.QTabWidget(), QtWidgets.QSplitter(), QtWidgets.QMdiArea(), QtWidgets.QStackedWidget()):
        window = QtWidgets.QMainWindow()
        window.setCentralWidget(container)
        window.resize(700, 500)
        window.move(100, 100)
        add = next(
            getattr(container, name) for name in ("addSubWindow", "addTab", "addWidget") if hasattr(container, name)
        )
        if add.__name__ == "addTab":
            add(second, "page")
            add(QtWidgets.QTextEdit(), "text")
        else:
            placed = add(second)
            if hasattr(placed, "resize"):
                placed.resize(400, 300)
                placed.show()
        second.show()
        window.show()
        yield lambda: second.isVisible()
        yield from program.settled(second)
        yield from program.page_is(second, "document.visibilityState", "visible")
        point = program.point(second, second.width() - 20, second.height() - 20)
        yield lambda point=point: program.colour(*point) == [0, 96, 160]
        seen[type(container).__name__] = yield from program.js(second, "window.mark")
        second.setParent(None)
        window.close()
        window.deleteLater()
    two.setWidget(second)
    second.show()
    two.raise_()
    yield from program.settled(second)
    seen["back"] = yield from program.js(second, "window.mark")
    seen["signals"] = sorted(program.signals)


def pictures(program: Program) -> Steps:
    """Pictures by Qt have the page in them."""
    panel = program.panel()
    program.dock(panel)
    yield from program.ready(panel)

    def colours(picture: Any, x: int, y: int) -> list[int]:
        image = picture.toImage() if hasattr(picture, "toImage") else picture
        ratio = image.devicePixelRatio()
        colour = QtGui.QColor(image.pixel(int(x * ratio), int(y * ratio)))
        return [colour.red(), colour.green(), colour.blue()]

    page = [0, 96, 160]
    yield lambda: colours(panel.grab(), 200, 400) == page
    part = panel.grab(QtCore.QRect(100, 300, 50, 40))
    program.seen["part"] = [part.width(), part.height(), colours(part, 25, 20)]
    image = QtGui.QImage(panel.size(), QtGui.QImage.Format.Format_RGB32)
    image.fill(0)
    panel.render(image)
    program.seen["render"] = colours(image, 200, 400)
    place = panel.mapTo(program.window, QtCore.QPoint(200, 400))
    program.seen["parent"] = colours(program.window.grab(), place.x(), place.y()) == page


def scaled(program: Program) -> Steps:
    """Run with QT_SCALE_FACTOR=1.25: pixels of the page are those of Qt."""
    panel = program.panel()
    program.dock(panel)
    yield from program.ready(panel)
    program.seen["ratio"] = panel.devicePixelRatioF()
    program.seen["zoom"] = panel.view.window.zoom
    yield from program.click_page(panel, "button")
    yield from program.page_is(panel, "document.getElementById('count').textContent", "1")


def without_x11(program: Program) -> Steps:
    """Run with QT_QPA_PLATFORM=offscreen: no page, a sentence, no crash."""
    panel = program.panel()
    program.dock(panel)
    yield lambda: panel._notice is not None
    program.seen["embeds"] = panel.embeds
    program.seen["text"] = panel._notice.text
    program.seen["isolation"] = panel.view.info["transport"]
    panel._notice.pressed.emit()
    yield (
        lambda: (
            panel._notice.text.startswith(("Opening", "The page is in a window", "cannot", "no ")) or not panel._opening
        )
    )
    yield lambda: not panel._opening
    program.seen["open"] = panel.view.is_open
    panel.close_view()
    yield lambda: not panel.view.is_open


def isolated(program: Program) -> Steps:
    """The page in a process of its own is embedded as any other, also when it comes back after a crash."""
    import os
    import signal

    panel = program.panel(isolation="process", html=PAGE)
    dock = program.dock(panel)
    yield from program.ready(panel)
    yield from program.js(panel, "window.mark = 1")
    yield from program.click_page(panel, "button")
    yield from program.page_is(panel, "document.getElementById('count').textContent", "1")
    dock.setFloating(True)
    yield from program.settled(panel)
    dock.setFloating(False)
    yield from program.settled(panel)
    shells = [
        int(name)
        for name in os.listdir("/proc")
        if name.isdigit() and _parent(name) == os.getpid() and "auroraview" in _command(name)
    ]
    for shell in shells:
        os.kill(shell, signal.SIGKILL)
    yield lambda: "crashed" in program.signals
    yield lambda: program.signals.count("ready") == 2
    yield from program.ready(panel)
    program.seen["mark"] = yield from program.js(panel, "window.mark ?? null")
    yield lambda: program.colour(*program.point(panel, 200, 400)) == [0, 96, 160]
    yield from program.click_page(panel, "button")
    yield from program.page_is(panel, "document.getElementById('count').textContent", "1")
    program.seen["shells"] = len(shells)


def _parent(process: str) -> int:
    try:
        with open(f"/proc/{process}/stat") as stat:
            return int(stat.read().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def _command(process: str) -> str:
    try:
        with open(f"/proc/{process}/cmdline") as command:
            return command.read()
    except OSError:
        return ""
