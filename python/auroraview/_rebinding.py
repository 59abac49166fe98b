"""Binding once more: what a tool bound when it ran before goes, as far as it does not bind it again."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, final

if TYPE_CHECKING:
    from auroraview.bridge import Bridge

__all__ = ["Rebinding"]


@final
class Rebinding:
    """What was bound before, until :meth:`end`. Got from :meth:`auroraview.Bridge.rebinding`.

    A context manager too: leaving the block ends it, and with an exception keeps everything.
    """

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        # What is not bound again yet.
        self._methods = set(bridge._core.methods())
        self._events = set(bridge._core.events())
        self._namespaces = set(bridge._namespaces)
        self._lists = [bridge._connect_functions, bridge._disconnect_functions]
        self._bound = False

    @property
    def bound(self) -> bool:
        """Something was bound since."""
        return self._bound

    def end(self) -> None:
        """Unbinds what was not bound again; nothing at all when nothing was bound since. Any thread; ending twice, or
        one that another took the place of, does nothing."""
        bridge = self._bridge
        with bridge._lock:
            if not self._leave() or not self._bound:
                return
            for namespace in self._namespaces:
                bridge._namespaces.pop(namespace, None)
            bridge._core.unbind(sorted(self._methods))
            for functions in self._lists:
                functions.clear()
            for event in self._events:
                bridge._core.remove_listener(event, None)

    def cancel(self) -> None:
        """Keeps what was not bound again."""
        with self._bridge._lock:
            self._leave()

    def _leave(self) -> bool:
        present = self._bridge._rebinding is self
        if present:
            self._bridge._rebinding = None
        return present

    def __enter__(self) -> Rebinding:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            self.end()
        else:
            self.cancel()

    # Told by the bridge, under its lock

    def methods_are_bound(self, names: list[str]) -> None:
        self._bound = True
        self._methods.difference_update(names)

    def takes_namespace(self, namespace: str) -> bool:
        """Whether it is one of before; it is not any more."""
        before = namespace in self._namespaces
        self._namespaces.discard(namespace)
        return before

    def takes_event(self, event: str) -> bool:
        """Whether its listeners are those of before; they are not any more."""
        self._bound = True
        before = event in self._events
        self._events.discard(event)
        return before

    def takes_functions(self, functions: list[Callable[..., Any]]) -> bool:
        """Whether they are those of before; they are not any more."""
        self._bound = True
        before = any(one is functions for one in self._lists)
        self._lists = [one for one in self._lists if one is not functions]
        return before
