"""The two ways between a page in a window and Python, and which one the windows of a test take.

Tests that are marked ``each_lane`` run on both; see the fixture ``lane``. The ends of fast lanes are in
``lane_ends.py``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import auroraview
from auroraview import WebView, _core
from auroraview.testing import Windows

FAST = "fast"
ORDINARY = "script-message"
#: The fast one is there as soon as its library is.
BUILT = hasattr(_core.View, "lane") and (Path(auroraview.__file__).parent / "_native" / "webext").is_dir()
LANES = (FAST, ORDINARY) if BUILT else (ORDINARY,)

_SWITCH = "AURORAVIEW_FAST_LANE"


@contextlib.contextmanager
def chosen(lane: str) -> Iterator[None]:
    """Windows that open within, in this process or in ones that it starts, take this lane."""
    with pytest.MonkeyPatch.context() as patch:
        if lane == FAST:
            patch.delenv(_SWITCH, raising=False)
        else:
            patch.setenv(_SWITCH, "0")
        yield


def check(view: WebView) -> None:
    """Fails when a view whose page is ready is not on the lane that was chosen."""
    if not BUILT:
        return
    expected = ORDINARY if _SWITCH in os.environ else FAST
    info = view.info
    assert info["lane"] == expected, f"the lane is {info['lane']!r}: {info['lane_reason']}"


class LaneWindows(Windows):
    """Windows that are on the lane that was chosen."""

    def __call__(self, view: WebView | str = "Test", *, ready: bool = True, **options: object) -> WebView:
        shown = super().__call__(view, ready=ready, **options)  # type: ignore[arg-type]
        if ready:
            check(shown)
        return shown
