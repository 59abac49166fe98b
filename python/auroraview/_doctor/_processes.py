"""What this process and its children may do: the web engine's sandbox, and GLib's main context."""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator

from auroraview._doctor import _throwaway
from auroraview._doctor._check import FAIL, OK, WARN, Check, Look

_FORCED = "WEBKIT_FORCE_SANDBOX"


def _sandbox() -> Iterator[Check]:
    """The windows do not use it; a user may force it."""
    why = _why_no_sandbox()
    forced = os.environ.get(_FORCED, "0") != "0"
    if why is None:
        text = "the web engine's sandbox works (bubblewrap)"
        yield Check("sandbox", OK, f"{text} and {_FORCED} asks for it" if forced else f"{text}; windows do not use it")
    elif forced:
        yield Check("sandbox", FAIL, f"{_FORCED} asks for the web engine's sandbox, but {why}", f"unset {_FORCED}")
    else:
        yield Check("sandbox", OK, f"windows do not use the web engine's sandbox (it would not work here: {why})")


def _why_no_sandbox() -> str | None:
    bwrap = shutil.which("bwrap")
    if bwrap is None:
        return "bwrap is not installed"
    outcome = _throwaway.run([bwrap, "--ro-bind", "/", "/", "--unshare-user", "--unshare-pid", "true"], 10)
    if outcome.status == 0:
        return None
    return outcome.problem or outcome.said or f"bwrap ended with status {outcome.status}"


def _glib() -> Iterator[Check]:
    """Asked of the GLib that is loaded already, in an application; none is loaded for the question."""
    try:
        glib = ctypes.CDLL("libglib-2.0.so.0", mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
    except OSError:
        yield Check(
            "glib-context", OK, "nobody drives GLib's main context in this process: windows get their own thread"
        )
        return
    glib.g_main_context_default.restype = ctypes.c_void_p
    for function in (glib.g_main_context_is_owner, glib.g_main_context_acquire, glib.g_main_context_release):
        function.argtypes = [ctypes.c_void_p]
    context = glib.g_main_context_default()
    # This runs on a thread of its own: if anybody has the context, it is another thread.
    if glib.g_main_context_acquire(context):
        glib.g_main_context_release(context)
        yield Check(
            "glib-context", OK, "nobody drives GLib's main context in this process: windows get their own thread"
        )
        return
    text = "a loop of this application drives GLib's main context: windows live in that loop, and stand when it does"
    remedy = 'isolation="process" gives a window a process of its own'
    yield Check("glib-context", OK if _is_ours() else WARN, text, None if _is_ours() else remedy)


def _is_ours() -> bool:
    """The loop is the one of our own thread, since a window was opened."""
    import sys

    host = sys.modules.get("auroraview._host")
    return host is not None and host.loop() == "own"


LOOKS = (
    Look("sandbox", "Processes", 15, _sandbox),
    Look("glib-context", "Processes", 5, _glib),
)
