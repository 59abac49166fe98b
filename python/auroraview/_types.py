"""Shapes of the tuples that cross into the native code. For type checkers alone: nothing imports it at run time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auroraview._core import Job

#: The text of a signature, and name, kind and "is required" of each parameter.
PlainSignature = tuple[str, list[tuple[str, int, bool]]]

#: What a lane hands out: the job, what to call (nothing: the job was cancelled), its arguments.
Work = tuple[Job | None, Callable[..., Any] | None, tuple[Any, ...], dict[str, Any] | None]

#: The fields of :class:`auroraview.Limits`, in order.
PlainLimits = tuple[int, int, int, int, int]

#: Kind, text or root, entry.
Source = tuple[str, str, str]
