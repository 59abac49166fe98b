"""The panels there are, and the call that makes one or finds it again.

They are kept here, in the package, so that neither a reload of the tool's module nor a second run of its script opens a
second one.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from auroraview import _source, _waiting
from auroraview._log import logger
from auroraview.errors import UsageError
from auroraview.hosts import _memory
from auroraview.hosts._panel import Panel
from auroraview.options import check_count

if TYPE_CHECKING:
    from auroraview.bridge import Bridge
    from auroraview.options import StrPath

_panels: dict[str, Panel] = {}
#: By their number. What is open keeps itself; what was closed and forgotten goes.
_without_key: weakref.WeakValueDictionary[int, Panel] = weakref.WeakValueDictionary()
_count = 0


def panel(
    title: str,
    *,
    key: str | None = None,
    url: str | None = None,
    html: str | None = None,
    path: StrPath | None = None,
    area: str = "right",
    width: int = 420,
    height: int = 600,
    api: object | None = None,
    bridge: Bridge | None = None,
    debug: bool = False,
    allow_origins: Iterable[str] = (),
    data_directory: StrPath | None = None,
    isolation: str | None = None,
    visible: bool | None = True,
) -> Panel:
    """Shows a page as a panel of the application that the program runs in; attaches to it, see :func:`attach`.

    In an application of Qt it is docked in the main window; in Blender, and where Qt's windows cannot hold others (on
    Wayland), it is a window, above the application's where that is known; in a script, a window. In an application
    ``panel`` returns at once; a script goes on with ``panel.view.wait()``.

    Args:
        title: of the dock or window.
        key: what makes it one and the same panel: called again with it, by the same code or by a new version of it,
            the panel that there is is shown, its page and the page's state stay, and handlers that are bound now
            replace those bound before (names that are not bound again go when the application has its next turn; a call
            after which nothing is bound changes none). The page is loaded anew only if its source, the bridge or one of
            debug, allow_origins, data_directory and isolation is another. Place, size and visibility are remembered
            from one run of the application to the next. Without a key there is a new panel each time.
        url, html, path: what it shows, as for :class:`auroraview.WebView`.
        area: ``"left"``, ``"right"``, ``"top"``, ``"bottom"`` or ``"floating"``; a window opens over that side of the
            application's. Where it was remembered, that counts, until another area or size is asked for.
        width, height: of a window or of a dock where it has the choice, in logical pixels.
        api: an object whose public methods the page may call, as with ``bind_api``.
        bridge: the handlers, when several views share them. Without, the panel has its own, whose plain handlers run on
            the application's main thread.
        debug, allow_origins, data_directory: as for :class:`auroraview.WebView`.
        isolation: ``"process"`` or ``"none"``, as for :class:`auroraview.WebView`. ``None``: in this process where that
            can be, else in one of its own.
        visible: ``False``: it opens with ``panel.show()``. ``None``: it opens unless the user closed it in the last run
            of the application: for add-ons that make their panels as the application starts.

    Raises:
        HostError: the page cannot be opened; the text says what to do. No dock is left behind.
        UsageError: called on another thread than the main one; no such area, key or size.
        FileNotFoundError: there is nothing at ``path``.
    """
    from auroraview.bridge import Bridge
    from auroraview.hosts import _registry

    global _count
    if not _waiting.on_main_thread():
        raise UsageError("hosts.panel() must be called on the main thread: main_thread.run(hosts.panel, ...)")
    if key is not None and (not isinstance(key, str) or not key):
        raise UsageError(f"hosts.panel(key=...) must be a text that is not empty, or None, not {key!r}")
    if area not in _memory.AREAS:
        raise UsageError(f"hosts.panel(area=...) must be one of {', '.join(map(repr, _memory.AREAS))}, not {area!r}")
    check_count("hosts.panel(width=...)", width)
    check_count("hosts.panel(height=...)", height)
    if not isinstance(title, str):
        raise UsageError(f"a title is a str, not {title!r}")
    if bridge is not None and not isinstance(bridge, Bridge):
        raise UsageError(f"hosts.panel(bridge=...) must be an auroraview.Bridge, not {bridge!r}")
    given = any(one is not None for one in (url, html, path))
    source = _source.choose(url, html, path) if given else None
    options: dict[str, Any] = {
        "debug": debug,
        "allow_origins": (allow_origins,) if isinstance(allow_origins, str) else tuple(allow_origins),
        "data_directory": None if data_directory is None else os.path.abspath(data_directory),
    }
    host, info = _registry.attached_host()
    known = None if key is None else _panels.get(key)
    if known is not None:
        known._run_again(title, source, options, isolation, bridge, api, visible)
        return known
    _count += 1
    made = Panel(_count, key, title, host, info, source, options, isolation, bridge, api, (area, width, height))
    if visible or (visible is None and made._was_visible):
        made.show()
    if key is None:
        _without_key[_count] = made
    else:
        _panels[key] = made
    return made


def panels() -> tuple[Panel, ...]:
    """The panels with a key, in order of creation, and those without that are open."""
    return (*_panels.values(), *(one for one in list(_without_key.values()) if one.is_open))


def close_all() -> None:
    """Closes and forgets all panels. For the library's own use; main thread."""
    every = [*_panels.values(), *_without_key.values()]
    _panels.clear()
    _without_key.clear()
    for one in every:
        one._forgotten = True
        try:
            one.close()
        except Exception:  # noqa: BLE001 - the others are to be closed too
            logger.exception("%r could not be closed", one)
