"""Windows that come and go, as their bridge tells it, beside pages of other kinds."""

from __future__ import annotations

import time

import pytest

from auroraview import Bridge, WebView
from auroraview.testing import MemoryPage, Windows
from tests.e2e.helpers import PATIENCE, ask, wait_for

#: Calls at once, from the first line of its script.
EAGER = "<!doctype html><script>auroraview.call('first')</script><p>Eager"


@pytest.fixture
def bridge() -> Bridge:
    return Bridge()


@pytest.fixture
def told(bridge: Bridge) -> list[tuple[object, ...]]:
    told: list[tuple[object, ...]] = []
    bridge.on_connect(lambda peer: told.append(("came", peer)))
    bridge.on_disconnect(lambda peer, reason: told.append(("went", peer, reason)))
    bridge.bind_call("first", lambda: told.append(("called",)))
    return told


def test_a_window_comes_when_it_opens_and_goes_when_it_closes(bridge: Bridge, told: list[tuple[object, ...]]) -> None:
    view = WebView(html=EAGER, bridge=bridge)
    came, called, went = ("came", view.peer), ("called",), ("went", view.peer, "closed")
    assert not view.peer.connected
    for _ in range(2):
        view.show(wait=False)
        wait_for(lambda: told[-1:] == [called], "the page's first call")
        assert view.peer.connected
        view.close()
        assert view.wait(PATIENCE)
        wait_for(lambda: told[-1] == went, "the end of the window")
        assert not view.peer.connected
    assert told == [came, called, went] * 2


def test_a_reload_is_neither(bridge: Bridge, told: list[tuple[object, ...]], webview: Windows) -> None:
    view = webview(html=EAGER, bridge=bridge)
    view.reload()
    wait_for(lambda: told.count(("called",)) == 2, "the call of the second document")
    assert told == [("came", view.peer), ("called",), ("called",)]


def test_info_of_an_open_window(bridge: Bridge, webview: Windows) -> None:
    view = webview(html=EAGER, bridge=bridge)
    info = view.peer.info
    assert (info.transport, info.address, info.session_id, info.identity) == ("embedded", None, None, None)
    assert info.origin is not None
    assert info.url.startswith(info.origin)
    assert info.connected_since is not None
    assert abs(info.connected_since - time.time()) < 2 * PATIENCE


def test_closing_the_peer_closes_the_window(bridge: Bridge, told: list[tuple[object, ...]], webview: Windows) -> None:
    view = webview(html=EAGER, bridge=bridge)
    view.peer.close("enough")
    assert view.wait(PATIENCE)
    wait_for(lambda: told[-1] == ("went", view.peer, "closed"), "the end")


def test_events_reach_the_window_they_are_for(bridge: Bridge, webview: Windows) -> None:
    html = "<script>var seen = []; auroraview.on('e', (value) => seen.push(value))</script>"
    one, other = (webview(html=html, bridge=bridge) for _ in range(2))
    with MemoryPage(bridge) as page:
        bridge.emit("e", 1, to=one.peer)
        bridge.emit("e", 2, to=[other.peer, page.peer])
        bridge.emit("e", 3)
        wait_for(lambda: ask(one, "seen.at(-1)") == 3 and ask(other, "seen.at(-1)") == 3, "the last event")
        assert (ask(one, "seen"), ask(other, "seen")) == ([1, 3], [2, 3])
        assert page.wait_for("e", PATIENCE) == 2


def test_the_newest_value_always_reaches_a_window(bridge: Bridge, webview: Windows) -> None:
    html = "<script>var seen = []; auroraview.on('e', (value) => seen.push(value))</script>"
    view = webview(html=html, bridge=bridge)
    for number in range(20_000):
        view.emit("e", number, keep="latest")
    wait_for(lambda: ask(view, "seen.at(-1)") == 19_999, "the last value")
    seen = ask(view, "seen")
    assert seen == sorted(seen)
    assert len(seen) < 10_000
