"""Calls of a page in a window: answers, errors, giving up, and where handlers run."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from auroraview import Bridge, RemoteError, current_call
from tests.e2e.helpers import PATIENCE, Record, ask, wait_for
from tests.e2e.pages import run, run_async

pytestmark = pytest.mark.each_lane


def raised_by(view, method):
    with pytest.raises(RemoteError) as raised:
        run(view, "return await auroraview.call(...args)", method)
    return raised.value


def test_an_unknown_method_is_rejected_at_once_and_not_by_a_timeout(view):
    script = """
      try { await auroraview.call('no.such', [1], {timeout: 0}); } catch (error) {
        return [error instanceof Error, error.name, error.code, error.message.includes('no.such')];
      }
    """
    assert run(view, script) == [True, "MethodNotFound", "method_not_found", True]


def test_calls_work_from_the_first_line_of_the_page(webview):
    bridge, seen = Bridge(), Record()
    bridge.bind_call("first", seen)
    bridge.bind_call("api.second", seen)
    page = "<script>auroraview.call('first', [1]); auroraview.api.second(2)</script><body>"
    webview(html=page, bridge=bridge)
    assert seen.wait(2) == [(1,), (2,)]


def test_the_traceback_arrives_with_debug_only(webview):
    def fails():
        raise LookupError("where it was raised")

    for debug in (False, True):
        shown = webview(debug=debug)
        shown.bind_call("fails", fails)
        error = raised_by(shown, "fails")
        assert (error.name, error.message) == ("LookupError", "where it was raised")
        if debug:
            assert "in fails" in error.traceback_text
            assert error.traceback_text.rstrip().endswith("LookupError: where it was raised")
        else:
            assert error.traceback_text is None


def test_an_error_whose_text_cannot_be_made_still_answers(view):
    class Unspeakable(Exception):  # noqa: N818 - a name of the test
        def __str__(self):
            raise RuntimeError("no text")

    @view.bind_call("fails")
    def fails():
        raise Unspeakable

    assert raised_by(view, "fails").name == "Unspeakable"


def test_a_thousand_calls_at_once_are_all_answered_with_their_own_result(view):
    @view.bind_call("double")
    def double(n):
        return n * 2

    script = """
      const calls = Array.from({length: 1000}, (_, n) => auroraview.call('double', [n]));
      const results = await Promise.all(calls);
      return results.every((result, n) => result === 2 * n);
    """
    assert run(view, script) is True
    assert view.stats["calls"] == 1000
    assert view.stats["handlers"]["double"]["runs"] == 1000


def test_plain_handlers_run_one_at_a_time_in_order_of_arrival(view):
    active, order, most = [], [], []

    @view.bind_call("work")
    def work(n):
        active.append(n)
        most.append(len(active))
        time.sleep(0)
        order.append(n)
        active.remove(n)

    run(view, "await Promise.all(Array.from({length: 200}, (_, n) => auroraview.call('work', [n])))")
    assert order == list(range(200))
    assert max(most) == 1


def test_coroutine_handlers_run_concurrently(view):
    everyone_is_here = asyncio.Event()
    present = []

    @view.bind_call("meet")
    async def meet(n):
        present.append(n)
        if len(present) == 20:
            everyone_is_here.set()
        await everyone_is_here.wait()
        return n

    script = "return await Promise.all(Array.from({length: 20}, (_, n) => auroraview.call('meet', [n])))"
    assert run(view, script) == list(range(20))


def test_pool_handlers_run_at_the_same_time(view):
    together = threading.Barrier(3, timeout=PATIENCE)

    @view.bind_call("meet", thread="pool")
    def meet():
        together.wait()
        return True

    assert run(view, "return await Promise.all([1, 2, 3].map(() => auroraview.call('meet')))") == [True] * 3


def test_a_waiting_coroutine_keeps_no_plain_handler_waiting(view):
    release = asyncio.Event()
    loop = []

    @view.bind_call("slow")
    async def slow():
        loop.append(asyncio.get_running_loop())
        await release.wait()
        return "slow"

    @view.bind_call("quick")
    def quick():
        return "quick"

    @view.bind_call("release")
    def let_go():
        wait_for(lambda: loop, "the coroutine")[0].call_soon_threadsafe(release.set)

    script = """
      const order = [];
      const slow = auroraview.call('slow').then((name) => order.push(name));
      await auroraview.call('quick').then((name) => order.push(name));
      await auroraview.call('release');
      await slow;
      return order;
    """
    assert run(view, script) == ["quick", "slow"]


GIVING_UP = {
    "an abort signal": """
      const control = new AbortController();
      const call = auroraview.call('long', [], {signal: control.signal});
      auroraview.on('started', () => control.abort(new Error('not wanted')));
      try { await call } catch (error) { return [error.code, error.name, error.cause?.message ?? null] }
    """,
    "a time limit of the page": """
      auroraview.on('started', () => {});
      try { await auroraview.call('long', [], {timeout: 300}) }
      catch (error) { return [error.code, error.name, null] }
    """,
}
ENDED = {
    "an abort signal": ["cancelled", "Cancelled", "not wanted"],
    "a time limit of the page": ["timeout", "TimeoutError", None],
}


@pytest.mark.parametrize("how", GIVING_UP)
def test_a_coroutine_is_cancelled_by(view, how):
    ended = Record()

    @view.bind_call("long")
    async def long():
        view.emit("started")
        try:
            await asyncio.sleep(PATIENCE * 4)
        except asyncio.CancelledError:
            ended(current_call().cancelled)
            raise

    assert run(view, GIVING_UP[how]) == ENDED[how]
    assert ended.wait() == [(True,)]
    wait_for(lambda: view.stats["calls_in_flight"] == 0, "the end of the call")


@pytest.mark.parametrize("how", GIVING_UP)
def test_a_plain_handler_can_see_that_nobody_waits_after(view, how):
    ended = Record()

    @view.bind_call("long")
    def long():
        call = current_call()
        before = call.cancelled
        view.emit("started")
        ended(before, wait_for(lambda: call.cancelled, "the cancellation"))
        return "nobody gets this"

    assert run(view, GIVING_UP[how]) == ENDED[how]
    assert ended.wait() == [(False, True)]
    view.bind_call("next", lambda: "fine")
    assert run(view, "return await auroraview.call('next')") == "fine"


@pytest.mark.parametrize("kind", ["plain", "coroutine"])
def test_closing_the_window_cancels_what_runs(webview, kind):
    shown = webview()
    started, ended = Record(), Record()

    @shown.bind_call("coroutine")
    async def coroutine():
        started()
        try:
            await asyncio.sleep(PATIENCE * 4)
        except asyncio.CancelledError:
            ended("cancelled")
            raise

    @shown.bind_call("plain")
    def plain():
        started()
        ended(wait_for(lambda: current_call().cancelled, "the cancellation") and "cancelled")

    run_async(shown, "return await auroraview.call(...args)", kind)
    started.wait()
    shown.close()
    assert ended.wait() == [("cancelled",)]


def test_a_call_that_is_aborted_before_it_starts_is_never_sent(view):
    ran = Record()
    view.bind_call("long", ran)
    script = """
      try { await auroraview.call('long', [], {signal: AbortSignal.abort()}) } catch (error) { return error.code }
    """
    assert run(view, script) == "cancelled"
    assert view.stats["calls"] == 0
    assert ran.seen == []


def test_a_coroutine_may_answer_although_it_was_asked_to_stop_and_nobody_minds(view):
    stubborn = Record()

    @view.bind_call("long")
    async def long():
        view.emit("started")
        try:
            await asyncio.sleep(PATIENCE * 4)
        except asyncio.CancelledError:
            stubborn()
            return "all the same"

    assert run(view, GIVING_UP["an abort signal"])[0] == "cancelled"
    stubborn.wait()
    wait_for(lambda: view.stats["calls_in_flight"] == 0, "the end of the call")
    assert view.stats["refused"] == {}


def test_a_handler_sees_its_call(view):
    @view.bind_call("who")
    def who():
        call = current_call()
        return [call.method, isinstance(call.id, int), call.peer is view.peer, call.cancelled]

    @view.bind_call("who_async")
    async def who_async():
        await asyncio.sleep(0)
        return who()

    assert run(view, "return await auroraview.call('who')") == ["who", True, True, False]
    assert run(view, "return await auroraview.call('who_async')") == ["who_async", True, True, False]
    seen = Record()
    view.on("news", lambda: seen(current_call().method, current_call().id))
    ask(view, "auroraview.send_event('news'); 0")
    assert seen.wait() == [("news", None)]


@pytest.mark.parametrize(
    "script", ["auroraview.call()", "auroraview.call('')", "auroraview.call('m', [], {timeout: -1})"]
)
def test_a_call_that_is_written_wrongly_rejects_with_a_type_error(view, script):
    with pytest.raises(RemoteError) as raised:
        run(view, f"await {script}")
    assert raised.value.name == "TypeError"
