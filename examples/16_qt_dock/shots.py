"""A model of Qt with shots, and what the page may do to it.

Nothing here names a binding: the modules of the one in use are passed in. The model tells of every change by its
signals, those of the page included, so the page is told by one function, whoever made the change. Rows move; so each
has a number that stays, in the model's user role.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

COLUMNS = ("Shot", "Status", "Team", "Note")
STATUSES = ("To do", "In progress", "Done")
NUMBER = 0x0100  # Qt.ItemDataRole.UserRole, which is an int in some bindings and an enum in others

_numbers = itertools.count(1)


def make_model(gui: Any) -> Any:
    """An empty model."""
    model = gui.QStandardItemModel(0, len(COLUMNS))
    model.setHorizontalHeaderLabels(list(COLUMNS))
    return model


def add_shot(gui: Any, model: Any, values: Sequence[str]) -> int:
    """Adds a row; returns its number."""
    items = [gui.QStandardItem(value) for value in values]
    number = next(_numbers)
    items[0].setData(number, NUMBER)
    model.appendRow(items)
    return number


class Board:
    """Its public methods are what the page may call, on Qt's thread. A shot goes by its number."""

    PAGE: ClassVar[Path] = Path(__file__).resolve().parent / "ui"

    def __init__(self, gui: Any, model: Any) -> None:
        self._gui, self._model = gui, model
        self._table: Any = None
        self._tell: Callable[[str, Any], None] = lambda name, value: None

    # What the page calls

    def set(self, number: int, field: str, value: str) -> None:
        """Changes one field of a shot, as if it was typed into the table."""
        if field not in COLUMNS:
            raise ValueError(f"A shot has no {field}.")
        if field == "Status" and value not in STATUSES:
            raise ValueError(f"There is no status {value}.")
        self._model.item(self._row(number), COLUMNS.index(field)).setText(value)

    def add(self, status: str = STATUSES[0]) -> int:
        """Adds a shot; returns its number."""
        taken = {self._model.item(row, 0).text() for row in range(self._model.rowCount())}
        name = next(name for n in itertools.count(1) if (name := f"new_shot_{n:03}") not in taken)
        return add_shot(self._gui, self._model, (name, status, "", ""))

    def remove(self, number: int) -> None:
        """Removes a shot."""
        self._model.removeRow(self._row(number))

    def select(self, number: int) -> None:
        """Selects a shot in the table."""
        if self._table is not None:
            self._table.selectRow(self._row(number))

    # What the page is told

    def follow(self, table: Any, tell: Callable[[str, Any], None]) -> None:
        """From now on ``tell`` gets ``"shots"`` and ``"selected"`` when they change, and the present ones at once."""
        self._table, self._tell = table, tell
        model = self._model
        for signal in (model.dataChanged, model.rowsInserted, model.rowsRemoved, model.rowsMoved, model.modelReset):
            signal.connect(self._changed)
        table.selectionModel().selectionChanged.connect(self._chosen)
        self._changed()
        self._chosen()

    def _changed(self, *_: object) -> None:
        self._tell("shots", {"statuses": STATUSES, "shots": self._shots()})

    def _chosen(self, *_: object) -> None:
        rows = {index.row() for index in self._table.selectionModel().selectedRows()}
        self._tell("selected", [self._model.item(row, 0).data(NUMBER) for row in sorted(rows)])

    def _shots(self) -> list[dict[str, Any]]:
        found = []
        for row in range(self._model.rowCount()):
            items = [self._model.item(row, column) for column in range(len(COLUMNS))]
            if all(items):  # a row that is being inserted has not all of them yet
                found.append({"number": items[0].data(NUMBER)} | dict(zip(COLUMNS, map(_text, items), strict=True)))
        return found

    def _row(self, number: int) -> int:
        for row in range(self._model.rowCount()):
            if self._model.item(row, 0).data(NUMBER) == number:
                return row
        raise LookupError("This shot is not there any more.")


def _text(item: Any) -> str:
    return str(item.text())
