"""What the library must know of an application to work inside it: its name, and how to get its main thread's time."""

from __future__ import annotations

import abc
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

__all__ = ["Drain", "Host", "HostInfo"]


@dataclass(frozen=True, kw_only=True)
class HostInfo:
    """Where the program runs, as :func:`auroraview.hosts.detect` tells.

    Attributes:
        name: ``"blender"``, ``"maya"``, ``"qt"``, ...; ``"plain"`` where there is no application around the program.
        version: the application's own; empty where it tells none.
        toolkit: what its windows are made of: ``"Qt 6.8.1 (PySide6)"``; ``"none"``.
        loop: who drives GLib's main context, and with it where windows of ours can live: ``"own"`` (a thread of ours),
            ``"guest"`` (the application's main thread does), ``"foreign"`` (another thread does: windows need
            ``WebView(isolation="process")`` where that thread has no loop).
        interactive: the application has an event loop, which can give its time to handlers; not so in batch mode.
        python: the version of the interpreter.
    """

    name: str
    version: str
    toolkit: str
    loop: str
    interactive: bool
    python: str


class Drain(Protocol):
    """Empties the queue of the main thread, for one turn of the application's loop."""

    def __call__(self, linger: float = 0.0, longest: float = 0.0, /) -> int:
        """Runs what waits, and returns how much that was. Raises nothing. Only on the main thread.

        It starts nothing further when the budget of ``attach`` is used up; the rest waits for the next turn.

        Args:
            linger: having run something, wait so many seconds for more. For applications whose loop sleeps without
                looking: the next call of a sequence is served at once.
            longest: no turn with such waits takes longer, in seconds.
        """


class Host(abc.ABC):
    """An application. Subclass it for one that the library does not know, and pass an instance to ``register_host``.

    All methods are called on the application's main thread. The library imports nothing of an application: look in
    ``sys.modules``, where an application's modules are from its start.
    """

    #: Short, in lower case.
    name: ClassVar[str]

    @abc.abstractmethod
    def detect(self) -> bool:
        """Whether the program runs inside this application."""

    def version(self) -> str:
        """The application's version."""
        return ""

    def toolkit(self) -> str:
        """What its windows are made of."""
        return "none"

    def interactive(self) -> bool:
        """Whether it has an event loop now; not so in batch mode. Without one, :meth:`start` is not called."""
        return True

    @abc.abstractmethod
    def start(self, drain: Drain) -> Callable[[], None]:
        """Has the application call ``drain()`` on its main thread when ``main_thread.fileno()`` is readable.

        Where the application can run a function on its main thread, :class:`~auroraview.hosts.Waker` does the
        watching: ``return Waker(drain, application.run_later).stop``.

        Returns:
            a function that ends it, and may be called twice.
        """

    def main_window(self) -> Any:
        """The application's main window as a ``QMainWindow``, in which panels are docked; ``None``: it has none."""
        return None

    def window_id(self) -> int | None:
        """The X11 id of the application's window, which panels that are windows stay above; ``None``: not known."""
        return None


def own_windows() -> set[int]:
    """The X11 ids of the windows that the library has open in this program."""
    from auroraview import view

    return {one.window.native_id for one in list(view._showing) if one.window.native_id is not None}


def module(name: str) -> Any:
    """A module of the application, if it is loaded."""
    return sys.modules.get(name)
