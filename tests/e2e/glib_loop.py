"""The main thread of a program as an application that drives GLib's default context has it, with ctypes alone: this
stands for a Qt of most builds, which does the same before its loop runs, meanwhile and afterwards.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Callable
from typing import Any

from auroraview import main_thread

_glib = ctypes.CDLL("libglib-2.0.so.0")
_glib.g_main_context_default.restype = ctypes.c_void_p
_glib.g_main_context_acquire.argtypes = [ctypes.c_void_p]
_glib.g_main_context_release.argtypes = [ctypes.c_void_p]
_glib.g_main_context_iteration.argtypes = [ctypes.c_void_p, ctypes.c_int]

#: Seconds that something may take on a busy machine.
PATIENCE = 30.0


class Loop:
    """The loop of the application. Owns the context from its making on; the thread that makes it turns it."""

    def __init__(self) -> None:
        self._context = _glib.g_main_context_default()
        assert _glib.g_main_context_acquire(self._context), "another thread drives GLib's default context"

    def turn(self) -> None:
        """One turn, as far as there is something to do, and what waits for the main thread."""
        while _glib.g_main_context_iteration(self._context, 0):
            pass
        main_thread.pump()

    def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Goes on until the condition gives something true, and returns that."""
        deadline = time.monotonic() + PATIENCE
        while not (value := condition()):
            assert time.monotonic() < deadline, f"{what}: not within {PATIENCE:g} s"
            self.turn()
            time.sleep(0.001)
        return value

    def release(self) -> None:
        """Leaves the context to whoever wants it."""
        _glib.g_main_context_release(self._context)


def say(*words: object) -> None:
    """One line at once, whatever other threads say."""
    os.write(1, (" ".join(map(str, words)) + "\n").encode())
