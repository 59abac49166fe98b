"""The page's console as its program has it, without a page."""

import logging

import pytest

from auroraview import Bridge
from auroraview._console import Console
from auroraview._listeners import Listeners


@pytest.mark.parametrize(
    ("source", "line", "place"),
    [("a.js", 3, " (a.js:3)"), ("a.js", None, " (a.js)"), (None, None, "")],
)
def test_the_log_says_of_the_place_what_is_known(caplog, source, line, place):
    caplog.set_level(logging.DEBUG, logger="auroraview.page")
    bridge = Bridge()
    Console(bridge, Listeners(("console",), bridge, 1), debug=True).take("warning", "careful", source, line)
    assert [record.getMessage() for record in caplog.records] == [f"careful{place}"]
