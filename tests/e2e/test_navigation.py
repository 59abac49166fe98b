"""Where the page may go, who decides it, and what has the bridge there."""

import threading

import pytest

from auroraview import Navigation, UsageError, ViewClosed, WebView
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.servers import Server

pytestmark = pytest.mark.each_lane


@pytest.fixture
def foreign():
    server = Server()
    yield server
    server.close()


@pytest.fixture
def browser(monkeypatch):
    """Records what would open in the system browser."""
    record = Record(True)
    monkeypatch.setattr("webbrowser.open", record)
    return record


def go(view, url):
    """The page goes somewhere; its script ends first."""
    ask(view, f"setTimeout(() => {{ location.href = {url!r} }}, 0); null")


def wait_text(view, text):
    def says_it():
        try:
            return ask(view, "document.body?.innerText") == text
        except ViewClosed:
            return False  # The document went away just now.

    wait_for(says_it, f"a page that says {text!r}")


def has_bridge(view):
    return ask(view, "typeof window.auroraview") == "object"


def test_a_link_to_a_foreign_origin_opens_in_the_system_browser(server, foreign, browser, isolation):
    target = foreign.page("/there", "<p>foreign")
    with opened(url=server.page("/", f"<a href='{target}'>link</a>"), isolation=isolation) as view:
        ask(view, "document.querySelector('a').click()")
        assert browser.wait() == [(target,)]
        assert ask(view, "document.body.innerText") == "link"
        assert has_bridge(view)


def test_a_page_of_the_allowed_origin_is_shown_inside_with_the_bridge(server, browser):
    target = server.page("/two", "<p>two")
    with opened(url=server.page("/", "<p>one")) as view:
        go(view, target)
        wait_text(view, "two")
        view.wait_ready(30)
        assert ask(view, "auroraview.whenReady().then(() => auroraview.isReady)")
        assert browser.seen == []


def test_allow_origins_brings_a_page_inside_with_the_bridge(server, foreign, browser):
    target = foreign.page("/there", "<p>there")
    with opened(url=server.page("/", "<p>here"), allow_origins=[foreign.origin]) as view:
        go(view, target)
        wait_text(view, "there")
        assert ask(view, "auroraview.whenReady().then(() => 'ready')") == "ready"
        assert browser.seen == []


def test_load_url_adds_its_origin_to_the_allowed(server, foreign):
    view = WebView(html="<p>html")
    view.bind_call("where", lambda: "python")
    with opened(view):
        for site, text in ((server, "first"), (foreign, "second"), (server, "third")):
            view.load_url(site.page("/", f"<p>{text}"))
            view.wait_ready(30)
            assert ask(view, "document.body.innerText") == text
            assert ask(view, "auroraview.call('where')") == "python"
            assert view.info["url"] == site.origin + "/"


def test_on_navigate_false_forbids(server, foreign, browser, isolation):
    target = foreign.page("/there", "<p>foreign")
    asked = Record(False)
    view = WebView(url=server.page("/", "<p>here"), isolation=isolation)
    view.on_navigate(asked)
    with opened(view):
        go(view, target)
        assert asked.wait()[-1] == (Navigation(target, foreign.origin, new_window=False),)
        go(view, server.page("/two", "<p>two"))
        asked.wait(2)
        assert ask(view, "document.body.innerText") == "here"
        assert browser.seen == []
        assert foreign.requests == []
        assert "/two" not in server.requests


def test_on_navigate_true_shows_inside_without_the_bridge(server, foreign, browser, caplog, isolation):
    target = foreign.page("/there", "<p>foreign")
    view = WebView(url=server.page("/", "<p>here"), isolation=isolation)
    view.on_navigate(lambda navigation: True)
    with opened(view):
        go(view, target)
        wait_text(view, "foreign")
        assert not has_bridge(view)
        assert browser.seen == []
        assert f'allow_origins=["{foreign.origin}"]' in caplog.text


def test_on_navigate_none_leaves_the_default(server, foreign, browser):
    outside, inside = foreign.page("/there", "<p>foreign"), server.page("/two", "<p>two")
    asked = Record(None)
    view = WebView(url=server.page("/", "<p>here"))
    view.on_navigate(asked)
    with opened(view):
        go(view, outside)
        assert browser.wait() == [(outside,)]
        go(view, inside)
        wait_text(view, "two")
        assert has_bridge(view)
        assert [call[0].url for call in asked.seen] == [outside, inside]


def test_the_first_answer_that_is_not_none_counts(server, foreign, browser):
    later = Record(False)
    view = WebView(url=server.page("/", "<p>here"))
    view.on_navigate(lambda navigation: None)
    view.on_navigate(lambda navigation: navigation.origin == foreign.origin)
    view.on_navigate(later)
    with opened(view):
        go(view, foreign.page("/there", "<p>foreign"))
        wait_text(view, "foreign")
        assert later.seen == []


def test_a_watcher_that_raises_leaves_the_default(server, foreign, browser, caplog):
    view = WebView(url=server.page("/", "<p>here"))
    view.on_navigate(lambda navigation: 1 / 0)
    with opened(view):
        go(view, foreign.page("/there", "<p>foreign"))
        browser.wait()
        wait_for(lambda: "ZeroDivisionError" in caplog.text, "the error in the log")


def test_a_watcher_that_never_answers_leaves_the_default_after_a_while(server, foreign, browser):
    target = foreign.page("/there", "<p>foreign")
    end = threading.Event()
    view = WebView(url=server.page("/", "<p>here"))
    view.on_navigate(lambda navigation: end.wait(60))
    with opened(view):
        go(view, target)
        assert browser.wait() == [(target,)]
        end.set()


def test_a_watcher_may_ask_the_page_and_load_something_else(server, foreign, isolation):
    view = WebView(url=server.page("/", "<p>here"), isolation=isolation)

    @view.on_navigate
    def watch(navigation):
        view.load_html(f"<p>instead of {ask(view, 'document.body.innerText')}")
        return False

    with opened(view):
        go(view, foreign.origin)
        wait_text(view, "instead of here")


def test_a_watcher_sees_iframes_too(server, foreign):
    source = foreign.page("/frame", "<p>frame")
    asked = Record(None)
    view = WebView(url=server.page("/", f"<iframe src='{source}'></iframe>"))
    view.on_navigate(asked)
    with opened(view):
        assert asked.wait()[0] == (Navigation(source, foreign.origin, new_window=False),)
        wait_for(lambda: "/frame" in foreign.requests, "the frame")


def test_what_python_loads_is_not_asked_about(server):
    asked = Record(False)
    view = WebView(url=server.page("/", "<p>one"))
    view.on_navigate(asked)
    with opened(view):
        view.load_url(server.page("/two", "<p>two"))
        wait_text(view, "two")
        view.load_html("<p>three")
        wait_text(view, "three")
        view.reload()
        wait_text(view, "three")
        assert asked.seen == []


def test_a_new_window_of_a_foreign_origin_opens_in_the_system_browser(server, foreign, browser):
    target = foreign.page("/there", "<p>foreign")
    with opened(url=server.page("/", f"<a target=_blank href='{target}'>link</a>")) as view:
        assert ask(view, f"window.open({target!r}) === null")
        ask(view, "document.querySelector('a').click()")
        assert browser.wait(2) == [(target,), (target,)]
        assert ask(view, "document.body.innerText") == "link"


def test_a_new_window_of_an_allowed_origin_is_shown_in_the_same_window(server, browser):
    target = server.page("/two", "<p>two")
    asked = Record(None)
    view = WebView(url=server.page("/", f"<a target=_blank href='{target}'>link</a>"))
    view.on_navigate(asked)
    with opened(view):
        ask(view, "document.querySelector('a').click()")
        wait_text(view, "two")
        assert asked.seen == [(Navigation(target, server.origin, new_window=True),)]
        assert has_bridge(view)
        assert browser.seen == []


def test_a_new_window_that_is_forbidden_opens_nowhere(server, foreign, browser, isolation):
    target = foreign.page("/there", "<p>foreign")
    asked = Record(False)
    view = WebView(url=server.page("/", "<p>here"), isolation=isolation)
    view.on_navigate(asked)
    with opened(view):
        ask(view, f"window.open({target!r}); null")
        assert asked.wait() == [(Navigation(target, foreign.origin, new_window=True),)]
        assert ask(view, "document.body.innerText") == "here"
        assert browser.seen == []
        assert foreign.requests == []


def test_a_redirect_of_a_program_s_load_stays_inside_and_names_the_remedy(server, foreign, browser, caplog):
    target = foreign.page("/there", "<p>foreign")
    middle = server.redirect("/middle", target)
    with opened(url=server.redirect("/", middle), ready=False) as view:
        wait_text(view, "foreign")
        assert not has_bridge(view)
        assert browser.seen == []
        wait_for(lambda: f'allow_origins=["{foreign.origin}"]' in caplog.text, "the line that allows it")


def test_a_redirect_to_an_allowed_origin_has_the_bridge(server, foreign):
    address = server.redirect("/", foreign.page("/there", "<p>there"))
    with opened(url=address, allow_origins=[foreign.origin]) as view:
        assert ask(view, "document.body.innerText") == "there"
        assert ask(view, "auroraview.whenReady().then(() => 'ready')") == "ready"


def test_a_page_s_own_navigation_that_is_redirected_outside_goes_to_the_browser(server, foreign, browser):
    target = foreign.page("/there", "<p>foreign")
    address = server.redirect("/redirects", target)
    with opened(url=server.page("/", "<p>here")) as view:
        go(view, address)
        assert browser.wait() == [(target,)]
        assert ask(view, "document.body.innerText") == "here"


def test_a_fragment_and_pushed_states_are_no_navigations(server):
    asked = Record(False)
    view = WebView(url=server.page("/", "<p id=part>one"))
    view.on_navigate(asked)
    with opened(view):
        document = view.info["document"]
        ask(view, "location.hash = 'part'; history.pushState({}, '', '/elsewhere'); null")
        assert ask(view, "location.pathname") == "/elsewhere"
        assert view.info["document"] == document
        assert asked.seen == []


@pytest.mark.parametrize("url", ["file:///etc/passwd", "mailto:someone@example.org", "other:thing"])
def test_addresses_of_other_kinds_lead_nowhere(server, browser, url, caplog):
    with opened(url=server.page("/", "<p>here")) as view:
        go(view, url)
        ask(view, "new Promise(done => setTimeout(done, 0))")
        if not url.startswith("file:"):  # The engine itself stops these, without a word.
            wait_for(lambda: url in caplog.text, "a line in the log")
        assert ask(view, "document.body.innerText") == "here"
        assert browser.seen == []


def test_a_page_that_cannot_be_loaded_leaves_a_view_that_can_show_another(server):
    server.close()
    with opened(url=server.origin, ready=False) as view:
        view.load_html("<p>instead")
        assert ask(view, "document.body.innerText") == "instead"
        assert has_bridge(view)


@pytest.mark.parametrize("origin", ["example.com", "https://example.com/path", "file:///x", "", "null", "*"])
def test_an_origin_that_is_none_is_a_usage_error(origin):
    with pytest.raises(UsageError, match="scheme://host"):
        WebView(allow_origins=[origin])


@pytest.mark.parametrize("url", ["example.com", "file:///x", "javascript:1", "", "https://"])
def test_an_address_that_is_none_is_a_usage_error(url):
    with pytest.raises(UsageError, match="http or https address"):
        WebView(url=url)
    with pytest.raises(UsageError, match="http or https address"):
        WebView().load_url(url)


def test_a_browser_that_takes_its_time_keeps_nothing_waiting(server, foreign, monkeypatch):
    asked, goes_on = threading.Event(), threading.Event()

    def open_slowly(url):
        asked.set()
        return goes_on.wait(PATIENCE)

    monkeypatch.setattr("webbrowser.open", open_slowly)
    try:
        with opened(url=server.page("/", "<p>here")) as view:
            go(view, foreign.page("/", "<p>there"))
            assert asked.wait(PATIENCE)
            assert ask(view, "1 + 1") == 2
    finally:
        goes_on.set()
