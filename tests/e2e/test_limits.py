"""Limits answer as documented, and only what is past them: sizes, depth, calls in flight."""

from __future__ import annotations

import asyncio

import pytest

from auroraview import Bridge, Limits, RemoteError, UsageError
from tests.e2e.helpers import PATIENCE, Record, wait_for
from tests.e2e.pages import RECORDING_PAGE, WindowEnd, run, run_async, wait_events

pytestmark = pytest.mark.each_lane

SMALL = Limits(message_bytes=20_000, depth=10, calls_in_flight=50)


@pytest.fixture
def page(webview):
    bridge = Bridge(limits=SMALL)
    bridge.bind_call("echo", lambda value: value)
    bridge.bind_call("length", len)
    bridge.bind_call("text", lambda size: "x" * size)
    view = webview(html=RECORDING_PAGE, bridge=bridge)
    return WindowEnd(bridge, view)


def nested(depth):
    value = []
    for _ in range(depth - 1):
        value = [value]
    return value


CODES = """
  const code = (promise) => promise.then(() => 'ok', (error) => error.code);
  return await Promise.all(args.map(([method, params]) => code(auroraview.call(method, params))));
"""


def test_a_parameter_past_the_size_is_too_large_and_its_neighbours_are_not(page):
    calls = [
        ["length", ["x" * 1000]],
        ["length", ["x" * 20_000]],
        ["length", ["é" * 15_000]],
        ["length", ["y" * 18_000]],
    ]
    assert run(page.view, CODES, *calls) == ["ok", "too_large", "too_large", "ok"]


def test_many_messages_that_fit_one_by_one_need_not_fit_together(page):
    assert run(page.view, CODES, *[["length", ["x" * 9_000]]] * 40) == ["ok"] * 40


def test_a_result_past_the_size_is_too_large(page):
    assert run(page.view, CODES, ["text", [30_000]], ["text", [10_000]]) == ["too_large", "ok"]


def test_depth_is_counted_as_documented_for_parameters(page):
    # The list of parameters is a level of its own.
    calls = [["echo", [nested(depth)]] for depth in (8, 9, 10, 100)]
    assert run(page.view, CODES, *calls) == ["ok", "ok", "too_large", "too_large"]


def test_depth_is_counted_as_documented_for_results_and_events(page):
    page.bridge.bind_call("deep", nested)
    calls = [["deep", [depth]] for depth in (9, 10, 11, 500)]
    assert run(page.view, CODES, *calls) == ["ok", "ok", "too_large", "too_large"]
    with pytest.raises(ValueError, match="deeper than 10"):
        page.view.emit("tick", nested(11))
    page.view.emit("tick", nested(10))
    assert wait_events(page, 1) == [["tick", nested(10)]]


def test_an_event_of_the_page_past_a_limit_throws_there_and_is_not_sent(page):
    seen = Record()
    page.bridge.on("news", seen)
    script = """
      const codes = [];
      for (const detail of args) {
        try { auroraview.send_event('news', detail); codes.push('ok') } catch (error) { codes.push(error.code) }
      }
      return codes;
    """
    assert run(page.view, script, "x" * 20_000, nested(11), nested(10)) == ["too_large", "too_large", "ok"]
    assert seen.wait() == [(nested(10),)]


def test_an_emit_past_the_size_raises_and_what_comes_next_is_sent(page):
    with pytest.raises(ValueError, match="20000"):
        page.view.emit("tick", "x" * 20_000)
    page.view.emit("tock", 1)
    assert wait_events(page, 1) == [["tock", 1]]


def test_calls_past_those_in_flight_are_busy_and_the_others_are_answered(page):
    release, ran = [], []

    @page.bridge.bind_call("wait")
    async def wait(n):
        ran.append(n)
        event = asyncio.Event()
        release.append((asyncio.get_running_loop(), event))
        await event.wait()
        return n

    script = """
      const calls = Array.from({length: 80}, (_, n) => auroraview.call('wait', [n]));
      const ended = await Promise.allSettled(calls);
      return ended.map(({value, reason}) => reason === undefined ? value : reason.code);
    """
    answer = run_async(page.view, script)
    wait_for(lambda: len(ran) == 50 and page.view.stats["refused"].get("busy") == 30, "the refusals")
    assert page.view.stats["calls_in_flight"] == 50
    for loop, event in release:
        loop.call_soon_threadsafe(event.set)
    assert answer.result(PATIENCE) == f'{{"value":{[*range(50), *["busy"] * 30]}}}'.replace("'", '"').replace(", ", ",")
    assert run(page.view, "return await auroraview.call('echo', ['free again'])") == "free again"


def test_a_cancelled_call_counts_until_its_handler_ends(page):
    release, cancelled = [], Record()

    @page.bridge.bind_call("stubborn")
    async def stubborn():
        event = asyncio.Event()
        release.append((asyncio.get_running_loop(), event))
        while not event.is_set():
            try:
                await event.wait()
            except asyncio.CancelledError:
                cancelled()

    script = """
      window.control = new AbortController();
      window.calls = Array.from({length: 50}, () => auroraview.call('stubborn', [], {signal: control.signal}));
      window.ended = Promise.allSettled(calls);
    """
    run(page.view, script)
    wait_for(lambda: len(release) == 50, "the start of the handlers")
    script = """
      control.abort();
      await ended;
      return await auroraview.call('echo', [1]).catch((error) => error.code);
    """
    assert run(page.view, script) == "busy"
    cancelled.wait(50)
    for loop, event in release:
        loop.call_soon_threadsafe(event.set)
    wait_for(lambda: page.view.stats["calls_in_flight"] == 0, "the end of the calls")
    assert run(page.view, "return await auroraview.call('echo', [1])") == 1


def test_the_default_limits_take_ten_thousand_calls_at_once(view):
    view.bind_call("echo", lambda value: value)
    script = """
      const results = await Promise.all(Array.from({length: 10000}, (_, n) => auroraview.call('echo', [n])));
      return results.every((result, n) => result === n);
    """
    assert run(view, script) is True


@pytest.mark.parametrize(
    "options",
    [{"depth": 201}, {"depth": 0}, {"message_bytes": -1}, {"queue_messages": 0}, {"calls_in_flight": "many"}],
)
def test_limits_that_cannot_be_are_refused(options):
    with pytest.raises(UsageError, match=next(iter(options))):
        Limits(**options)


def test_a_value_that_is_deeper_than_the_reader_can_go_is_refused_and_not_a_crash(view):
    view.bind_call("echo", lambda value: value)

    @view.bind_call("deep")
    def deep(depth):
        return nested(depth)

    for depth in (201, 100_000):
        with pytest.raises(RemoteError) as raised:
            run(view, "return await auroraview.call('deep', args)", depth)
        assert raised.value.code == "too_large"
    assert run(view, "return await auroraview.call('echo', ['next'])") == "next"
