"""No exception may leave a function that Qt calls: PyQt would end the application for it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from auroraview._log import logger

P = ParamSpec("P")
T = TypeVar("T")


def guarded(func: Callable[P, T]) -> Callable[P, T | None]:
    """Has errors logged, for overridden virtual functions and slots whose value Qt does not want."""

    @functools.wraps(func)
    def call(*args: P.args, **kwargs: P.kwargs) -> T | None:
        try:
            return func(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - whatever it is, the application goes on
            complain(func, error)
            return None

    return call


def guarded_filter(func: Callable[[Any, Any, Any], bool]) -> Callable[[Any, Any, Any], bool]:
    """The same for ``eventFilter``: the event goes on its way."""

    @functools.wraps(func)
    def call(self: Any, watched: Any, event: Any) -> bool:
        try:
            return func(self, watched, event)
        except Exception as error:  # noqa: BLE001 - as above
            complain(func, error)
            return False

    return call


def complain(func: Any, error: Exception) -> None:
    """Logs what a function that Qt called raised."""
    logger.error("%s: %s", getattr(func, "__qualname__", func), error, exc_info=error)
