"""What is set right before the web engine loads, without being asked for: the same conditions as in the window library
(``drive.rs``, ``web_context.rs``) and in the program of isolated windows (``environment.rs``)."""

from __future__ import annotations

import os

from auroraview._doctor._check import Fix
from auroraview._doctor._machine import DMABUF, GPU, NVIDIA
from auroraview._doctor._processes import application_drives_glib


def fixes() -> list[Fix]:
    """Those that apply here. Not to be called on the thread of a loop: see :func:`application_drives_glib`."""
    return [
        fix for fix in (_renderer(), _locale(), _language(), _numbers(), _settings(), _backend()) if fix is not None
    ]


def _renderer() -> Fix | None:
    if os.path.exists(NVIDIA):
        why = "with NVIDIA's driver"
    elif not os.path.exists(GPU):
        why = "without a GPU"
    else:
        return None
    if DMABUF in os.environ:
        return Fix(f"{DMABUF}={os.environ[DMABUF]}", "you have set it, so it is left as it is")
    return Fix(f"{DMABUF}=1", f"{why} WebKitGTK's DMA-BUF renderer shows nothing")


def _locale() -> Fix | None:
    names = ("LC_ALL", "LC_CTYPE", "LANG")
    name = next((name for name in names if os.environ.get(name)), None)
    if name is not None and os.environ[name] not in ("C", "POSIX"):
        return None
    return Fix(f"{name or 'LANG'}=C.UTF-8", 'for windows with isolation="process", which would have no UTF-8')


def _language() -> Fix | None:
    names = (os.environ.get(name) for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"))
    first = next((name for name in names if name), "C")
    if first.partition(":")[0].partition(".")[0] not in ("C", "POSIX"):
        return None
    return Fix(
        "navigator.language=en-US", "the locale names no language; JavaScript's Intl would fail with the engine's"
    )


def _numbers() -> Fix:
    return Fix(
        "LC_NUMERIC", "GTK is kept from changing it, which would break how C libraries of this process read numbers"
    )


def _settings() -> Fix | None:
    bus = os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), "bus")
    there = "XDG_RUNTIME_DIR" in os.environ and os.path.exists(bus)
    if there or "DBUS_SESSION_BUS_ADDRESS" in os.environ or "GSETTINGS_BACKEND" in os.environ:
        return None
    return Fix("GSETTINGS_BACKEND=memory", "there is no message bus, over which GTK would keep the size of its dialogs")


def _backend() -> Fix | None:
    if not (os.environ.get("DISPLAY") and application_drives_glib()):
        return None
    return Fix("GDK_BACKEND", "GTK is told to use X11: windows of this application can hold ours by their X11 ids only")
