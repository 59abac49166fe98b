"""What a page says wrongly is counted, and named once in the log."""

from __future__ import annotations

import logging

import pytest

from auroraview import Bridge
from auroraview.testing import MemoryPage
from tests.helpers import eventually

pytestmark = pytest.mark.timeout(30)


def test_the_first_refusal_for_each_reason_is_logged_and_all_are_counted(caplog):
    bridge = Bridge()
    bridge.bind_call("double", lambda number: 2 * number)
    with caplog.at_level(logging.WARNING, "auroraview"), MemoryPage(bridge) as page:
        for _ in range(3):
            page.post("no frame")
        page.post('{"v":1,"doc":"another","msgs":[]}')
        assert page.call("double", [4]).result(10) == 8
        eventually(lambda: sum("refused" in line for line in caplog.messages) == 2, "two lines")
        assert page.peer.stats["refused"] == {"malformed": 3, "stale_document": 1}
