"""Where a page may go: what ``on_navigate`` functions see and answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from auroraview._running import answer_of
from auroraview.errors import UsageError

__all__ = ["Navigation"]


@dataclass(frozen=True)
class Navigation:
    """A navigation that is about to happen.

    Attributes:
        url: where to.
        origin: scheme, host and port of it, as in ``"https://example.com"``; ``"null"`` where there is none.
        new_window: the page asked for a new window (a link with a target, ``window.open``).
    """

    url: str
    origin: str
    new_window: bool


Watcher = Callable[[Navigation], "bool | None"]


def decide(watchers: Iterable[Watcher], url: str, new_window: bool) -> bool | None:
    """What the watchers say to a navigation: the first answer that is not ``None``."""
    navigation = Navigation(url, origin_of(url), new_window)
    for func in watchers:
        decision = answer_of("an on_navigate function", func, navigation)
        if decision is not None:
            return decision
    return None


def origin_of(url: str) -> str:
    """The origin of an address, as a browser writes it."""
    parts = urlsplit(url)
    if parts.scheme in ("http", "https", "auroraview") and parts.netloc:
        host = parts.netloc.rpartition("@")[2].lower()
        default = {"http": ":80", "https": ":443"}.get(parts.scheme)
        if default is not None:
            host = host.removesuffix(default)
        return f"{parts.scheme}://{host}"
    return "null"


def checked_origin(origin: str) -> str:
    """An origin that was given by hand, as a browser writes it.

    Raises:
        UsageError: it is none.
    """
    found = origin_of(origin) if isinstance(origin, str) else "null"
    if found == "null" or "*" in found or origin.rstrip("/").lower() != found:
        raise UsageError(
            f"an origin is scheme://host or scheme://host:port, as in 'https://example.com', not {origin!r}"
        )
    return found
