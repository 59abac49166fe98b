"""One table over all applications: order, results, errors, re-entrance, and what they may do to us."""

import sys
import threading

import pytest

from auroraview import Bridge, hosts, main_thread
from auroraview.hosts import _waker
from auroraview.testing import MemoryPage
from tests.helpers import SECONDS, code_of, eventually


@pytest.fixture
def bridge(host):
    return Bridge()


def in_thread(func):
    values = []
    thread = threading.Thread(target=lambda: values.append(func()))
    thread.start()
    thread.join(SECONDS)
    return values[0]


def test_it_is_found_and_named(application):
    info = hosts.detect()
    assert (info.name, info.version, info.toolkit) == (application.name, application.version, application.toolkit)
    assert info.interactive
    assert hosts.attach() == info


def test_handlers_run_on_its_main_thread_and_only_when_it_gives_its_time(page, bridge, until):
    where = []
    bridge.bind_call("f", lambda x: where.append(threading.current_thread()) or x)
    bridge.bind_call("worker", lambda: None, thread="worker")
    call = page.call("f", [1])
    in_thread(lambda: page.call("worker").result(SECONDS))
    assert not call.done()
    until(call.done)
    assert call.result(0) == 1
    assert where == [threading.main_thread()]


def test_calls_are_served_in_order_of_arrival(page, bridge, until):
    seen = []
    bridge.bind_call("f", seen.append)
    futures = [page.call("f", [0])]
    futures += in_thread(lambda: [main_thread.call(seen.append, n) for n in range(1, 50)])
    futures.append(page.call("f", [50]))
    until(lambda: all(future.done() for future in futures))
    assert seen == list(range(51))


def test_what_a_handler_raises_is_the_error_of_its_call_and_nothing_else(page, bridge, until, host):
    @bridge.bind_call("fail")
    def fail(kind):
        raise {"RuntimeError": RuntimeError, "SystemExit": SystemExit, "KeyboardInterrupt": KeyboardInterrupt}[kind]

    bridge.bind_call("f", lambda: 1)
    for kind in ("RuntimeError", "SystemExit", "KeyboardInterrupt"):
        failed, after = page.call("fail", [kind]), page.call("f")
        until(after.done)
        assert failed.exception(0).name == kind
        assert after.result(0) == 1
    assert host.errors == []


def test_a_thread_gets_the_value_and_the_error_of_its_function(host, until):
    values = []

    def work():
        values.append(main_thread.run(lambda: threading.current_thread().name))
        try:
            main_thread.run(lambda: 1 / 0)
        except ZeroDivisionError as error:
            values.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    until(lambda: len(values) == 2)
    thread.join(SECONDS)
    assert values[0] == "MainThread"


def test_what_its_main_thread_itself_asks_for_runs_inline(host):
    assert main_thread.run(lambda: 1) == 1
    assert main_thread.call(lambda: 2).result(0) == 2


def test_a_turn_ends_when_its_budget_is_used_up_and_loses_nothing(application, until):
    hosts.attach(budget=0.01)
    bridge, seen, turns = Bridge(), [], []
    now = threading.Event()

    @bridge.bind_call("slow")
    def slow(n):
        now.wait(0.02)
        seen.append(n)

    with MemoryPage(bridge) as page:
        calls = [page.call("slow", [n]) for n in range(4)]

        def one_more():
            turns.append(len(seen))
            return all(call.done() for call in calls)

        until(one_more)
    assert seen == [0, 1, 2, 3]
    assert set(range(5)) == set(turns) | {0}, "each turn had time for one"


def test_a_handler_may_wait_for_another_one(page, bridge, until):
    bridge.bind_call("f", lambda: "inner")
    bridge.bind_call("outer", lambda: page.call("f").result(SECONDS))
    call = page.call("outer")
    until(call.done)
    assert call.result(0) == "inner"


def test_a_dialog_with_a_loop_of_its_own_keeps_nobody_waiting(page, bridge, until, host):
    if not host.nests:
        pytest.skip("its loop does not run inside a function that it runs")
    bridge.bind_call("f", lambda: "inside")

    @bridge.bind_call("dialog")
    def dialog():
        inner = page.call("f")
        until(inner.done)
        return inner.result(0)

    call = page.call("dialog")
    until(call.done)
    assert call.result(0) == "inside"


def test_nothing_is_asked_of_it_while_nothing_waits(page, bridge, until, host):
    bridge.bind_call("f", lambda: None)
    bridge.bind_call("worker", lambda: None, thread="worker")
    if not host.wakes:
        pytest.skip("it looks by itself")
    for _ in range(10):
        in_thread(lambda: page.call("worker").result(SECONDS))
        host.turn()
    assert host.requests == 0
    for _ in range(10):
        call = page.call("f")
        until(call.done)
    assert 1 <= host.requests <= 30


def test_a_request_that_it_forgets_is_made_again(page, bridge, until, host, monkeypatch):
    monkeypatch.setattr(_waker, "_FIRST_PATIENCE_SECONDS", 0.01)
    bridge.bind_call("f", lambda: 1)
    first = page.call("f")
    until(first.done)
    call = page.call("f")
    if host.defers:
        eventually(lambda: host.queue)
    host.drop()
    until(call.done)
    assert call.result(0) == 1


def test_bridges_made_while_it_is_attached_use_its_main_thread(application, until):
    def place(bridge):
        with MemoryPage(bridge) as page:
            bridge.bind_call("where", lambda: threading.current_thread().name)
            call = page.call("where")
            until(call.done)
            return call.result(0)

    before = Bridge()
    hosts.attach()
    during = Bridge()
    assert place(before) == "auroraview-worker"
    assert place(during) == "MainThread"
    assert place(Bridge(default_thread="pool")) == "auroraview-pool"
    hosts.detach()
    assert place(Bridge()) == "auroraview-worker"


def test_after_detach_it_runs_nothing_and_can_be_attached_again(page, bridge, until, host):
    seen = []
    bridge.bind_call("f", seen.append)
    first = page.call("f", [1])
    until(first.done)
    hosts.detach()
    hosts.detach()
    second = page.call("f", [2])
    for _ in range(20):
        host.turn()
    assert seen == [1]
    assert not second.done()
    hosts.attach()
    until(second.done)
    assert seen == [1, 2]
    assert hosts.attach().name == host.name


def test_without_an_event_loop_waits_serve_as_ever(application, monkeypatch):
    if application.name == "unreal":
        pytest.skip("it has ticks or does not run")
    names = set(application.modules)
    application.to_batch()
    for name in names - set(application.modules):
        monkeypatch.delitem(sys.modules, name)
    info = hosts.attach()
    assert not info.interactive
    bridge = Bridge()
    bridge.bind_call("where", lambda: threading.current_thread().name)
    with MemoryPage(bridge) as page:
        assert page.call("where").result(SECONDS) == "MainThread"


def test_when_it_refuses_a_function_one_line_says_so_and_it_is_asked_again(page, bridge, until, host, caplog):
    if not host.defers:
        pytest.skip("it is not asked by a function")
    host.refusals = 3
    bridge.bind_call("f", lambda: 1)
    call = page.call("f")
    eventually(lambda: host.refusals == 0)
    until(call.done)
    assert call.result(0) == 1
    assert [text for text in caplog.messages if "not now" in text] == [
        "the application takes no function for its main thread: not now"
    ]


def test_an_unknown_method_needs_no_turn_of_it(page, bridge):
    assert in_thread(lambda: code_of(page.call("nothing"))) == "method_not_found"
