"""Origins, as a browser writes them."""

import functools

import pytest

from auroraview import UsageError, WebView
from auroraview.navigation import origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://example.com/a/b?c#d", "https://example.com"),
        ("HTTPS://User:Secret@Example.COM:443/", "https://example.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:80/", "http://[::1]"),
        ("http://example.com:8080", "http://example.com:8080"),
        ("auroraview://view/index.html", "auroraview://view"),
        ("about:blank", "null"),
        ("file:///etc/passwd", "null"),
        ("data:text/html,x", "null"),
        ("javascript:alert(1)", "null"),
        ("", "null"),
    ],
)
def test_the_origin_of_an_address(url, origin):
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "origin", ["example.com", "https://example.com/path", "*", "https://*.example.com/", "null", ""]
)
def test_an_allowed_origin_is_an_origin_and_nothing_more(origin):
    with pytest.raises(UsageError, match="an origin is"):
        WebView(allow_origins=[origin])


def test_an_allowed_origin_may_end_with_a_slash():
    assert WebView(allow_origins=["https://example.com/"])._allow_origins == ["https://example.com"]


class Core:
    """Takes the answers that would go to the host."""

    def __init__(self):
        self.answers = []

    def answer_navigation(self, request, decision):
        self.answers.append((request, decision))

    answer_closing = answer_navigation


async def later(*_):
    return False


class Later:
    async def __call__(self, *_):
        return False


@pytest.mark.parametrize("func", [later, Later(), functools.partial(later, 1)], ids=["function", "object", "partial"])
def test_what_must_answer_at_once_cannot_be_async(func):
    view = WebView(html="")
    with pytest.raises(UsageError, match="async"):
        view.on_navigate(func)
    with pytest.raises(UsageError, match="async"):
        view.window.on("closing", func)
    with pytest.raises(UsageError, match="async"):
        view.window.on("closing")(func)
    assert (view._watchers, view.window.watches_closing) == ([], False)
    assert view.window.on("closed", func) is func


def failing(*_):
    raise ValueError("mine")


@pytest.mark.parametrize(
    ("answers", "decision"),
    [
        ([], None),
        ([True], True),
        ([False, True], False),
        ([None, True], True),
        ([failing, False], False),
        ([later], None),
        ([later, False], False),
        ([1], None),
        ([0, "yes"], None),
    ],
)
def test_only_a_bool_decides_about_a_navigation(answers, decision):
    view = WebView(html="")
    for answer in answers:
        view.on_navigate((lambda nav, a=answer: a(nav)) if callable(answer) else (lambda nav, a=answer: a))
    view._core = Core()
    view._answer_navigation(7, "https://example.com/", False)
    assert view._core.answers == [(7, decision)]


@pytest.mark.parametrize(
    ("answers", "allow"),
    [([], True), ([True], True), ([failing, False], False), ([False, failing], False), ([later], True), ([0], True)],
)
def test_only_false_keeps_a_window_open(answers, allow):
    window = WebView(html="").window
    for answer in answers:
        window.on("closing", (lambda a=answer: a()) if callable(answer) else (lambda a=answer: a))
    window._core = Core()
    window._answer_closing(7)
    assert window._core.answers == [(7, allow)]


def test_an_answer_that_is_none_is_logged(caplog):
    view = WebView(html="")
    view.on_navigate(lambda nav: later())
    view._core = Core()
    view._answer_navigation(7, "https://example.com/", False)
    assert caplog.messages == [
        "an on_navigate function answered with a coroutine, not True, False or None; it counts as None"
    ]
