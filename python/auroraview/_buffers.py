"""Live buffers: memory that a program writes to and publishes, of which a page keeps one typed array.

Here is what a program may ask for, and which buffer has which name; the memory itself is in the native module.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from auroraview import _core
from auroraview.errors import UsageError
from auroraview.options import check_text

if TYPE_CHECKING:
    from auroraview._core import Buffer

#: As many as the wire takes.
_MOST_DIMENSIONS = 32


class Buffers:
    """The live buffers of one page, or of all pages of a bridge, by their names."""

    def __init__(self, owner: _core.Peer | _core.Bridge) -> None:
        self._owner = owner
        self._lock = threading.Lock()
        self._known: dict[str, Buffer] = {}

    def get(self, name: str, shape: int | Iterable[int], dtype: Any) -> Buffer:
        """The one of that name, when it is such a one; else a new one, which takes the name.

        Raises:
            UsageError: there is no such buffer.
        """
        if not check_text("the name of a buffer", name):
            raise UsageError("a buffer needs a name")
        lengths = _lengths(shape)
        kind = _name_of(dtype)
        with self._lock:
            known = self._known.get(name)
            if known is not None and (known.shape, known.dtype) == (tuple(lengths), kind):
                return known
            made = _core.new_buffer(self._owner, name, lengths, kind, known)
            self._known[name] = made
            return made


def _lengths(shape: int | Iterable[int]) -> list[int]:
    lengths: list[Any]
    try:
        lengths = list(shape) if isinstance(shape, Iterable) and not isinstance(shape, str) else [shape]
        lengths = [one.__index__() for one in lengths if not isinstance(one, bool)]
    except AttributeError:
        lengths = []
    if not 0 < len(lengths) <= _MOST_DIMENSIONS or any(length < 1 for length in lengths):
        raise UsageError(f"the shape of a buffer is a positive int or up to {_MOST_DIMENSIONS} of them, not {shape!r}")
    return lengths


def _name_of(dtype: Any) -> str:
    """The name of a type of elements; numpy's types and dtypes have one too."""
    name = dtype if isinstance(dtype, str) else getattr(dtype, "name", None) or getattr(dtype, "__name__", None)
    if not isinstance(name, str):
        raise UsageError(f"the type of a buffer's elements is a name, as 'uint8' or 'float32', not {dtype!r}")
    return name
