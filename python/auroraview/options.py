"""Options that belong together, as frozen dataclasses."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Union

from auroraview.errors import UsageError

__all__ = ["Limits", "ServerOptions", "WindowOptions"]

StrPath = Union[str, "os.PathLike[str]"]


@dataclass(frozen=True)
class Limits:
    """What one page may cost. Past a limit there is a clear error; nothing is dropped in silence.

    Attributes:
        message_bytes: longest message in either direction, in bytes of UTF-8; longer: ``too_large``.
        queue_messages: how many messages may wait for a page; more: :class:`~auroraview.Backpressure`.
        queue_bytes: how many bytes may wait for a page; more: :class:`~auroraview.Backpressure`.
        depth: how deeply values may be nested, at most 200; deeper: ``too_large``.
        calls_in_flight: how many calls of a page may wait for their answer; more: ``busy``.
    """

    message_bytes: int = 128 * 2**20
    queue_messages: int = 100_000
    queue_bytes: int = 256 * 2**20
    depth: int = 200
    calls_in_flight: int = 50_000

    def __post_init__(self) -> None:
        for name in ("message_bytes", "queue_messages", "queue_bytes", "depth", "calls_in_flight"):
            check_count(f"Limits({name}=...)", getattr(self, name))
        if self.depth > 200:
            raise UsageError("Limits(depth=...) can only be lowered: the JSON reader stops at 200")


@dataclass(frozen=True)
class WindowOptions:
    """How a window looks and behaves when it opens. Sizes are those of the page area, in logical pixels.

    Attributes:
        min_size: smallest (width, height) the user can give it.
        position: (x, y) of its upper left corner; ``None``: the window manager decides.
        resizable: the user can change its size.
        decorations: it has a title bar and a frame.
        always_on_top: it stays above other windows.
        transparent: where the page paints nothing, what is behind the window shows (needs a compositing
            window manager).
        background_color: (red, green, blue, alpha), 0 to 255, before the page paints.
        visible: it is shown when it opens; else ``view.window.visible = True`` shows it.
        maximized: it opens maximized.
        fullscreen: it opens full screen.
        icon: an image file.
        context_menu: the web engine's own context menu opens on a right click.
        user_agent: instead of the web engine's own.
        downloads: what becomes of them: a folder they are kept in, made when it is missing; ``True``: the user's own
            for that; ``None`` or ``False``: they are refused, with a line in the log.
        embedded: it is to be put into a window of the application, which does that by ``view.window.native_id``: no
            frame, and nowhere to be seen before. Place, stacking and window states are the application's. X11 only.
        transient_for: the X11 id of a window of the application; it stays above that one, and over its middle unless
            there is a ``position``. Not with ``embedded``.
    """

    min_size: tuple[int, int] | None = None
    position: tuple[int, int] | None = None
    resizable: bool = True
    decorations: bool = True
    always_on_top: bool = False
    transparent: bool = False
    background_color: tuple[int, int, int, int] | None = None
    visible: bool = True
    maximized: bool = False
    fullscreen: bool = False
    icon: StrPath | None = None
    context_menu: bool = True
    user_agent: str | None = None
    downloads: StrPath | bool | None = True
    embedded: bool = False
    transient_for: int | None = None


@dataclass(frozen=True)
class ServerOptions:
    """What browsers may cost a server, and how long it waits for them. Times in seconds.

    Attributes:
        session_ttl: how long a session without a connection is kept for its page to come back.
        heartbeat_interval: when so long nothing came from a page, it is asked whether it is there.
        heartbeat_timeout: when so long nothing came, the connection is given up (the session is not); longer than
            ``heartbeat_interval``.
        handshake_timeout: how long a new connection may take to say who it is.
        replay_messages: how many messages a session keeps that its page has not acknowledged; see ``replay_bytes``.
        replay_bytes: how many bytes a session keeps that its page has not acknowledged, attachments included. Past
            either bound ``peer.emit`` raises :class:`~auroraview.Backpressure` and ``bridge.emit`` resets the page.
        max_connections: how many connections there may be; more: HTTP 503.
        max_connections_per_address: how many of them from one address, those of this machine aside; more: HTTP 503.
        max_sessions: how many sessions there may be, connected or not; more: close code 4003.
        frames_per_second: how many frames a page may send; more: close code 4029. Calls that are made together share
            a frame.
        bytes_per_second: how many bytes a page may send; a page that sends more is read from more slowly.
        compress: frames longer than 1 KiB go out compressed: ``None``: to pages on other machines, ``True``: to all,
            ``False``: to none.
    """

    session_ttl: float = 60.0
    heartbeat_interval: float = 10.0
    heartbeat_timeout: float = 20.0
    handshake_timeout: float = 5.0
    replay_messages: int = 20_000
    replay_bytes: int = 32 * 2**20
    max_connections: int = 1_000
    max_connections_per_address: int = 50
    max_sessions: int = 2_000
    frames_per_second: float = 2_000.0
    bytes_per_second: float = 200.0 * 2**20
    compress: bool | None = None

    def __post_init__(self) -> None:
        for name in ("session_ttl", "heartbeat_interval", "heartbeat_timeout", "handshake_timeout"):
            check_positive(f"ServerOptions({name}=...)", getattr(self, name), "a positive number of seconds")
        for name in ("frames_per_second", "bytes_per_second"):
            check_positive(f"ServerOptions({name}=...)", getattr(self, name), "a positive number")
        for name in (
            "replay_messages",
            "replay_bytes",
            "max_connections",
            "max_connections_per_address",
            "max_sessions",
        ):
            check_count(f"ServerOptions({name}=...)", getattr(self, name))
        if self.heartbeat_timeout <= self.heartbeat_interval:
            raise UsageError(
                f"ServerOptions(heartbeat_timeout={self.heartbeat_timeout!r}) must be longer than "
                f"heartbeat_interval={self.heartbeat_interval!r}: a page answers only when it is asked"
            )
        if self.compress is not None and not isinstance(self.compress, bool):
            raise UsageError(f"ServerOptions(compress=...) must be True, False or None, not {self.compress!r}")


def check_count(what: str, value: object) -> None:
    """Refuses what is no positive int, or one that no machine can count to.

    Raises:
        UsageError: naming what it was for.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= sys.maxsize:
        raise UsageError(f"{what} must be a positive int, not {value!r}")


def check_positive(what: str, value: object, kind: str) -> None:
    """Refuses what is no finite number above zero.

    Raises:
        UsageError: naming what it was for.
    """
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not good or not 0 < value <= sys.float_info.max:  # type: ignore[operator]
        raise UsageError(f"{what} must be {kind}, not {value!r}")


def check_text(what: str, value: object) -> str:
    """Refuses what is no text that a window or a page can be told.

    Raises:
        UsageError: naming what it was for.
    """
    if not isinstance(value, str):
        raise UsageError(f"{what} is a str, not {type(value).__name__}")
    try:
        value.encode()
    except UnicodeEncodeError as error:
        raise UsageError(f"{what} must be Unicode text, without lone surrogates: {error}") from None
    return value
