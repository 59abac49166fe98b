"""Handlers on workers and in the pool: order, waiting, contexts, and whatever they may raise."""

import contextvars
import logging
import threading
import time

import pytest

from auroraview import Bridge, Cancelled, current_call
from auroraview.testing import MemoryPage
from tests.helpers import SECONDS, code_of, eventually

# Workers


def test_plain_handlers_of_a_page_run_one_at_a_time_in_order_of_arrival(bridge, page):
    seen, running = [], []

    @bridge.bind_call("f")
    def handler(n):
        running.append(n)
        assert len(running) == 1
        seen.append(n)
        time.sleep(0)
        running.pop()

    calls = [page.call("f", [n]) for n in range(500)]
    for call in calls:
        call.result(SECONDS)
    assert seen == list(range(500))


def test_calls_and_events_keep_their_order_among_each_other(bridge, page):
    seen = []
    bridge.bind_call("f", lambda n: seen.append(n))
    bridge.on("e", lambda n: seen.append(n))
    for n in range(0, 100, 2):
        page.call("f", [n]).add_done_callback(lambda _: None)
        page.send_event("e", n + 1)
    eventually(lambda: len(seen) == 100)
    assert seen == list(range(100))


def test_as_many_pages_are_served_at_once_as_there_are_workers():
    bridge = Bridge(workers=2)
    together = threading.Barrier(2)
    bridge.bind_call("meet", lambda: together.wait(SECONDS) >= 0)
    with MemoryPage(bridge) as one, MemoryPage(bridge) as other:
        calls = [one.call("meet"), other.call("meet")]
        assert [call.result(SECONDS) for call in calls] == [True, True]


def test_a_page_that_keeps_calling_does_not_starve_another(bridge, page):
    stop = threading.Event()

    @bridge.bind_call("again")
    def again():
        if not stop.is_set():
            page.call("again").add_done_callback(lambda _: None)

    bridge.bind_call("f", lambda: "served")
    page.call("again").add_done_callback(lambda _: None)
    with MemoryPage(bridge) as other:
        assert other.call("f").result(SECONDS) == "served"
    stop.set()


def test_a_handler_that_waits_inside_the_library_lets_the_next_message_run(bridge, page):
    bridge.bind_call("inner", lambda n: n + 1)
    bridge.bind_call("outer", lambda: page.call("inner", [1]).result(SECONDS))
    assert page.call("outer").result(SECONDS) == 2


@pytest.mark.parametrize("thread", ["worker", "pool"])
def test_nested_waits_of_any_depth_come_back(bridge, page, thread):
    @bridge.bind_call("down", thread=thread)
    def down(depth):
        return 0 if not depth else 1 + page.call("down", [depth - 1]).result(SECONDS)

    assert page.call("down", [60]).result(SECONDS) == 60


def test_threads_that_took_over_end_when_they_are_not_needed_any_more(bridge, page):
    @bridge.bind_call("down")
    def down(depth):
        return 0 if not depth else 1 + page.call("down", [depth - 1]).result(SECONDS)

    before = threading.active_count()
    for _ in range(5):
        assert page.call("down", [20]).result(SECONDS) == 20
    eventually(lambda: threading.active_count() <= before + 1)


def test_waiting_again_and_again_starts_one_thread_at_most(bridge, page):
    bridge.bind_call("inner", lambda: None)
    most = []

    @bridge.bind_call("outer")
    def outer():
        for _ in range(200):
            page.call("inner").result(SECONDS)
            most.append(threading.active_count())

    before = threading.active_count()
    page.call("outer").result(SECONDS)
    assert max(most) <= before + 2


def test_a_plain_handler_can_see_that_nobody_waits_any_more(bridge, page):
    entered, seen = threading.Event(), []

    @bridge.bind_call("slow")
    def slow():
        call = current_call()
        entered.set()
        eventually(lambda: call.cancelled)
        seen.append("noticed")

    future = page.call("slow")
    assert entered.wait(SECONDS)
    assert future.cancel()
    eventually(lambda: seen)


def test_a_call_that_was_cancelled_before_it_started_never_runs(bridge, page):
    leave, runs = threading.Event(), []
    bridge.bind_call("block", lambda: leave.wait(SECONDS))
    bridge.bind_call("f", lambda: runs.append(1))
    blocking, cancelled = page.call("block"), page.call("f")
    assert cancelled.cancel()
    leave.set()
    blocking.result(SECONDS)
    page.call("f").result(SECONDS)
    assert runs == [1]


def test_a_handler_that_keeps_others_waiting_is_named_once(bridge, page, caplog):
    bridge.bind_call("slow", lambda: time.sleep(1.05))  # what is warned of is the time itself
    for _ in range(2):
        calls = [page.call("slow"), page.call("slow")]
        calls[0].result(SECONDS)
    calls[1].result(SECONDS)
    eventually(lambda: caplog.messages)
    bridge.emit("end")  # what was logged before it has been written when it arrives
    page.wait_for("end", SECONDS)
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert ["'slow' took" in text for text in warnings] == [True]
    assert 'thread="pool"' in warnings[0]


# The pool


def test_a_pool_handler_that_is_busy_does_not_delay_one_that_comes_later(bridge, page):
    entered, leave = threading.Event(), threading.Event()

    @bridge.bind_call("wait", thread="pool")
    def wait():
        entered.set()
        return leave.wait(SECONDS)

    bridge.bind_call("leave", leave.set, thread="pool")
    waiting = page.call("wait")
    assert entered.wait(SECONDS)
    page.call("leave").result(SECONDS)
    assert waiting.result(SECONDS) is True


def test_the_pool_is_bounded(bridge, page, monkeypatch):
    monkeypatch.setattr("auroraview._places._POOL_THREADS", 3)
    leave, running = threading.Event(), []

    @bridge.bind_call("wait", thread="pool")
    def wait():
        running.append(threading.get_ident())
        leave.wait(SECONDS)

    calls = [page.call("wait") for _ in range(10)]
    eventually(lambda: len(running) == 3)
    leave.set()
    for call in calls:
        call.result(SECONDS)
    assert len(set(running)) <= 3


# What handlers return


def test_a_generator_is_no_result(bridge, page):
    @bridge.bind_call("f")
    def generator():
        yield 1

    @bridge.bind_call("g")
    async def asynchronous():
        yield 1

    for method, kind in (("f", "generator"), ("g", "async_generator")):
        error = page.call(method).exception(SECONDS)
        assert error.name == "TypeError"
        assert f"result: a value of type {kind} cannot be sent" in error.message


# What handlers raise


class UnprintableError(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class Fatal(BaseException):
    def __str__(self):
        raise KeyboardInterrupt


ERRORS = [
    (ValueError("bad"), "ValueError", "bad"),
    (ValueError(), "ValueError", ""),
    (KeyError("k"), "KeyError", "'k'"),
    (ValueError("\ud800 and \x00"), "ValueError", "\\ud800 and \x00"),
    (UnprintableError(), "UnprintableError", "(its text could not be made: RuntimeError)"),
    (Fatal(), "Fatal", "(its text could not be made: KeyboardInterrupt)"),
    (SystemExit(3), "SystemExit", "3"),
    (KeyboardInterrupt(), "KeyboardInterrupt", ""),
    (GeneratorExit(), "GeneratorExit", ""),
    (StopIteration(1), "StopIteration", "1"),
    (BaseExceptionGroup("many", [SystemExit()]), "BaseExceptionGroup", "many (1 sub-exception)"),
]


@pytest.mark.parametrize("thread", ["worker", "pool"])
@pytest.mark.parametrize(("error", "name", "message"), ERRORS, ids=lambda value: type(value).__name__)
def test_whatever_a_handler_raises_answers_the_call(bridge, page, thread, error, name, message):
    @bridge.bind_call("f", thread=thread)
    def handler():
        raise error

    bridge.bind_call("next", lambda: "works", thread=thread)
    found = page.call("f").exception(SECONDS)
    assert (found.name, found.message, found.code) == (name, message, "handler_error")
    assert page.call("next").result(SECONDS) == "works"


def test_a_handler_may_say_that_it_was_cancelled(bridge, page, caplog):
    @bridge.bind_call("f")
    def handler():
        raise Cancelled("gave up")

    error = page.call("f").exception(SECONDS)
    assert (error.message, error.code) == ("gave up", "cancelled")
    assert not caplog.records


def test_an_error_is_logged_with_its_traceback(bridge, page, caplog):
    bridge.bind_call("f", lambda: 1 / 0)
    page.call("f").exception(SECONDS)
    (record,) = caplog.records
    assert record.name == "auroraview"
    assert record.levelno == logging.ERROR
    assert "'f' raised ZeroDivisionError: division by zero" in record.message
    assert record.exc_info[0] is ZeroDivisionError


def test_a_log_handler_that_raises_does_not_keep_the_page_waiting(bridge, page, capsys):
    class Broken(logging.Handler):
        def emit(self, record):
            raise SystemExit("broken log handler")

    broken = Broken()
    logging.getLogger("auroraview").addHandler(broken)
    try:
        bridge.bind_call("f", lambda: 1 / 0)
        for _ in range(2):
            assert code_of(page.call("f")) == "handler_error"
    finally:
        logging.getLogger("auroraview").removeHandler(broken)
    assert "broken log handler" in capsys.readouterr().err


@pytest.mark.parametrize("debug", [False, True])
def test_the_traceback_reaches_the_page_with_debug_only(bridge, debug):
    bridge.bind_call("f", lambda: 1 / 0)
    frames = []
    with MemoryPage(bridge, debug=True), MemoryPage(bridge, debug=debug) as page:
        take = page._take
        page._take = lambda message: (frames.append(message), take(message))
        page.call("f").exception(SECONDS)
    (error,) = [frame["detail"]["error"] for frame in frames if "error" in (frame["detail"] or ())]
    assert ("traceback" in error) is debug
    if debug:
        assert "1 / 0" in error["traceback"]


# Contexts

colour = contextvars.ContextVar("colour", default="none")


@pytest.mark.parametrize("thread", ["worker", "pool"])
def test_a_context_variable_does_not_leak_into_the_next_handler(bridge, page, thread):
    @bridge.bind_call("f", thread=thread)
    def handler():
        before = colour.get()
        colour.set("red")
        return [before, colour.get()]

    for _ in range(3):
        assert page.call("f").result(SECONDS) == ["none", "red"]


def test_the_library_is_thread_safe_for_many_threads_at_once(bridge):
    bridge.bind_call("add", lambda a, b: a + b)
    failures = []

    def use():
        try:
            with MemoryPage(bridge) as page:
                for n in range(50):
                    assert page.call("add", [n, 1]).result(SECONDS) == n + 1
                    bridge.emit("n", n)
        except BaseException as error:  # noqa: BLE001 - shown at the end
            failures.append(error)

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert not failures
