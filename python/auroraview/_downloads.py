"""What a page downloads, as its program sees it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Download"]

_WINDOW_IS_GONE = "the window's process ended"


@dataclass(frozen=True)
class Download:
    """One step of a download, as listeners of ``view.window.on("download")`` get it. It stays as it was then.

    Attributes:
        url: where it comes from; of an address that is the data itself only the beginning.
        path: the file, which is there once it is ``"finished"``.
        state: ``"started"``, ``"running"``, then ``"finished"``, ``"failed"`` or ``"cancelled"``.
        received: bytes so far.
        total: bytes there will be; ``None``: the server does not say.
        error: what went wrong, when it has ``"failed"``.
    """

    url: str
    path: Path
    state: str
    received: int = 0
    total: int | None = None
    error: str | None = None
    _cancel: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.name

    def cancel(self) -> None:
        """Gives it up: asks and returns; ``"cancelled"`` follows, unless it ends by itself first. Any thread."""
        self._cancel()


class Downloads:
    """The downloads of one window that go on. Told on the notice thread.

    Args:
        cancel: asks the host.
        tell: takes what listeners get.
    """

    def __init__(self, cancel: Callable[[int], None], tell: Callable[[Download], None]) -> None:
        self._ask = cancel
        self._tell = tell
        self._running: dict[int, dict[str, Any]] = {}

    def take(self, number: int, change: str | dict[str, Any]) -> None:
        """What the host reports: ``"cancelled"``, or the change's name and what belongs to it."""
        name, told = (change, {}) if isinstance(change, str) else next(iter(change.items()))
        if name == "started":
            self._running[number] = {"url": told["url"], "path": Path(told["path"]), "total": told["total"]}
        entry = self._running.get(number)
        if entry is None:
            return
        if name == "progress":
            entry.update(told)
        elif name == "failed":
            entry["error"] = told["message"]
        elif name == "finished":
            entry["path"] = Path(told["path"])
            with contextlib.suppress(OSError):  # Somebody may have taken it away already.
                entry["received"] = entry["path"].stat().st_size
            entry["total"] = entry.get("received")
        if name not in ("started", "progress"):
            del self._running[number]
        self._told(number, entry, "running" if name == "progress" else name)

    def end(self) -> None:
        """The window is gone, and has told no end of these."""
        running, self._running = self._running, {}
        for number, entry in running.items():
            for ending in (".part.wkdownload", ".part"):
                with contextlib.suppress(OSError):
                    Path(f"{entry['path']}{ending}").unlink()
            entry["error"] = _WINDOW_IS_GONE
            self._told(number, entry, "failed")

    def _told(self, number: int, entry: dict[str, Any], state: str) -> None:
        def cancel() -> None:
            # Another window's process counts anew.
            if self._running.get(number) is entry:
                self._ask(number)

        self._tell(Download(state=state, _cancel=cancel, **entry))
