"""The one logger, and the way of the native code's lines to it."""

from __future__ import annotations

import logging

from auroraview import _core

logger = logging.getLogger("auroraview")

_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}

#: What a process that we started writes: its lines are of these levels.
LINE_LEVELS = {"stdout": logging.INFO, "stderr": logging.WARNING}

_least = logging.DEBUG


def only_errors() -> None:
    """Lets native code speak of errors alone: the program ends, and that pages go away is no news."""
    global _least
    _least = logging.ERROR


def _write(level: str, text: str) -> None:
    if _LEVELS[level] >= _least:
        logger.log(_LEVELS[level], "%s", text)


_core.set_logger(_write)
