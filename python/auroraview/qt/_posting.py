"""Running functions on Qt's thread, from the threads on which the library tells what happened."""

from __future__ import annotations

import collections
import contextlib
from collections.abc import Callable

from auroraview.qt._binding import QtCore, Signal
from auroraview.qt._guard import complain


class _Poster(QtCore.QObject):  # type: ignore[misc]
    """Lives on the thread of the application object."""

    wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.functions: collections.deque[Callable[[], None]] = collections.deque()
        self.wanted.connect(self.run, QtCore.Qt.ConnectionType.QueuedConnection)

    def run(self) -> None:
        """One function for each signal: the application has its turn in between."""
        with contextlib.suppress(IndexError):
            function = self.functions.popleft()
            try:
                function()
            except Exception as error:  # noqa: BLE001 - PyQt would end the application
                complain(function, error)


_poster: _Poster | None = None


def prepare() -> None:
    """Makes :func:`post` work. On Qt's thread."""
    global _poster
    if _poster is None:
        _poster = _Poster()


def post(function: Callable[[], None]) -> None:
    """Has it run on Qt's thread, in order, in a later turn of its loop. Any thread."""
    poster = _poster
    if poster is not None:
        poster.functions.append(function)
        with contextlib.suppress(RuntimeError):  # gone with the application
            poster.wanted.emit()
