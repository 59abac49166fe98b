"""Any program of Qt that Python runs in: FreeCAD, Krita, or one of your own.

A ``QSocketNotifier`` on the queue's descriptor: Qt sleeps until something waits. It works inside the loops of modal
dialogs too, as long as a loop of Qt runs on the main thread. Source: Qt's documentation of ``QSocketNotifier``.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

from auroraview._main_thread import main_thread
from auroraview.hosts import _binding
from auroraview.hosts._base import Drain, Host, module


class Qt(Host):
    """The thread of the application object, by Qt's own loop."""

    name = "qt"

    def detect(self) -> bool:
        """There is an application object, in any of the four bindings."""
        return _binding.find() is not None

    def version(self) -> str:
        """The application's own; empty where it set none."""
        found = _binding.find()
        return "" if found is None else str(found[1].QCoreApplication.applicationVersion())

    def toolkit(self) -> str:
        """Qt's version, and the binding's name."""
        return _binding.toolkit()

    def start(self, drain: Drain) -> Callable[[], None]:
        """A notifier that is a child of the application object."""
        found = _binding.find()
        assert found is not None, "detect() has found it"
        core: Any = found[1]
        kinds = core.QSocketNotifier
        read = kinds.Type.Read if hasattr(kinds.Type, "Read") else kinds.Read  # PyQt5 has it only there
        notifier = core.QSocketNotifier(main_thread.fileno(), read, core.QCoreApplication.instance())
        notifier.activated.connect(lambda *_: drain())

        def stop() -> None:
            with contextlib.suppress(RuntimeError):  # gone with the application object
                notifier.setEnabled(False)
                notifier.deleteLater()

        return stop

    def main_window(self) -> Any:
        """One of the application's windows; see its documentation of ``QApplication.topLevelWidgets``."""
        return _binding.main_window()

    def window_id(self) -> int | None:
        """That of the main window."""
        return _binding.window_id(self.main_window())


class FreeCAD(Qt):
    """FreeCAD with its window."""

    name = "freecad"

    def detect(self) -> bool:
        """Its user interface is there, and Qt through the binding it came with."""
        return module("FreeCADGui") is not None and super().detect()

    def version(self) -> str:
        """As "0.20.2"."""
        return ".".join(map(str, module("FreeCAD").Version()[:3]))

    def main_window(self) -> Any:
        """As FreeCAD's documentation of ``FreeCADGui`` says."""
        return _binding.as_main_window(module("FreeCADGui").getMainWindow())


class Krita(Qt):
    """Krita."""

    name = "krita"

    def detect(self) -> bool:
        """Its module is there, and PyQt."""
        return module("krita") is not None and super().detect()

    def version(self) -> str:
        """As "5.1.5"."""
        return str(module("krita").Krita.instance().version())

    def main_window(self) -> Any:
        """The active one, as Krita's documentation of ``Window.qwindow`` says."""
        window = module("krita").Krita.instance().activeWindow()
        return None if window is None else _binding.as_main_window(window.qwindow())
