"""The handlers of a program, and where they run."""

from __future__ import annotations

import contextlib
import contextvars
import functools
import inspect
import threading
import types
import weakref
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from auroraview import _core, _lifecycle
from auroraview._buffers import Buffers
from auroraview._places import Places
from auroraview._rebinding import Rebinding
from auroraview._running import call_context, is_async, is_awaitable, plain_text
from auroraview.errors import UsageError
from auroraview.options import Limits, check_count, check_positive
from auroraview.peer import Peer, latest_key

if TYPE_CHECKING:
    from auroraview._core import Buffer
    from auroraview._running import Adopt
    from auroraview._types import PlainSignature
    from auroraview.testing import Clock

__all__ = ["Bridge", "current_call"]

Function = Callable[..., Any]

_THREADS = ("worker", "pool", "main")
_usual_thread = "worker"
# What `window.auroraview` has itself; a namespace of the same name could not be reached.
_RESERVED_NAMESPACES = frozenset(
    "call callSync buffer send_event on once off trigger whenReady isReady onReset connection then".split()
)
# Methods that are not called themselves, but give what is.
_METHOD_TYPES = (
    staticmethod,
    classmethod,
    types.ClassMethodDescriptorType,
    functools.partialmethod,
    functools.singledispatchmethod,
)


def current_call() -> _core.Job:
    """The call or event that the running handler serves.

    It has ``peer``, ``method`` (the event's name, for an event), ``id`` (``None`` for an event) and ``cancelled``: true
    when nobody waits for the answer any more, because the page gave up or went away.

    Raises:
        UsageError: not called from a handler.
    """
    job = call_context.get()
    if job is None:
        raise UsageError("current_call() works only inside a handler, on the handler's own thread")
    return job


class Bridge:
    """The handlers of a program, shared by any number of pages: in windows, in browsers, in tests.

    Args:
        limits: what one page may cost.
        workers: how many pages the worker threads serve at once; each page's plain handlers run one at a time, in
            order of arrival.
        default_thread: where plain handlers run that were bound without ``thread``: ``"worker"``, ``"pool"`` or
            ``"main"``. ``None``: the worker; the main thread after ``hosts.attach()``.
        frame_rate: how often a second, at most, what was emitted with ``keep="latest"`` goes out.
        clock: for tests: whose time it is, a :class:`auroraview.testing.Clock`.

    All methods may be called from any thread, also from handlers.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        workers: int = 1,
        default_thread: str | None = None,
        frame_rate: float = 60,
        clock: Clock | None = None,
    ) -> None:
        check_count("Bridge(workers=...)", workers)
        if limits is not None and not isinstance(limits, Limits):
            raise UsageError(f"limits must be Limits(...), not {limits!r}")
        check_positive("Bridge(frame_rate=...)", frame_rate, "a positive number of times a second")
        if clock is not None and not isinstance(getattr(clock, "_core", None), _core.Clock):
            raise UsageError(f"clock must be auroraview.testing.Clock(), not {clock!r}")
        self.limits = Limits() if limits is None else limits
        self._default_thread = _checked_thread(default_thread) or _usual_thread
        self._core = _core.Bridge(
            (
                self.limits.message_bytes,
                self.limits.queue_messages,
                self.limits.queue_bytes,
                self.limits.depth,
                self.limits.calls_in_flight,
            ),
            workers,
            float(frame_rate),
            *(() if clock is None else (clock._core,)),
        )
        self._clock = clock
        # Reentrant: a handler that is replaced may have a destructor that binds or unbinds.
        self._lock = threading.RLock()
        self._places = Places(self._core, workers)
        weakref.finalize(self, self._places.close).atexit = False
        self._buffers = Buffers(self._core)
        self._namespaces: dict[str, tuple[Any, list[str]]] = {}
        self._rebinding: Rebinding | None = None
        self._connect_functions: list[Function] = []
        self._disconnect_functions: list[Function] = []
        _lifecycle.ensure_notice_thread()

    # Binding

    def bind_call(
        self, method: str, func: Function | None = None, *, thread: str | None = None, sync: bool = False
    ) -> Any:
        """Makes a function callable from the page: ``await auroraview.call(method, params)``.

        A decorator, or called with the function. Binding a bound name again replaces it.

        Args:
            method: any name; dots make namespaces: ``"api.save"`` is also ``auroraview.api.save()``.
            func: a plain or ``async`` function.
            thread: where a plain function runs: ``"worker"`` (one at a time, in order), ``"pool"`` (a bounded pool)
                or ``"main"`` (the application's main thread). ``async`` functions run on the asyncio loop.
            sync: the page may also wait for it without going on: ``auroraview.callSync(method, params)``, which windows
                with the fast lane have. A plain function that answers soon, and asks that page for nothing.

        Raises:
            UsageError: ``sync`` and an ``async`` function.
        """
        _check_name(method, "method")
        if func is None:
            return lambda decorated: self.bind_call(method, decorated, thread=thread, sync=sync)
        if sync and is_async(func):
            raise UsageError(
                f"{method!r} is an async function: a page that stands still until it is answered needs a plain one "
                "(or bind it without sync=True, for `await auroraview.call(...)`)"
            )
        row = (*self._described(method, func, thread), bool(sync))
        with self._while_rebinding():
            self._core.bind([row], None)
            self._are_bound([method])
        return func

    def bind_api(self, obj: object, namespace: str = "api", *, replace: bool = False) -> None:
        """Makes the public methods of an object callable: ``await auroraview.api.get_data()``.

        Only methods of its class: names with a leading underscore, properties and plain attributes stay out of reach.
        The same object again binds what was unbound meanwhile, and changes nothing else.

        Raises:
            UsageError: the namespace belongs to another object and ``replace`` is false, or there is no public method.
        """
        _check_name(namespace, "namespace")
        if namespace.split(".")[0] in _RESERVED_NAMESPACES:
            raise UsageError(f"the namespace {namespace!r} would hide a member of window.auroraview; use another")
        if inspect.isclass(obj):
            raise UsageError(f"bind_api takes an object: bind_api({obj.__name__}())")
        names = _public_methods(obj)
        if not names:
            raise UsageError(f"{obj!r} has no public methods to bind")
        rows = [(*self._described(f"{namespace}.{name}", _method(obj, name), None), False) for name in names]
        with self._lock:
            known = self._namespaces.get(namespace)
            if known is not None and known[0] is obj:
                bound = set(self._core.methods())
                missing = [row for row in rows if row[0] not in bound]
                if missing:
                    self._core.bind(missing, namespace.split(".")[0])
                self._is_rebound(namespace)
                self._are_bound([row[0] for row in rows])
                return
            if known is not None and not self._is_rebound(namespace) and not replace:
                raise UsageError(
                    f"the namespace {namespace!r} belongs to {known[0]!r}; pass replace=True to replace it, "
                    "or another namespace"
                )
            methods = [row[0] for row in rows]
            self._namespaces[namespace] = (obj, methods)
            if known is not None:
                self._core.unbind([name for name in known[1] if name not in methods])
            self._core.bind(rows, namespace.split(".")[0])
            self._are_bound(methods)

    def unbind(self, name: str) -> bool:
        """Unbinds a method, or a whole namespace of ``bind_api``: it answers ``method_not_found`` from then on.

        Returns whether anything was bound.
        """
        with self._lock:
            known = self._namespaces.pop(name, None)
            names = [name] if known is None else [name, *known[1]]
            return self._core.unbind(names) > 0

    def on(self, event: str, func: Function | None = None, *, thread: str | None = None) -> Any:
        """Handles an event of the page: ``auroraview.send_event(event, detail)``.

        A decorator, or called with the function. Any number of handlers, run in order of registration; one that fails
        does not stop the next. The handler gets the detail, or nothing when it takes no parameter.
        """
        _check_name(event, "event")
        if func is None:
            return lambda decorated: self.on(event, decorated, thread=thread)
        row = self._described(event, func, thread)
        with self._while_rebinding():
            self._core.add_listener(*row, self._rebinding is not None and self._rebinding.takes_event(event))
        return func

    def off(self, event: str, func: Function | None = None) -> int:
        """Removes one handler of an event, or all of them; returns how many."""
        return self._core.remove_listener(event, func)

    def rebinding(self) -> Rebinding:
        """For a tool that is run again on the bridge of its last run, as after a reload of its code: from now on the
        first ``on`` of an event replaces its listeners of before, likewise ``on_connect`` and ``on_disconnect``, and
        ``bind_api`` replaces a namespace of before. ``end()`` of what it returns unbinds what was not bound again;
        nothing when nothing was bound.

            with bridge.rebinding():
                bind_everything(bridge)

        Whatever thread binds meanwhile binds anew. Another one takes the place of one that has not ended.
        """
        with self._lock:
            self._rebinding = Rebinding(self)
            return self._rebinding

    def _while_rebinding(self) -> contextlib.AbstractContextManager[object]:
        """Keeps a rebinding from ending meanwhile. Without one nothing is held: what is replaced may run code of the
        program when it goes."""
        return contextlib.nullcontext() if self._rebinding is None else self._lock

    def _are_bound(self, methods: list[str]) -> None:
        if self._rebinding is not None:
            self._rebinding.methods_are_bound(methods)

    def _is_rebound(self, namespace: str) -> bool:
        return self._rebinding is not None and self._rebinding.takes_namespace(namespace)

    def _described(
        self, name: str, func: Function, thread: str | None
    ) -> tuple[str, Function, str, PlainSignature | None]:
        if not callable(func):
            raise UsageError(f"a handler must be callable, not {func!r}")
        thread = _checked_thread(thread)
        if is_async(func):
            if thread is not None:
                raise UsageError(
                    f"{name!r} is an async function: it runs on the asyncio loop, not on thread={thread!r}"
                )
            place = "loop"
        else:
            place = thread or self._default_thread
        self._places.ensure(place)
        return name, func, place, _plain_signature(func)

    # Sending

    def emit(
        self,
        event: str,
        payload: Any = None,
        *,
        retain: bool = False,
        to: Peer | Iterable[Peer] | None = None,
        keep: str = "all",
        key: str | None = None,
    ) -> None:
        """Sends an event to every page there is. Any thread; never blocks.

        It never raises ``Backpressure``: a page that does not keep up is reset (its queue is dropped and it is told
        through ``auroraview.onReset``), and the others do not notice.

        Args:
            event: its name.
            payload: a value that can be sent: JSON, bytes, arrays; otherwise ``TypeError`` names the part that cannot.
            retain: keep the value for pages that come later.
            to: one peer or several, instead of all; each gets it once, keeps what is to be kept, and it raises as
                ``peer.emit`` does.
            keep: ``"all"``, or ``"latest"``: replace what still waits under the same key; it goes out at most
                ``frame_rate`` times a second, the last value always.
            key: what ``keep="latest"`` replaces; the event's name, unless it is given.

        Raises:
            Backpressure: only with ``to``: too much waits for one of them; the others got the event.
            UsageError: ``to`` names what is no peer of this bridge.
        """
        latest = latest_key(event, keep, key)
        self._core.emit(event, payload, retain, latest, None if to is None else self._cores_of(to))

    def _cores_of(self, to: Peer | Iterable[Peer]) -> list[_core.Peer]:
        if isinstance(to, Peer):
            peers = [to]
        elif isinstance(to, Iterable) and not isinstance(to, str):
            peers = list(to)
        else:
            raise UsageError(f"to must be a peer or several (of a view: view.peer), not {to!r}")
        for peer in peers:
            if not isinstance(peer, Peer):
                raise UsageError(f"to must be a peer or several (of a view: view.peer), not {peer!r}")
            if peer.bridge is not self:
                raise UsageError(f"{peer!r} belongs to another bridge")
        return [peer._core for peer in dict.fromkeys(peers)]

    def emit_batch(self, events: Iterable[tuple[str, Any]]) -> None:
        """Sends several events to every page there is; each page gets them together."""
        self._core.emit_batch(list(events))

    def buffer(self, name: str, shape: int | Iterable[int], dtype: Any = "uint8") -> Buffer:
        """Memory whose content every page has: see :meth:`auroraview.WebView.buffer`.

        Pages that come later get the last version too.
        """
        return self._buffers.get(name, shape, dtype)

    # Pages that come and go

    def on_connect(self, func: Function) -> Function:
        """Calls the function with each :class:`~auroraview.Peer` that comes: a browser with a new session, a window
        that opens, a ``MemoryPage``. A decorator.

        Runs where plain handlers run; on a worker before any other plain handler of that peer. Not for those that are
        there already: they are in ``bridge.peers``. Not at reloads and reconnects: see ``peer.on``.
        """
        return self._told(self._connect_functions, func)

    def on_disconnect(self, func: Function) -> Function:
        """Calls the function with each peer that ends, and the reason. A decorator; runs where plain handlers run.

        The reason is one of ``"closed"`` (the tab or window was closed), ``"timeout"`` (a browser did not come back
        within ``session_ttl``), ``"kicked"`` (``peer.close``), ``"server_closed"``, ``"backpressure"`` (it had to be
        reset again and again), ``"protocol"`` (it spoke badly). What is emitted to it from then on is dropped.
        """
        return self._told(self._disconnect_functions, func)

    def _told(self, functions: list[Function], func: Function) -> Function:
        if not callable(func):
            raise UsageError(f"a handler must be callable, not {func!r}")
        with self._lock:
            if self._rebinding is not None and self._rebinding.takes_functions(functions):
                functions.clear()
            functions.append(func)
        return func

    def _peer_connected(self, peer: Peer) -> None:
        for func in list(self._connect_functions):
            self.submit(peer._core.id, func, peer)

    def _peer_disconnected(self, peer: Peer, reason: str) -> None:
        for func in list(self._disconnect_functions):
            self.submit(peer._core.id, func, peer, reason)

    # Looking

    @property
    def peers(self) -> tuple[Peer, ...]:
        """The pages there are, connected or not, in order of creation. Each view is one from its construction."""
        return self._core.peers()

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of all bound methods."""
        return tuple(self._core.methods())

    @property
    def stats(self) -> dict[str, Any]:
        """Counters: how often and how long each handler ran, events that nobody handles."""
        return self._core.stats()

    # Running

    def submit(self, peer: int, func: Function, *args: Any) -> None:
        """Has a callback run where plain handlers run, in line with those of a peer. For the library's own use."""
        places = self._places
        places.ensure(self._default_thread)
        if self._default_thread == "main":
            _core.main_lane().put(_call_on_main_thread, (places.loop.adopt, func, args))
        elif self._default_thread == "pool":
            places.pool.lane.put(func, args)
        else:
            places.workers.turns.put(peer, func, args)

    @property
    def watches_peers(self) -> bool:
        """A function waits for peers that come. For the library's own use."""
        return bool(self._connect_functions)

    def adopt(self, job: _core.Job | None, value: Awaitable[Any], context: contextvars.Context, /) -> None:
        """Runs on the loop what a callback returned that is to be awaited. For the library's own use."""
        self._places.loop.adopt(job, value, context)

    def start_loop(self) -> None:
        """Has ``async`` handlers run on the loop that runs here. For the library's own use."""
        self._places.loop.ensure_running()


def use_thread(thread: str) -> None:
    """Where plain handlers run of bridges made from now on that do not say it. For the library's own use."""
    global _usual_thread
    _usual_thread = _checked_thread(thread) or _usual_thread


def _call_on_main_thread(adopt: Adopt, func: Function, args: tuple[Any, ...]) -> None:
    value = func(*args)
    if is_awaitable(value):
        adopt(None, value, contextvars.copy_context())


def _checked_thread(thread: str | None) -> str | None:
    if thread is not None and thread not in _THREADS:
        raise UsageError(f"thread must be one of {', '.join(map(repr, _THREADS))}, not {thread!r}")
    return thread


def _check_name(name: object, what: str) -> None:
    if not isinstance(name, str) or not name:
        raise UsageError(f"the {what}'s name must be a non-empty str, not {name!r}")
    if name.startswith("__auroraview_"):
        raise UsageError(f"names starting with '__auroraview_' are internal: {name!r}")
    if not name.isascii() and plain_text(name) != name:
        raise UsageError(f"the {what}'s name holds a lone surrogate, which is no character: {name!r}")


def _public_methods(obj: object) -> list[str]:
    """Names of the methods that the object's class and its bases define; no attribute is evaluated."""
    names = []
    for name in dir(type(obj)):
        if name.startswith("_"):
            continue
        member = inspect.getattr_static(type(obj), name)
        # What is called and also bound to an object is a method, whatever made it; a lazy property is not called.
        if isinstance(member, _METHOD_TYPES) or (callable(member) and hasattr(type(member), "__get__")):
            names.append(name)
    return names


def _method(obj: object, name: str) -> Any:
    method = getattr(obj, name)
    if isinstance(inspect.getattr_static(type(obj), name), functools.singledispatchmethod):
        # It claims the signature of the function it wraps, `self` included.
        method.__signature__ = inspect.signature(method, follow_wrapped=False)
    return method


def _plain_signature(func: Function) -> PlainSignature | None:
    """The signature as the native code takes it; ``None`` for callables without one."""
    try:
        signature = inspect.signature(func)
    except (ValueError, TypeError):
        return None
    return _text_of(signature), [
        (name, int(parameter.kind), parameter.default is inspect.Parameter.empty)
        for name, parameter in signature.parameters.items()
    ]


def _text_of(signature: inspect.Signature) -> str:
    """The signature without its defaults and annotations: pages see it, and a default may be a secret."""
    parts = []
    before: Any = None
    starred = False
    for name, parameter in signature.parameters.items():
        kind = parameter.kind
        if before == inspect.Parameter.POSITIONAL_ONLY != kind:
            parts.append("/")
        if kind == inspect.Parameter.KEYWORD_ONLY and not starred:
            parts.append("*")
        starred = starred or kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.KEYWORD_ONLY)
        stars = (
            "*" if kind == inspect.Parameter.VAR_POSITIONAL else "**" if kind == inspect.Parameter.VAR_KEYWORD else ""
        )
        parts.append(stars + name + ("" if parameter.default is inspect.Parameter.empty else "=..."))
        before = kind
    if before == inspect.Parameter.POSITIONAL_ONLY:
        parts.append("/")
    return f"({', '.join(parts)})"
