"""What this process and its children may do: the web engine's sandbox, and GLib's main context."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from collections.abc import Iterator

from auroraview._doctor import _throwaway
from auroraview._doctor._check import FAIL, OK, Check, Look

_FORCED = "WEBKIT_FORCE_SANDBOX"


def _sandbox() -> Iterator[Check]:
    """Windows use it when they are asked to; a user may force it."""
    why = why_no_sandbox()
    forced = os.environ.get(_FORCED, "0") != "0"
    if why is None:
        text = "the web engine's sandbox works (bubblewrap)"
        asked = f"and {_FORCED} asks for it" if forced else "for windows that ask for it"
        yield Check("sandbox", OK, f"{text} {asked}")
    elif forced:
        yield Check("sandbox", FAIL, f"{_FORCED} asks for the web engine's sandbox, but {why}", f"unset {_FORCED}")
    else:
        text = "windows that ask for the web engine's sandbox cannot open here, others can"
        yield Check("sandbox", OK, f"{text}: {why}")


def why_no_sandbox() -> str | None:
    """Why the programs that the sandbox is made of do not work here; ``None``: they do."""
    for name in ("bwrap", "xdg-dbus-proxy"):
        if shutil.which(name) is None:
            return f"{name} is not installed"
    outcome = _throwaway.run(["bwrap", "--ro-bind", "/", "/", "--unshare-user", "--unshare-pid", "true"], 10)
    if outcome.status == 0:
        return None
    return outcome.problem or outcome.said or f"bwrap ended with status {outcome.status}"


def _glib() -> Iterator[Check]:
    if not application_drives_glib():
        yield Check(
            "glib-context", OK, "nobody drives GLib's main context in this process: windows get their own thread"
        )
        return
    text = "a loop of this application drives GLib's main context: windows live in it, and stand when it stands"
    yield Check("glib-context", OK, f'{text}; with isolation="process" they do not')


def application_drives_glib() -> bool:
    """Asked of the GLib that is loaded already, in an application; none is loaded for the question. Not to be called on
    the thread that would drive it: whether another one does is found by trying."""
    host = sys.modules.get("auroraview._host")
    if host is not None and host.loop() == "own":
        return False  # The loop is ours, since a window was opened.
    try:
        glib = ctypes.CDLL("libglib-2.0.so.0", mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
    except OSError:
        return False
    glib.g_main_context_default.restype = ctypes.c_void_p
    for function in (glib.g_main_context_acquire, glib.g_main_context_release):
        function.argtypes = [ctypes.c_void_p]
    context = glib.g_main_context_default()
    if not glib.g_main_context_acquire(context):
        return True
    glib.g_main_context_release(context)
    return False


LOOKS = (
    Look("sandbox", "Processes", 15, _sandbox),
    Look("glib-context", "Processes", 5, _glib),
)
