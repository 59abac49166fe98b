"""Searching the page."""

import pytest

from auroraview import UsageError, ViewClosed, WebView
from tests.e2e.helpers import PATIENCE, ask, opened

PAGE = "<!doctype html><title>Find</title><p id=a>Needle one<p id=b>needle two<p id=c>a NEEDLE of three<p>hay"


def find(view, text, **options):
    return view.find(text, **options).result(PATIENCE)


def marked(view):
    """The match that is marked: its text and the id of its paragraph."""
    return ask(view, "[String(getSelection()), getSelection().anchorNode?.parentNode.id]")


def test_the_same_text_again_is_the_next_match_and_after_the_last_the_first(isolation):
    with opened(html=PAGE, isolation=isolation) as view:
        seen = [(find(view, "needle"), *marked(view)) for _ in range(4)]
        assert seen == [(3, "Needle", "a"), (3, "needle", "b"), (3, "NEEDLE", "c"), (3, "Needle", "a")]
        assert find(view, "needle", backwards=True) == 3
        assert marked(view) == ["NEEDLE", "c"]


def test_case_counts_when_it_is_to():
    with opened(html=PAGE) as view:
        assert find(view, "needle", match_case=True) == 1
        assert marked(view) == ["needle", "b"]
        assert find(view, "NeEdLe", match_case=True) == 0


def test_what_is_not_there_is_found_no_time():
    with opened(html=PAGE) as view:
        assert find(view, "gold") == 0
        assert find(view, "") == 0
        assert find(view, "a\0b") == 0
        assert find(view, "hay") == 1


def test_many_searches_at_once_are_answered_in_turn():
    with opened(html=PAGE) as view:
        futures = [view.find(text) for text in ("needle", "gold", "hay", "", "needle")]
        assert [future.result(PATIENCE) for future in futures] == [3, 0, 1, 0, 3]


def test_a_search_waits_for_the_page_and_ends_with_the_window():
    view = WebView(html=PAGE)
    with opened(view, ready=False):
        assert find(view, "needle") == 3
        view.load_html("<p>other hay")
        assert find(view, "hay") == 1
    with pytest.raises(ViewClosed):
        find(view, "needle")


def test_a_search_that_is_no_text_is_refused():
    with pytest.raises(UsageError, match="str"):
        WebView(html=PAGE).find(7)
