"""Starting the host library: the environment it needs, and where it is."""

from __future__ import annotations

import os
from pathlib import Path

from auroraview import _core

_LIBRARY = Path(__file__).parent / "_native" / "libauroraview_host.so"


def start() -> None:
    """Loads the host library and starts the GUI loop, once per process.

    Raises:
        HostError: there is no display, WebKitGTK is missing, or somebody else owns the GUI loop.
    """
    # Without a GPU, or with NVIDIA's, WebKitGTK's DMABUF renderer shows an empty window.
    os.environ.setdefault("WEBKIT_DISABLE_DMABUF_RENDERER", "1")
    _core.host_start(_LIBRARY)
