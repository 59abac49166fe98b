"""Which of the four bindings of Qt the application uses. None is imported here, and none is needed."""

from __future__ import annotations

from typing import Any

from auroraview.hosts._base import module

_BINDINGS = ("PySide6", "PySide2", "PyQt6", "PyQt5")


def find() -> tuple[str, Any] | None:
    """The name of the binding that is loaded and knows an application object, and its module ``QtCore``."""
    for name in _BINDINGS:
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
