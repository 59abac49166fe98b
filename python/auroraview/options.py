"""Options that belong together, as frozen dataclasses."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Union

from auroraview.errors import UsageError

__all__ = ["Limits", "WindowOptions"]

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
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise UsageError(f"Limits({name}=...) must be a positive int, not {value!r}")
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
