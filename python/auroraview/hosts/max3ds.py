"""Autodesk 3ds Max.

Its functions must not be called from other threads. It is a Qt application, and the way to its main thread that
Autodesk shows is an object that lives there and gets through Qt's event queue what is to be run. An event is posted
here, where Autodesk's example emits a signal: emitting takes a reference from ``True`` in some versions of PySide.
Source: Autodesk's pymxs help ("Multi-threading With MAXScript"), the ``mxthread`` example of its "3ds Max Python How
Tos", and Qt's documentation of ``QCoreApplication.postEvent``, which may be called from any thread.

``qtmax.GetQMaxMainWindow()`` gives the main window. Source: Autodesk's 3ds Max developer help, "PySide API".
"""

from __future__ import annotations

import contextlib
import importlib
from collections import deque
from collections.abc import Callable
from typing import Any

from auroraview.hosts import _binding
from auroraview.hosts._base import Drain, Host, module
from auroraview.hosts._waker import Waker


class Max3ds(Host):
    """3ds Max's main thread, by events that are posted to it."""

    name = "max3ds"

    def detect(self) -> bool:
        """``pymxs`` is there, and Qt's application object."""
        return module("pymxs") is not None

    def version(self) -> str:
        """As "2024": MAXScript counts from 1998, in thousands."""
        return str(1998 + int(module("pymxs").runtime.maxVersion()[0]) // 1000)

    def toolkit(self) -> str:
        """3ds Max's windows are Qt's where Python meets them."""
        return _binding.toolkit()

    def interactive(self) -> bool:
        """Not in ``3dsmaxbatch``, where Qt runs no application."""
        return _binding.find() is not None

    def start(self, drain: Drain) -> Callable[[], None]:
        """An event for each time that something begins to wait."""
        found = _binding.find()
        assert found is not None, "interactive() has found it"
        core = found[1]
        receiver = _receiver(core)

        def run_later(function: Callable[[], None]) -> None:
            receiver.functions.append(function)
            core.QCoreApplication.postEvent(receiver, core.QEvent(core.QEvent.Type.User))

        waker = Waker(drain, run_later)

        def stop() -> None:
            waker.stop()
            with contextlib.suppress(RuntimeError):  # gone with the application object
                receiver.deleteLater()

        return stop

    def main_window(self) -> Any:
        """As ``qtmax`` tells; where it is missing, as any program of Qt."""
        try:
            window = importlib.import_module("qtmax").GetQMaxMainWindow()
        except ImportError:
            return _binding.main_window()
        return _binding.as_main_window(window)

    def window_id(self) -> int | None:
        """That of the main window; 3ds Max itself runs on Windows."""
        return _binding.window_id(self.main_window())


def _receiver(core: Any) -> Any:
    """An object of this thread that calls one of its functions for each event."""

    class Receiver(core.QObject):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.functions: deque[Callable[[], None]] = deque()

        def event(self, event: Any) -> bool:
            if event.type() != core.QEvent.Type.User:
                return bool(super().event(event))
            if self.functions:
                self.functions.popleft()()
            return True

    return Receiver()
