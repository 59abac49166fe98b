"""Who may talk to a served bridge: tokens, what ``authenticate`` is asked, and checks of what a server is given."""

from __future__ import annotations

import inspect
import ipaddress
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any

from auroraview._running import is_awaitable
from auroraview.errors import UsageError
from auroraview.navigation import checked_origin

if TYPE_CHECKING:
    from auroraview._types import PlainRequest

__all__ = ["Request"]

_TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,}")
_FOREIGN_ORIGIN = re.compile(r"(?!https?:)[A-Za-z][A-Za-z0-9+.-]*://[A-Za-z0-9._-]+")
# What pages that are local files send: most browsers the one, some the other.
_WITHOUT_HOST = ("null", "file://")
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


@dataclass(frozen=True)
class Request:
    """What an ``authenticate`` function is asked: the HTTP request of a page that wants to connect.

    Attributes:
        path: path of the request, as in ``"/auroraview.ws"``.
        query: what follows the ``?``, undecoded; ``""`` when there is nothing.
        headers: its headers, names in lower case; a header that came more than once is joined by commas.
        address: of the client, as in ``"127.0.0.1:51234"``; ``None`` when it is not known.
    """

    path: str
    query: str = ""
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    address: str | None = None

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies, by name; those that cannot be read are left out."""
        found: dict[str, str] = {}
        for part in self.headers.get("cookie", "").split(";"):
            try:
                found.update((name, morsel.value) for name, morsel in SimpleCookie(part.strip()).items())
            except CookieError:
                continue
        return found

    @staticmethod
    def of(plain: PlainRequest) -> Request:
        """From what the native code has. For the library's own use."""
        headers: dict[str, str] = {}
        for name, value in plain["headers"]:
            name = name.lower()
            # Cookies alone are joined otherwise (RFC 9113, 8.2.3).
            joint = "; " if name == "cookie" else ", "
            headers[name] = f"{headers[name]}{joint}{value}" if name in headers else value
        return Request(plain["path"], plain["query"], headers, plain["address"])


#: Says who asks, or ``None`` to refuse.
Authenticate = Callable[[Request], Any]


def checked_token(token: str | None, authenticate: Authenticate | None) -> str | None:
    """The token of a server: the one given or a new one; ``None`` where ``authenticate`` decides."""
    if authenticate is not None:
        if token is not None:
            raise UsageError("pass token= or authenticate=, not both: authenticate takes the token's place")
        if not callable(authenticate):
            raise UsageError(f"authenticate must be a function of a request, not {authenticate!r}")
        return None
    if token is None:
        return secrets.token_urlsafe(16)
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise UsageError(
            "a token has at least 16 characters out of A-Z a-z 0-9 - . _ ~; secrets.token_urlsafe(16) makes one"
        )
    return token


def identity_of(answer: Any) -> Any:
    """Who asks, from what ``authenticate`` answered; ``None``: nobody who may come in.

    ``False`` is such an answer: what only says yes or no must not let everybody in.

    Raises:
        UsageError: it is an awaitable, which says nothing yet.
    """
    if is_awaitable(answer):
        if inspect.iscoroutine(answer):
            answer.close()
        raise UsageError("authenticate must answer at once: what it returned still has to be awaited")
    return None if answer is False else answer


def checked_hosts(hosts: Iterable[str]) -> list[str]:
    """What may stand in ``Host``, in lower case."""
    if isinstance(hosts, str):
        raise UsageError(f"allow_hosts is a list of hosts: allow_hosts=[{hosts!r}]")
    found = []
    for host in hosts:
        if not isinstance(host, str) or not _HOST.fullmatch(host):
            raise UsageError(f"a host is a name or name:port, as in 'panel.example.com', not {host!r}")
        found.append(host.lower())
    return found


def checked_origins(origins: Iterable[str]) -> list[str]:
    """What may stand in ``Origin``: origins as browsers write them, those of other schemes and ``"null"`` too."""
    if isinstance(origins, str):
        raise UsageError(f"allow_origins is a list of origins: allow_origins=[{origins!r}]")
    return [_checked_origin(origin) for origin in origins]


def _checked_origin(origin: str) -> str:
    if isinstance(origin, str) and (origin in _WITHOUT_HOST or _FOREIGN_ORIGIN.fullmatch(origin)):
        return origin.lower()
    return checked_origin(origin)


def checked_csp(csp: str | None) -> str | None:
    """A Content-Security-Policy, or the name of one of ours."""
    if csp is None or (isinstance(csp, str) and csp.strip() and csp.isascii() and csp.isprintable()):
        return csp
    raise UsageError(f"csp must be 'default', 'strict', a Content-Security-Policy, or None for none, not {csp!r}")


def is_loopback(host: str) -> bool:
    """The host is this machine alone, for all that its name says."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
