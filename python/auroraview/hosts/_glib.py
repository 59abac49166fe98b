"""Who drives GLib's main context: GTK, and with it a window of ours, can only live where that is.

Asked of the GLib that the application has loaded, if it has: none is loaded for the question.
"""

from __future__ import annotations

import os

from auroraview import _host


def loop_mode() -> str:
    """``"own"``, ``"guest"`` or ``"foreign"``, as :class:`~auroraview.hosts.HostInfo` tells. Main thread only."""
    if _host.loop() == "own":
        # Our own thread drives the context since the first window opened.
        return "own"
    import ctypes

    try:
        glib = ctypes.CDLL("libglib-2.0.so.0", mode=os.RTLD_NOLOAD | os.RTLD_LAZY)
    except OSError:
        return "own"
    glib.g_main_context_default.restype = ctypes.c_void_p
    for function in (glib.g_main_context_is_owner, glib.g_main_context_acquire, glib.g_main_context_release):
        function.argtypes = [ctypes.c_void_p]
    context = glib.g_main_context_default()
    if glib.g_main_context_is_owner(context):
        return "guest"
    if not glib.g_main_context_acquire(context):
        return "foreign"
    glib.g_main_context_release(context)
    return "own"
