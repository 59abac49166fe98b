"""Questions to a page: what they end with when the page, or its window, goes away."""

from types import SimpleNamespace

import pytest

from auroraview import ViewClosed
from auroraview._evaluation import Evaluations
from tests.helpers import SECONDS


@pytest.fixture
def view():
    """What the native code has of a view whose page is not ready."""
    return SimpleNamespace(is_open=True, peer=SimpleNamespace(is_ready=False), new_request=iter(range(99)).__next__)


def test_who_asks_between_the_end_and_its_notice_hears_why_the_window_closed(view):
    evaluations = Evaluations(view)
    evaluations.begins()
    evaluations.end("its process was killed", lost=True)
    view.is_open = False
    future = evaluations.evaluate("1")
    assert not future.done()
    evaluations.end("the last crash of many")
    for asked in (future, evaluations.evaluate("2")):
        with pytest.raises(ViewClosed, match="the last crash of many"):
            asked.result(SECONDS)


def test_the_end_of_one_window_is_not_that_of_the_next(view):
    evaluations = Evaluations(view)
    evaluations.begins()
    view.is_open = False
    evaluations.end("the first")
    view.is_open = True
    evaluations.begins()
    view.is_open = False
    future = evaluations.evaluate("1")
    assert not future.done()
    evaluations.end("the second")
    with pytest.raises(ViewClosed, match="the second"):
        future.result(SECONDS)


def test_a_picture_as_last_painted_is_asked_for_whatever_the_page_does(view):
    asked = []
    view.screenshot = lambda *question: asked.append(question) or True
    evaluations = Evaluations(view)
    evaluations.begins()
    waits, future = evaluations.screenshot(), evaluations.painted()
    ((request, painted),) = asked
    assert painted
    evaluations.answered(request, b"PNG", None, None)
    assert (future.result(SECONDS), waits.done()) == (b"PNG", False)


def test_there_is_no_picture_of_no_window(view):
    view.screenshot = lambda *_: False
    evaluations = Evaluations(view)
    for open_one in (True, False):
        view.is_open = open_one
        with pytest.raises(ViewClosed, match="no window"):
            evaluations.painted().result(SECONDS)
