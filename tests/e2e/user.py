"""A user at the dialogs on the screen: sees one by its title, presses keys in it, writes into it.

Keys are real: they go through the X server by ``xdotool``, to the window that has the keyboard.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable
from pathlib import Path

from auroraview import CallTimeout
from auroraview.futures import Future
from tests.e2e import desktop
from tests.e2e.helpers import wait_for


def sees(title: str) -> None:
    """Waits until a window with this title has the keyboard."""
    wait_for(lambda: desktop.active() == title, f"{title!r} with the keyboard, of {desktop.titles()}")


def sees_no_more(title: str) -> None:
    """Waits until there is no window with this title."""
    wait_for(lambda: title not in desktop.titles(), f"the end of {title!r}")


def presses(title: str, *keys: str) -> None:
    """Presses keys in a window, as ``Return`` or ``ctrl+a``, when it is there."""
    sees(title)
    _xdotool("key", "--delay", "40", *keys)


def presses_until(condition: Callable[[], object], title: str, *keys: str) -> None:
    """Presses keys in a window until they have an effect: nothing tells when a file dialog has read its folder."""

    def tried() -> object:
        if not condition() and desktop.active() == title:
            _xdotool("key", "--delay", "40", *keys)
        return condition()

    wait_for(tried, f"what {', '.join(keys)} does in {title!r}")


def writes(title: str, text: str, *keys: str) -> None:
    """Writes a text into a window, when it is there, and presses keys."""
    sees(title)
    _xdotool("type", "--delay", "25", text)
    if keys:
        _xdotool("key", "--delay", "40", *keys)


def selects(title: str, path: Path, future: Future) -> None:
    """Writes a path into a file dialog that opens files, and presses Return, until that selects it."""

    def tried() -> bool:
        sees(title)
        _xdotool("key", "--delay", "40", "ctrl+l", "ctrl+a")
        _xdotool("type", "--delay", "12", str(path))
        _xdotool("key", "Return")
        with contextlib.suppress(CallTimeout):
            future.exception(5)
        return future.done()

    wait_for(tried, f"the selection of {path}")


def clicks(window: int) -> None:
    """Clicks into the middle of a window, by its X id."""
    lines = _xdotool("getwindowgeometry", "--shell", str(window)).splitlines()
    found = {name: int(value) for name, _, value in (line.partition("=") for line in lines)}
    x, y = found["X"] + found["WIDTH"] // 2, found["Y"] + found["HEIGHT"] // 2
    _xdotool("mousemove", str(x), str(y), "click", "1")


def _xdotool(*words: str) -> str:
    done = subprocess.run(["xdotool", *words], check=True, timeout=30, capture_output=True, text=True)
    return done.stdout
