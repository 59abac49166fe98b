"""Several windows in one process, each with a bridge of its own or with a shared one."""

import pytest

from auroraview import Bridge, UsageError, ViewClosed, WebView, current_call
from tests.e2e import desktop
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for

pytestmark = pytest.mark.each_lane

LISTENS = "<script>var seen = []; auroraview.on('news', (detail) => seen.push(detail))</script><p>listens"


def wait_seen(view, expected):
    wait_for(lambda: ask(view, "seen") == expected, f"events {expected}")


@pytest.fixture
def pair():
    """Two views with a shared bridge."""
    bridge = Bridge()
    one, two = WebView("One", html=LISTENS, bridge=bridge), WebView("Two", html=LISTENS, bridge=bridge)
    with opened(one), opened(two):
        yield bridge, one, two


def test_a_shared_bridge_serves_all_its_views_and_says_which_asks(pair):
    bridge, one, two = pair

    @bridge.bind_call("who")
    def who():
        return current_call().peer is one.peer, current_call().peer is two.peer

    assert ask(one, "auroraview.call('who')") == [True, False]
    assert ask(two, "auroraview.call('who')") == [False, True]
    assert bridge.peers == (one.peer, two.peer)


def test_an_emit_of_the_bridge_reaches_all_and_that_of_a_view_only_its_page(pair):
    bridge, one, two = pair
    one.emit("news", 1)
    bridge.emit("news", 2)
    two.peer.emit("news", 3)
    wait_seen(one, [1, 2])
    wait_seen(two, [2, 3])


def test_a_bound_method_reaches_every_open_page(pair):
    bridge, one, two = pair
    one.bind_call("late.method", lambda: "late")
    for view in (one, two):
        assert ask(view, "auroraview.call('late.method')") == "late"
    assert "late.method" in bridge.methods


def test_a_view_that_closes_leaves_the_others(pair):
    _, one, two = pair
    waiting = one.eval_js("new Promise(() => {})")
    one.close()
    assert one.wait(PATIENCE)
    with pytest.raises(ViewClosed):
        waiting.result(PATIENCE)
    two.emit("news", "still")
    wait_seen(two, ["still"])
    assert two.is_open


def test_views_with_bridges_of_their_own_know_nothing_of_each_other():
    one, two = WebView(html=LISTENS), WebView(html=LISTENS)
    one.bind_call("name", lambda: "one")
    two.bind_call("name", lambda: "two")
    with opened(one), opened(two):
        assert ask(one, "auroraview.call('name')") == "one"
        assert ask(two, "auroraview.call('name')") == "two"
        one.emit("news", 1)
        wait_seen(one, [1])
        assert ask(two, "seen") == []


def test_a_handler_opens_and_closes_windows():
    main, tool = WebView("Main", html="<p>main"), WebView("Tool", html="<p>tool")
    said = Record()
    tool.bind_call("say", said)

    @main.bind_call("open_tool")
    def open_tool():
        tool.show(wait=False)
        return ask(tool, "auroraview.call('say', ['hello']); document.body.innerText")

    @main.bind_call("close_tool")
    def close_tool():
        tool.close()
        return tool.wait(PATIENCE)

    with opened(main):
        for _ in range(2):
            assert ask(main, "auroraview.call('open_tool')") == "tool"
            wait_for(lambda: "Tool" in desktop.titles(), "the window")
            assert ask(main, "auroraview.call('close_tool')") is True
        assert said.wait(2) == [("hello",), ("hello",)]


def test_a_handler_waits_for_a_window_that_the_user_closes():
    main, dialog = WebView("Main", html="<p>main"), WebView("Dialog", html="<p>dialog")

    @main.bind_call("ask_user")
    def ask_user():
        dialog.show()
        return "closed"

    with opened(main):
        answer = main.eval_js("auroraview.call('ask_user', undefined, {timeout: 0})")
        wait_for(lambda: dialog.is_ready, "the dialog")
        assert ask(main, "1 + 1") == 2
        desktop.close_as_user("Dialog")
        assert answer.result(PATIENCE) == "closed"


def test_a_handler_may_close_its_own_window():
    view = WebView("Own")
    view.bind_call("quit", lambda: view.close())
    with opened(view):
        view.eval_js("auroraview.call('quit').catch(() => {}); null")
        assert view.wait(PATIENCE)


def test_a_dozen_windows_at_once():
    views = [WebView(f"Window {number}", html=f"<p>{number}", width=200, height=150) for number in range(12)]
    for view in views:
        view.show(wait=False)
    for number, view in enumerate(views):
        assert ask(view, "document.body.innerText") == str(number)
    for view in views:
        view.close()
    for view in views:
        assert view.wait(PATIENCE)
    wait_for(lambda: not any(title.startswith("Window ") for title in desktop.titles()), "the end of all windows")


def test_a_view_opens_again_after_a_close_and_keeps_its_bindings():
    view = WebView("Again", html=LISTENS)
    view.bind_call("answer", lambda: 42)
    view.emit("news", "retained", retain=True)
    documents = set()
    for _ in range(3):
        with opened(view):
            assert ask(view, "auroraview.call('answer')") == 42
            wait_seen(view, ["retained"])
            documents.add(view.info["document"])
        assert not view.is_open
    assert len(documents) == 3


def test_with_a_view_closes_at_the_end_and_does_not_show():
    view = WebView("With")
    with view as same:
        assert same is view
        assert not view.is_open
        view.show(wait=False)
        assert view.is_open
    assert view.wait(PATIENCE)


def test_an_api_object_is_shared_with_the_bridge():
    class Api:
        def ping(self):
            return "pong"

    bridge, api = Bridge(), Api()
    one = WebView(html="<p>", bridge=bridge, api=api)
    two = WebView(html="<p>", bridge=bridge, api=api)
    with pytest.raises(UsageError, match="replace=True"):
        WebView(bridge=bridge, api=Api())
    with opened(one), opened(two):
        assert ask(one, "auroraview.api.ping()") == ask(two, "auroraview.api.ping()") == "pong"
