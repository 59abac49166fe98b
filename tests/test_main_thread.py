"""Handlers of the application's main thread: who pumps them, and the warning when nobody does."""

import asyncio
import select
import signal
import threading

import pytest

from auroraview import Bridge, UsageError, current_call, main_thread
from auroraview import _main_thread as internals
from auroraview.testing import MemoryPage
from tests.helpers import SECONDS, code_of, eventually


@pytest.fixture
def on_main(bridge):
    """Binds ``f`` to the main thread; the list says where it ran."""
    seen = []

    @bridge.bind_call("f", thread="main")
    def handler(x=None):
        seen.append(threading.current_thread() is threading.main_thread())
        return [x, current_call().method]

    return seen


def pump_until(condition):
    eventually(lambda: main_thread.pump() is not None and condition())


def test_a_wait_on_the_main_thread_runs_its_handlers(page, on_main):
    assert page.call("f", [1]).result(SECONDS) == [1, "f"]
    assert on_main == [True]


def test_pump_runs_what_waits_and_says_how_much(page, on_main):
    calls = [page.call("f", [n]) for n in range(3)]
    assert main_thread.pump() == 3
    assert main_thread.pump() == 0
    assert [call.result(SECONDS)[0] for call in calls] == [0, 1, 2]


def test_pump_starts_nothing_more_when_its_time_is_up(bridge, page):
    now = threading.Event()
    bridge.bind_call("slow", lambda: now.wait(0.05), thread="main")
    calls = [page.call("slow") for _ in range(3)]
    assert main_thread.pump(max_seconds=0.01) == 1
    assert main_thread.pump() == 2
    for call in calls:
        call.result(SECONDS)


def test_the_file_descriptor_is_readable_while_work_waits(page, on_main):
    main_thread.pump()
    poll = select.poll()
    poll.register(main_thread.fileno(), select.POLLIN)
    assert poll.poll(0) == []
    call = page.call("f")
    assert poll.poll(SECONDS * 1000)
    main_thread.pump()
    assert poll.poll(0) == []
    call.result(SECONDS)


def test_pump_on_another_thread_is_refused():
    errors = []

    def pump():
        try:
            main_thread.pump()
        except UsageError as error:
            errors.append(str(error))

    thread = threading.Thread(target=pump)
    thread.start()
    thread.join(SECONDS)
    assert ["main thread" in text for text in errors] == [True]


def test_a_handler_on_the_main_thread_may_wait_for_another_one(bridge, page, on_main):
    bridge.bind_call("outer", lambda: page.call("f", [2]).result(SECONDS), thread="main")
    assert page.call("outer").result(SECONDS) == [2, "f"]


def test_a_handler_that_waits_for_another_one_keeps_its_own_call(bridge, page, on_main):
    @bridge.bind_call("outer", thread="main")
    def outer():
        page.call("f").result(SECONDS)
        return current_call().method

    assert page.call("outer").result(SECONDS) == "outer"
    assert on_main == [True]


def test_the_program_itself_serves_no_call_after_a_pump(page, on_main):
    page.call("f").result(SECONDS)
    with pytest.raises(UsageError):
        current_call()


def test_a_worker_may_wait_for_the_main_thread(bridge, page, on_main):
    bridge.bind_call("outer", lambda: page.call("f", [3]).result(SECONDS))
    assert page.call("outer").result(SECONDS) == [3, "f"]


def test_a_coroutine_that_a_main_thread_handler_returns_runs_on_the_loop(bridge, page):
    async def later():
        await asyncio.sleep(0)
        return [threading.current_thread().name, current_call().method]

    bridge.bind_call("f", lambda: later(), thread="main")
    assert page.call("f").result(SECONDS) == ["auroraview-asyncio", "f"]


def test_callbacks_of_a_bridge_for_the_main_thread_run_there():
    bridge = Bridge(default_thread="main")
    seen = []
    with MemoryPage(bridge) as page:

        async def ready():
            seen.append(threading.current_thread().name)

        page.peer.on("document", lambda: seen.append(threading.current_thread().name))
        page.peer.on("document", ready)
        page.reload()
        pump_until(lambda: set(seen) == {"MainThread", "auroraview-asyncio"})


def test_an_error_answers_the_call(bridge, page):
    bridge.bind_call("f", lambda: 1 / 0, thread="main")
    assert code_of(page.call("f")) == "handler_error"


def test_system_exit_in_a_handler_ends_only_the_handler(bridge, page):
    @bridge.bind_call("f", thread="main")
    def handler():
        raise SystemExit(1)

    future = page.call("f")
    pump_until(future.done)
    assert code_of(future) == "handler_error"


def test_ctrl_c_in_a_handler_answers_the_call_and_then_ends_the_pump(bridge, page):
    bridge.bind_call("f", lambda: signal.raise_signal(signal.SIGINT), thread="main")
    future = page.call("f")
    with pytest.raises(KeyboardInterrupt):
        main_thread.pump()
    assert code_of(future) == "handler_error"


def test_ctrl_c_ends_a_wait_on_the_main_thread(bridge, page):
    leave = threading.Event()
    bridge.bind_call("endless", lambda: leave.wait(SECONDS))
    future = page.call("endless")
    timer = threading.Timer(0.05, signal.pthread_kill, (threading.main_thread().ident, signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        future.result(SECONDS)
    leave.set()
    timer.join()
    future.result(SECONDS)


def test_a_handler_of_a_page_that_went_away_does_not_stop_the_next(bridge, on_main):
    with MemoryPage(bridge) as page:
        page.call("f").add_done_callback(lambda done: done.exception())
    with MemoryPage(bridge) as page:
        assert page.call("f", [1]).result(SECONDS) == [1, "f"]
    assert on_main == [True]


@pytest.fixture
def impatient(monkeypatch):
    main_thread.pump()
    timer = internals._watcher
    if timer is not None:
        timer.cancel()
        timer.join()
    monkeypatch.setattr(internals, "_watcher", None)
    monkeypatch.setattr(internals, "_warned", False)
    monkeypatch.setattr(internals, "_PATIENCE_SECONDS", 0.05)
    internals._core.main_lane(internals._work_waits)


@pytest.mark.usefixtures("impatient")
def test_when_nobody_pumps_one_warning_says_so(page, on_main, caplog):
    calls = [page.call("f")]
    eventually(lambda: caplog.messages)
    calls.append(page.call("f"))
    for call in calls:
        call.result(SECONDS)
    assert ["main_thread.pump()" in text for text in caplog.messages] == [True]


@pytest.mark.usefixtures("impatient")
def test_a_long_handler_on_the_main_thread_is_no_reason_to_warn(bridge, page, on_main, caplog):
    @bridge.bind_call("long", thread="main")
    def long():
        waiting = page.call("f")
        first = internals._watcher
        eventually(lambda: internals._watcher is not first)
        waiting.add_done_callback(lambda _: None)

    page.call("long").result(SECONDS)
    page.call("f").result(SECONDS)
    assert caplog.messages == []


@pytest.mark.usefixtures("impatient")
def test_work_that_a_pump_left_behind_is_watched_too(bridge, page, caplog):
    bridge.bind_call("f", lambda: None, thread="main")
    calls = [page.call("f") for _ in range(2)]
    eventually(lambda: internals._watcher is not None or internals._warned)
    main_thread.pump(max_seconds=-1)
    eventually(lambda: caplog.messages)
    for call in calls:
        call.result(SECONDS)
    assert len(caplog.messages) == 1
