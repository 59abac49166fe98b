"""Starting the host library, and where it is."""

from __future__ import annotations

from pathlib import Path

from auroraview import _core

_LIBRARY = Path(__file__).parent / "_native" / "libauroraview_host.so"


def start() -> None:
    """Loads the host library and starts the GUI loop, once per process.

    Raises:
        HostError: there is no display, WebKitGTK is missing, or somebody else owns the GUI loop.
    """
    _core.host_start(_LIBRARY)
