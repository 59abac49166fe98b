"""Future: settled once, waited for, awaited, given up."""

import asyncio
import concurrent.futures
import gc
import threading

import pytest

from auroraview import Future, RemoteError, ViewClosed
from tests.helpers import SECONDS, eventually


def later(func, *args):
    thread = threading.Thread(target=func, args=args)
    thread.start()
    return thread


def test_a_result_wakes_whoever_waits():
    future = Future()
    thread = later(future.settle, 5)
    assert future.result(SECONDS) == 5
    assert future.exception(SECONDS) is None
    thread.join()


def test_an_error_is_raised_or_returned():
    future = Future()
    future.settle(error=ViewClosed("gone"))
    with pytest.raises(ViewClosed, match="gone"):
        future.result()
    assert isinstance(future.exception(), ViewClosed)


def test_the_first_settlement_counts():
    future = Future()
    future.settle(1)
    future.settle(2)
    future.settle(error=ViewClosed("late"))
    assert future.result() == 1


def test_a_future_can_be_awaited_and_gathered():
    async def main():
        futures = [Future(), Future()]
        threads = [later(future.settle, n) for n, future in enumerate(futures)]
        values = await asyncio.wait_for(asyncio.gather(*futures), SECONDS)
        for thread in threads:
            thread.join()
        return values

    assert asyncio.run(main()) == [0, 1]


def test_an_awaited_error_is_raised():
    async def main():
        future = Future()
        thread = later(lambda: future.settle(error=ViewClosed("gone")))
        with pytest.raises(ViewClosed):
            await future
        thread.join()

    asyncio.run(main())


def test_cancelling_the_task_that_awaits_gives_the_future_up():
    async def main():
        future = Future()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(future, 0.01)
        return future

    assert asyncio.run(main()).cancelled()


def test_an_answer_for_a_loop_that_has_ended_hurts_nobody(caplog):
    future = Future()

    async def main():
        asyncio.ensure_future(asyncio.shield(asyncio.wrap_future(future))).add_done_callback(lambda _: None)
        await asyncio.sleep(0)

    asyncio.run(main())
    future.settle(1)
    assert caplog.messages == []


def test_a_cancelled_future_wakes_whoever_waits_in_any_way():
    future = Future()
    started = threading.Event()
    seen = []

    def wait():
        started.set()
        seen.append(concurrent.futures.wait([future], SECONDS).done)

    thread = later(wait)
    assert started.wait(SECONDS)
    assert future.cancel() is True
    thread.join(SECONDS)
    assert seen == [{future}]
    with pytest.raises(concurrent.futures.CancelledError):
        future.result(SECONDS)


def test_cancelling_twice_is_fine_and_a_settlement_comes_too_late():
    future = Future()
    assert future.cancel()
    assert future.cancel()
    future.settle(1)
    assert future.cancelled()


def test_a_settled_future_cannot_be_cancelled():
    future = Future()
    future.settle(1)
    assert future.cancel() is False
    assert future.result() == 1


def test_callbacks_run_once_it_is_done(bridge, page):
    bridge.bind_call("f", lambda: 3)
    seen = []
    page.call("f").add_done_callback(lambda done: seen.append(done.result()))
    eventually(lambda: seen)
    assert seen == [3]


def test_an_error_that_nobody_asks_for_is_logged(caplog):
    future = Future("the value of a script")
    future.settle(error=RemoteError("TypeError", "no such thing"))
    del future
    gc.collect()
    assert caplog.messages == ["the value of a script failed, and nobody asked: TypeError: no such thing"]


def test_a_page_that_went_away_is_no_failure_to_be_logged(caplog):
    future = Future()
    future.settle(error=ViewClosed("the window was closed"))
    del future
    gc.collect()
    assert caplog.messages == []


@pytest.mark.parametrize("look", [Future.exception, lambda future: asyncio.run(awaited(future))])
def test_an_error_that_somebody_asked_for_is_not_logged(look, caplog):
    future = Future()
    future.settle(error=RemoteError("TypeError", "no such thing"))
    look(future)
    del future
    gc.collect()
    assert caplog.messages == []


async def awaited(future):
    with pytest.raises(RemoteError):
        await future


def test_what_was_given_up_or_went_well_is_not_logged(caplog):
    for act in (Future.cancel, Future.settle, lambda future: None):
        act(Future())
    gc.collect()
    assert caplog.messages == []
