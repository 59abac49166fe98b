"""A widget of Qt with a page in it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from auroraview._log import logger
from auroraview.bridge import Bridge, current_call
from auroraview.errors import AuroraViewError, UsageError
from auroraview.hosts._glib import loop_mode
from auroraview.options import WindowOptions
from auroraview.qt import _focus, _following, _picture, _posting
from auroraview.qt._binding import NAME, QtCore, QtWidgets, Signal, application, embeds, is_alive
from auroraview.qt._blocking import Blocking
from auroraview.qt._drops import Drops
from auroraview.qt._embedding import Embedding, page_zoom, set_quietly
from auroraview.qt._guard import guarded
from auroraview.qt._notice import Notice
from auroraview.qt._shortcuts import Shortcuts, menu_of, normal, open_menu, send
from auroraview.qt._visibility import Visibility
from auroraview.view import WebView

if TYPE_CHECKING:
    from auroraview._core import Buffer
    from auroraview.options import StrPath

__all__ = ["WebPanel"]

Function = Callable[..., Any]

_NO_EMBEDDING = "Pages cannot be shown inside this application here."
#: A click that activates a window may be meant for another widget of it.
_ACTIVATION_MILLISECONDS = 60


class WebPanel(QtWidgets.QWidget):  # type: ignore[misc]
    """A page as a widget: in layouts, docks, tabs, splitters, windows of its own.

    It opens when it is shown first, or by :meth:`open`. When the widget is deleted, the page closes.

    Args:
        parent: a widget, or ``None``.
        title: of the window it opens where it cannot be inside another (see :attr:`embeds`).
        url, html, path, bridge, api, debug, allow_origins, data_directory: as for :class:`auroraview.WebView`.
        isolation: ``"none"``: the page lives in this process, ``"process"``: in one of its own; ``None``: in this one
            where that works.
        keys: keys that the application never gets while the page has the keyboard, as in ``("Ctrl+S", "F5")``. Of all
            others it gets those that the page leaves alone: no text field takes them and no listener calls
            ``preventDefault()``.
        view: a view that exists already, instead of all of these but ``keys``: one with
            ``WindowOptions(embedded=True)``. It stays open when the widget is deleted.

    Signals:
        ``opened``, ``ready`` (each time a document is), ``crashed``, ``closed``; ``received(name, detail)``: events of
        the page, see :meth:`listen`.

    Widgets are used on Qt's thread only. What is said here to work on any thread is ``view``, ``bridge``, ``emit`` and
    binding.
    """

    opened = Signal()
    ready = Signal()
    closed = Signal()
    crashed = Signal()
    received = Signal(str, object)

    def __init__(
        self,
        parent: Any = None,
        *,
        title: str = "",
        url: str | None = None,
        html: str | None = None,
        path: StrPath | None = None,
        bridge: Bridge | None = None,
        api: object | None = None,
        debug: bool = False,
        allow_origins: Iterable[str] = (),
        data_directory: StrPath | None = None,
        isolation: str | None = None,
        keys: Iterable[str] = (),
        view: WebView | None = None,
    ) -> None:
        if application() is None:  # Qt itself would end the program
            raise UsageError("a WebPanel needs the QApplication: make that first")
        super().__init__(parent)
        self._keys = frozenset(normal(key) for key in keys)
        if view is None:
            self.view = WebView(
                title,
                url=url,
                html=html,
                path=path,
                width=self.sizeHint().width(),
                height=self.sizeHint().height(),
                window=WindowOptions(embedded=embeds()),
                bridge=bridge,
                api=api,
                debug=debug,
                allow_origins=allow_origins,
                data_directory=data_directory,
                isolation=_usual_isolation() if isolation is None else isolation,
            )
        elif (url, html, path, bridge, api, data_directory, isolation) != (None,) * 7 or debug or allow_origins:
            raise UsageError("WebPanel(view=...) takes none of what a view is made of: the view has it")
        else:
            self.view = view
        _posting.prepare()
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self._layout = QtWidgets.QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._embedding = Embedding()
        self._notice: Any = None
        self._notice_acts: weakref.WeakMethod[Callable[[], None]] | None = None
        self._shortcuts = Shortcuts()
        self._drops = Drops(self.view, self)
        self._blocking = Blocking(self)
        self._visibility = Visibility(self)
        self._opening = False
        self._open_asked = False
        self._sync_waits = False
        self._listeners: list[tuple[str, Function]] = []
        _following.follow(self, closes=view is None)

    # What it is made of

    @property
    def bridge(self) -> Bridge:
        """The handlers of the view."""
        return self.view.bridge

    @property
    def embeds(self) -> bool:
        """The page is inside the widget; else it opens as a window of its own. See :func:`auroraview.qt.embeds`."""
        return self.view.window.embedded and embeds()

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

    def emit(self, event: str, *payload: Any, **options: Any) -> None:
        """See :meth:`auroraview.WebView.emit`."""
        # PySide2 sends a signal of Qt by calling the method of this name.
        if NAME == "PySide2" and event[:1] == "2" and self.metaObject().indexOfSignal(event[1:]) >= 0:
            super().emit(event, *payload)
        else:
            self.view.emit(event, *payload, **options)

    def buffer(self, name: str, shape: int | Iterable[int], dtype: Any = "uint8") -> Buffer:
        """See :meth:`auroraview.WebView.buffer`."""
        return self.view.buffer(name, shape, dtype)

    def listen(self, *events: str) -> None:
        """Has events of this page told by the signal ``received(name, detail)``, on Qt's thread."""
        panel = weakref.ref(self)
        peer = self.view.peer

        for event in events:

            def handle(detail: Any = None, event: str = event) -> None:
                if current_call().peer is peer:
                    _posting.post(lambda: _following.emit_received(panel, event, detail))

            self.bridge.on(event, handle)
            self._listeners.append((event, handle))

    # Its life

    def open(self) -> None:
        """Opens the page now; returns when its window is there. It is ready later: signal ``ready``.

        Raises:
            HostError: no window can be opened here; the text says what to do.
        """
        self._open_asked = True
        if not self.view.is_open:
            if self.embeds:
                set_quietly(self.view, "visible", False)  # until it is in its place
            self.view.show(wait=False)
        self._place()

    def close_view(self) -> None:
        """Closes the page; the widget stays. :meth:`open` opens it again."""
        self._embedding.remove()
        self.view.close()

    def sizeHint(self) -> Any:  # noqa: N802 - Qt's name
        """420 x 600, as panels of tools are."""
        return QtCore.QSize(420, 600)

    def minimumSizeHint(self) -> Any:  # noqa: N802 - Qt's name
        """Small: the application decides."""
        return QtCore.QSize(80, 60)

    if _picture.TELLS_TARGET:

        @guarded
        def paintEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
            super().paintEvent(event)
            _picture.paint(self)

    else:

        def grab(self, rectangle: Any = None) -> Any:
            """As ``QWidget.grab``: a pixmap, with the page as it was painted last."""
            return _picture.grab(self, rectangle, super().grab)

        def render(self, target: Any, *args: Any) -> None:
            """As ``QWidget.render``, with the page as it was painted last."""
            super().render(target, *args)
            _picture.render(self, target, *args)

    # What Qt tells

    @guarded
    def showEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        super().showEvent(event)
        if not self._open_asked:
            self._open_asked = True
            if self.embeds:
                _focus.later(0, self, "_open_shown")
            else:
                self._say(_NO_EMBEDDING, "Open in a window", self._open_in_thread)
        self._sync_later()

    @guarded
    def hideEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        super().hideEvent(event)
        self._sync_later()

    @guarded
    def resizeEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        super().resizeEvent(event)
        self._follow_scale()

    @guarded
    def focusInEvent(self, event: Any) -> None:  # noqa: N802 - Qt's name
        super().focusInEvent(event)
        if event.reason() == QtCore.Qt.FocusReason.ActiveWindowFocusReason:
            _focus.later(_ACTIVATION_MILLISECONDS, self, "_focus_page")
        else:
            self._focus_page()

    # Opening and embedding

    @guarded
    def _open_shown(self) -> None:
        """Here, where the application's loop drives the page; else on a thread, which may wait."""
        if self.view.is_open or (self.view.info["transport"] == "embedded" and loop_mode() == "guest"):
            try:
                self.open()
            except AuroraViewError as error:
                self._failed(str(error))
        else:
            self._open_in_thread()

    def _open_in_thread(self) -> None:
        if self._opening:
            return
        self._opening = True
        self._say("Opening ...", None)
        if self.embeds:
            set_quietly(self.view, "visible", False)
        threading.Thread(
            target=_following.show, args=(self.view, weakref.ref(self)), name="auroraview-panel", daemon=True
        ).start()

    def _shown(self, problem: str | None) -> None:
        """What the thread says."""
        self._opening = False
        if problem is not None:
            self._failed(problem)
        elif self.embeds:
            self._place()
        else:
            self._say("The page is in a window of its own.", "Bring it to the front", self._open_in_thread)

    def _failed(self, problem: str) -> None:
        logger.error("%r: %s", self.view, problem)
        self._say(problem, "Try again", self._open_shown if self.embeds else self._open_in_thread)

    def _place(self) -> None:
        """Takes the window in that the view has now."""
        native_id = self.view.window.native_id if self.view.is_open and self.embeds else None
        if native_id is None:
            return
        if native_id != self._embedding.native_id or not self._embedding.is_in_place:
            self._embedding.put(native_id, self, self._layout)
            self._drops.watch(self._embedding.container)
        self._show_page()

    def _show_page(self) -> None:
        if self._embedding.container is None:
            return
        if self._notice is not None:
            self._notice.hide()
        self._embedding.container.show()
        _focus.add(self)
        self._sync()
        if self.hasFocus():
            self._focus_page()

    def _say(self, text: str, button: str | None, acts: Callable[[], None] | None = None) -> None:
        """Shows a sentence instead of the page."""
        if self._notice is None:
            self._notice = Notice(self)
            self._notice.pressed.connect(self._notice_pressed)
            self._layout.addWidget(self._notice)
        if self._embedding.container is not None:
            self._embedding.container.hide()
        # Weakly: a bound method of its own would keep the widget's Python object.
        self._notice_acts = None if acts is None else weakref.WeakMethod(acts)
        self._notice.say(text, button)
        self._notice.show()

    @guarded
    def _notice_pressed(self) -> None:
        acts: Any = None if self._notice_acts is None else self._notice_acts()
        if acts is not None:
            acts()

    # Keeping the page as the widget is

    def _sync_later(self) -> None:
        """Docking hides a widget and shows it again at once: the page does not notice."""
        if not self._sync_waits:
            self._sync_waits = True
            _focus.later(0, self, "_sync")

    @guarded
    def _sync(self) -> None:
        self._sync_waits = False
        if self.isVisible() and not self._embedding.is_in_place:
            self._place()  # if there is a page; Qt has ended the window that it was in
        elif self._embedding.container is not None and self.view.is_open:
            set_quietly(self.view, "visible", self._visibility.is_visible())
            self._blocking.follow()
            self._follow_scale()

    def _follow_scale(self) -> None:
        if self._embedding.container is not None and self.view.is_open:
            set_quietly(self.view, "zoom", page_zoom(self))

    def _set_enabled(self, on: bool) -> None:
        if self._embedding.container is not None and self.view.is_open:
            set_quietly(self.view, "enabled", on)

    @guarded
    def _focus_page(self) -> None:
        if not self.hasFocus() or self._embedding.container is None or not self.view.is_open:
            return
        if QtWidgets.QApplication.activePopupWidget() is not None:  # a menu would close
            _focus.later(_ACTIVATION_MILLISECONDS, self, "_focus_page")
        else:
            _focus.taken_by_page()
            self.view.window.focus()

    # What the view tells, on Qt's thread

    def _told(self, name: str, args: tuple[Any, ...], moment: float) -> None:
        if name in ("opened", "reopened"):
            self._place()
            if name == "opened":
                self.opened.emit()
        elif name == "ready":
            self._show_page()
            self.ready.emit()
        elif name == "key":
            self._key(args[0])
        elif name == "focused":
            self._page_focused(moment)
        elif name in ("crashed", "lost"):
            self._crashed(name)
        elif name == "open_failed":
            self._embedding.remove()
        elif name == "closed":
            self._view_closed()

    def _page_focused(self, moment: float) -> None:
        """A click in the page: for Qt the panel has the focus from now on, so that it is its again when the user comes
        back from a dialog or another application. Unless a click in the application came after it."""
        if self.embeds and not self.hasFocus() and not _focus.given_after(moment):
            self.setFocus(QtCore.Qt.FocusReason.MouseFocusReason)

    def _key(self, stroke: str) -> None:
        if stroke in self._keys:
            return
        if stroke in ("Tab", "Shift+Tab"):
            _focus.give_to(self)
            self.focusNextPrevChild(stroke == "Tab")
            return
        before = self.window().focusWidget()
        menu = menu_of(self, stroke)
        if menu is not None:
            _focus.give_to(self)
            open_menu(*menu)
            return
        if not self._shortcuts.offer(self, stroke):
            send(self, stroke)
        if is_alive(self):  # whatever the application did
            after = self.window().focusWidget()
            if after is not None and after is not before and after is not self:
                _focus.give_to(self)

    def _crashed(self, name: str) -> None:
        if name == "lost":
            self._embedding.remove()
        if self.view.info["transport"] == "embedded":
            self._say("The page has crashed.", "Load it again", self._load_again)
        else:
            self._say("The page has crashed and comes back.", None)
        self.crashed.emit()

    def _load_again(self) -> None:
        self.view.reload()

    def _view_closed(self) -> None:
        self._embedding.remove()
        _focus.remove(self)
        if self.embeds:
            self._say("The page was closed.", "Open it again", self._open_shown)
        else:
            self._say(_NO_EMBEDDING, "Open in a window", self._open_in_thread)
        self.closed.emit()


def _usual_isolation() -> str:
    """A process of its own where the page cannot be in the application, or by no loop of its own."""
    mode = loop_mode()
    return "process" if mode == "foreign" or (mode == "guest" and not embeds()) else "none"
