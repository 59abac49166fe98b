"""The page's console, as its program hears it."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auroraview._listeners import Listeners
    from auroraview.bridge import Bridge

_logger = logging.getLogger("auroraview.page")

_LEVELS = {
    "log": logging.INFO,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "debug": logging.DEBUG,
}

#: So many messages may wait for the listeners.
_PLACES = 1_000

Message = tuple[str, str, "str | None", "int | None"]


class Console:
    """The messages of one view's page: to the log with ``debug=True``, and to listeners."""

    def __init__(self, bridge: Bridge, listeners: Listeners, *, debug: bool) -> None:
        self._bridge = bridge
        self._listeners = listeners
        self._debug = debug
        self._lock = threading.Lock()
        self._waiting = 0
        self._dropped = 0

    def take(self, level: str, text: str, source: str | None, line: int | None) -> None:
        """A message; on the notice thread."""
        if self._debug:
            place = "" if not source else f" ({source})" if line is None else f" ({source}:{line})"
            _logger.log(_LEVELS[level], "%s%s", text, place)
        if not self._listeners.of("console"):
            return
        with self._lock:
            if self._waiting < _PLACES:
                self._waiting += 1
                run, arguments = self._tell, ((level, text, source, line),)
            else:
                self._dropped += 1
                if self._dropped > 1:
                    return
                # After all that waits: how many there were until then.
                run, arguments = self._tell_dropped, ()  # type: ignore[assignment]
        self._bridge.submit(self._listeners.peer, run, *arguments)

    def _tell(self, message: Message) -> None:
        with self._lock:
            self._waiting -= 1
        self._listeners.call("console", message)

    def _tell_dropped(self) -> None:
        with self._lock:
            count, self._dropped = self._dropped, 0
        self._listeners.call("console", ("warning", f"{count} messages were dropped", None, None))
