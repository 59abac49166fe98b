"""How does a page edit a model of Qt, with a table of Qt beside it that does the same?

A program with a table of shots, and a dock with the same shots as cards on a board. What is changed in one is seen in
the other at once; there is no second copy of the data.

``python main.py``, or ``python main.py PyQt5`` for another binding than the first that is installed.
"""

import importlib
import sys

from shots import COLUMNS, Board, add_shot, make_model

BINDINGS = ("PySide6", "PyQt6", "PySide2", "PyQt5")
SHOTS = [
    ("sq010_sh010", "Done", "Light", "Harbour at dawn. Approved with the new sky."),
    ("sq010_sh020", "In progress", "Rig", "The rope still cuts through the bollard."),
    ("sq010_sh030", "In progress", "Light", "Second pass of the fog."),
    ("sq020_sh010", "To do", "Anim", "Waits for the boat's rig."),
    ("sq020_sh020", "To do", "", "Reuse the camera of sh010."),
    ("sq020_sh030", "In progress", "Anim", ""),
]


def make_window(binding: str):
    """The program's main window; it has nothing of the library."""
    gui, widgets = (importlib.import_module(f"{binding}.{part}") for part in ("QtGui", "QtWidgets"))
    window = widgets.QMainWindow()
    window.setWindowTitle(f"Shots ({binding})")
    window.resize(1180, 640)
    window.model = make_model(gui)
    for values in SHOTS:
        add_shot(gui, window.model, values)
    table = widgets.QTableView()
    table.setModel(window.model)
    table.horizontalHeader().setStretchLastSection(True)
    table.setSelectionBehavior(widgets.QAbstractItemView.SelectionBehavior.SelectRows)
    for column, width in enumerate((110, 100, 80)[: len(COLUMNS)]):
        table.setColumnWidth(column, width)
    window.setCentralWidget(table)
    bar = window.addToolBar("Shots")
    bar.setObjectName("shots")
    bar.addAction("Add a shot", lambda: add_shot(gui, window.model, ("new_shot", "To do", "", "")))
    bar.addAction("Remove shots", lambda: remove_rows(table))
    window.table = table
    return window


def remove_rows(table) -> None:
    for row in sorted({index.row() for index in table.selectedIndexes()}, reverse=True):
        table.model().removeRow(row)


def open_board(window):
    """Docks the board in the window; returns the panel."""
    from auroraview import hosts  # now that there is a QApplication, which it looks for

    board = Board(importlib.import_module(f"{type(window).__module__.split('.')[0]}.QtGui"), window.model)
    panel = hosts.panel("Board", key="example.board", path=Board.PAGE, api=board, area="right", width=620)
    board.follow(window.table, lambda name, value: panel.emit(name, value, retain=True, keep="latest"))
    return panel


def first_binding() -> str:
    """The first one that is installed."""
    for name in BINDINGS:
        try:
            importlib.import_module(f"{name}.QtWidgets")
        except ImportError:
            continue
        return name
    raise SystemExit(f"none of {', '.join(BINDINGS)} is installed; pip install PySide6-Essentials")


if __name__ == "__main__":
    chosen = sys.argv[1] if len(sys.argv) > 1 else first_binding()
    application = importlib.import_module(f"{chosen}.QtWidgets").QApplication(sys.argv[:1])
    main_window = make_window(chosen)
    main_window.show()
    open_board(main_window)
    sys.exit(getattr(application, "exec", None)() if hasattr(application, "exec") else application.exec_())
