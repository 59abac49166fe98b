"""A page where the application has place for it: docked, in a window above the application's, or in one alone."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from auroraview import _core, _source
from auroraview._log import logger
from auroraview._main_thread import main_thread
from auroraview.errors import HostError, UsageError
from auroraview.hosts import _memory
from auroraview.hosts._base import Host, HostInfo
from auroraview.hosts._rerun import Rerun, carry_listeners
from auroraview.hosts._wish import Wish
from auroraview.options import WindowOptions

if TYPE_CHECKING:
    from auroraview._core import Buffer
    from auroraview.bridge import Bridge
    from auroraview.hosts._docked import Docked
    from auroraview.hosts._windowed import Windowed
    from auroraview.view import WebView

Function = Callable[..., Any]


class Panel:
    """What :func:`auroraview.hosts.panel` returns. Its methods may be called from any thread; on another than the main
    one, :meth:`show`, :meth:`hide` and :meth:`close` wait until the main thread has done it.

    Attributes:
        key: as given.
        bridge: the handlers.
        host: where it is shown, as :func:`auroraview.hosts.detect` tells.
    """

    def __init__(
        self,
        number: int,
        key: str | None,
        title: str,
        host: Host,
        info: HostInfo,
        source: _source.Source | None,
        options: dict[str, Any],
        isolation: str | None,
        bridge: Bridge | None,
        api: object | None,
        asked: tuple[str, int, int],
    ) -> None:
        from auroraview.bridge import Bridge

        self.key = key
        self.host = info
        self.bridge = Bridge() if bridge is None else bridge
        self._owns_bridge = bridge is None
        self._host = host
        self._name = f"auroraview-panel-{number}" if key is None else f"auroraview-{key}"
        self._title = title
        self._source = source or _source.choose(None, None, None)
        self._options = options
        self._isolation = isolation
        self._place: Docked | Windowed | None = None
        self._rerun: Rerun | None = None
        self._forgotten = False
        self._unanswered: set[str] = set()
        path = None if key is None else _memory.path_of(info.name, key)
        last = None if path is None else _memory.read(path)
        self._was_visible = last is None or last.visible
        self._wish = Wish.of(*asked, last)
        self._memory = None if path is None else _memory.Memory(path, self._look)
        self._made = ("", False)
        window = self._main_window()
        self._view = self._make_view(self._ways(window)[0], window)
        if api is not None:
            self.bridge.bind_api(api)

    # Looking

    @property
    def view(self) -> WebView:
        """The page. Another one when the page had to be made anew: see ``key`` of :func:`auroraview.hosts.panel`."""
        return self._view

    @property
    def title(self) -> str:
        """Of the dock or window."""
        return self._title

    @property
    def place(self) -> str:
        """``"docked"``: in the application's main window, also while the dock floats; ``"window"``: a window."""
        return "window" if self._place is None else self._place.kind

    @property
    def dock(self) -> Any:
        """The ``QDockWidget``, or ``None``."""
        return None if self._place is None or not self._place.alive else self._place.dock

    @property
    def widget(self) -> Any:
        """The :class:`auroraview.qt.WebPanel` in the dock, or ``None``."""
        return None if self._place is None or not self._place.alive else self._place.widget

    @property
    def is_open(self) -> bool:
        """The page is there, also while the panel is hidden."""
        return self._view.is_open

    def __repr__(self) -> str:
        return f"<auroraview.hosts.Panel {self.key or self._title!r}, {self.place if self.is_open else 'closed'}>"

    # Showing

    def show(self) -> None:
        """Brings it to the front; opens it again when it was closed.

        Raises:
            HostError: the page cannot be opened; nothing is left of it then.
            UsageError: ``hosts.detach()`` was called since; call ``hosts.panel`` again.
        """
        main_thread.run(self._show)

    def hide(self) -> None:
        """What the close button of a dock does: the page goes on, and knows that nobody sees it."""
        main_thread.run(self._hide)

    def close(self) -> None:
        """Closes the page; :meth:`show` opens it again, from its beginning. Closing twice is fine."""
        main_thread.run(self._close)

    def _show(self) -> None:
        if self._forgotten:
            raise UsageError("hosts.detach() has closed this panel for good; call hosts.panel() again")
        place = self._place
        if place is not None and not (place.alive and place.belongs_to(self._main_window)):
            self._remember(place)
            place.abandon()  # the page is not lost with its dock
            self._place = place = None
        if place is not None and place.kind == "docked" and not self._view.is_open:
            self._close_place()  # the page was closed, by `view.close()` or by itself
            place = None
        if place is None:
            self._place = self._opened()
        else:
            place.show()

    def _hide(self) -> None:
        if self._place is not None and self._place.alive:
            self._place.hide()

    def _close(self) -> None:
        self._close_place()
        self._view.close()
        if self._rerun is not None:
            self._end_rerun(self._rerun)

    def _close_place(self) -> None:
        place = self._place
        if place is not None:
            place.close()
            self._remember(place)
            self._place = None

    def _remember(self, place: Docked | Windowed) -> None:
        """It opens where it was, in this run of the application and in the next."""
        if self._memory is not None:
            self._memory.flush()
        last = place.look()
        if last is not None:
            self._wish = Wish.of(*self._wish.asked, last)

    # Opening

    def _opened(self) -> Docked | Windowed:
        """The panel is shown afterwards, or nothing is left of it."""
        window = self._main_window()
        problems: list[HostError] = []
        # Where it lived last is tried first.
        for way in sorted(self._ways(window), key=lambda way: way != self._made[0]):
            if self._made != (way, window is not None):
                before, self._view = self._view, self._make_view(way, window)
                carry_listeners(before, self._view)
                before.close()
            try:
                return self._opened_in(window)
            except BaseException as error:
                self._view.close()
                if not isinstance(error, HostError):
                    raise
                problems.append(error)
        texts = dict.fromkeys(map(str, problems))
        if len(texts) == 1:
            raise problems[0]
        raise HostError("; in a process of its own: ".join(texts)) from problems[0]

    def _opened_in(self, window: Any) -> Docked | Windowed:
        if window is not None:
            from auroraview.hosts._docked import Docked

            place: Docked | Windowed = Docked(window, self._view, self._name, self._wish, self._changed)
        else:
            from auroraview.hosts._windowed import Windowed

            self._view.window.transient_for = self._asked("window_id")
            place = Windowed(self._view, self._wish, self._changed)
        try:
            place.show()
        except BaseException:
            place.close()
            raise
        return place

    def _make_view(self, isolation: str, window: Any) -> WebView:
        from auroraview.hosts._windowed import window_options
        from auroraview.view import WebView

        if window is not None:
            width, height, look = self._wish.width, self._wish.height, WindowOptions(embedded=True, visible=False)
        else:
            width, height, look = window_options(self._wish, self._asked("window_id"))
        view = WebView(
            self._title,
            width=width,
            height=height,
            window=look,
            bridge=self.bridge,
            isolation=isolation,
            **self._options,
        )
        view._load(self._source)
        self._made = (isolation, window is not None)
        return view

    def _main_window(self) -> Any:
        """The one to be docked in; ``None`` where panels are windows."""
        window = self._asked("main_window")
        if window is None:
            return None
        try:
            qt = importlib.import_module("auroraview.qt")
        except ImportError as error:
            logger.warning("the panel %r is a window, not a dock: %s", self._title, error)
            return None
        return window if qt.embeds() else None

    def _ways(self, window: Any) -> list[str]:
        """Where the page may live, the best first."""
        from auroraview.hosts._glib import loop_mode

        if self._isolation is not None:
            return [self._isolation]
        loop = loop_mode()
        # Where the application's loop drives GLib and its windows are not X11's, GTK would be a second client of
        # Wayland in the same loop.
        elsewhere = loop == "guest" and window is None and self._asked("window_id") is None
        return ["process"] if loop == "foreign" or elsewhere else ["none", "process"]

    def _asked(self, question: str) -> Any:
        """An answer of the application; one that fails keeps no tool from running."""
        if not self.host.interactive:
            return None
        try:
            return getattr(self._host, question)()
        except Exception as error:  # noqa: BLE001 - whatever an application of another version may raise
            if question not in self._unanswered:
                logger.warning("%s could not be asked for its %s: %s", self.host.name, question, error)
            self._unanswered.add(question)
            return None

    # Running again

    def _run_again(
        self,
        title: str,
        source: _source.Source | None,
        options: dict[str, Any],
        isolation: str | None,
        bridge: Bridge | None,
        api: object | None,
        visible: bool | None,
    ) -> None:
        self._set_title(title)
        bridge = self.bridge if bridge is None else bridge
        if (options, isolation, bridge) != (self._options, self._isolation, self.bridge):
            self._remake(options, isolation, bridge)
        if self._rerun is None:
            self._rerun = Rerun(self._view, self._owns_bridge)
            _core.main_lane().put(self._end_rerun, (self._rerun,))
        if api is not None:
            self.bridge.bind_api(api, replace=True)
        if source is not None and source != self._source:
            self._source = source
            self._view._load(source)
        if visible or (visible is None and self.is_open):
            self._show()

    def _remake(self, options: dict[str, Any], isolation: str | None, bridge: Bridge) -> None:
        """Another view takes the place of the one that there is. If there cannot be one, all stays as it was."""
        if self._place is not None:
            self._remember(self._place)
        before = self._view
        kept = self._options, self._isolation, self.bridge
        self._options, self._isolation, self.bridge = options, isolation, bridge
        window = self._main_window()
        try:
            made = self._make_view(self._ways(window)[0], window)
        except BaseException:
            self._options, self._isolation, self.bridge = kept
            raise
        self._close_place()
        before.close()
        self._view = made
        if bridge is before.bridge:
            carry_listeners(before, made)
        else:
            self._owns_bridge = False
        if self._rerun is not None:
            self._rerun.end()
            self._rerun = None

    def _end_rerun(self, rerun: Rerun) -> None:
        """In the next turn of the main thread: the tool's code has run by then."""
        rerun.end()
        if self._rerun is rerun:
            self._rerun = None

    def _set_title(self, title: str) -> None:
        if title != self._title:
            self._title = self._view.window.title = title
            if self._place is not None and self._place.alive:
                self._place.set_title(title)

    # Remembering

    def _changed(self) -> None:
        """Any thread."""
        if self._memory is not None:
            self._memory.changed()

    def _look(self) -> _memory.Remembered | None:
        """Any thread."""
        place = self._place
        return None if place is None else place.look()

    # Handlers: those of the bridge

    def bind_call(
        self, method: str, func: Function | None = None, *, thread: str | None = None, sync: bool = False
    ) -> Any:
        """See :meth:`auroraview.Bridge.bind_call`."""
        return self.bridge.bind_call(method, func, thread=thread, sync=sync)

    def bind_api(self, obj: object, namespace: str = "api", *, replace: bool = False) -> None:
        """See :meth:`auroraview.Bridge.bind_api`."""
        self.bridge.bind_api(obj, namespace, replace=replace)

    def on(self, event: str, func: Function | None = None, *, thread: str | None = None) -> Any:
        """See :meth:`auroraview.Bridge.on`."""
        return self.bridge.on(event, func, thread=thread)

    def emit(
        self, event: str, payload: Any = None, *, retain: bool = False, keep: str = "all", key: str | None = None
    ) -> None:
        """Sends an event to the panel's page; see :meth:`auroraview.WebView.emit`."""
        self._view.emit(event, payload, retain=retain, keep=keep, key=key)

    def buffer(self, name: str, shape: int | Iterable[int], dtype: Any = "uint8") -> Buffer:
        """Memory whose content the panel's page has; see :meth:`auroraview.WebView.buffer`."""
        return self._view.buffer(name, shape, dtype)
