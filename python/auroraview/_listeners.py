"""Listeners to what the library itself reports: windows, documents."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from auroraview._running import run
from auroraview.errors import UsageError

if TYPE_CHECKING:
    from auroraview.bridge import Bridge

Function = Callable[..., Any]


class Listeners:
    """A fixed set of event names, each with any number of functions, run by the bridge in order of registration."""

    def __init__(
        self,
        events: tuple[str, ...],
        bridge: Bridge,
        peer: int,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._functions: dict[str, list[Function]] = {event: [] for event in events}
        self._bridge = bridge
        #: In line with whose messages the functions run.
        self.peer = peer
        self._changed = changed
        self._lock = threading.RLock()  # A listener's destructor may come here.

    def _of(self, event: str) -> list[Function]:
        try:
            return self._functions[event]
        except KeyError:
            known = ", ".join(repr(name) for name in self._functions)
            raise UsageError(f"there is no event {event!r} here; there are {known}") from None

    def add(self, event: str, func: Function | None) -> Any:
        self._of(event)
        if func is None:
            return lambda decorated: self.add(event, decorated)
        if not callable(func):
            raise UsageError(f"a listener must be callable, not {func!r}")
        with self._lock:
            self._functions[event].append(func)
        self._changed()
        return func

    def remove(self, event: str, func: Function | None) -> int:
        # Compared, and let go of, outside the lock: either may run code of the program.
        gone = {id(one): one for one in self.of(event) if func is None or one == func}
        with self._lock:
            before = self._functions[event]
            self._functions[event] = [one for one in before if id(one) not in gone]
            count = len(before) - len(self._functions[event])
        self._changed()
        return count

    def of(self, event: str) -> list[Function]:
        """A copy of the functions of an event."""
        with self._lock:
            return list(self._of(event))

    def tell(self, event: str, *args: Any) -> None:
        """Has each function called, where the bridge's handlers run. Which there are is looked at only there: a
        function of ``on_connect``, which is in line before, may add some."""
        if self.of(event) or self._bridge.watches_peers:
            self._bridge.submit(self.peer, self.call, event, args)

    def call(self, event: str, args: tuple[Any, ...]) -> None:
        """Calls each function, on this thread."""
        for func in self.of(event):
            error = run((None, func, args, None), self._bridge.adopt)
            if isinstance(error, KeyboardInterrupt):
                raise error
