"""The Unreal Editor.

``unreal.register_slate_post_tick_callback(function)`` has a function called with the seconds since the last time, on
the game thread, after each tick of the user interface, until ``unregister_slate_post_tick_callback(handle)``. No
documented way asks for a tick from another thread, so each tick looks whether something waits, which costs a
microsecond or two. Source: Epic's Unreal Python API, module ``unreal``.
"""

from __future__ import annotations

from collections.abc import Callable

from auroraview.hosts._base import Drain, Host, module


class Unreal(Host):
    """The game thread, by the editor's ticks."""

    name = "unreal"

    def detect(self) -> bool:
        """``unreal`` is there, and has ticks."""
        return hasattr(module("unreal"), "register_slate_post_tick_callback")

    def version(self) -> str:
        """As "5.4.4-35576357+++UE5+Release-5.4"."""
        return str(module("unreal").SystemLibrary.get_engine_version())

    def toolkit(self) -> str:
        """Unreal's own."""
        return "Slate"

    def start(self, drain: Drain) -> Callable[[], None]:
        """A look in each tick."""
        unreal = module("unreal")

        def tick(_seconds: float) -> None:
            drain()

        handles = [unreal.register_slate_post_tick_callback(tick)]

        def stop() -> None:
            while handles:
                unreal.unregister_slate_post_tick_callback(handles.pop())

        return stop
