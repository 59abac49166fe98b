"""Keyboard, mouse, menus, dialogs and drags between the application and a page. See ``program.py``."""

from __future__ import annotations

from typing import Any

from tests.qt.program import Action, Program, QtCore, QtGui, QtWidgets, Shortcut, Steps


def keyboard(program: Program) -> Steps:
    """Typing goes where the user clicked last, wherever the pointer is."""
    seen, edit = program.seen, program.edit
    panel = program.panel()
    program.dock(panel)
    yield from program.ready(panel)
    yield from program.click(edit)
    yield edit.hasFocus
    yield from program.xdo("type", "--delay", 5, "one")
    yield lambda: edit.text() == "one"

    yield from program.click_page(panel, "text")
    yield from program.page_is(panel, "document.hasFocus()", True)
    yield from program.xdo("mousemove", *program.point(edit, 20, 20))
    yield from program.xdo("type", "--delay", 5, "two")
    yield from program.page_is(panel, "document.getElementById('text').value", "two")
    seen["panel is Qt's focus widget"] = program.window.focusWidget() is panel

    yield from program.click(edit)
    yield edit.hasFocus
    yield from program.page_is(panel, "document.hasFocus()", False)
    yield from program.xdo("key", "End")
    yield from program.xdo("mousemove", *program.point(panel, 60, 300))
    yield from program.xdo("type", "--delay", 5, "three")
    yield lambda: edit.text() == "onethree"
    seen["page"] = yield from program.js(panel, "document.getElementById('text').value")

    panel.setFocus()
    yield from program.page_is(panel, "document.hasFocus()", True)
    yield from program.xdo("type", "--delay", 5, "4")
    yield from program.page_is(panel, "document.getElementById('text').value", "two4")
    seen["edit"] = edit.text()


def tabbing(program: Program) -> Steps:
    """Tab goes into the page, through it, and out of it."""
    panel = program.panel()
    other = QtWidgets.QLineEdit()
    middle = QtWidgets.QWidget()
    layout = QtWidgets.QVBoxLayout(middle)
    for widget in (program.edit, panel, other):
        layout.addWidget(widget)
    program.window.setCentralWidget(middle)
    QtWidgets.QWidget.setTabOrder(program.edit, panel)
    QtWidgets.QWidget.setTabOrder(panel, other)
    yield from program.ready(panel)
    yield from program.click(program.edit)
    yield program.edit.hasFocus
    yield from program.xdo("key", "Tab")
    yield from program.page_is(panel, "document.hasFocus()", True)
    visited = []
    for _ in range(6):
        if other.hasFocus():
            break
        visited.append((yield from program.js(panel, "document.activeElement.id")))
        yield from program.xdo("key", "Tab")
        yield from program.turns()
    program.seen["visited"] = sorted(set(visited) - {""})
    program.seen["next has the focus"] = other.hasFocus()
    yield from program.xdo("type", "--delay", 5, "x")
    yield lambda: other.text() == "x"


def shortcuts(program: Program) -> Steps:
    """The application gets the keys that the page leaves alone."""
    fired: list[str] = []
    window = program.window
    menu = window.menuBar().addMenu("&File")
    save: Any = None
    for name, keys in (
        ("save", "Ctrl+S"),
        ("delete", "Del"),
        ("chord", "Ctrl+K, Ctrl+J"),
        ("kept", "F8"),
        ("used", "F9"),
    ):
        action = Action(name, window)
        action.setShortcut(QtGui.QKeySequence(keys))
        action.triggered.connect(lambda *_, name=name: fired.append(name))
        menu.addAction(action)
        save = save or action
    reload = Shortcut(QtGui.QKeySequence("F5"), window)
    reload.activated.connect(lambda: fired.append("reload"))
    elsewhere = Shortcut(QtGui.QKeySequence("F6"), program.edit)
    elsewhere.setContext(QtCore.Qt.ShortcutContext.WidgetShortcut)
    elsewhere.activated.connect(lambda: fired.append("elsewhere"))
    pressed: list[int] = []

    class Outer(QtWidgets.QDockWidget):  # type: ignore[misc]
        def keyPressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
            pressed.append(int(event.key()))

    panel = program.panel(keys=("f8",))
    dock = Outer("panel", window)
    dock.setWidget(panel)
    window.addDockWidget(QtCore.Qt.DockWidgetArea.RightDockWidgetArea, dock)
    yield from program.ready(panel)
    yield from program.click_page(panel, "text")
    yield from program.page_is(panel, "document.hasFocus()", True)
    for key in ("ctrl+s", "F5", "ctrl+k", "ctrl+j", "F6", "F8", "F9", "F7"):
        yield from program.xdo("key", key)
    yield lambda: int(QtCore.Qt.Key.Key_F7) in pressed
    program.seen["fired"] = list(fired)
    fired.clear()
    yield from program.xdo("type", "--delay", 5, "ab")
    yield from program.xdo("key", "Left", "Delete")
    yield from program.page_is(panel, "document.getElementById('text').value", "a")
    program.seen["a key that a text field used"] = list(fired)
    save.setEnabled(False)
    yield from program.xdo("key", "ctrl+s", "F5")
    yield lambda: "reload" in fired
    program.seen["disabled"] = list(fired)
    dock.setFloating(True)
    yield from program.settled(panel)
    save.setEnabled(True)
    fired.clear()
    yield from program.click_page(panel, "text")
    yield from program.xdo("key", "ctrl+s")
    yield lambda: fired == ["save"]
    dock.setFloating(False)
    yield from program.settled(panel)
    yield from program.click_page(panel, "text")
    yield from program.xdo("key", "alt+f")
    yield menu.isVisible
    yield from program.xdo("key", "Down", "Return")
    yield lambda: len(fired) == 2
    yield from program.page_is(panel, "document.hasFocus()", True)
    program.seen["menu"] = fired[1]


def menus(program: Program) -> Steps:
    """Menus and the lists of combo boxes open above the page; a click in the page closes them."""
    panel = program.panel()
    dock = program.dock(panel)
    box = QtWidgets.QComboBox()
    box.addItems([f"item {n}" for n in range(12)])
    dock.setTitleBarWidget(box)
    yield from program.ready(panel)
    yield from program.click_page(panel, "text")
    yield lambda: QtGui.QGuiApplication.focusWindow() is None
    menu = QtWidgets.QMenu(program.window)
    for n in range(8):
        menu.addAction(f"a long enough entry {n}")
    place = QtCore.QPoint(60, 250)
    menu.popup(panel.mapToGlobal(place))
    yield menu.isVisible
    x, y = program.point(panel, place.x() + 30, place.y() + 40)
    yield lambda: program.colour(x, y) != [0, 96, 160]
    yield from program.xdo("mousemove", *program.point(panel, 30, 200), "click", 1)
    yield lambda: not menu.isVisible()
    yield lambda: program.colour(x, y) == [0, 96, 160]
    box.showPopup()
    yield box.view().isVisible
    x, y = program.point(panel, 100, 90)
    yield lambda: program.colour(x, y) != [160, 96, 0] and program.colour(x, y) != [0, 96, 160]
    yield from program.xdo("key", "Down", "Return")
    yield lambda: not box.view().isVisible()
    program.seen["chosen"] = box.currentText()


def dialogs(program: Program) -> Steps:
    """Under a modal dialog of the application the page takes no clicks."""
    panel = program.panel()
    program.dock(panel)
    yield from program.ready(panel)
    yield from program.click_page(panel, "button")
    yield from program.page_is(panel, "document.getElementById('count').textContent", "1")
    for modality in (QtCore.Qt.WindowModality.ApplicationModal, QtCore.Qt.WindowModality.WindowModal):
        dialog = QtWidgets.QDialog(program.window)
        dialog.setWindowModality(modality)
        text = QtWidgets.QLineEdit(dialog)
        dialog.resize(200, 80)
        dialog.show()
        dialog.move(80, 700)
        yield lambda: not panel.view.window.enabled
        yield from program.click_page(panel, "button")
        yield from program.turns(300)
        program.seen.setdefault("under a dialog", []).append(
            (yield from program.js(panel, "document.getElementById('count').textContent"))
        )
        yield from program.click(text)
        yield from program.xdo("type", "--delay", 5, "ok")
        yield lambda text=text: text.text() == "ok"
        dialog.close()
        yield lambda: panel.view.window.enabled
        yield from program.click_page(panel, "button")
        yield from program.page_is(
            panel,
            "document.getElementById('count').textContent",
            str(2 + len(program.seen["under a dialog"]) - 1),
        )


def drags(program: Program) -> Steps:
    """A drag of Qt is one of the page, which takes it where it wants it."""

    class Source(QtWidgets.QLabel):  # type: ignore[misc]
        dragging = False

        def mousePressEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
            event.accept()

        def mouseMoveEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
            if not self.dragging:
                Source.dragging = True
                drag = QtGui.QDrag(self)
                data = QtCore.QMimeData()
                data.setText("from Qt")
                data.setUrls([QtCore.QUrl("file:///tmp/a%20b.txt")])
                drag.setMimeData(data)
                run = getattr(drag, "exec", None) or drag.exec_
                program.seen.setdefault("actions", []).append(
                    run(QtCore.Qt.DropAction.CopyAction) == QtCore.Qt.DropAction.CopyAction
                )
                Source.dragging = False

    source = Source("drag me")
    middle = QtWidgets.QWidget()
    layout = QtWidgets.QVBoxLayout(middle)
    layout.addWidget(program.edit)
    layout.addWidget(source, 1)
    program.window.setCentralWidget(middle)
    panel = program.panel()
    program.dock(panel)
    yield from program.ready(panel)

    def drag(start: tuple[int, int], end: tuple[int, int]) -> Steps:
        steps: list[object] = ["mousemove", *start, "mousedown", 1, "sleep", 0.1]
        for part in range(1, 11):
            place = [round(a + (b - a) * part / 10) for a, b in zip(start, end, strict=True)]
            steps += ["mousemove", *place, "sleep", 0.05]
        yield from program.xdo(*steps, "mousemove", end[0] + 2, end[1], "sleep", 0.3, "mouseup", 1)

    files: list[list[str]] = []
    panel.view.window.on("file_drop", lambda paths, x, y: files.append([str(path) for path in paths]))
    yield from drag(program.point(source, 20, 60), (yield from program.middle(panel, "drop")))
    yield lambda: bool(files)
    program.seen["files"] = files
    panel.view.window.off("file_drop")
    yield from program.page_is(panel, "dropped.some((one) => one[0] === 'drop')", True)
    program.seen["dropped"] = yield from program.js(panel, "dropped.filter((one, n) => one !== 'leave').slice(0, 2)")
    yield from drag(program.point(source, 20, 60), (yield from program.middle(panel, "drag")))
    yield lambda: len(program.seen["actions"]) == 2
    program.seen["drops"] = yield from program.js(panel, "dropped.filter((one) => one[0] === 'drop').length")
