"""A tool that runs again while its panel is open: what it registers takes the place of what it registered before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from auroraview.view import WebView


class Rerun:
    """From its construction to :meth:`end`, which is to be called when the tool's code has run.

    Handlers of the bridge are replaced name by name as they are bound. What has no name, as functions of ``on_ready``
    and listeners of the window, goes at the end. A run that registers nothing only wanted to see the panel: everything
    stays.

    Args:
        view: the panel's.
        owns_bridge: the bridge is the panel's own; one that the program brought is its own business.
    """

    def __init__(self, view: WebView, owns_bridge: bool) -> None:
        self._view = view
        self._bridge = view.bridge.rebinding() if owns_bridge else None
        self._before = [(one, key, list(one[key])) for one, key in _listeners_of(view)]

    def end(self) -> None:
        """What was not registered again goes, if anything was. A second call does nothing."""
        view = self._view
        added = any(len(one[key]) > len(functions) for one, key, functions in self._before)
        if added or (self._bridge is not None and self._bridge.bound):
            with view._lock:
                for one, key, functions in self._before:
                    # By place: a function that is registered again is the same one as before.
                    kept = functions == one[key][: len(functions)]
                    one[key] = one[key][len(functions) :] if kept else one[key]
                view.window._watch()
        self._before = []
        if self._bridge is not None:
            self._bridge.end()


def carry_listeners(view: WebView, to: WebView) -> None:
    """Has a view that takes the place of another one tell the same functions what happens."""
    for (one, key), (other, _) in zip(_listeners_of(view), _listeners_of(to), strict=True):
        other[key] = list(one[key])
    to.window._watch()


def _listeners_of(view: WebView) -> list[tuple[dict[str, Any], str]]:
    """Each list of functions that a program may add to, as a dictionary and the list's key there."""
    named = [view.window._listeners._functions, view.peer._listeners._functions]
    return [
        *((functions, event) for functions in named for event in functions),
        (vars(view), "_ready_functions"),
        (vars(view), "_watchers"),
    ]
