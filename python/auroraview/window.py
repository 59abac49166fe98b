"""The window around a page: what it looks like, and what happens to it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from auroraview._dialogs import Dialogs
from auroraview._listeners import Listeners
from auroraview._running import answer_of, check_answers
from auroraview._services import Services
from auroraview.errors import UsageError
from auroraview.options import WindowOptions, check_text

if TYPE_CHECKING:
    from auroraview import _core
    from auroraview._questions import Questions
    from auroraview.bridge import Bridge

__all__ = ["Window"]

EVENTS = (
    "opened",
    "shown",
    "closing",
    "closed",
    "resized",
    "moved",
    "focused",
    "blurred",
    "crashed",
    "key",
    "download",
    "file_drop",
    "console",
)

_ZOOMS = (0.25, 5.0)


class Window(Dialogs, Services):
    """The window of a view, ``view.window``. Any thread; properties may be read and set before ``show()`` too.

    Setting a property asks the window manager and returns; the event (``resized``, ``moved``) tells when it is done.
    Reading gives what the window manager reported last.
    """

    def __init__(
        self,
        core: _core.View,
        bridge: Bridge,
        title: str,
        size: tuple[int, int],
        options: WindowOptions | None,
        lock: threading.RLock,
        questions: Questions,
        *,
        debug: bool = False,
    ) -> None:
        options = WindowOptions() if options is None else options
        self._core = core
        self._questions = questions
        self._debug = debug
        self._options = options
        # Held while something is set and the host told of it, so that no window opens with the former in between.
        self._lock = lock
        self._title = check_text("a title", title)
        self._size = _pair(size, "size", least=1)
        self._position = None if options.position is None else _pair(options.position, "position")
        self._fullscreen = options.fullscreen
        self._always_on_top = options.always_on_top
        self._visible = options.visible
        self._maximized = options.maximized
        self._downloads = _place_of_downloads(options.downloads)
        self._icon = None if options.icon is None else os.path.abspath(options.icon)
        self._native_id: int | None = None
        self._transient_for = _checked_id(options.transient_for)
        if options.embedded and self._transient_for is not None:
            raise UsageError("a window that is embedded in another one cannot stay above one: no transient_for with it")
        self._zoom = 1.0
        self._enabled = True
        self._bridge = bridge
        self._listeners = Listeners(EVENTS, bridge, core.peer.id, self._watch)
        self.watches_navigation: Callable[[], bool] = lambda: False

    @property
    def title(self) -> str:
        """The title bar's text."""
        return self._title

    @title.setter
    def title(self, text: str) -> None:
        title = check_text("a title", text)
        with self._lock:
            self._core.set_title(title)
            self._title = title

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the page area in logical pixels."""
        return self._size

    @size.setter
    def size(self, size: tuple[int, int]) -> None:
        with self._lock:
            self._size = _pair(size, "size", least=1)
            self._core.set_size(self._size)

    @property
    def position(self) -> tuple[int, int] | None:
        """(x, y) of the window's upper left corner in logical pixels; ``None`` before it is known."""
        return self._position

    @position.setter
    def position(self, position: tuple[int, int]) -> None:
        with self._lock:
            self._position = _pair(position, "position")
            self._core.set_position(self._position)

    @property
    def fullscreen(self) -> bool:
        """The window fills the screen."""
        return self._fullscreen

    @fullscreen.setter
    def fullscreen(self, on: bool) -> None:
        with self._lock:
            self._fullscreen = bool(on)
            self._core.set_fullscreen(self._fullscreen)

    @property
    def always_on_top(self) -> bool:
        """The window stays above other windows."""
        return self._always_on_top

    @always_on_top.setter
    def always_on_top(self, on: bool) -> None:
        with self._lock:
            self._always_on_top = bool(on)
            self._core.set_always_on_top(self._always_on_top)

    @property
    def visible(self) -> bool:
        """The window is shown. A hidden page goes on, with slower timers."""
        return self._visible

    @visible.setter
    def visible(self, on: bool) -> None:
        with self._lock:
            self._visible = bool(on)
            self._core.set_visible(self._visible)

    @property
    def zoom(self) -> float:
        """How large the page is shown, 0.25 to 5; 1.0 is as it is. Kept for every document and window to come."""
        return self._zoom

    @zoom.setter
    def zoom(self, zoom: float) -> None:
        good = isinstance(zoom, (int, float)) and not isinstance(zoom, bool)
        if not good or not _ZOOMS[0] <= zoom <= _ZOOMS[1]:
            raise UsageError(f"a window's zoom is a number from {_ZOOMS[0]:g} to {_ZOOMS[1]:g}, not {zoom!r}")
        with self._lock:
            self._zoom = float(zoom)
            self._core.set_zoom(self._zoom)

    @property
    def enabled(self) -> bool:
        """The page takes input. ``False`` is for the time in which a modal dialog of the application is open."""
        return self._enabled

    @enabled.setter
    def enabled(self, on: bool) -> None:
        with self._lock:
            self._enabled = bool(on)
            self._core.set_enabled(self._enabled)

    # Inside an application

    @property
    def native_id(self) -> int | None:
        """The X11 id of the window, as from the event ``"opened"``; ``None`` while there is no window, and where there
        is no X11."""
        return self._native_id if self._core.is_open else None

    @property
    def embedded(self) -> bool:
        """It is made to be put into a window of the application, see :class:`WindowOptions`."""
        return self._options.embedded

    @property
    def transient_for(self) -> int | None:
        """The X11 id of the application's window that this one stays above; ``None``: it is on its own.

        Setting it raises ``UsageError`` for an embedded window.
        """
        return self._transient_for

    @transient_for.setter
    def transient_for(self, native_id: int | None) -> None:
        checked = _checked_id(native_id)
        if self.embedded:
            raise UsageError("a window that is embedded in another one cannot stay above one")
        with self._lock:
            self._transient_for = checked
            self._core.set_transient_for(checked)

    def give_focus(self, native_id: int) -> None:
        """Gives the keyboard to a window of the application, by its X11 id; :meth:`focus` takes it for the page."""
        checked = _checked_id(native_id)
        if checked is None:
            raise UsageError("give_focus takes the X11 id of a window")
        self._core.give_focus(checked)

    def minimize(self) -> None:
        """Puts the window into the task bar."""
        self._core.act("minimize")

    def maximize(self) -> None:
        """Makes the window as large as the screen allows."""
        with self._lock:
            self._maximized = True
            self._core.act("maximize")

    def restore(self) -> None:
        """Brings the window back from minimized or maximized."""
        with self._lock:
            self._maximized = False
            self._core.act("restore")

    def focus(self) -> None:
        """Brings the window to the front and gives it the keyboard."""
        self._core.act("focus")

    def on(self, event: str, func: Callable[..., Any] | None = None) -> Any:
        """Listens to the window. A decorator, or called with the function.

        ``"opened"``, ``"shown"``, ``"closed"``, ``"focused"``, ``"blurred"``, ``"crashed"``: no argument.
        ``"resized"``: width and height, ``"moved"``: x and y, logical pixels. ``"closing"``: the user wants to close
        the window; a listener that returns ``False`` keeps it open. When none has answered after 3 s, the window
        closes. It cannot be an ``async`` function: the answer is needed at once.

        ``"opened"``: the window is there, and has its ``native_id``; another one when it came back after a crash.
        ``"key"``: a key was pressed in an embedded page, which did not use it, so the application may: one str,
        ``Ctrl``, ``Alt``, ``Shift``, ``Meta`` in this order and the key as ``KeyboardEvent.key`` names it, letters in
        upper case: ``"Ctrl+Shift+S"``, ``"F5"``, ``"Ctrl++"``, ``"Space"``.

        ``"download"``: a :class:`auroraview.Download`: when one begins, at most ten times a second while it goes on,
        and when it ends. ``"file_drop"``: the user dropped files of another program onto the page: a list of ``Path``,
        and x and y in the page area, logical pixels. ``"console"``: the page wrote to its console, or did not catch an
        error: level (``"log"``, ``"info"``, ``"warning"``, ``"error"``, ``"debug"``), text, the script's address and
        the line in it, or ``None``. For that one somebody must listen when the window opens, or ``debug=True``.

        ``"crashed"``: the web process died. The view stays open; ``view.reload()`` revives it. With
        ``isolation="process"``: that process, or the window's own; with ``respawn`` it comes back by itself.
        """
        if func is None:
            self._listeners.of(event)  # A wrong name is told here, not when the function is there.
            return lambda decorated: self.on(event, decorated)
        if event == "closing":
            check_answers(func, "a closing listener")
        return self._listeners.add(event, func)

    def off(self, event: str, func: Callable[..., Any] | None = None) -> int:
        """Removes one listener, or all of an event; returns how many."""
        return self._listeners.remove(event, func)

    @property
    def watches_closing(self) -> bool:
        """Somebody listens to ``closing``."""
        return bool(self._listeners.of("closing"))

    def _watch(self) -> None:
        with self._lock:
            self._core.watch(self.watches_navigation(), self.watches_closing)

    def opening(self) -> dict[str, Any]:
        """What a window opens with that is to look as this one does now. For the library's own use."""
        options = self._options
        return {
            "title": self._title,
            "size": self._size,
            "min_size": options.min_size,
            "position": self._position,
            "resizable": options.resizable,
            "decorations": options.decorations,
            "always_on_top": self._always_on_top,
            "transparent": options.transparent,
            "background_color": options.background_color,
            "visible": self._visible,
            "maximized": self._maximized,
            "fullscreen": self._fullscreen,
            "icon": self._icon,
            "context_menu": options.context_menu,
            "user_agent": options.user_agent,
            "downloads": self._downloads,
            "console": self._debug or bool(self._listeners.of("console")),
            "watch_navigation": self.watches_navigation(),
            "watch_closing": self.watches_closing,
            "embedded": options.embedded,
            "transient_for": self._transient_for,
            "zoom": self._zoom,
            "enabled": self._enabled,
        }

    # Told by the view, on the notice thread.

    def noticed(self, event: str, *args: Any) -> None:
        """Takes what the host reported. For the library's own use."""
        if event == "resized":
            self._size = (args[0], args[1])
        elif event == "moved":
            self._position = (args[0], args[1])
        elif event == "fullscreen":
            self._fullscreen = bool(args[0])
            return
        elif event in ("shown", "hidden"):
            self._visible = event == "shown"
            if event == "hidden":
                return
        elif self._service_told(event, *args):
            return
        self._listeners.tell(event, *args)

    def native_id_is(self, native_id: int | None) -> None:
        """The window is there, or none is any more. For the library's own use."""
        self._native_id = native_id
        if native_id is None:
            self._services_end()

    def ask_closing(self, request: int) -> None:
        """Asks the ``closing`` listeners. For the library's own use."""
        self._bridge.submit(self._core.peer.id, self._answer_closing, request)

    def _answer_closing(self, request: int) -> None:
        allow = True
        try:
            for func in self._listeners.of("closing"):
                if answer_of("a closing listener", func) is False:
                    allow = False
        finally:
            self._core.answer_closing(request, allow)


def _place_of_downloads(place: object) -> tuple[str, str]:
    """As the host takes it."""
    if place is None or place is False:
        return "refused", ""
    if place is True:
        return "user", ""
    if isinstance(place, (str, os.PathLike)) and place:
        return "folder", os.path.abspath(os.fsdecode(place))
    raise UsageError(f"downloads is a folder, True (the user's own) or None (refused), not {place!r}")


def _checked_id(native_id: object) -> int | None:
    """The id of an X11 window: 29 bits by the protocol, held in 32."""
    if native_id is None:
        return None
    if isinstance(native_id, int) and not isinstance(native_id, bool) and 0 < native_id < 2**32:
        return native_id
    raise UsageError(f"an X11 window's id is a positive int, as of QWidget.winId(), not {native_id!r}")


def _pair(value: object, what: str, least: int | None = None) -> tuple[int, int]:
    if (
        isinstance(value, (tuple, list))
        and len(value) == 2
        and all(isinstance(one, int) and not isinstance(one, bool) for one in value)
        and all(abs(one) <= 1_000_000 and (least is None or one >= least) for one in value)
    ):
        return value[0], value[1]
    raise UsageError(f"a window's {what} is two ints in logical pixels, not {value!r}")
