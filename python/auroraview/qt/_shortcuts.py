"""Keys that the page did not use: they are the application's.

While a page has the keyboard no window of Qt is active, and Qt's own table of shortcuts does nothing. So actions and
shortcuts are looked up here, by Qt's rules, as if the panel's window were the active one. What is no shortcut goes as a
key event to the panel, and from there to its parents, as with any widget that leaves a key alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from auroraview.errors import UsageError
from auroraview.qt._binding import QAction, QShortcut, QtCore, QtGui, QtWidgets, is_alive
from auroraview.qt._guard import guarded

_MODIFIERS = ("Ctrl", "Alt", "Shift", "Meta")
_STROKE = re.compile(r"((?:(?:Ctrl|Alt|Shift|Meta)\+)*)(.+)", re.DOTALL | re.IGNORECASE)
_MODIFIER_BITS = 0xFE000000
#: The window manager takes about this long to make a window active.
_ACTIVATION_LOOK_MILLISECONDS = 20

#: Keys whose names in Qt are not those of the web's ``KeyboardEvent.key``.
_NAMES = {
    "ArrowLeft": "Left",
    "ArrowRight": "Right",
    "ArrowUp": "Up",
    "ArrowDown": "Down",
    "PageUp": "PgUp",
    "PageDown": "PgDown",
    "Delete": "Del",
    "Insert": "Ins",
    "Escape": "Esc",
    "Enter": "Return",
    "ContextMenu": "Menu",
    "PrintScreen": "Print",
}
_ALSO = {one.lower(): one for one in (*_NAMES, *_NAMES.values(), "Space", "Tab", "Backspace", "Home", "End")} | {
    "del": "Delete",
    "ins": "Insert",
    "esc": "Escape",
    "pgup": "PageUp",
    "pgdown": "PageDown",
    "return": "Enter",
    "left": "ArrowLeft",
    "right": "ArrowRight",
    "up": "ArrowUp",
    "down": "ArrowDown",
}


def normal(stroke: str) -> str:
    """A stroke as the host tells it: "ctrl+shift+s" is "Ctrl+Shift+S". Names of Qt and of the web are both known.

    Raises:
        UsageError: it is no stroke.
    """
    found = _STROKE.fullmatch(stroke) if isinstance(stroke, str) else None
    if found is None:
        raise UsageError(f"a key is written as in 'Ctrl+Shift+S', not {stroke!r}")
    given = {one.lower() for one in found[1].split("+") if one}
    key = found[2]
    key = key.upper() if len(key) == 1 or re.fullmatch(r"[fF]\d+", key) else _ALSO.get(key.lower(), key)
    return "+".join([*(one for one in _MODIFIERS if one.lower() in given), "Space" if key == " " else key])


def _spellings(stroke: str) -> list[Any]:
    """The sequences of Qt that a stroke stands for: Shift counts for "!" only if the shortcut names it."""
    found = _STROKE.fullmatch(stroke)
    assert found is not None, "the host tells strokes"
    modifiers, key = found[1], found[2]
    texts = [modifiers + _NAMES.get(key, key)]
    if "Shift+" in modifiers and len(key) == 1 and not key.isalnum():
        texts.append(modifiers.replace("Shift+", "") + key)
    if key == "Tab" and "Shift+" in modifiers:
        texts.append(modifiers + "Backtab")
    portable = QtGui.QKeySequence.SequenceFormat.PortableText
    return [QtGui.QKeySequence.fromString(text, portable) for text in texts]


class Shortcuts:
    """What the application does with the keys of one panel; it remembers the first strokes of "Ctrl+K, Ctrl+C"."""

    def __init__(self) -> None:
        self._begun: list[Any] = []

    def offer(self, panel: Any, stroke: str) -> bool:
        """Triggers the action or shortcut of a stroke; returns whether there is one, or begins to be."""
        portable = QtGui.QKeySequence.SequenceFormat.PortableText
        typed = [
            QtGui.QKeySequence.fromString(f"{first.toString(portable)}, {one.toString(portable)}", portable)
            for first in self._begun
            for one in _spellings(stroke)
        ] or _spellings(stroke)
        had_begun, self._begun = bool(self._begun), []
        exact = QtGui.QKeySequence.SequenceMatch.ExactMatch
        partial = QtGui.QKeySequence.SequenceMatch.PartialMatch
        found: list[Any] = []
        begins = False
        for candidates in (_near(panel), _everywhere()):
            for thing in candidates:
                matches = [one.matches(sequence) for sequence in _sequences(thing) for one in typed]
                if (exact in matches or partial in matches) and _is_for(thing, panel):
                    begins = begins or exact not in matches
                    if exact in matches:
                        found.append(thing)
            if found or begins:
                break
        if found:
            _trigger(found)
            return True
        if begins:
            self._begun = typed
            return True
        return self.offer(panel, stroke) if had_begun else False


def _near(panel: Any) -> Iterator[Any]:
    """All that belongs to the panel's window, or to the one that a floating dock belongs to."""
    seen = {}  # keeps them, so that no two have the same number
    window = panel.window()
    above = window.parentWidget()
    for owner in (window,) if above is None else (window, above.window()):
        for kind in (QAction, QShortcut):
            for thing in owner.findChildren(kind):
                seen[id(thing)] = thing
    yield from seen.values()


def _everywhere() -> Iterator[Any]:
    """What belongs to other windows, or to nothing and is only shown somewhere."""
    seen = {}  # keeps them, so that no two have the same number
    for window in QtWidgets.QApplication.topLevelWidgets():
        for thing in window.findChildren(QShortcut):
            seen[id(thing)] = thing
    for widget in QtWidgets.QApplication.allWidgets():
        for thing in widget.actions():
            seen[id(thing)] = thing
    yield from seen.values()


def _sequences(thing: Any) -> list[Any]:
    if isinstance(thing, QAction):
        return list(thing.shortcuts())
    return list(thing.keys()) if hasattr(thing, "keys") else [thing.key()]


def _is_for(thing: Any, panel: Any) -> bool:
    """Whether it counts while the panel has the keyboard."""
    if not thing.isEnabled() or (isinstance(thing, QAction) and not thing.isVisible()):
        return False
    if isinstance(thing, QAction):
        places = thing.associatedObjects() if hasattr(thing, "associatedObjects") else thing.associatedWidgets()
        context = thing.shortcutContext()
    else:
        places = [thing.parent()]
        context = thing.context()
    return any(_place_counts(place, context, panel, 0) for place in places)


def _place_counts(place: Any, context: Any, panel: Any, depth: int) -> bool:
    contexts = QtCore.Qt.ShortcutContext
    if isinstance(place, QtWidgets.QMenu) and depth < 20:  # a chain of menus ends in a menu bar, or nowhere
        action = place.menuAction()
        if not action.isVisible() or not action.isEnabled():
            return False
        above = action.associatedObjects() if hasattr(action, "associatedObjects") else action.associatedWidgets()
        return any(_place_counts(one, context, panel, depth + 1) for one in above)
    if not isinstance(place, QtWidgets.QWidget):
        return bool(context == contexts.ApplicationShortcut)
    if not place.isEnabled():
        return False
    if context == contexts.ApplicationShortcut:
        return True
    if context == contexts.WidgetShortcut:
        return bool(place == panel)
    if context == contexts.WidgetWithChildrenShortcut:
        return place == panel or bool(place.isAncestorOf(panel))
    active = panel.window()
    # The shortcuts of a window count in its floating docks too.
    above = active.parentWidget()
    return bool(place.window() == active or (above is not None and place.window() == above.window()))


def _trigger(found: Iterable[Any]) -> None:
    """As Qt: one is triggered, several are told that they are ambiguous."""
    things = list(found)
    for thing in things:
        if isinstance(thing, QAction):
            if len(things) == 1:
                thing.trigger()
        else:
            (thing.activated if len(things) == 1 else thing.activatedAmbiguously).emit()


def menu_of(panel: Any, stroke: str) -> tuple[Any, Any] | None:
    """The menu bar and its entry that Alt and an underlined letter stand for."""
    found = re.fullmatch(r"Alt\+(\w)", stroke)
    if found is None:
        return None
    window = panel.window()
    for owner in (window, window.parentWidget()):
        for bar in owner.findChildren(QtWidgets.QMenuBar) if owner is not None else ():
            for action in bar.actions():
                text = action.text().replace("&&", "").upper()
                if f"&{found[1]}" in text and action.isEnabled() and action.isVisible() and bar.isVisible():
                    return bar, action
    return None


def open_menu(bar: Any, action: Any, attempts: int = 10) -> None:
    """Opens a menu as soon as its window is active: then the focus returns to where it was when the menu closes."""

    @guarded
    def try_it() -> None:
        if not is_alive(bar) or not is_alive(action):
            return
        if bar.isActiveWindow() or attempts == 0:
            bar.setActiveAction(action)
        else:
            open_menu(bar, action, attempts - 1)

    QtCore.QTimer.singleShot(_ACTIVATION_LOOK_MILLISECONDS, try_it)


def send(panel: Any, stroke: str) -> None:
    """Sends it to the panel as a key event, pressed and released."""
    sequence = _spellings(stroke)[0]
    if sequence.isEmpty():
        return
    first = sequence[0]
    combined = int(first.toCombined()) if hasattr(first, "toCombined") else int(first)
    bits = combined & _MODIFIER_BITS
    flags = getattr(QtCore.Qt, "KeyboardModifiers", None) or QtCore.Qt.KeyboardModifier
    key = combined & ~_MODIFIER_BITS
    for kind in (QtCore.QEvent.Type.KeyPress, QtCore.QEvent.Type.KeyRelease):
        event = QtGui.QKeyEvent(kind, key, flags(bits))
        QtWidgets.QApplication.sendEvent(panel, event)
