"""Shapes of the tuples that cross into the native code. For type checkers alone: nothing imports it at run time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NotRequired, TypedDict

from auroraview._core import Job

#: The text of a signature, and name, kind and "is required" of each parameter.
PlainSignature = tuple[str, list[tuple[str, int, bool]]]

#: What a lane hands out: the job, what to call (nothing: the job was cancelled), its arguments.
Work = tuple[Job | None, Callable[..., Any] | None, tuple[Any, ...], dict[str, Any] | None]

#: The fields of :class:`auroraview.Limits`, in order.
PlainLimits = tuple[int, int, int, int, int]

#: Kind, text or root, entry.
Source = tuple[str, str, str]

#: Bytes, name of the elements' type (``None``: plain bytes), shape (``None``: one dimension).
PlainAttachment = tuple[bytes, str | None, list[int] | None]

#: Transport, address, user agent, session id, connected since (Unix time in seconds), URL, origin, identity.
PlainInfo = tuple[str, str | None, str | None, str, float | None, str, str | None, object | None]

#: Names and values, in order; a name may come twice. Of a request: names in lower case.
Headers = list[tuple[str, str]]


class PlainRequest(TypedDict):
    """The HTTP request that asks for a WebSocket."""

    address: str | None  #: ``host:port`` of the client
    path: str
    query: str
    headers: Headers
    local: NotRequired[tuple[str, int] | None]  #: host and port of the server
    identity: NotRequired[object]  #: who the application says it is, where that decides


#: What clients of a server speak: the protocol, or JSON without it; then events may go out as MessagePack.
Dialect = Literal["auroraview", "plain", "plain+msgpack"]


class SessionSettings(TypedDict):
    """The settings of ``_core.Sessions``; times in seconds."""

    session_ttl: float
    heartbeat_interval: float
    heartbeat_timeout: float
    handshake_timeout: float
    replay_messages: int
    replay_bytes: int
    max_connections: int
    max_connections_per_address: int
    max_sessions: int
    frames_per_second: float
    bytes_per_second: float
    compress: bool | None
    token: str | None
    authenticate: bool  #: an identity decides, not the token
    expects: bool  #: one session is there from the start: `Sessions.expected()`
    dialect: Dialect
    allow_hosts: list[str]
    allow_origins: list[str]
