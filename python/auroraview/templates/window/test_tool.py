"""The tool without a window, which is fast and needs no display: ``python -m pytest``."""

import pytest
from auroraview import Bridge
from auroraview.testing import MemoryPage

from tool import Tool


@pytest.fixture
def page():
    """A page of the test, in place of the one in ui/."""
    bridge = Bridge()
    bridge.bind_api(Tool(bridge.emit))
    with MemoryPage(bridge) as page:
        yield page


def test_what_is_added_has_a_name(page):
    assert page.call("api.add").result(timeout=5) == "Item 1"
    assert page.call("api.add").result(timeout=5) == "Item 2"
