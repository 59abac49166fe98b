"""Waits: those that could never end are refused, the others end in time."""

import asyncio
import math
import threading

import pytest

from auroraview import CallTimeout, Future, UsageError, _core, _host
from auroraview import _waiting as waiting
from tests.helpers import SECONDS, eventually


def in_thread(func):
    """Runs on a thread that is not the main one, and returns the value."""
    values = []
    thread = threading.Thread(target=lambda: values.append(func()))
    thread.start()
    thread.join(SECONDS)
    return values[0]


@pytest.mark.parametrize("where", [lambda func: func(), in_thread], ids=["main", "thread"])
@pytest.mark.parametrize("timeout", [None, 1e9, math.inf, 10_000_000])
def test_any_timeout_can_be_waited_for(where, timeout):
    done = threading.Event()

    def change():
        done.set()
        waiting.announce_change()

    timer = threading.Timer(0.02, change)
    timer.start()
    assert where(lambda: waiting.wait_until(done.is_set, timeout, remedy="")) is True
    timer.join()


@pytest.mark.parametrize("where", [lambda func: func(), in_thread], ids=["main", "thread"])
@pytest.mark.parametrize("timeout", [0, -1, 0.01])
def test_time_that_is_up_is_told(where, timeout):
    assert where(lambda: waiting.wait_until(lambda: False, timeout, remedy="")) is False


def test_what_is_done_needs_no_wait_and_no_permission():
    async def main():
        return waiting.wait_until(lambda: True, 0, remedy="")

    assert asyncio.run(main()) is True


def test_waiting_on_a_running_loop_is_refused_with_the_remedy(page, bridge):
    leave = threading.Event()
    bridge.bind_call("f", lambda: leave.wait(SECONDS))

    async def main():
        future = page.call("f")
        with pytest.raises(UsageError, match="await future"):
            future.result(SECONDS)
        leave.set()
        return await future

    assert asyncio.run(main()) is True


def test_waiting_in_a_callback_of_the_library_is_refused(page, bridge):
    problems = []

    @page.on("e")
    def handler(_):
        try:
            page.call("f").result(SECONDS)
        except UsageError as error:
            problems.append(str(error))

    bridge.bind_call("f", lambda: eventually(lambda: problems))
    bridge.emit("e")
    eventually(lambda: problems)
    assert "a thread of your own" in problems[0]


def test_a_coroutine_handler_that_blocks_its_loop_is_told(page, bridge):
    leave = threading.Event()

    @bridge.bind_call("f")
    async def handler():
        return page.call("g").result(SECONDS)

    bridge.bind_call("g", lambda: leave.wait(SECONDS))
    error = page.call("f").exception(SECONDS)
    leave.set()
    assert error.name == "UsageError"
    assert "await" in error.message


def test_a_call_that_takes_too_long_is_a_timeout_error(page, bridge):
    leave = threading.Event()
    bridge.bind_call("f", lambda: leave.wait(SECONDS))
    future = page.call("f")
    with pytest.raises(CallTimeout, match=r"answer to 'f' did not come within 0\.01 s"):
        future.result(timeout=0.01)
    with pytest.raises(TimeoutError):
        future.exception(timeout=0.01)
    leave.set()
    assert future.result(SECONDS) is True


@pytest.fixture
def gui_thread(monkeypatch):
    """This thread is that of an application whose loop drives the windows."""
    ident = threading.get_ident()
    monkeypatch.setattr(_host, "runs_here", lambda: threading.get_ident() == ident)


def test_waiting_for_a_window_is_refused_where_its_loop_is_the_applications(gui_thread):
    future = Future("the value of a script", of_window=True)
    for wait in (future.result, future.exception):
        with pytest.raises(UsageError, match=r'add_done_callback.*isolation="process"'):
            wait(SECONDS)
    with pytest.raises(UsageError, match="do this"):
        waiting.wait_until(lambda: False, None, remedy="", window_remedy="do this")


def test_who_only_looks_is_not_refused(gui_thread):
    future = Future("the value of a script", of_window=True)
    with pytest.raises(CallTimeout):
        future.result(0)
    future.settle(5)
    assert future.result() == 5


def test_an_answer_that_is_on_its_way_is_no_reason_to_refuse(gui_thread):
    future = Future("the value of a script", of_window=True)
    _core.notice_lane().put(future.settle, (5,))
    assert future.result() == 5


def test_other_threads_and_other_futures_wait_there(gui_thread):
    of_window, other = Future("it", of_window=True), Future("it")
    for future in (of_window, other):
        threading.Timer(0.02, future.settle, (5,)).start()
    assert in_thread(lambda: of_window.result(SECONDS)) == 5
    assert other.result(SECONDS) == 5
