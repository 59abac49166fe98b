"""Coroutine handlers: the loop they run on, cancellation, and loops that end."""

import asyncio
import contextvars
import functools
import gc
import threading

import pytest

from auroraview import Bridge, current_call
from auroraview.futures import Future
from auroraview.testing import MemoryPage
from tests.helpers import SECONDS, code_of, eventually


def test_coroutine_handlers_run_concurrently(bridge, page):
    arrived, together = [], asyncio.Event()

    @bridge.bind_call("meet")
    async def meet():
        arrived.append(1)
        if len(arrived) == 100:
            together.set()
        await together.wait()
        return len(arrived)

    calls = [page.call("meet") for _ in range(100)]
    assert {call.result(SECONDS) for call in calls} == {100}


def test_more_calls_than_are_taken_at_once_are_all_served(bridge, page):
    @bridge.bind_call("f")
    async def handler(n):
        return n

    calls = [page.call("f", [n]) for n in range(2000)]
    assert [call.result(SECONDS) for call in calls] == list(range(2000))


def test_without_a_running_loop_there_is_a_thread_of_our_own(bridge, page):
    @bridge.bind_call("f")
    async def handler():
        return threading.current_thread().name

    assert page.call("f").result(SECONDS) == "auroraview-asyncio"


def test_on_a_running_loop_handlers_run_there():
    async def main():
        bridge = Bridge()

        @bridge.bind_call("f")
        async def handler():
            return [current_call().method, threading.current_thread() is threading.main_thread()]

        with MemoryPage(bridge) as page:
            assert await page.call("f") == ["f", True]

    asyncio.run(main())


def test_every_bridge_has_a_context_of_its_own_for_each_call(bridge, page):
    colour = contextvars.ContextVar("colour", default="none")

    @bridge.bind_call("f")
    async def handler():
        before = colour.get()
        colour.set("red")
        await asyncio.sleep(0)
        return [before, colour.get(), current_call().method]

    for _ in range(3):
        assert page.call("f").result(SECONDS) == ["none", "red", "f"]


def test_current_call_works_in_threads_and_tasks_that_the_handler_starts(bridge, page):
    @bridge.bind_call("f")
    async def handler():
        async def task():
            return current_call().method

        return [await asyncio.to_thread(lambda: current_call().method), await asyncio.create_task(task())]

    assert page.call("f").result(SECONDS) == ["f", "f"]


# What else can be awaited


def test_a_coroutine_that_a_plain_handler_returns_is_awaited(bridge, page):
    async def later(x):
        await asyncio.sleep(0)
        return [x, current_call().method]

    bridge.bind_call("worker", lambda x: later(x))
    bridge.bind_call("pool", lambda x: later(x), thread="pool")
    assert page.call("worker", [1]).result(SECONDS) == [1, "worker"]
    assert page.call("pool", [2]).result(SECONDS) == [2, "pool"]


def test_a_future_and_any_awaitable_that_a_handler_returns_is_awaited(bridge, page):
    class Later:
        def __await__(self):
            yield from asyncio.sleep(0).__await__()
            return "later"

    ours = Future()

    @bridge.bind_call("coroutine")
    async def returns_awaited():
        return await Later()

    bridge.bind_call("object", Later)
    bridge.bind_call("future", lambda: ours)
    waiting = page.call("future")
    assert page.call("object").result(SECONDS) == "later"
    assert page.call("coroutine").result(SECONDS) == "later"
    ours.settle("ours")
    assert waiting.result(SECONDS) == "ours"


def test_a_wrapped_async_function_is_awaited(bridge, page):
    def decorated(func):
        @functools.wraps(func)
        def wrapper(*args, **kwargs):
            return func(*args, **kwargs)

        return wrapper

    @bridge.bind_call("f")
    @decorated
    async def handler(x):
        await asyncio.sleep(0)
        return x

    bridge.bind_call("g", functools.partial(handler, 5))
    assert page.call("f", {"x": 4}).result(SECONDS) == 4
    assert page.call("g").result(SECONDS) == 5


def test_event_handlers_may_be_coroutines(bridge, page):
    seen = []

    @bridge.on("e")
    async def handler(detail):
        await asyncio.sleep(0)
        seen.append(detail)

    page.send_event("e", {"a": 1})
    eventually(lambda: seen == [{"a": 1}])


# Errors


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit("x"), KeyboardInterrupt("x"), BaseException("x")])
def test_whatever_a_coroutine_raises_answers_the_call_and_the_loop_goes_on(bridge, page, error):
    @bridge.bind_call("f")
    async def handler():
        raise error

    @bridge.bind_call("next")
    async def following():
        await asyncio.sleep(0)
        return "works"

    bridge.bind_call("adopted", lambda: handler())
    for method in ("f", "adopted"):
        found = page.call(method).exception(SECONDS)
        assert (found.name, found.message, found.code) == (type(error).__name__, "x", "handler_error")
        assert page.call("next").result(SECONDS) == "works"


def test_system_exit_in_a_handler_does_not_end_the_programs_loop():
    async def main():
        bridge = Bridge()

        @bridge.bind_call("f")
        async def handler():
            raise SystemExit(3)

        with MemoryPage(bridge) as page, pytest.raises(Exception, match="SystemExit: 3"):
            await page.call("f")
        return "went on"

    assert asyncio.run(main()) == "went on"


def test_an_argument_that_does_not_fit_is_the_callers_mistake(bridge, page):
    @bridge.bind_call("f")
    async def handler(x):
        pass

    assert code_of(page.call("f")) == "invalid_params"


# Cancellation


def _bind_endless(bridge):
    entered, ended = threading.Event(), []

    @bridge.bind_call("endless")
    async def endless():
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    return entered, ended


@pytest.mark.parametrize("act", ["cancel", "reload", "close"])
def test_a_page_that_gives_up_or_goes_away_cancels_the_coroutine(bridge, page, act):
    entered, ended = _bind_endless(bridge)
    future = page.call("endless")
    assert entered.wait(SECONDS)
    future.cancel() if act == "cancel" else getattr(page, act)()
    eventually(lambda: ended == ["cancelled"])


def test_a_coroutine_that_a_plain_handler_returned_is_cancelled_with_its_call(bridge, page):
    entered, ended = threading.Event(), []

    async def endless():
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    bridge.bind_call("f", lambda: endless())
    future = page.call("f")
    assert entered.wait(SECONDS)
    future.cancel()
    eventually(lambda: ended == ["cancelled"])


def test_a_coroutine_that_cancels_itself_answers(bridge, page, caplog):
    @bridge.bind_call("f")
    async def handler():
        asyncio.current_task().cancel()
        await asyncio.sleep(0)

    assert code_of(page.call("f")) == "cancelled"
    assert not caplog.records


def test_a_call_that_was_cancelled_before_its_first_step_never_runs(bridge, page):
    leave, entered, runs = threading.Event(), threading.Event(), []

    @bridge.bind_call("block")
    async def block():
        entered.set()
        leave.wait(SECONDS)

    @bridge.bind_call("f")
    async def handler():
        runs.append(1)

    bridge.bind_call("adopted", lambda: handler())
    blocking = page.call("block")
    assert entered.wait(SECONDS)
    for cancelled in [page.call("f"), page.call("adopted")]:
        cancelled.cancel()
    leave.set()
    blocking.result(SECONDS)
    page.call("f").result(SECONDS)
    assert runs == [1]
    gc.collect()  # a coroutine that was never awaited would warn here


def test_a_coroutine_may_refuse_to_be_cancelled(bridge, page):
    entered, ended = threading.Event(), []

    @bridge.bind_call("f")
    async def handler():
        entered.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            ended.append("cleaned up")

    future = page.call("f")
    assert entered.wait(SECONDS)
    future.cancel()
    eventually(lambda: ended)


# Loops that end


def test_handlers_are_served_after_the_programs_loop_has_ended(bridge):
    async def main():
        @bridge.bind_call("f")
        async def handler():
            await asyncio.sleep(0)
            return threading.current_thread().name

        with MemoryPage(bridge) as page:
            return await page.call("f")

    assert asyncio.run(main()) == "MainThread"
    with MemoryPage(bridge) as page:
        assert page.call("f").result(SECONDS) == "auroraview-asyncio"
        assert asyncio.run(main()) == "auroraview-asyncio"


def test_handlers_are_served_after_a_loop_was_closed_without_a_word(bridge):
    async def main():
        @bridge.bind_call("f")
        async def handler():
            return threading.current_thread().name

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    with MemoryPage(bridge) as page:
        waiting = page.call("f")
        loop.close()
        assert waiting.result(SECONDS) == "auroraview-asyncio"
        assert page.call("f").result(SECONDS) == "auroraview-asyncio"
    gc.collect()


def test_calls_that_a_closed_loop_left_behind_are_answered(bridge, page, caplog):
    entered = threading.Event()

    async def main():
        @bridge.bind_call("f")
        async def handler():
            entered.set()
            await asyncio.Event().wait()

        waiting = page.call("f")
        while not entered.is_set():
            await asyncio.sleep(0)
        return waiting

    loop = asyncio.new_event_loop()
    loop.set_exception_handler(lambda *_: None)  # "task was destroyed" is true, and expected here
    waiting = loop.run_until_complete(main())
    loop.close()
    assert code_of(waiting) == "cancelled"


def test_calls_that_run_when_the_programs_loop_ends_are_cancelled(bridge, page):
    entered = threading.Event()

    async def main():
        @bridge.bind_call("f")
        async def handler():
            entered.set()
            await asyncio.Event().wait()

        waiting = page.call("f")
        while not entered.is_set():
            await asyncio.sleep(0)
        return waiting

    assert code_of(asyncio.run(main())) == "cancelled"


def test_a_handler_that_stops_the_loop_stops_only_itself(bridge, page):
    @bridge.bind_call("stop")
    async def stop():
        asyncio.get_running_loop().stop()
        return "stopped"

    @bridge.bind_call("f")
    async def handler():
        return "served"

    page.call("stop").exception(SECONDS)
    assert page.call("f").result(SECONDS) == "served"


def test_a_forgotten_bridge_leaves_the_programs_loop_alone():
    async def use():
        bridge = Bridge()

        @bridge.bind_call("f")
        async def handler():
            return list(bridge.methods)

        with MemoryPage(bridge) as page:
            assert await page.call("f") == ["f"]

    async def main():
        async with asyncio.timeout(SECONDS):
            await use()
            while len(asyncio.all_tasks()) > 1:
                gc.collect()
                await asyncio.sleep(0)

    asyncio.run(main())
