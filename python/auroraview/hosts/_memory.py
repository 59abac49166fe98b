"""Where a panel was, kept in a file from one run of the application to the next.

``$XDG_STATE_HOME/auroraview/panels/<host>/<key>.json``, by default below ``~/.local/state``. Written a little after
something changed, when the panel closes and at the end of the program; always a whole file. One that cannot be read is
as good as none.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from auroraview import _lifecycle
from auroraview._log import logger

AREAS = ("left", "right", "top", "bottom", "floating")

_QUIET_SECONDS = 0.5
_LONGEST_NAME = 150
_LARGEST = 100_000

#: A window can be grasped when so much of its upper edge is on a screen, in pixels.
_GRASP_WIDTH, _GRASP_HEIGHT = 60, 20


@dataclass(frozen=True)
class Remembered:
    """How a panel was. Sizes and positions in the pixels of whoever places it.

    Attributes:
        asked: what the program asked for then; when it asks for something else, that counts.
        area: the side of the main window, also while it floats.
        floating: it is a window of its own, though it could be docked.
        visible: it was shown.
        size: width and height where it is docked; ``None``: it has not been.
        window: x, y, width and height as a window of its own; ``None``: it has not been one.
    """

    asked: tuple[str, int, int]
    area: str
    floating: bool
    visible: bool
    size: tuple[int, int] | None
    window: tuple[int, int, int, int] | None


class Memory:
    """The file of one panel, and the thread that writes it when nothing changed for half a second.

    Args:
        path: the file.
        look: how the panel is now, or ``None``; called on any thread.
    """

    def __init__(self, path: Path, look: Callable[[], Remembered | None]) -> None:
        self._path = path
        self._look = look
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._written: Remembered | None = None
        self._failed = False
        _lifecycle.close_at_end(self)

    def changed(self) -> None:
        """Writes soon. Any thread; never waits for the disk."""
        with self._lock:
            if self._timer is not None:
                return
            self._timer = threading.Timer(_QUIET_SECONDS, self.flush)
            self._timer.name = "auroraview-panels"
            self._timer.daemon = True
            timer = self._timer
        with contextlib.suppress(RuntimeError):  # the interpreter ends, and starts no thread any more
            timer.start()

    def flush(self) -> None:
        """Writes now, if something changed."""
        with self._lock:
            timer, self._timer = self._timer, None
            if timer is not None:
                timer.cancel()
            now = self._look()
            if now is None or now == self._written:
                return
            try:
                write(self._path, now)
            except OSError as error:
                if not self._failed:
                    logger.warning("where a panel was cannot be kept: %s", error)
                self._failed = True
                return
            self._written = now

    #: What the end of the program calls.
    close = flush


def path_of(host: str, key: str) -> Path:
    """The file of a panel; any text makes a name of its own."""
    base = os.environ.get("XDG_STATE_HOME", "")
    # Relative ones are to be ignored, as the XDG Base Directory Specification says.
    root = Path(base) if os.path.isabs(base) else Path.home() / ".local" / "state"
    return root / "auroraview" / "panels" / _name(host) / f"{_name(key)}.json"


def _name(text: str) -> str:
    name = quote(text, safe=" ", errors="backslashreplace").replace(".", "%2E")
    if len(name) <= _LONGEST_NAME:
        return name
    import hashlib

    return f"{name[:_LONGEST_NAME]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def read(path: Path) -> Remembered | None:
    """What the file says; ``None`` where there is none, or, with a warning, none that can be used."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        logger.warning("where a panel was cannot be read, it opens as it is made: %s: %s", path, error)
        return None
    try:
        return _checked(json.loads(text))
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        logger.warning("where a panel was cannot be read, it opens as it is made: %s: %r", path, error)
        return None


def write(path: Path, remembered: Remembered) -> None:
    """Puts a whole file in place of the one before.

    Raises:
        OSError: it cannot be written; the one before is as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".", suffix=".new", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(asdict(remembered), file)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


def on_some_screen(window: tuple[int, int, int, int], screens: list[tuple[int, int, int, int]] | None) -> bool:
    """Enough of the window's upper edge is there to be grasped; also where the screens are not known."""
    if screens is None:
        return True
    x, y, width, _ = window
    return any(
        min(x + width, left + wide) - max(x, left) >= min(_GRASP_WIDTH, width)
        and min(y + _GRASP_HEIGHT, top + high) - max(y, top) >= _GRASP_HEIGHT // 2
        for left, top, wide, high in screens
    )


def _checked(value: Any) -> Remembered:
    area, width, height = value["asked"]
    place = value["area"]
    if place not in AREAS[:4] or area not in AREAS:
        raise ValueError(f"no area: {place!r}")
    size, window = value["size"], value["window"]
    return Remembered(
        asked=(area, *_ints((width, height), 2)),
        area=place,
        floating=_flag(value["floating"]),
        visible=_flag(value["visible"]),
        size=None if size is None else _ints(size, 2),  # type: ignore[arg-type]
        window=None if window is None else _ints(window, 4),  # type: ignore[arg-type]
    )


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"no flag: {value!r}")
    return value


def _ints(value: Any, count: int) -> tuple[int, ...]:
    """The last two are a size."""
    numbers = tuple(value)
    if len(numbers) != count or any(type(one) is not int or abs(one) > _LARGEST for one in numbers):
        raise ValueError(f"not {count} whole numbers: {value!r}")
    if any(one <= 0 for one in numbers[-2:]):
        raise ValueError(f"no size: {value!r}")
    return numbers
