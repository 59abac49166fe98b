"""The tool without a window, which is fast, and the whole of it in a window: ``python -m pytest``."""

import pytest
from auroraview import Bridge

from main import make_view
from tool import Tool


@pytest.fixture
def bridge():
    """What the fixture ``page`` of AuroraView, a page without a browser, is connected to."""
    bridge = Bridge()
    bridge.bind_api(Tool(bridge.emit))
    return bridge


def test_what_is_added_has_a_name(page):
    assert page.call("api.add").result(timeout=5) == "Item 1"
    assert page.call("api.add").result(timeout=5) == "Item 2"


ADD = """new Promise((done) => {
  auroraview.on("items", ({ items }) => items.length && done(document.querySelector("#items li").textContent));
  document.querySelector("#add").click();
})"""


def test_the_page_shows_what_the_button_added(webview):
    view = webview(make_view())  # a virtual display is started where there is none
    assert view.eval_js(ADD).result(timeout=10) == "Item 1"
