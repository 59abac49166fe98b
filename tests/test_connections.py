"""Pages that come and go, and events to some of them: what a bridge tells its program."""

import gc
import threading
import time

import pytest

from auroraview import Backpressure, Bridge, Limits, UsageError, WebView
from auroraview.testing import MemoryPage
from tests.helpers import SECONDS, eventually


@pytest.fixture
def told(bridge):
    """``(what, peer, ...)`` of all that came and went."""
    told = []
    bridge.on_connect(lambda peer: told.append(("came", peer)))
    bridge.on_disconnect(lambda peer, reason: told.append(("went", peer, reason)))
    return told


def test_a_page_that_comes_and_goes_is_told(bridge, told):
    with MemoryPage(bridge) as page:
        peer = page.peer
        eventually(lambda: told == [("came", peer)])
    eventually(lambda: told == [("came", peer), ("went", peer, "closed")])
    page.close()
    with MemoryPage(bridge) as other:
        eventually(lambda: len(told) == 3)
    assert told[2] == ("came", other.peer)


def test_a_page_that_the_program_ends_was_kicked(bridge, told, page):
    page.peer.close("enough")
    eventually(lambda: told == [("came", page.peer), ("went", page.peer, "kicked")])
    page.close()
    bridge.bind_call("f", lambda: 1)
    assert len(told) == 2


def test_a_page_that_is_forgotten_went(bridge, told):
    MemoryPage(bridge)
    eventually(lambda: gc.collect() is not None and [what for what, *_ in told] == ["came", "went"])


def test_a_reload_is_neither(bridge, told, page):
    bridge.bind_call("f", lambda: 1)
    page.reload()
    assert page.call("f").result(SECONDS) == 1
    assert told == [("came", page.peer)]


def test_a_view_that_was_never_shown_never_came(bridge, told):
    view = WebView(bridge=bridge)
    assert view.peer in bridge.peers
    view.close()
    assert told == []


def test_on_connect_runs_before_any_handler_of_that_page(bridge):
    order = []

    @bridge.on_connect
    def slow_to_come(peer):
        time.sleep(0.02)
        order.append("came")

    bridge.bind_call("f", lambda: order.append("called"))
    for _ in range(5):
        order.clear()
        with MemoryPage(bridge) as page:
            page.call("f").result(SECONDS)
            assert order == ["came", "called"]


def test_on_disconnect_runs_after_the_handlers_before(bridge):
    order = []
    entered, leave = threading.Event(), threading.Event()

    @bridge.bind_call("f")
    def handler():
        entered.set()
        leave.wait(SECONDS)
        order.append("called")

    bridge.on_disconnect(lambda peer, reason: order.append(reason))
    page = MemoryPage(bridge)
    page.call("f")
    assert entered.wait(SECONDS)
    page.close()
    leave.set()
    eventually(lambda: order == ["called", "closed"])


def test_a_new_page_can_be_greeted(bridge):
    @bridge.on_connect
    def greet(peer):
        peer.emit("hello", {"you": peer.info.transport})

    with MemoryPage(bridge) as page:
        assert page.wait_for("hello", SECONDS) == {"you": "memory"}


def test_the_functions_may_be_async_and_one_that_fails_stops_nobody(bridge, caplog):
    told = []

    @bridge.on_connect
    def fails(peer):
        raise ValueError("no")

    @bridge.on_connect
    async def notes(peer):
        told.append(peer)

    with MemoryPage(bridge) as page:
        eventually(lambda: told == [page.peer])
    assert "raised ValueError: no" in caplog.text


def test_decorators_return_the_function_and_refuse_what_is_none(bridge):
    def function(*_):
        pass

    assert bridge.on_connect(function) is function
    assert bridge.on_disconnect(function) is function
    for decorator in (bridge.on_connect, bridge.on_disconnect):
        with pytest.raises(UsageError, match="callable"):
            decorator("no function")


@pytest.mark.parametrize("thread", ["pool", "main"])
def test_the_functions_run_where_plain_handlers_do(thread):
    from auroraview import main_thread

    bridge = Bridge(default_thread=thread)
    names = []
    bridge.on_connect(lambda _: names.append(threading.current_thread().name))
    with MemoryPage(bridge):
        eventually(lambda: main_thread.pump() is not None and names)
    assert names == [{"pool": "auroraview-pool", "main": "MainThread"}[thread]]


# Events to some


@pytest.fixture
def pages(bridge):
    pages = [MemoryPage(bridge) for _ in range(3)]
    yield pages
    for page in pages:
        page.close()


def received(bridge, pages):
    """All events of each page, once all have come."""
    bridge.emit("end")
    for page in pages:
        page.wait_for("end", SECONDS)
    return [[event for event in page.events if event[0] != "end"] for page in pages]


def test_an_event_reaches_whom_it_is_for(bridge, pages):
    first, second, third = (page.peer for page in pages)
    bridge.emit("e", 1, to=first)
    bridge.emit("e", 2, to=[first, third])
    bridge.emit("e", 3, to=(peer for peer in bridge.peers if peer is not second))
    bridge.emit("e", 4, to=[])
    bridge.emit("e", 5)
    bridge.emit("e", 6, to=bridge.peers)
    bridge.emit("e", 7, to=[second, second])
    assert received(bridge, pages) == [
        [("e", n) for n in (1, 2, 3, 5, 6)],
        [("e", n) for n in (5, 6, 7)],
        [("e", n) for n in (2, 3, 5, 6)],
    ]


def test_what_is_retained_for_one_is_not_for_others(bridge, pages):
    bridge.emit("settings", "mine", retain=True, to=pages[0].peer)
    assert received(bridge, pages) == [[("settings", "mine")], [], []]
    for page in pages:
        page.events.clear()
        page.reload()
    assert received(bridge, pages) == [[("settings", "mine")], [], []]


def test_a_latest_value_can_be_for_some(bridge, pages):
    for n in range(100):
        bridge.emit("position", n, keep="latest", to=pages[0].peer)
    eventually(lambda: ("position", 99) in pages[0].events)
    assert received(bridge, pages)[1:] == [[], []]


def fill(peer):
    for _ in range(1_000):
        peer.emit("e", "x" * 100)


def test_an_event_to_one_that_is_full_raises_and_the_others_get_it():
    bridge = Bridge(limits=Limits(queue_messages=10))
    with MemoryPage(bridge) as stuck, MemoryPage(bridge) as other:
        held = [True]
        stuck.on("block", lambda _: eventually(lambda: not held))
        stuck.peer.emit("block")
        with pytest.raises(Backpressure):
            fill(stuck.peer)
        with pytest.raises(Backpressure):
            bridge.emit("to both", 1, to=[stuck.peer, other.peer])
        held.clear()  # Pages of tests share one thread.
        assert other.wait_for("to both", SECONDS) == 1


def test_an_event_to_one_that_is_gone_is_dropped(bridge, pages):
    pages[0].close()
    bridge.emit("e", 1, to=[page.peer for page in pages])
    assert received(bridge, pages[1:]) == [[("e", 1)], [("e", 1)]]


@pytest.mark.parametrize("to", ["peer", 3, [None], ["x"]], ids=repr)
def test_to_takes_peers(bridge, to):
    with pytest.raises(UsageError, match=r"view\.peer"):
        bridge.emit("e", 1, to=to)


def test_a_view_is_no_peer_but_has_one(bridge):
    view = WebView(bridge=bridge)
    with pytest.raises(UsageError, match=r"view\.peer"):
        bridge.emit("e", 1, to=view)
    bridge.emit("e", 1, to=view.peer)


def test_a_peer_of_another_bridge_is_refused(bridge, page):
    with MemoryPage(Bridge()) as foreign, pytest.raises(UsageError, match="another bridge"):
        bridge.emit("e", 1, to=[page.peer, foreign.peer])


@pytest.mark.parametrize("rate", [0, -1, "60", None, float("inf"), True])
def test_a_frame_rate_is_a_positive_number(rate):
    with pytest.raises(UsageError, match="frame_rate"):
        Bridge(frame_rate=rate)


def test_a_frame_rate_bounds_how_often_values_go_out():
    bridge = Bridge(frame_rate=5)
    with MemoryPage(bridge) as page:
        eventually(lambda: page.peer.is_ready)
        began = time.monotonic()
        n = 0
        while time.monotonic() - began < 1:
            n += 1
            bridge.emit("position", n, keep="latest")
        eventually(lambda: ("position", n) in page.events)
        # Five a second, one at once and one at the end; a second may last longer on a busy machine.
        assert len(page.events) <= 5 * (time.monotonic() - began) + 2
