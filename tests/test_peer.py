"""Peer: one page as the program sees it."""

import gc
import threading
import time
import weakref

import pytest

from auroraview import Backpressure, Bridge, Limits, UsageError, ViewClosed, WebView, current_call
from auroraview.testing import MemoryPage
from tests.helpers import SECONDS, eventually


def test_a_peer_tells_of_its_document(page):
    eventually(lambda: page.peer.is_ready)
    first = page.peer.document
    assert page.peer.generation == 1
    assert page.peer.url == "memory:"
    page.reload()
    assert page.peer.generation == 2
    assert page.peer.document not in (None, first)


def test_listeners_hear_of_documents(bridge, page):
    seen = []
    page.peer.on("gone", lambda: seen.append("gone"))
    page.peer.on("document", lambda: seen.append("document"))
    heard_ready = page.peer.on("ready", lambda: seen.append("ready"))
    bridge.emit("end")
    page.wait_for("end", SECONDS)
    page.reload()
    # What the first document said may still come first.
    eventually(lambda: seen[-3:] == ["gone", "document", "ready"])
    assert page.peer.off("ready", heard_ready) == 1


def test_an_unknown_event_is_refused_with_the_known_ones(page):
    with pytest.raises(UsageError, match="'document', 'ready', 'gone'"):
        page.peer.on("closed", print)


def test_emit_reaches_this_page_alone(bridge, page):
    with MemoryPage(bridge) as other:
        page.peer.emit("mine", 1)
        bridge.emit("end")
        other.wait_for("end", SECONDS)
        page.wait_for("end", SECONDS)
        assert page.events == [("mine", 1), ("end", None)]
        assert other.events == [("end", None)]


def test_a_retained_value_is_there_after_a_reload(page):
    page.peer.emit("settings", 1, retain=True)
    page.wait_for("settings", SECONDS)
    page.events.clear()
    page.reload()
    assert page.wait_for("settings", SECONDS) == 1


def test_a_batch_is_sent_as_a_whole_or_not_at_all(page):
    with pytest.raises(TypeError, match="payload"):
        page.peer.emit_batch([("a", 1), ("b", {1: 2})])
    with pytest.raises(UsageError):
        page.peer.emit_batch([("a", 1), ("__auroraview_x", 2)])
    page.peer.emit_batch([("a", 1), ("b", 2)])
    page.wait_for("b", SECONDS)
    assert page.events == [("a", 1), ("b", 2)]


def test_what_a_handler_emits_arrives_before_its_result(bridge, page):
    order = []

    @bridge.bind_call("f")
    def handler():
        for n in range(10):
            current_call().peer.emit("n", n)

    page.on("n", order.append)
    page.call("f").add_done_callback(lambda _: order.append("result"))
    eventually(lambda: "result" in order)
    assert order == [*range(10), "result"]


def fill(peer):
    for _ in range(1000):
        peer.emit("e", "x" * 20)


@pytest.mark.parametrize("limits", [Limits(queue_messages=10), Limits(queue_bytes=1000)], ids=["messages", "bytes"])
def test_emits_past_the_bound_raise_and_a_broadcast_resets(limits):
    bridge = Bridge(limits=limits)
    with MemoryPage(bridge) as page:
        held = [True]
        page.on("block", lambda _: eventually(lambda: not held))
        page.peer.emit("block")
        with pytest.raises(Backpressure):
            fill(page.peer)
        with pytest.raises(Backpressure):
            page.peer.emit_batch([("e", "x" * 20)] * 2)
        bridge.emit("after the reset", 1)
        held.clear()
        page.wait_for("after the reset", SECONDS)
        page.peer.emit("again")
        page.wait_for("again", SECONDS)


def test_ten_thousand_emits_arrive_in_order(page):
    for n in range(10_000):
        page.peer.emit("n", n)
    eventually(lambda: len(page.events) == 10_000)
    assert page.events == [("n", n) for n in range(10_000)]


def test_emits_to_a_page_that_is_gone_are_dropped_with_one_line(page, caplog):
    page.close()
    for _ in range(3):
        page.peer.emit("e")
    eventually(lambda: caplog.messages)
    assert page.peer.stats["dropped"] == 3
    assert len(caplog.messages) == 1


def test_stats_count_what_came_and_what_was_refused(bridge, page):
    bridge.bind_call("f", lambda: None)
    page.call("f").result(SECONDS)
    page.send_event("e")
    page.post("no JSON")
    stats = page.peer.stats
    assert (stats["calls"], stats["events"]) == (1, 1)
    assert stats["refused"] == {"malformed": 1}


def test_a_peer_does_not_outlive_its_page(bridge):
    peer = weakref.ref(MemoryPage(bridge).peer)
    eventually(lambda: gc.collect() is not None and peer() is None)
    assert bridge.peers == ()


# Who it is


def test_info_of_a_page_in_memory(page):
    info = page.peer.info
    assert (info.transport, info.url) == ("memory", "memory:")
    assert (info.address, info.user_agent, info.session_id, info.origin, info.identity) == (None,) * 5
    assert abs(time.time() - info.connected_since) < SECONDS


def test_info_of_a_window_that_is_not_open():
    view = WebView()
    assert (view.peer.info.transport, view.peer.info.connected_since) == ("embedded", None)
    assert not view.peer.connected


def test_a_page_is_connected_until_it_is_closed(page):
    assert page.peer.connected
    page.reload()
    assert page.peer.connected
    page.close()
    assert not page.peer.connected
    assert page.peer.info.connected_since is None


def test_closing_a_peer_tells_the_page_why(bridge, page):
    entered, leave = threading.Event(), threading.Event()

    @bridge.bind_call("slow")
    def slow():
        entered.set()
        leave.wait(SECONDS)

    waiting = page.call("slow")
    assert entered.wait(SECONDS)
    page.peer.close("time is up")
    leave.set()
    with pytest.raises(ViewClosed, match="time is up"):
        waiting.result(SECONDS)
    page.peer.close()
    assert not page.peer.connected


def test_the_reason_of_a_close_is_a_text(page):
    with pytest.raises(UsageError, match="reason"):
        page.peer.close(3)


# keep="latest"


def wait_for_value(page, event, value):
    eventually(lambda: (event, value) in page.events)


def test_the_latest_value_always_arrives(page):
    for n in range(10_000):
        page.peer.emit("position", n, keep="latest")
    wait_for_value(page, "position", 9_999)
    found = [value for name, value in page.events if name == "position"]
    assert found == sorted(found)
    assert len(found) < 5_000


def test_latest_values_never_fill_the_queue():
    bridge = Bridge(limits=Limits(queue_messages=10))
    with MemoryPage(bridge) as page:
        held = [True]
        page.on("block", lambda _: eventually(lambda: not held))
        page.peer.emit("block")
        for n in range(1_000):
            page.peer.emit("position", n, keep="latest")
            bridge.emit("other", n, keep="latest")
        held.clear()
        wait_for_value(page, "position", 999)
        wait_for_value(page, "other", 999)
        assert "__auroraview_reset" not in dict(page.events)


def test_a_key_tells_what_replaces_what(page):
    held = [True]
    page.on("block", lambda _: eventually(lambda: not held))
    page.peer.emit("block")
    for n in range(100):
        page.peer.emit("moved", ["a", n], keep="latest", key="a")
        page.peer.emit("moved", ["b", n], keep="latest", key="b")
    held.clear()
    wait_for_value(page, "moved", ["a", 99])
    wait_for_value(page, "moved", ["b", 99])


def test_a_latest_value_survives_a_reload(page):
    eventually(lambda: page.peer.is_ready)
    held = [True]
    page.on("block", lambda _: eventually(lambda: not held))
    page.peer.emit("block")
    page.peer.emit("position", 7, keep="latest")
    page.reload()
    held.clear()
    wait_for_value(page, "position", 7)


def test_a_retained_latest_value_comes_to_every_document(page):
    page.peer.emit("position", 1, keep="latest", retain=True)
    page.peer.emit("position", 2, keep="latest", retain=True)
    wait_for_value(page, "position", 2)
    page.events.clear()
    page.reload()
    wait_for_value(page, "position", 2)
    assert ("position", 1) not in page.events


@pytest.mark.parametrize(
    "emit", [lambda page: page.peer.emit, lambda page: page.peer.bridge.emit], ids=["peer", "bridge"]
)
def test_wrong_ways_to_keep_are_refused(page, emit):
    with pytest.raises(UsageError, match="'all' or 'latest', not 'last'"):
        emit(page)("e", 1, keep="last")
    with pytest.raises(UsageError, match='keep="latest"'):
        emit(page)("e", 1, key="k")
    for key in ("", 3):
        with pytest.raises(UsageError, match="key must be a non-empty str"):
            emit(page)("e", 1, keep="latest", key=key)
    with pytest.raises(TypeError, match="payload"):
        emit(page)("e", object(), keep="latest")
