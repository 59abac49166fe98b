"""A panel that is a window: above the application's, or alone."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from auroraview._running import program_ends
from auroraview.hosts import _x11
from auroraview.hosts._memory import Remembered, on_some_screen
from auroraview.options import WindowOptions

if TYPE_CHECKING:
    from auroraview.hosts._wish import Wish
    from auroraview.view import WebView

_MARGIN = 24


def window_options(wish: Wish, above: int | None) -> tuple[int, int, WindowOptions]:
    """Width, height and options of the window: where it was, else over the side of the application's that is wished.

    Args:
        above: the X11 id of the application's window, or ``None``.
    """
    if wish.window is not None and on_some_screen(wish.window, _x11.screens()):
        x, y, width, height = wish.window
        return width, height, WindowOptions(position=(x, y), transient_for=above)
    width, height = wish.width, wish.height
    over = None if above is None else _x11.geometry(above)
    position = None if over is None else _beside(over, wish, width, height)
    return width, height, WindowOptions(position=position, transient_for=above)


def _beside(over: _x11.Rectangle, wish: Wish, width: int, height: int) -> tuple[int, int]:
    left, top, wide, high = over
    x, y = left + max(0, (wide - width) // 2), top + max(0, (high - height) // 2)
    if wish.floating:
        return x, y
    match wish.side:
        case "left":
            x = left + _MARGIN
        case "right":
            x = left + max(0, wide - width - _MARGIN)
        case "top":
            y = top + _MARGIN
        case "bottom":
            y = top + max(0, high - height - _MARGIN)
    return x, y


class Windowed:
    """The window of a panel. All methods may be called from any thread.

    Args:
        view: with the options of :func:`window_options`; it is opened by :meth:`show`.
        wish: where it shall be.
        changed: called when it was moved, resized or closed by the user.
    """

    kind = "window"
    #: Only docks have these.
    widget: Any = None
    dock: Any = None

    def __init__(self, view: WebView, wish: Wish, changed: Callable[[], None]) -> None:
        self.view = view
        self._wish = wish
        self._changed = changed
        self._visible = False
        view._followers.append(self._noticed)

    @property
    def alive(self) -> bool:
        """A window opens again whenever it is wanted."""
        return True

    def belongs_to(self, main_window: Callable[[], Any]) -> bool:
        """To the panel alone."""
        return True

    def show(self) -> None:
        """Opens the window, or brings it to the front.

        Raises:
            HostError: it cannot be opened.
        """
        self.view.window.visible = True  # also before it opens: hide() may have been called meanwhile
        self.view.show(wait=False)
        self._visible = True
        self._changed()

    def hide(self) -> None:
        """The page goes on, with slower timers."""
        self._visible = False
        self.view.window.visible = False
        self._changed()

    def set_title(self, title: str) -> None:
        """The view has it already."""

    def close(self) -> None:
        """Closes the window and the page. That the user wanted it shown stays remembered."""
        with contextlib.suppress(ValueError):  # called twice
            self.view._followers.remove(self._noticed)
        self.view.close()

    def abandon(self) -> None:
        """Nothing is left of a window."""

    def look(self) -> Remembered | None:
        """How it is, or was last. Any thread."""
        position, wish = self.view.window.position, self._wish
        window = None if position is None else (*position, *self.view.window.size)
        return Remembered(wish.asked, wish.side, wish.floating, self._visible, wish.size, window)

    def _noticed(self, name: str, *_: Any) -> None:
        """On the notice thread."""
        if name == "closed" and not program_ends.is_set():
            self._visible = False
        if name in ("closed", "moved", "resized"):
            self._changed()
