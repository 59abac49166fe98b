"""Autodesk 3ds Max.

Its functions must not be called from other threads. It is a Qt application, and the way to its main thread that
Autodesk shows is a signal to a slot of an object that lives there, which Qt queues. Source: Autodesk's pymxs help
("Multi-threading With MAXScript") and the ``mxthread`` example of its "3ds Max Python How Tos".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from auroraview.hosts import _binding
from auroraview.hosts._base import Drain, Host, module
from auroraview.hosts._waker import Waker


class Max3ds(Host):
    """3ds Max's main thread, by a queued signal."""

    name = "max3ds"

    def detect(self) -> bool:
        """``pymxs`` is there, and Qt's application object."""
        return module("pymxs") is not None

    def version(self) -> str:
        """As "2024": MAXScript counts from 1998, in thousands."""
        return str(1998 + int(module("pymxs").runtime.maxVersion()[0]) // 1000)

    def toolkit(self) -> str:
        """3ds Max's windows are Qt's where Python meets them."""
        return _binding.toolkit()

    def interactive(self) -> bool:
        """Not in ``3dsmaxbatch``, where Qt runs no application."""
        return _binding.find() is not None

    def start(self, drain: Drain) -> Callable[[], None]:
        """A signal for each time that something begins to wait."""
        found = _binding.find()
        assert found is not None, "interactive() has found it"
        caller = _caller(found[1])
        waker = Waker(drain, caller.wanted.emit)

        def stop() -> None:
            waker.stop()
            caller.deleteLater()

        return stop


def _caller(core: Any) -> Any:
    """An object of this thread that calls what its signal ``wanted`` brings."""
    signal = getattr(core, "Signal", None) or core.pyqtSignal

    class Caller(core.QObject):  # type: ignore[misc]
        wanted = signal(object)

        def serve(self, function: Callable[[], None]) -> None:
            function()

    caller = Caller()
    caller.wanted.connect(caller.serve, core.Qt.ConnectionType.QueuedConnection)
    return caller
