"""Which of the four bindings of Qt the application uses, and its windows. No other than that one is imported."""

from __future__ import annotations

import importlib
from typing import Any

from auroraview._host import QT_BINDINGS
from auroraview.hosts._base import module


def find() -> tuple[str, Any] | None:
    """The name of the binding that is loaded and knows an application object, and its module ``QtCore``."""
    for name in QT_BINDINGS:
        core = module(f"{name}.QtCore")
        if core is not None and core.QCoreApplication.instance() is not None:
            return name, core
    return None


def toolkit() -> str:
    """As "Qt 6.8.1 (PySide6)"."""
    found = find()
    if found is None:
        return "Qt"
    name, core = found
    return f"Qt {core.qVersion()} ({name})"


def binding_of(widget: Any) -> str:
    """The name of the binding that an object comes from, whatever class of the application's own it has."""
    for kind in type(widget).__mro__:
        name = kind.__module__.partition(".")[0]
        if name in QT_BINDINGS:
            return name
    raise TypeError(f"{widget!r} is no object of Qt")


def as_main_window(widget: Any) -> Any:
    """The widget if it is a main window that lives, else ``None``."""
    try:
        return widget if widget is not None and widget.inherits("QMainWindow") else None
    except RuntimeError:  # deleted by Qt
        return None


def main_window() -> Any:
    """The program's main window: the active one of several, else the largest that is shown, else any."""
    found = find()
    if found is None:
        return None
    name, core = found
    application = core.QCoreApplication.instance()
    if not application.inherits("QApplication"):
        return None
    widgets = importlib.import_module(f"{name}.QtWidgets").QApplication
    active = as_main_window(widgets.activeWindow())
    if active is not None:
        return active
    windows = [one for one in widgets.topLevelWidgets() if as_main_window(one) is not None]
    return max(windows, key=lambda one: (one.isVisible(), one.width() * one.height()), default=None)


def window_id(widget: Any) -> int | None:
    """The X11 id of a widget's window; ``None`` where Qt's windows are not X11's, or there is no window yet."""
    if widget is None:
        return None
    gui = importlib.import_module(f"{binding_of(widget)}.QtGui")
    if gui.QGuiApplication.platformName() != "xcb" or widget.window().windowHandle() is None:
        return None
    return int(widget.window().winId())
