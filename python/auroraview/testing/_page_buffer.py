"""A live buffer as a page without a browser has it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from auroraview import _waiting
from auroraview._log import logger
from auroraview.errors import CallTimeout

if TYPE_CHECKING:
    from auroraview._core import Array

__all__ = ["PageBuffer"]

#: What the events are called that bring versions, before the buffer's name.
BUFFER_EVENT = "__auroraview_buffer:"


class PageBuffer:
    """What a page has of a live buffer. Got from ``page.buffer(name)``. Any thread.

    Attributes:
        name: the buffer's.
        version: number of the version that is there; 0 before the first.
        array: its numbers; ``None`` before the first version. A page in a window keeps one array; here each version has
            its own.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.version = 0
        self.array: Array | None = None
        self._listeners: list[Callable[[PageBuffer], Any]] = []

    @property
    def shape(self) -> tuple[int, ...] | None:
        """Length of each dimension; ``None`` before the first version."""
        return None if self.array is None else self.array.shape

    @property
    def dtype(self) -> str | None:
        """Type of the elements; ``None`` before the first version."""
        return None if self.array is None else self.array.dtype

    def on(self, func: Callable[[PageBuffer], Any]) -> Callable[[], None]:
        """Calls the function with the buffer: for the version that is there at once, for each that comes on a thread of
        the library, so it must not wait. Returns what ends that."""
        self._listeners.append(func)
        if self.version:
            self._tell(func)

        def off() -> None:
            if func in self._listeners:
                self._listeners.remove(func)

        return off

    def wait_for(self, version: int = 1, timeout: float = 10.0) -> Array:
        """Waits until this version, or a later one, is there, and returns its array. Pages may miss some versions, and
        always get the last.

        Raises:
            CallTimeout: it did not come within ``timeout`` seconds.
        """
        remedy = "use `page.buffer(name).on(func)`"
        _waiting.wait_until(lambda: self.version >= version, timeout, remedy=remedy)
        array = self.array
        if array is None or self.version < version:
            raise CallTimeout(f"version {version} of the buffer {self.name!r} did not come within {timeout:g} s")
        return array

    def __repr__(self) -> str:
        return f"<auroraview.testing.PageBuffer {self.name!r}, version {self.version}>"

    # Told by the page, on the notice thread

    def _take(self, version: int, array: Array) -> None:
        self.array, self.version = array, version
        for func in list(self._listeners):
            self._tell(func)

    def _tell(self, func: Callable[[PageBuffer], Any]) -> None:
        try:
            func(self)
        except BaseException:  # noqa: BLE001 - one that fails must not stop the next
            logger.exception("a listener of the page's buffer %r raised", self.name)

    def _forget(self) -> None:
        """A new document has nothing yet."""
        self.version, self.array = 0, None
