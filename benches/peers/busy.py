"""Keeps the thread of the windows busy for most of its time, as a program does that draws, or waits for a disk.

In every turn of 10 ms the thread works through a text for most of them. The work is a function of GLib, called by the
loop itself, so that it costs no Python: a lock of the interpreter held meanwhile would measure that instead.
"""

from __future__ import annotations

import contextlib
import ctypes
import time
from pathlib import Path

TURN = 10  # milliseconds
#: Below all that a program does: where others want the cores too, the work takes longer than a turn, and what is less
#: urgent than it would never come about.
_PRIORITY_LOW = 300
_PIECE = 1_000_000  # bytes

_glib = ctypes.CDLL("libglib-2.0.so.0")
_glib.g_strnfill.argtypes = [ctypes.c_size_t, ctypes.c_char]
_glib.g_strnfill.restype = ctypes.c_void_p
_glib.g_str_hash.argtypes = [ctypes.c_void_p]
_glib.g_timeout_add_full.argtypes = [ctypes.c_int, ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p]


class Work:
    """So much work that it takes a thread a share of each turn.

    Args:
        percent: of a turn.
    """

    def __init__(self, percent: float) -> None:
        piece = _text(_PIECE)
        best = min(_seconds(piece) for _ in range(20))
        length = round(_PIECE * TURN / 1000 * percent / 100 / best)
        # What a timer calls has to return something else than 0, or it is not called again. Never freed: the thread may
        # be in it when it is stopped.
        self._text = next(text for text in map(_text, (length, length + 1)) if _glib.g_str_hash(text))
        self._source = 0

    def do(self) -> None:
        """One turn's work, on this thread; other threads run Python meanwhile."""
        _glib.g_str_hash(self._text)

    def start(self) -> None:
        """Gives it to the thread that runs GLib's default loop."""
        function = ctypes.cast(_glib.g_str_hash, ctypes.c_void_p)
        self._source = _glib.g_timeout_add_full(_PRIORITY_LOW, TURN, function, self._text, None)

    def stop(self) -> None:
        """Takes it away again."""
        _glib.g_source_remove(self._source)


def _text(length: int) -> int:
    """Its address."""
    address: int = _glib.g_strnfill(length, b"x")
    return address


def _seconds(text: int) -> float:
    began = time.thread_time()
    _glib.g_str_hash(text)
    return time.thread_time() - began


def busiest_percent(seconds: float) -> float:
    """What the busiest thread of this process has of a core meanwhile."""
    before = _thread_seconds()
    began = time.monotonic()
    time.sleep(seconds)
    after = _thread_seconds()
    took = time.monotonic() - began
    return max(used - before.get(task, used) for task, used in after.items()) / took * 100


def _thread_seconds() -> dict[str, float]:
    found = {}
    for task in Path("/proc/self/task").iterdir():
        # One may end meanwhile.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            found[task.name] = int((task / "schedstat").read_text().split()[0]) / 1e9
    return found
