"""The fast lane of windows: whether one is asked for, and where its library is.

The library runs inside the process of the page and talks to us past the loop of the windows. Where it is not, or is not
wanted, messages go the ordinary way, and nothing else changes.
"""

from __future__ import annotations

import os

from auroraview import _host

#: Looked at when a window opens.
VARIABLE = "AURORAVIEW_FAST_LANE"
_OFF = frozenset(("0", "off", "no", "false"))

#: The web engine loads every library that it finds in there.
FOLDER = _host.NATIVE / "webext"
LIBRARY = FOLDER / "libauroraview_webext.so"


def wish() -> tuple[str | None, str | None]:
    """The folder of the library; or ``None``, and why there is no fast lane."""
    value = os.environ.get(VARIABLE, "")
    if value.strip().lower() in _OFF:
        return None, f"{VARIABLE}={value} turns it off"
    if not LIBRARY.is_file():
        return None, f"its library is missing: {LIBRARY}"
    if not os.access(LIBRARY, os.R_OK):
        return None, f"its library cannot be read: {LIBRARY}"
    return str(FOLDER), None
