"""Shapes of the tuples that cross into the native code. For type checkers alone: nothing imports it at run time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict

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
PlainAttachment = tuple[bytes, str | None, tuple[int, ...] | None]

#: Transport, address, user agent, session id, connected since (Unix time in seconds), URL, origin, identity.
PlainInfo = tuple[str, str | None, str | None, str, float, str, str | None, object | None]

#: Names and values, in order; a name may come twice.
Headers = list[tuple[str, str]]

#: Path of a file, first byte, number of bytes.
FileSlice = tuple[str, int, int]


class PlainRequest(TypedDict):
    """The HTTP request that asks for a WebSocket."""

    path: str
    query: str
    headers: Headers
    address: str | None  #: ``host:port`` of the client
    scheme: str  #: ``http`` or ``https``


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
    allow_hosts: list[str]
    allow_origins: list[str]
    loopback: bool  #: the loopback names of the port are allowed hosts and origins
