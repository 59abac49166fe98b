"""The two ways between a page in a window and Python, and which one the windows of a test take.

Tests that are marked ``each_lane`` run on both; see the fixture ``lane``. The ends of fast lanes are in
``lane_ends.py``.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

import pytest

from auroraview import WebView
from auroraview.testing import Windows

FAST = "fast"
ORDINARY = "script-message"
LANES = (FAST, ORDINARY)

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
