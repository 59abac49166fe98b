"""What Python tells the page without being asked: a plain thread that watches the directory and the process."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from library import Library

LOOK_SECONDS = 0.4
PULSE_SECONDS = 0.5

Emit = Callable[[str, Any], None]


class Feed(threading.Thread):
    """Emits ``assets_changed`` when files come, go or change, and ``pulse`` twice a second.

    ``emit`` may be called from any thread and never blocks, so this is an ordinary thread without any care.
    """

    def __init__(self, library: Library, emit: Emit) -> None:
        super().__init__(name="feed", daemon=True)
        self._library = library
        self._emit = emit
        self._look = threading.Event()
        self._stopped = False

    def look_now(self) -> None:
        """Looks at the directory at once instead of at the next turn."""
        self._look.set()

    def stop(self) -> None:
        """Ends the thread and waits for it."""
        self._stopped = True
        self._look.set()
        self.join(timeout=5)

    def run(self) -> None:
        known = self._library.scan()
        next_pulse = time.monotonic()
        while not self._stopped:
            now = time.monotonic()
            if now >= next_pulse:
                next_pulse = now + PULSE_SECONDS
                self._emit("pulse", {"memory": resident_bytes(), "assets": len(known), "sent": time.time() * 1000})
            self._look.wait(LOOK_SECONDS)
            self._look.clear()
            try:
                found = self._library.scan()
            except OSError:  # the directory itself is gone; perhaps it comes back
                continue
            if found != known:
                changed = [asset for name, asset in found.items() if known.get(name) != asset]
                removed = [name for name in known if name not in found]
                self._emit("assets_changed", {"changed": changed, "removed": removed, "sent": time.time() * 1000})
                known = found


def resident_bytes() -> int:
    """Memory of this process that is in RAM."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
