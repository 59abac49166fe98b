"""Where the native parts of a window are, and starting the one that lives in this process."""

from __future__ import annotations

from pathlib import Path

from auroraview import _core

_NATIVE = Path(__file__).parent / "_native"
_LIBRARY = _NATIVE / "libauroraview_host.so"

#: The program of windows in processes of their own, and of launchers that have no other.
SHELL = _NATIVE / "auroraview-shell"


def start() -> None:
    """Loads the host library and starts the GUI loop, once per process.

    Raises:
        HostError: there is no display, WebKitGTK is missing, or somebody else owns the GUI loop.
    """
    _core.host_start(_LIBRARY)
