"""The binding of Qt that the application uses: PySide6, PySide2, PyQt6 or PyQt5. None is a dependency of the library.

Enums are written fully scoped everywhere (``Qt.Key.Key_A``), which all four understand; what else differs is here.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from auroraview._host import QT_BINDINGS
from auroraview._log import logger
from auroraview.hosts import _binding


def _choose() -> str:
    """The one that has an application object; that is loaded; that ``QT_API`` names; the first that can be imported."""
    found = _binding.find()
    if found is not None:
        return found[0]
    for name in QT_BINDINGS:
        if f"{name}.QtWidgets" in sys.modules:
            return name
    wanted = os.environ.get("QT_API", "").lower()
    problems = []
    for name in sorted(QT_BINDINGS, key=lambda name: name.lower() != wanted):
        try:
            importlib.import_module(f"{name}.QtWidgets")
        except ImportError as error:
            problems.append(f"{name}: {error}")
        else:
            return name
    raise ImportError(
        "auroraview.qt needs a binding of Qt: `pip install PySide6`, or run it inside an application that has one "
        f"({'; '.join(problems)})"
    )


#: Its name, as in ``import PySide6``.
NAME = _choose()
QtCore: Any = importlib.import_module(f"{NAME}.QtCore")
QtGui: Any = importlib.import_module(f"{NAME}.QtGui")
QtWidgets: Any = importlib.import_module(f"{NAME}.QtWidgets")

# Its functions take references to None, True and False for granted, which they are from Python 3.12 on only.
if NAME == "PySide6" and QtCore.__version__ == "6.12.0" and sys.version_info < (3, 12):
    logger.warning(
        'PySide6 6.12.0 ends Python %d.%d ("deallocating True or False") after some thousand signals, with or without '
        "pages: take PySide6 6.11, or Python 3.12",
        *sys.version_info[:2],
    )

Signal: Any = getattr(QtCore, "Signal", None) or QtCore.pyqtSignal
#: With Qt 6 they moved.
QAction: Any = getattr(QtGui, "QAction", None) or QtWidgets.QAction
QShortcut: Any = getattr(QtGui, "QShortcut", None) or QtWidgets.QShortcut


def is_alive(thing: Any) -> bool:
    """Whether the C++ object behind a ``QObject`` is still there."""
    try:
        thing.objectName()
    except RuntimeError:
        return False
    return True


def application() -> Any:
    """The application object, or ``None``; also ``None`` when it has no windows."""
    found = QtCore.QCoreApplication.instance()
    return found if isinstance(found, QtWidgets.QApplication) else None


def embeds() -> bool:
    """Whether windows of ours can be inside windows of this application: where Qt speaks to an X server itself. Not so
    on Wayland, without a screen (``offscreen``), and on other systems. False as long as there is no ``QApplication``.
    """
    return application() is not None and QtGui.QGuiApplication.platformName() == "xcb"
