"""Which application this is, and whether it empties the queue of the main thread."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from auroraview import _waiting
from auroraview._log import logger
from auroraview._main_thread import pumped_by_host
from auroraview.bridge import use_thread
from auroraview.errors import UsageError
from auroraview.hosts import _panels
from auroraview.hosts._base import Host, HostInfo
from auroraview.options import check_positive

T = TypeVar("T")

_registered: list[Host] = []
_lock = threading.RLock()


@dataclass(frozen=True)
class _Attached:
    host: Host
    info: HostInfo
    stop: Callable[[], None]


_attached: _Attached | None = None


def register_host(host: Host) -> None:
    """Makes an application known. It is asked before those that the library knows, and before those registered earlier.

    Registering another one of the same name replaces it, so that a module that does it can be reloaded.
    """
    if not isinstance(host, Host):
        raise UsageError(f"register_host takes an object of a subclass of hosts.Host, not {host!r}")
    with _lock:
        _registered[:] = [host, *(known for known in _registered if known.name != host.name)]


def detect() -> HostInfo:
    """Tells in which application the program runs; changes nothing.

    Raises:
        UsageError: called on another thread than the main one, before :func:`attach`.
    """
    attached = _attached
    return attached.info if attached is not None else _info_of(_find())


def attach(*, budget: float = 0.008) -> HostInfo:
    """Has the application run what waits for its main thread, and bridges use that thread.

    From now on handlers with ``thread="main"``, and functions of ``main_thread.run`` and ``call``, run while the
    application's event loop does. Bridges (and views without one) made afterwards run plain handlers there too, unless
    they are bound with another ``thread`` or made with ``Bridge(default_thread=...)``: the functions of these
    applications must not be called anywhere else. What a handler raises, the application's own errors included,
    is what the page's call ends with.

    Where no application is found (``"plain"``) or it has no event loop (batch mode), ``show()``, ``wait()`` and
    ``main_thread.pump()`` run these handlers, as ever.

    Calling it again while attached changes nothing. Only on the main thread.

    Args:
        budget: in seconds: how long one turn of the application's loop may go on starting handlers; what remains waits
            for the next turn. A handler that takes longer by itself is not interrupted.

    Returns:
        what :func:`detect` tells.

    Raises:
        UsageError: called on another thread.
    """
    global _attached
    from auroraview.hosts._draining import Turn

    check_positive("hosts.attach(budget=...)", budget, "a positive number of seconds")
    with _lock:
        if _attached is not None:
            return _attached.info
        host = _find()
        info = _info_of(host)
        turn = Turn(budget)
        end = host.start(turn) if info.interactive else _nothing

        def stop() -> None:
            turn.stop()
            end()

        _attached = _Attached(host, info, stop)
        use_thread("main")
        if info.interactive:
            pumped_by_host(info.name)
        return info


def detach() -> None:
    """Takes back what :func:`attach` did, for a plug-in that is disabled: closes all panels, and handlers run no more.

    What waits for the main thread stays there until something takes it; bridges keep their thread. Without ``attach``
    before, it does nothing. Only on the main thread.
    """
    global _attached
    _check_thread()
    _panels.close_all()
    with _lock:
        attached, _attached = _attached, None
        if attached is not None:
            use_thread("worker")
            pumped_by_host(None)
            attached.stop()


def attached_host() -> tuple[Host, HostInfo]:
    """The application, and what it is; attached if it is not. For the library's own use."""
    info = attach()
    assert _attached is not None, "attach() raises or attaches"
    return _attached.host, info


def _nothing() -> None:
    """There is nothing to stop."""


def _check_thread() -> None:
    if not _waiting.on_main_thread():
        raise UsageError("the functions of auroraview.hosts must be called on the main thread")


def _built_in() -> list[Host]:
    """Qt after those that use it themselves; loaded when somebody asks."""
    from auroraview.hosts.blender import Blender
    from auroraview.hosts.houdini import Houdini
    from auroraview.hosts.max3ds import Max3ds
    from auroraview.hosts.maya import Maya
    from auroraview.hosts.nuke import Nuke
    from auroraview.hosts.qt import FreeCAD, Krita, Qt
    from auroraview.hosts.unreal import Unreal

    return [Blender(), Maya(), Houdini(), Nuke(), Max3ds(), Unreal(), FreeCAD(), Krita(), Qt()]


def _find() -> Host:
    """An application with an event loop goes before one without: a Qt program may import the modules of others."""
    from auroraview.hosts.plain import Plain

    _check_thread()
    found: Host | None = None
    for host in [*_registered, *_built_in()]:
        if not _asked(host, host.detect, False):
            continue
        if _asked(host, host.interactive, False):
            return host
        found = found or host
    return found or Plain()


def _info_of(host: Host) -> HostInfo:
    from auroraview.hosts._glib import loop_mode

    return HostInfo(
        name=host.name,
        version=_asked(host, host.version, ""),
        toolkit=_asked(host, host.toolkit, "unknown"),
        loop=loop_mode(),
        interactive=_asked(host, host.interactive, False),
        python=sys.version.split()[0],
    )


def _asked(host: Host, question: Callable[[], T], otherwise: T) -> T:
    try:
        return question()
    except Exception as error:  # noqa: BLE001 - an application of another version must not keep tools from running
        logger.warning("%s could not be asked for its %s: %s", host.name, question.__name__, error)
        return otherwise
