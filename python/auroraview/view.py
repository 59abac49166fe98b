"""A native window with a page."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from auroraview import _core, _host, _source, _waiting
from auroraview._asking import Asking
from auroraview._evaluation import Evaluations
from auroraview._isolation import Isolation
from auroraview._lifecycle import start_thread, weakly
from auroraview._log import logger
from auroraview._main_thread import pumped_by_loop
from auroraview._questions import Questions
from auroraview._running import check_answers
from auroraview.bridge import Bridge
from auroraview.errors import CallTimeout, HostError, ViewClosed
from auroraview.navigation import Watcher, checked_origin, decide
from auroraview.peer import Peer
from auroraview.window import Window

if TYPE_CHECKING:
    from auroraview._core import Buffer
    from auroraview.options import StrPath, WindowOptions

__all__ = ["WebView"]

Function = Callable[..., Any]

_OPEN_SECONDS = 20.0


class _Opening:
    """A window that was asked for."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.done = False
        self.problem: str | None = None


# A window that is open keeps its view, also when the program has forgotten it.
_showing: set[WebView] = set()


class WebView(Asking):
    """A native window with a page, and the handlers that serve it. Constructing opens nothing; :meth:`show` does.

    Args:
        title: the title bar's text.
        url: an http or https address; its origin may use the bridge.
        html: a text of HTML, served from an origin of its own.
        path: a directory with an ``index.html``, or one file; served from an origin of its own.
        width, height: size of the page area in logical pixels.
        window: how the window looks.
        bridge: the handlers, when several views share them.
        api: an object whose public methods the page may call, as with :meth:`bind_api`.
        debug: tracebacks go to the page, the web inspector is there, local files are not cached.
        allow_origins: further origins that may use the bridge, as in ``"https://example.com"``.
        data_directory: where cookies and the page's storage are kept; ``None`` keeps nothing between runs.
        isolation: ``"process"``: the window has a process of its own, whose crash costs this one nothing, and works
            whatever loops run here; ``"none"``: it lives in this process.
        respawn: a window with its own process comes back after a crash, also one of its page: at once, then after
            0.25 s and doubling, at most 5 times in 60 s; then, or with ``False``, the view closes.
        sandbox: the process of the page may see and do only what a page needs: for pages that are not the program's
            own. Needs bubblewrap and user namespaces.

    Every method may be called from any thread, also from handlers.

    Raises:
        UsageError: more than one of url, html and path; no such isolation.
        FileNotFoundError: there is nothing at ``path``.
    """

    def __init__(
        self,
        title: str = "AuroraView",
        *,
        url: str | None = None,
        html: str | None = None,
        path: StrPath | None = None,
        width: int = 800,
        height: int = 600,
        window: WindowOptions | None = None,
        bridge: Bridge | None = None,
        api: object | None = None,
        debug: bool = False,
        allow_origins: Iterable[str] = (),
        data_directory: StrPath | None = None,
        isolation: str = "none",
        respawn: bool = True,
        sandbox: bool = False,
    ) -> None:
        self._source = _source.choose(url, html, path)
        self._allow_origins = [checked_origin(origin) for origin in allow_origins]
        self._data_directory = None if data_directory is None else os.path.abspath(data_directory)
        self._debug = debug
        self.bridge = Bridge() if bridge is None else bridge
        self._isolation = Isolation(self, isolation, respawn, sandbox=bool(sandbox))
        self._core = _core.View(self.bridge._core, weakly(self._notice), self._isolation.shell)
        self._core.peer.set_debug(debug)
        self.peer = Peer(self._core.peer, self.bridge, transport=self._isolation.transport, close=weakly(self.close))
        self._lock = threading.RLock()
        self._questions = Questions(self._core, of_window=self._isolation.is_here)
        self.window = Window(
            self._core, self.bridge, title, (width, height), window, self._lock, self._questions, debug=debug
        )
        self.window.watches_navigation = lambda: bool(self._watchers)
        self._evaluations = Evaluations(self._core, of_window=self._isolation.is_here, page=self._core.peer.id)
        self._watchers: list[Watcher] = []
        self._ready_functions: list[Function] = []
        #: The ready functions have been told of the document that is there.
        self._told_ready = False
        self._closed_functions: list[Callable[[], None]] = []
        #: Told of every notice, after the view itself, on the notice thread: for what must not wait behind handlers.
        self._followers: list[Callable[..., None]] = []
        self._openings = 0
        # Windows asked for, and those of them that are gone and told; one is told before the next is asked for.
        self._begun = self._ended = 0
        self._close_asked = False
        self._opening = _Opening(0)
        self._origin: str | None = None
        if api is not None:
            self.bind_api(api)

    # The window's life

    @property
    def is_open(self) -> bool:
        """The window is there. Turns false when it is gone."""
        return self._core.is_open

    def show(self, *, wait: bool = True) -> None:
        """Opens the window, or brings it to the front when it is open.

        Args:
            wait: return when the window has closed; handlers of the main thread run meanwhile. ``False`` returns when
                it is open.

        Raises:
            HostError: no window can be opened here, or none with the sandbox; the text says what to do.
            KeyboardInterrupt: Ctrl-C was pressed; the window is closed.
            UsageError: ``wait`` on a running asyncio loop; use :meth:`show_async`. ``wait`` on the thread of an
                application whose loop the window lives in; use ``show(wait=False)``.
        """
        if wait:
            if not self.is_open:
                _waiting.prepare("write `await view.show_async()`")
            if self._isolation.is_here:
                # Only then it is known whose loop it is.
                self._isolation.prepare()
                _waiting.refuse_on_gui_thread("write `view.show(wait=False)`")
        try:
            opening = self._open()
            if wait:
                remedy = "write `await view.show_async()`"
                _waiting.wait_until(lambda: self._ended >= opening, None, remedy=remedy)
        except KeyboardInterrupt:
            self.close()
            raise

    async def show_async(self) -> None:
        """Opens the window and waits, on the asyncio loop, until it has closed. Cancelling it closes the window.

        Handlers of the main thread run on the loop meanwhile, if it is the main thread's.
        """
        import asyncio

        self.bridge.start_loop()
        closed = asyncio.Event()
        loop = asyncio.get_running_loop()

        def tell() -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(closed.set)

        abandoned = threading.Event()

        def open_window() -> None:
            self._open()
            if abandoned.is_set():
                self.close()

        opening = asyncio.create_task(asyncio.to_thread(open_window))
        try:
            with pumped_by_loop():
                await asyncio.shield(opening)
                # Now, so that it is not the end of the window before that is told.
                self._closed_functions.append(tell)
                if self.is_open:
                    await closed.wait()
        except asyncio.CancelledError:
            abandoned.set()
            self.close()
            await asyncio.wait([opening])
            raise
        finally:
            if tell in self._closed_functions:
                self._closed_functions.remove(tell)

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until the window is gone; returns whether it is.

        Args:
            timeout: in seconds; ``None`` waits forever.

        Raises:
            UsageError: where the window cannot close meanwhile: see :meth:`show`.
        """
        return _waiting.wait_until(
            lambda: not self.is_open,
            timeout,
            remedy="write `await view.show_async()`",
            window_remedy=self._here('use `view.window.on("closed", func)`'),
        )

    def _here(self, remedy: str) -> str | None:
        """The remedy, if the window is one of this process."""
        return remedy if self._isolation.is_here else None

    def close(self) -> None:
        """Closes the window: asks and returns. No ``closing`` listener can keep it open. Closing twice is fine."""
        with self._lock:
            self._close_asked = self._core.is_open
            self._core.close()

    def __enter__(self) -> WebView:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> int:
        """Returns the number of the opening, with which ``_ended`` is compared."""
        self._isolation.prepare()
        while True:
            with self._lock:
                if self._core.is_open and not self._close_asked:
                    self.window.focus()
                    # It may not be there yet: another thread shows it just now.
                    opening = self._opening
                    break
                last = self._begun
                if self._ended == last:
                    opening = self._begin()
                    break
                if self._isolation.is_here and _host.runs_here():
                    # Another thread has asked for that, and the loop that gets to it stands meanwhile.
                    self._core.close()
            if not _waiting.wait_until_answered(lambda last=last: self._ended >= last, _OPEN_SECONDS):  # type: ignore[misc]
                raise HostError(f"the window before did not close within {_OPEN_SECONDS:g} s")

        def is_answered() -> bool:
            return opening.done or opening.problem is not None or self._ended >= opening.number

        if not is_answered() and not _waiting.wait_until_answered(is_answered, _OPEN_SECONDS):
            of_guest = self._isolation.is_here and _host.loop() == "application"
            who = "the application's main thread" if of_guest else "the display"
            raise HostError(f"the window did not open within {_OPEN_SECONDS:g} s; is {who} responding?")
        if opening.problem is not None:
            raise HostError(opening.problem)
        return opening.number

    def _begin(self) -> _Opening:
        self._isolation.begins()
        self._evaluations.begins()
        _showing.add(self)
        self._begun += 1
        self._opening = _Opening(self._begun)
        try:
            self._core.open(self._open_options())
        except BaseException:
            self._begun -= 1
            _showing.discard(self)
            raise
        return self._opening

    def _open_options(self) -> dict[str, Any]:
        import secrets

        return {
            "key": secrets.token_hex(16),
            "source": self._source,
            "allow_origins": self._allow_origins,
            "debug": self._debug,
            "data_directory": self._data_directory,
            **self._isolation.opening(),
            **self.window.opening(),
        }

    # Handlers: those of the bridge

    def bind_call(
        self, method: str, func: Function | None = None, *, thread: str | None = None, sync: bool = False
    ) -> Any:
        """See :meth:`auroraview.Bridge.bind_call`."""
        return self.bridge.bind_call(method, func, thread=thread, sync=sync)

    def bind_api(self, obj: object, namespace: str = "api", *, replace: bool = False) -> None:
        """See :meth:`auroraview.Bridge.bind_api`."""
        self.bridge.bind_api(obj, namespace, replace=replace)

    def unbind(self, name: str) -> bool:
        """See :meth:`auroraview.Bridge.unbind`."""
        return self.bridge.unbind(name)

    def on(self, event: str, func: Function | None = None, *, thread: str | None = None) -> Any:
        """See :meth:`auroraview.Bridge.on`."""
        return self.bridge.on(event, func, thread=thread)

    def off(self, event: str, func: Function | None = None) -> int:
        """See :meth:`auroraview.Bridge.off`."""
        return self.bridge.off(event, func)

    # Sending

    def emit(
        self,
        event: str,
        payload: Any = None,
        *,
        retain: bool = False,
        keep: str = "all",
        key: str | None = None,
    ) -> None:
        """Sends an event to this page: ``auroraview.on(event, payload => ...)``. Any thread; never blocks.

        Before the page is ready events wait; what a document did not acknowledge goes to the next one. Order is kept
        for each thread, and what a handler emits reaches the page before that handler's result.

        Args:
            event: its name.
            payload: a value that can be sent: JSON, bytes, arrays.
            retain: keep the value for documents that come later, and for page handlers registered later.
            keep: ``"all"``, or ``"latest"``: replace what still waits under the same key; it goes out at most
                ``Bridge(frame_rate=60)`` times a second, the last value always.
            key: what ``keep="latest"`` replaces; the event's name, unless it is given.

        Raises:
            TypeError: the payload cannot be sent; the text names the part.
            Backpressure: too much waits for this page already.
        """
        self.peer.emit(event, payload, retain=retain, keep=keep, key=key)

    def emit_batch(self, events: Iterable[tuple[str, Any]]) -> None:
        """Sends several events together: all of them, or none when one cannot be sent."""
        self.peer.emit_batch(events)

    def buffer(self, name: str, shape: int | Iterable[int], dtype: Any = "uint8") -> Buffer:
        """Memory whose content the page has, as one typed array that it keeps: for pictures, meshes and plots that
        change all the time. In the page: ``auroraview.buffer(name)``.

            frames = view.buffer("frames", (1080, 1920, 4))
            pixels = numpy.asarray(frames)  # writes into it; without numpy: memoryview(frames)
            pixels[:] = render()
            frames.publish()

        Nothing is sent before ``publish()``, which may be called from any thread and never waits. A page that does not
        keep up misses versions, never the last one; documents that come later get that one too.

        Args:
            name: what the page knows it by. The same name, shape and dtype again: the same buffer. With another shape
                or dtype a new one takes the name.
            shape: length, or lengths of the dimensions.
            dtype: type of the elements: ``"int8"``, ... ``"uint64"``, ``"float16"``, ``"float32"``, ``"float64"``,
                ``"bool"``, or one of numpy.

        Raises:
            UsageError: no such shape or dtype; more bytes than ``Limits(message_bytes=...)`` allows.
        """
        return self.peer.buffer(name, shape, dtype)

    # The page

    def on_ready(self, func: Function) -> Function:
        """Calls the function each time a document is ready: its DOM is there and events flow. Also when it is ready
        already. Runs where plain handlers run; a decorator."""
        with self._lock:
            self._ready_functions.append(func)
            told = self._told_ready
        if told:
            self.bridge.submit(self._core.peer.id, func)
        return func

    @property
    def is_ready(self) -> bool:
        """A document is there and events flow."""
        return self.peer.is_ready and not self._evaluations.awaits_document

    def wait_ready(self, timeout: float | None = 30.0) -> None:
        """Waits until the page is ready.

        Raises:
            CallTimeout: it is not ready after ``timeout`` seconds (``None`` waits forever).
            ViewClosed: the window closed meanwhile.
            UsageError: where the page cannot become ready meanwhile: see :meth:`show`; in a handler that the page waits
                for without going on (``auroraview.callSync``).
        """
        openings = self._openings
        was_open = self.is_open
        reached = _waiting.wait_until(
            lambda: self.is_ready or (not self.is_open and (was_open or self._openings > openings)),
            timeout,
            remedy="use `view.on_ready(func)`",
            window_remedy=self._here("use `view.on_ready(func)`"),
            page=self._core.peer.id,
        )
        if not reached:
            raise CallTimeout(f"the page was not ready within {timeout:g} s")
        if not self.is_ready:
            raise ViewClosed(f"{self._isolation.end_reason} before the page was ready")

    def load_url(self, url: str) -> None:
        """Shows another address; its origin may use the bridge. Bindings stay."""
        self._load(_source.of_url(url))

    def load_html(self, html: str) -> None:
        """Shows a text of HTML. Bindings stay."""
        self._load(_source.of_html(html))

    def load_path(self, path: StrPath) -> None:
        """Shows a directory or a file. Bindings stay."""
        self._load(_source.of_path(path))

    def _load(self, source: _source.Source) -> None:
        with self._lock:
            self._source = source
            if self.is_open:
                self._evaluations.document_is_leaving()
                self._core.load(source, self._allow_origins)

    def reload(self) -> None:
        """Loads the document again. Revives a page whose web process died. Bindings stay."""
        if self.is_open:
            self._evaluations.document_is_leaving()
            self._core.reload()

    def on_navigate(self, func: Watcher) -> Watcher:
        """Sees every navigation and new window before it happens (those of iframes too); a decorator.

        The function gets a :class:`~auroraview.Navigation` and returns ``True`` (show it inside, without the bridge
        unless its origin is allowed), ``False`` (forbid) or ``None`` (the default: allowed origins inside, other http
        and https addresses in the system browser). The first answer that is not ``None`` counts. Without an answer the
        default holds after 3 s. One that raises, or answers something else, counts as ``None``.

        Raises:
            UsageError: an ``async`` function; the answer is needed at once.
        """
        check_answers(func, "an on_navigate function")
        with self._lock:
            self._watchers.append(func)
            self._core.watch(True, self.window.watches_closing)
        return func

    # Looking

    @property
    def info(self) -> dict[str, Any]:
        """What this view is: ``transport``, ``lane``, ``lane_reason``, ``document`` (id or ``None``), ``url``,
        ``origin``.

        ``lane`` is how the messages of this document travel: ``"fast"``, past the web engine's own loop, or
        ``"script-message"``, through it; then ``lane_reason`` says why, else it is ``None``.
        """
        lane, lane_reason = self._core.lane()
        return {
            "transport": self._isolation.transport,
            "lane": lane,
            "lane_reason": lane_reason,
            "document": self.peer.document,
            "url": self.peer.url,
            "origin": self._origin,
        }

    @property
    def stats(self) -> dict[str, Any]:
        """Counters of this page and of its bridge's handlers."""
        return {**self.peer.stats, **self.bridge.stats}

    def __repr__(self) -> str:
        return f"<auroraview.WebView {self.window.title!r}, {'open' if self.is_open else 'not open'}>"

    # What the host and the page report, on the notice thread

    def _notice(self, name: str, *args: Any) -> None:
        self._take(name, *args)
        for follow in list(self._followers):
            try:
                follow(name, *args)
            except Exception:  # noqa: BLE001 - one that fails must not end the others
                logger.exception("%r of %r could not be followed", name, self)

    def _take(self, name: str, *args: Any) -> None:
        match name:
            case "answer":
                self._evaluations.answered(*args)
            case "answered":
                self._questions.answered(*args)
            case "opened":
                self._opened(*args)
            case "open_failed":
                self._opening.problem = args[0]
                self._evaluations.end(f"the window could not be opened: {args[0]}")
                self._questions.end(f"the window could not be opened: {args[0]}")
                self._forget_if_closed()
            case "document":
                self.peer._listeners.tell("document")
            case "ready":
                self._evaluations.document_is_ready()
                self.peer._listeners.tell("ready")
                with self._lock:
                    self._told_ready = True
                    functions = list(self._ready_functions)
                for func in functions:
                    self.bridge.submit(self._core.peer.id, func)
            case "gone":
                self._told_ready = False
                self.peer._listeners.tell("gone")
            case "committed":
                self._evaluations.document_committed(bridge=args[1])
            case "loaded":
                self._evaluations.document_is_loaded()
            case "load_failed":
                self._evaluations.order_failed()
            case "crashed":
                self._isolation.web_process_died(*args)
            case "reopened":
                self._reopened(*args)
            case "lost":
                self._isolation.lost(*args)
            case "line":
                self._isolation.printed(*args)
            case "closing":
                self.window.ask_closing(args[0])
            case "navigating":
                self.bridge.submit(self._core.peer.id, self._answer_navigation, *args)
            case "external":
                start_thread("browser", lambda: _open_in_browser(args[0]))
            case "closed":
                self._isolation.ends()
                self._evaluations.end(self._isolation.end_reason)
                self._questions.end(self._isolation.end_reason)
                for tell in list(self._closed_functions):
                    tell()
                self.window.native_id_is(None)
                self.window.noticed("closed")
                self.peer._ended()
                self._forget_if_closed()
            case _:
                self.window.noticed(name, *args)

    def _opened(self, origin: str, native_id: int | None = None) -> None:
        self._origin = origin
        self.window.native_id_is(native_id)
        self._openings += 1
        self._opening.done = True
        self.peer._began(origin)
        self.window.noticed("opened")

    def _reopened(self, origin: str, native_id: int | None = None) -> None:
        self._origin = self.peer._origin = origin
        self.window.native_id_is(native_id)
        self.window.noticed("opened")

    def _forget_if_closed(self) -> None:
        with self._lock:
            self._ended = self._begun
            self._close_asked = False
            _showing.discard(self)

    def _answer_navigation(self, request: int, url: str, new_window: bool) -> None:
        decision: bool | None = None
        try:
            decision = decide(list(self._watchers), url, new_window)
        finally:
            self._core.answer_navigation(request, decision)


def _open_in_browser(url: str) -> None:
    """Takes as long as the browser likes, so not on the notice thread."""
    import webbrowser

    if not webbrowser.open(url):
        logger.warning("there is no browser to open %s with", url)
