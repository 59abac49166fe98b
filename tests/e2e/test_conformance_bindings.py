"""What holds over every transport: bindings, events both ways, shared bridges, the end of a page."""

from __future__ import annotations

import asyncio
import threading

import pytest

from auroraview import Bridge, RemoteError, UsageError, ViewClosed, current_call
from tests.e2e.helpers import PATIENCE, Record, wait_for
from tests.e2e.pages import ABSENT, bound, wait_events


def no_parameters():
    return "none"


def test_binding_a_bound_name_again_replaces_the_handler(page):
    first, second = Record(), Record("new")
    name = bound(page, first)
    page.bridge.bind_call(name, second)
    assert page.call(name, [1]).result(PATIENCE) == "new"
    assert (first.seen, second.seen) == ([], [(1,)])


def test_an_unbound_method_is_not_found_and_can_be_bound_again(page):
    name = bound(page, no_parameters)
    assert page.call(name).result(PATIENCE) == "none"
    assert page.bridge.unbind(name)
    assert not page.bridge.unbind(name)
    with pytest.raises(RemoteError, match="MethodNotFound"):
        page.call(name).result(PATIENCE)
    page.bridge.bind_call(name, lambda: "again")
    assert page.call(name).result(PATIENCE) == "again"


def test_a_call_that_waits_while_its_method_is_unbound_is_not_found(page):
    started, go_on, ran = threading.Event(), threading.Event(), []

    def work(n):
        ran.append(n)
        started.set()
        assert go_on.wait(PATIENCE)
        return n

    name = bound(page, work)
    answers = [page.call(name, [0])]
    assert started.wait(PATIENCE)
    calls = page.peer.stats["calls"]
    answers += [page.call(name, [n]) for n in (1, 2)]
    wait_for(lambda: page.peer.stats["calls"] == calls + 2, "the waiting calls")
    page.bridge.unbind(name)
    go_on.set()
    assert answers[0].result(PATIENCE) == 0
    for answer in answers[1:]:
        with pytest.raises(RemoteError, match="MethodNotFound"):
            answer.result(PATIENCE)
    assert ran == [0]


def test_event_handlers_run_in_order_of_registration_and_one_that_fails_stops_nobody(open_page):
    page = open_page()
    order = []
    done = Record()

    @page.bridge.on("news")
    def first(data):
        order.append(("first", data))

    @page.bridge.on("news")
    def second():
        order.append(("second",))
        raise SystemExit("fails")

    page.bridge.on("news", lambda data: order.append(("third", data)))
    page.bridge.on("news", done)
    page.send_event("news", {"n": 1})
    done.wait()
    assert order == [("first", {"n": 1}), ("second",), ("third", {"n": 1})]
    page.send_event("news", 2)
    assert done.wait(2)[1] == (2,)


@pytest.mark.parametrize("detail", [0, "", False, None, [], {}, 1.5, "text", [1, [2]], {"a": {"b": None}}, ABSENT])
def test_an_events_detail_arrives_as_itself(page, detail):
    seen = Record()
    page.bridge.on("detail", seen)
    try:
        page.send_event("detail", detail)
        assert seen.wait() == [(None if detail is ABSENT else detail,)]
    finally:
        assert page.bridge.off("detail") == 1


def test_off_removes_one_handler_or_all(open_page):
    page = open_page()
    kept, removed, marker = Record(), Record(), Record()
    page.bridge.on("news", removed)
    page.bridge.on("news", kept)
    page.bridge.on("marker", marker)
    assert page.bridge.off("news", removed) == 1
    page.send_event("news", 1)
    kept.wait()
    assert page.bridge.off("news") == 1
    assert page.bridge.off("news") == 0
    page.send_event("news", 2)
    page.send_event("marker")
    marker.wait()
    assert (removed.seen, kept.seen) == ([], [(1,)])


def test_emits_arrive_in_order_and_payloads_unwrapped(open_page):
    page = open_page()
    payloads = [None, 0, "", False, [1], {"a": 1}, "text"]
    for payload in payloads:
        page.peer.emit("tick", payload)
    page.peer.emit_batch([("tock", 1), ("tick", 2)])
    expected = [["tick", payload] for payload in payloads] + [["tock", 1], ["tick", 2]]
    assert wait_events(page, len(expected)) == expected


def test_what_a_handler_emits_arrives_before_its_result(open_page):
    page = open_page()

    def work():
        for step in range(50):
            current_call().peer.emit("tick", step)
        return "done"

    assert page.call(bound(page, work)).result(PATIENCE) == "done"
    assert page.events() == [["tick", step] for step in range(50)]


def test_a_retained_event_reaches_the_next_document_with_its_last_value(open_page):
    page = open_page()
    for value in range(3):
        page.peer.emit("settings", value, retain=True)
    page.peer.emit("tick", 1)
    assert wait_events(page, 4)[-1] == ["tick", 1]
    page.reload()
    page.peer.emit("tick", 2)
    wait_for(lambda: ["tick", 2] in page.events(), "the event after the reload")
    assert [event for event in page.events() if event[0] == "settings"] == [["settings", 2]]


def test_a_shared_bridge_reaches_every_page_and_a_peer_one(open_page):
    bridge = Bridge()
    first, second = open_page(bridge), open_page(bridge)
    bridge.bind_call("who", lambda: current_call().peer is first.peer)
    assert first.call("who").result(PATIENCE) is True
    assert second.call("who").result(PATIENCE) is False
    first.peer.emit("tick", "first only")
    bridge.emit("tock", "both")
    assert wait_events(first, 2) == [["tick", "first only"], ["tock", "both"]]
    assert wait_events(second, 1) == [["tock", "both"]]


def test_what_waits_when_the_page_closes_ends(open_page):
    page = open_page()
    started, cancelled = Record(), Record()

    async def waits():
        started()
        try:
            await asyncio.sleep(PATIENCE * 4)
        except asyncio.CancelledError:
            cancelled()
            raise

    answer = page.call(bound(page, waits))
    started.wait()
    page.close()
    with pytest.raises(ViewClosed):
        answer.result(PATIENCE)
    cancelled.wait()


@pytest.mark.parametrize("name", ["", "__auroraview_welcome", None, 5])
def test_names_that_cannot_be_are_refused_at_once(page, name):
    for act in (
        lambda: page.bridge.bind_call(name, no_parameters),
        lambda: page.bridge.on(name, no_parameters),
        lambda: page.peer.emit(name, 1),
        lambda: page.bridge.emit(name, 1),
        lambda: page.peer.emit_batch([("tick", 1), (name, 1)]),
    ):
        with pytest.raises((UsageError, TypeError)):
            act()
