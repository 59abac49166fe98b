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


def _write(level: str, text: str) -> None:
    logger.log(_LEVELS[level], "%s", text)


_core.set_logger(_write)
