"""Tests of three kinds: of the rules, of the handlers as a page calls them, and of the page in a window."""

import pytest
from panel import Budget, make_view

from auroraview import Bridge, RemoteError, WebView
from auroraview.testing import MemoryPage, Windows

SECONDS = 30


def test_the_total_is_the_sum(budget: Budget) -> None:
    assert budget.total == 12 + 40 + 24


# Handlers, by the page that is only in memory: a millisecond each, without a display.


def test_a_change_is_answered_and_told(page: MemoryPage) -> None:
    assert page.call("set_hours", {"department": "Light", "hours": 30}).result(timeout=SECONDS) == 82
    assert page.events[-1][1]["total"] == 82


@pytest.mark.parametrize(
    ("department", "hours", "text"), [("Sound", 1, "no department Sound"), ("Light", -1, "less than none")]
)
def test_what_cannot_be_is_refused(page: MemoryPage, budget: Budget, department: str, hours: int, text: str) -> None:
    with pytest.raises(RemoteError, match=text):
        page.call("set_hours", {"department": department, "hours": hours}).result(timeout=SECONDS)
    assert budget.total == 76


def test_a_page_that_comes_later_has_the_budget_at_once(page: MemoryPage) -> None:
    page.call("set_hours", ["Layout", 10]).result(timeout=SECONDS)
    page.events.clear()
    page.reload()
    assert page.wait_for("budget", timeout=SECONDS)["hours"]["Layout"] == 10


# The page, in a real window; on a virtual display where there is none. When such a test fails, a picture of the window
# and the page's console are in its report.

CHANGE = """
const field = document.querySelector("[name=Light]");
field.value = "30";
field.dispatchEvent(new Event("change"));
new Promise((resolve) => {
  const look = () => total.textContent === "82 hours" ? resolve(total.textContent) : setTimeout(look, 10);
  look();
});"""


@pytest.fixture
def view(webview: Windows, bridge: Bridge) -> WebView:
    return webview(make_view(bridge))


def test_the_total_follows_the_field(view: WebView, budget: Budget) -> None:
    assert view.eval_js(CHANGE).result(timeout=SECONDS) == "82 hours"
    assert budget.hours["Light"] == 30


def test_each_field_has_a_name_for_people_who_do_not_see_it(view: WebView) -> None:
    script = "[...document.querySelectorAll('input')].map((field) => field.labels.length)"
    assert view.eval_js(script).result(timeout=SECONDS) == [1, 1, 1]
