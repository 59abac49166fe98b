"""Where the native parts of a window are, starting the one that lives in this process, and whose loop it lives in.

A program has a loop for its windows on a thread of ours (``"own"``). In an application whose loop drives GTK, as
most of Qt do, the windows live in that one (``"application"``), on a thread that must not wait for them.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from auroraview import _core
from auroraview._log import logger

#: What is built, beside this module.
NATIVE = Path(__file__).parent / "_native"
_LIBRARY = NATIVE / "libauroraview_host.so"

#: The program of windows in processes of their own, and of launchers that have no other.
SHELL = NATIVE / "auroraview-shell"

#: The bindings of Qt, as packages are called. Where several could be used, the first counts.
QT_BINDINGS = ("PySide6", "PySide2", "PyQt6", "PyQt5")

_loop: str | None = None


def start() -> None:
    """Loads the host library and makes its loop ready, once per process.

    Raises:
        HostError: there is no display, WebKitGTK is missing, or the loop that drives GTK here does not answer.
    """
    global _loop
    first = _loop is None
    _loop = _core.host_start(_LIBRARY)
    if first and _loop == "own":
        _warn_of_application_to_come()


def _warn_of_application_to_come() -> None:
    """A Qt that begins now finds its loop taken, and waits for it for good."""
    for name in QT_BINDINGS:
        widgets = sys.modules.get(f"{name}.QtWidgets")
        if widgets is not None and widgets.QApplication.instance() is None:
            logger.warning(
                "%s is loaded and there is no QApplication: one that is made after the first window would stand still, "
                'so make it before, or give the view isolation="process"',
                name,
            )


def loop() -> str | None:
    """Whose loop the windows of this process live in: ``"own"`` or ``"application"``; ``None`` before the first."""
    return _loop


def runs_here() -> bool:
    """The windows live in a loop of the application, and this is its thread: nothing happens to them while it waits."""
    if _loop != "application":
        return False
    # Before the first event nobody has said which thread it is.
    return threading.get_ident() == (_core.host_guest_thread() or threading.main_thread().ident)
