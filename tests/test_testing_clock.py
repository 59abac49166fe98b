"""Clock: the time of a bridge, moved by the test."""

from __future__ import annotations

import asyncio
import threading

import pytest

from auroraview import Bridge, RemoteError, UsageError
from auroraview.testing import Clock, MemoryPage
from tests.helpers import SECONDS, eventually


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def bridge(clock) -> Bridge:
    return Bridge(clock=clock, frame_rate=10)


def test_it_stands_still_until_it_is_advanced(clock):
    assert clock.now == 0
    clock.advance(1.5)
    clock.advance(0)
    assert clock.now == 1.5
    assert repr(clock) == "<auroraview.testing.Clock 1.5 s>"


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e300])
def test_it_goes_neither_back_nor_to_the_end_of_time(clock, seconds):
    with pytest.raises(UsageError, match="by a number of seconds"):
        clock.advance(seconds)
    assert clock.now == 0


def test_of_the_latest_values_the_first_leaves_at_once_and_the_last_when_the_time_has_come(bridge, clock, page):
    for value in range(5):
        bridge.emit("progress", value, keep="latest")
    clock.advance(0.09)
    assert page.events == [("progress", 0)]
    clock.advance(0.01)
    assert page.events == [("progress", 0), ("progress", 4)]
    clock.advance(10)
    assert len(page.events) == 2


def test_what_comes_after_a_pause_leaves_at_once(bridge, clock, page):
    bridge.emit("progress", 1, keep="latest")
    clock.advance(0.1)
    bridge.emit("progress", 2, keep="latest")
    clock.advance(0)
    assert page.events == [("progress", 1), ("progress", 2)]


def test_a_long_step_does_each_thing_at_its_own_time(bridge, clock, page):
    times = []
    clock.call_at(0.3, lambda: times.append(clock.now))
    clock.call_at(0.2, lambda: times.append(clock.now))
    clock.call_at(0.2, lambda: clock.call_at(0.25, lambda: times.append(clock.now)))
    clock.advance(1)
    assert times == pytest.approx([0.2, 0.25, 0.3])
    assert clock.now == 1


def test_each_bridge_may_have_a_clock_of_its_own(clock):
    other = Bridge(clock=Clock(), frame_rate=10)
    with MemoryPage(other) as page:
        for value in range(3):
            other.emit("progress", value, keep="latest")
        clock.advance(1)
        assert page.events == [("progress", 0)]


def test_calls_and_plain_events_do_not_wait_for_the_clock(bridge, page):
    bridge.bind_call("add", lambda a, b: a + b)
    answers = [page.call("add", [n, 1]) for n in range(100)]
    assert [answer.result(SECONDS) for answer in answers] == list(range(1, 101))
    bridge.emit("done")
    page.wait_for("done", SECONDS)


def test_a_call_with_a_timeout_is_given_up_when_that_has_passed(bridge, clock, page):
    entered, cancelled = threading.Event(), threading.Event()

    @bridge.bind_call("slow")
    async def slow():
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            cancelled.set()

    answer = page.call("slow", timeout=5)
    assert entered.wait(SECONDS)
    clock.advance(4.999)
    assert not answer.done()
    clock.advance(0.001)
    with pytest.raises(RemoteError, match="call of slow had no answer within 5 s") as caught:
        answer.result(SECONDS)
    assert (caught.value.name, caught.value.code) == ("TimeoutError", "timeout")
    assert cancelled.wait(SECONDS)


def test_without_a_clock_the_timeout_of_a_call_is_the_computers():
    bridge = Bridge()
    leave = threading.Event()
    bridge.bind_call("slow", lambda: leave.wait(SECONDS))
    with MemoryPage(bridge) as page:
        error = page.call("slow", timeout=0.05).exception(SECONDS)
        leave.set()
    assert isinstance(error, RemoteError)
    assert error.code == "timeout"


def test_a_call_that_was_answered_in_time_keeps_its_answer(bridge, clock, page):
    bridge.bind_call("f", lambda: 1)
    answer = page.call("f", timeout=5)
    assert answer.result(SECONDS) == 1
    clock.advance(6)
    assert answer.result(SECONDS) == 1
    eventually(lambda: page.peer.stats["calls_in_flight"] == 0)
    assert page.peer.stats["cancels"] == 0


def test_a_handler_takes_as_long_as_the_clock_says(bridge, clock, page):
    bridge.bind_call("work", lambda: clock.advance(2))
    page.call("work").result(SECONDS)
    assert bridge.stats["handlers"]["work"]["longest_seconds"] == pytest.approx(2)


def test_a_slow_handler_is_warned_of_without_anybody_waiting_for_it(bridge, clock, page, caplog):
    entered, leave = threading.Event(), threading.Event()

    @bridge.bind_call("work")
    def work():
        entered.set()
        assert leave.wait(SECONDS)
        clock.advance(3)

    bridge.bind_call("other", lambda: None)
    first = page.call("work")
    assert entered.wait(SECONDS)
    second = page.call("other")
    # It waits in line before the first goes on.
    eventually(lambda: page.peer.stats["calls_in_flight"] == 2)
    leave.set()
    first.result(SECONDS)
    second.result(SECONDS)
    eventually(lambda: "the handler of 'work' took 3.0 s while others waited" in caplog.text)


@pytest.mark.parametrize("clock", [1, "now", Clock])
def test_a_bridge_takes_no_other_clock(clock):
    with pytest.raises(UsageError, match=r"clock must be auroraview.testing.Clock\(\), not"):
        Bridge(clock=clock)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "1", True])
def test_a_timeout_is_a_positive_number(page, timeout):
    with pytest.raises(UsageError, match=r"call\(timeout=...\)"):
        page.call("f", timeout=timeout)


def test_no_thread_stays_of_a_call_that_was_answered():
    bridge = Bridge()
    bridge.bind_call("f", lambda: 1)
    with MemoryPage(bridge) as page:
        assert [page.call("f", timeout=3600).result(SECONDS) for _ in range(20)] == [1] * 20
        assert page.call("f", timeout=1e300).result(SECONDS) == 1
    eventually(lambda: not any(isinstance(thread, threading.Timer) for thread in threading.enumerate()))
