"""A front end in a program of its own, started and stopped by this one.

    launcher = Launcher(bridge, page="dist/")
    with launcher:
        launcher.emit("settings", settings, retain=True)
        launcher.wait()

The program is the ready-made native window, or any other that takes a port: ``command=["./viewer", "--flag"]``. It
finds the port in its arguments (``--ws-port=N``), its environment, the address of its page and a config script. It ends
with us, however we end; what becomes of it does not hurt us.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from auroraview import _core, _front_end, _waiting
from auroraview._child import Process, how
from auroraview._expected import Expected, checked_dialect
from auroraview._launching import Plan, Run
from auroraview._lifecycle import weakly
from auroraview._listeners import Listeners
from auroraview.errors import HostError, UsageError
from auroraview.options import ServerOptions, check_count, check_positive
from auroraview.server import make_site

if TYPE_CHECKING:
    from auroraview.bridge import Bridge
    from auroraview.options import StrPath
    from auroraview.peer import Peer

__all__ = ["Launcher", "Process"]

_EVENTS = ("ready", "exited", "crashed", "respawned")
_TO_START = "write `await asyncio.to_thread(launcher.start)`, or `launcher.start(wait=False)`"
_STILL_STOPPING = "it is still stopping: write `await asyncio.to_thread(launcher.start)`"
_TO_WAIT = "write `await asyncio.to_thread(launcher.wait)`"

# A launcher that runs is kept, also when the program has forgotten it.
_running: set[Launcher] = set()


class Launcher:
    """Runs a front end as a program of its own, with a port to reach the bridge. Any number at once; any thread.

    Constructing starts nothing; :meth:`start` does, and a ``with`` block does and stops it at its end. From the
    construction on there is :attr:`peer`: what is emitted before a client is there waits for it.

    Args:
        bridge: the handlers. Windows, servers and launchers may share it.
        command: the program and its arguments, a list; ``{port}`` and ``{url}`` in it are replaced, and without a
            ``{port}`` ``--ws-port=N`` is added. ``None``: ``["auroraview-shell"]``, the ready-made native window.
        page: what the program shows: an http address, a directory with an ``index.html`` (served at the port), or an
            ``.html`` file (opened as ``file:``). Its origin may use the bridge. ``None``: nothing that has an address.
        dialect: ``"auroraview"``, the protocol that ``auroraview.js`` speaks; ``"plain"``: JSON messages
            ``{"type": name, ...}`` for front ends that know nothing of us.
        encoding: how emits go out in the plain dialect: ``"json"``, or ``"msgpack"`` in binary messages.
        env_name: the environment variable for the port.
        config_dir: where ``ws-config.js`` is written; ``None``: where the page is, if it is a local one.
        allow_origins: further origins that may use the bridge.
        require_secret: clients must know the secret. ``False`` only with ``dialect="plain"``: then any program of the
            machine may connect, and any page of the allowed origins.
        secret_via: how the program gets the secret: ``"env"``: in ``AURORAVIEW_SECRET``; ``"stdin"``: as the first
            line of its stdin, with ``AURORAVIEW_SECRET_VIA=stdin``.
        max_connections: how many there may be at a time.
        start_timeout: how long the program may take until it is ready, in seconds.
        stop_timeout: how long it has to end after its stdin was closed, in seconds; then it gets SIGTERM, and half of
            that time later SIGKILL.
        respawn: start it again when it crashes: at once, then less and less soon, at most 5 times in 60 s. Its session
            goes on: events that it had not acknowledged come again.
        csp: the Content-Security-Policy of a page that is a directory, as for :func:`auroraview.serve`.
        cwd: where the program runs.
        env: its environment on top of ours; ``None`` as a value removes a variable.

    Raises:
        UsageError: the arguments do not fit together.
        FileNotFoundError: there is nothing at ``page``.
    """

    def __init__(
        self,
        bridge: Bridge,
        *,
        command: Sequence[StrPath] | None = None,
        page: StrPath | None = None,
        dialect: Literal["auroraview", "plain"] = "auroraview",
        encoding: Literal["json", "msgpack"] = "json",
        env_name: str = _front_end.PORT_VARIABLE,
        config_dir: StrPath | None = None,
        allow_origins: Iterable[str] = (),
        require_secret: bool = True,
        secret_via: Literal["env", "stdin"] = "env",
        max_connections: int = 8,
        start_timeout: float = 15.0,
        stop_timeout: float = 5.0,
        respawn: bool = False,
        csp: str | None = "default",
        cwd: StrPath | None = None,
        env: Mapping[str, str | None] | None = None,
    ) -> None:
        front_end = _front_end.FrontEnd.of(command, page, env=env, env_name=env_name, secret_via=secret_via, cwd=cwd)
        check_positive("Launcher(start_timeout=...)", start_timeout, "a positive number of seconds")
        check_positive("Launcher(stop_timeout=...)", stop_timeout, "a positive number of seconds")
        check_count("Launcher(max_connections=...)", max_connections)
        if isinstance(allow_origins, str):
            raise UsageError(f"allow_origins is a list of origins: allow_origins=[{allow_origins!r}]")
        self.bridge = bridge
        shown = front_end.page
        self._site = make_site(None if shown is None else shown.directory, csp)
        script_folder = None if shown is None else shown.folder
        self._plan = Plan(
            front_end=front_end,
            script_folder=script_folder if config_dir is None else Path(os.path.abspath(config_dir)),
            start_timeout=start_timeout,
            stop_timeout=stop_timeout,
            respawn=bool(respawn),
        )
        self._lock = threading.RLock()
        self._run: Run | None = None
        self._process: Process | None = None
        self._expected = Expected(
            bridge,
            dialect=checked_dialect(dialect, encoding, require_secret),
            needs_secret=require_secret,
            allow_origins=[*allow_origins, *([] if shown is None else shown.origins)],
            options=ServerOptions(max_connections=max_connections),
            ready=weakly(self._is_ready),
        )
        self._listeners = Listeners(_EVENTS, bridge, self.peer._core.id)

    # Its life

    def start(self, *, wait: bool = True) -> None:
        """Starts the program.

        Args:
            wait: return when its page is ready; handlers of the main thread run meanwhile. ``False`` returns when the
                program has been started.

        Raises:
            HostError: it cannot be started, ended before it was ready, or was not ready in ``start_timeout`` (then it
                is stopped). The text has its last words.
            KeyboardInterrupt: Ctrl-C was pressed; it is stopped, as for whatever a signal handler raises.
            UsageError: it is running already; or ``wait`` on a running asyncio loop: write
                ``await asyncio.to_thread(launcher.start)``.
        """
        if wait:
            _waiting.prepare(_TO_START)
        run = self._begin(wait)
        if not wait:
            return
        try:
            _waiting.wait_until(lambda: run.was_ready or run.is_over, self._plan.start_timeout, remedy=_TO_START)
            if run.was_ready:
                return
            problem = self._why_not_ready(run)
            run.ask_stop()
            _waiting.wait_until(lambda: run.is_over, None, remedy=_TO_START)
        except BaseException:  # Ctrl-C, or what else a signal handler raises
            self.stop()
            raise
        raise HostError(problem)

    def _begin(self, must_be_ready: bool) -> Run:
        while True:
            with self._lock:
                before = self._run
                if before is None:
                    self._expected.renew_if_over()
                    return self._begin_now(must_be_ready)
                if not before.is_ending:
                    raise UsageError("the launcher is running: stop() it before it is started again")
            _waiting.wait_until(lambda before=before: before.is_over, None, remedy=_STILL_STOPPING)  # type: ignore[misc]

    def _begin_now(self, must_be_ready: bool) -> Run:
        try:
            server = _core.Server(self._expected.sessions, self._site, "127.0.0.1", 0)
        except OSError as error:
            raise HostError(f"cannot listen on a port of 127.0.0.1: {error.strerror or error}") from error
        run = Run(
            self._plan,
            server,
            self._expected.secret,
            tell=self._tell,
            say_goodbye=self._expected.say_goodbye,
            over=self._is_over,
        )
        self._run = run
        _running.add(self)
        run.begin(must_be_ready=must_be_ready)
        return run

    def stop(self) -> None:
        """Ends the program, and with it the sessions of its port: tells the pages, closes its stdin, then SIGTERM, then
        SIGKILL; see ``stop_timeout``. Returns when all is gone; stopping twice is fine.

        On a running asyncio loop, which must not stand still, it only begins: :attr:`is_running` tells when all is
        gone, ``await asyncio.to_thread(launcher.stop)`` waits.
        """
        with self._lock:
            run = self._run
        if run is None:
            return
        run.ask_stop()
        if _waiting.can_wait():
            _waiting.wait_until(lambda: run.is_over, None, remedy=_TO_WAIT)

    def wait(self, timeout: float | None = None) -> bool:
        """Waits until the program has ended and is not started again; returns whether it has. Handlers of the main
        thread run meanwhile, on it.

        Args:
            timeout: in seconds; ``None`` waits forever.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed; the program is stopped.
            UsageError: on a running asyncio loop: write ``await asyncio.to_thread(launcher.wait)``.
        """
        try:
            return _waiting.wait_until(lambda: not self.is_running, timeout, remedy=_TO_WAIT)
        except KeyboardInterrupt:
            self.stop()
            raise

    def __enter__(self) -> Launcher:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    # What there is

    @property
    def is_running(self) -> bool:
        """It was started, and has neither been stopped nor ended by itself. Stays true while a crashed program is
        started again."""
        return self._run is not None

    @property
    def port(self) -> int | None:
        """The port of this start; ``None`` when it is not running."""
        run = self._run
        return None if run is None else run.port

    @property
    def url(self) -> str | None:
        """Address of the page with ``?port=N``, without the secret: it may be logged. ``None`` without a page, and when
        it is not running."""
        port = self.port
        return None if port is None else self._plan.front_end.url(port)

    @property
    def process(self) -> Process | None:
        """The program's process, the last one also after its end; ``None`` before the first."""
        run = self._run
        return (None if run is None else run.process) or self._process

    @property
    def peer(self) -> Peer:
        """The page, also before it is there. A start after a stop or a failed start has a new one, for which nothing
        waits yet, and so has a program that comes back after its page was sent away."""
        return self._expected.peer

    @property
    def stats(self) -> dict[str, Any]:
        """Counters: connections, sessions, what was refused; how often the program was started and crashed since
        ``start()``."""
        run = self._run
        starts, crashes = (0, 0) if run is None else (run.starts, run.crashes)
        return {**self._expected.sessions.stats(), "starts": starts, "crashes": crashes}

    # Sending, listening

    def emit(
        self,
        event: str,
        payload: Any = None,
        *,
        retain: bool = False,
        keep: str = "all",
        key: str | None = None,
    ) -> None:
        """Sends an event to the page of the program; before it is ready it waits. Any thread; never blocks. See
        :meth:`auroraview.WebView.emit`."""
        self.peer.emit(event, payload, retain=retain, keep=keep, key=key)

    def emit_batch(self, events: Iterable[tuple[str, Any]]) -> None:
        """Sends several events together: all of them, or none when one cannot be sent."""
        self.peer.emit_batch(events)

    def on(self, event: str, func: Callable[..., Any] | None = None) -> Any:
        """Listens to what happens to the program. A decorator, or called with the function; runs where handlers run.

        ``"ready"``: its page is ready, each time there is a new one. ``"exited"``, with the exit status: it ended with
        0, or because it was stopped. ``"crashed"``, with the exit status (negative: the signal): it ended otherwise.
        ``"respawned"``: it was started again after a crash.
        """
        return self._listeners.add(event, func)

    def off(self, event: str, func: Callable[..., Any] | None = None) -> int:
        """Removes one listener, or all of an event; returns how many."""
        return self._listeners.remove(event, func)

    def __repr__(self) -> str:
        name, port = self._plan.front_end.name, self.port
        return f"<auroraview.Launcher {name}{' (not running)' if port is None else f', port {port}'}>"

    # Told by others

    def _is_ready(self) -> None:
        """On the notice thread."""
        if (run := self._run) is not None:
            run.ready_came()
            self._listeners.tell("ready")

    def _tell(self, event: str, *args: Any) -> None:
        """On the run's thread."""
        # Where no handler ran yet, a program that ends may start no thread for one.
        with contextlib.suppress(RuntimeError):
            self._listeners.tell(event, *args)

    def _is_over(self) -> None:
        """When nothing is left of a run."""
        with self._lock:
            if self._run is not None:
                self._process = self._run.process or self._process
            try:
                self._expected.renew()
                self._listeners.peer = self.peer._core.id
            finally:
                self._run = None
                # Not before what has happened to its peers is told.
                _core.notice_lane().put(_running.discard, (self,))

    def _why_not_ready(self, run: Run) -> str:
        process = run.process
        assert process is not None, "it was started"
        if run.was_stopped:
            return process.account("was stopped before it was ready")
        code = process.returncode
        if code is not None:
            return process.account(f"{how(code)} before it was ready")
        why = process.account(f"was not ready within {self._plan.start_timeout:g} s and is stopped")
        return f"{why}\n{self._expected.how_far(run.port, self._plan.front_end.env_name)}"

    def __del__(self) -> None:
        # The session that was expected: nobody will come any more.
        expected = getattr(self, "_expected", None)
        if expected is not None:
            expected.sessions.close()


@atexit.register
def _stop_all() -> None:
    """At the end of the program, while handlers still run: each gets the time that it has at any stop."""
    launchers = list(_running)
    for launcher in launchers:
        if (run := launcher._run) is not None:
            run.ask_stop()
    for launcher in launchers:
        launcher.stop()


def _forget_all() -> None:
    """In a process that was forked: what runs is the other one's."""
    for launcher in _running:
        launcher._run = None
    _running.clear()


os.register_at_fork(after_in_child=_forget_all)
