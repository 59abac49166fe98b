"""Bridge: binding, unbinding, events, and its own life."""

import functools
import gc
import os
import threading
import weakref

import pytest

from auroraview import Bridge, Limits, UsageError, current_call
from auroraview.testing import MemoryPage
from tests.helpers import SECONDS, code_of, eventually

# Methods


def test_a_function_is_bound_by_a_decorator_and_by_a_call(bridge, page):
    @bridge.bind_call("add")
    def add(a, b):
        return a + b

    assert bridge.bind_call("tools.double", lambda x: 2 * x) is not None
    assert add(1, 2) == 3
    assert page.call("add", {"a": 1, "b": 2}).result(SECONDS) == 3
    assert page.call("tools.double", [4]).result(SECONDS) == 8
    assert bridge.methods == ("add", "tools.double")


def test_a_call_of_an_unknown_method_is_rejected_at_once(page):
    assert code_of(page.call("nothing")) == "method_not_found"


def test_binding_a_bound_name_again_replaces_it(bridge, page):
    runs = []
    bridge.bind_call("f", lambda: runs.append("old"))
    bridge.bind_call("f", lambda: runs.append("new"))
    page.call("f").result(SECONDS)
    assert runs == ["new"]


def test_a_handler_that_is_replaced_while_it_runs_still_answers(bridge, page):
    entered, leave = threading.Event(), threading.Event()

    @bridge.bind_call("f")
    def old():
        entered.set()
        leave.wait(SECONDS)
        return "old"

    first = page.call("f")
    assert entered.wait(SECONDS)
    bridge.bind_call("f", lambda: "new")
    second = page.call("f")
    leave.set()
    assert (first.result(SECONDS), second.result(SECONDS)) == ("old", "new")


def test_a_handler_may_bind_and_unbind_itself(bridge, page):
    @bridge.bind_call("once")
    def once():
        bridge.unbind("once")
        bridge.bind_call("next", lambda: "next")

    page.call("once").result(SECONDS)
    assert code_of(page.call("once")) == "method_not_found"
    assert page.call("next").result(SECONDS) == "next"


def test_unbind_says_whether_anything_was_bound(bridge):
    bridge.bind_call("f", lambda: None)
    assert bridge.unbind("f") is True
    assert bridge.unbind("f") is False


@pytest.mark.parametrize("name", ["", None, 3, print, "__auroraview_welcome", "lone \ud800"])
def test_a_bad_name_is_refused(bridge, name):
    with pytest.raises(UsageError):
        bridge.bind_call(name, print)
    with pytest.raises(UsageError):
        bridge.on(name, print)


def test_what_is_not_callable_is_refused(bridge):
    with pytest.raises(UsageError, match="must be callable"):
        bridge.bind_call("f", 3)


def test_an_unknown_thread_is_refused_with_the_known_ones(bridge):
    with pytest.raises(UsageError, match="'worker', 'pool', 'main'"):
        bridge.bind_call("f", print, thread="gui")


def test_an_async_function_takes_no_thread(bridge):
    async def handler():
        pass

    with pytest.raises(UsageError, match="asyncio loop"):
        bridge.bind_call("f", functools.partial(handler), thread="pool")


def test_a_callable_object_a_class_and_a_partial_can_be_bound(bridge, page):
    class Adder:
        def __init__(self, start=1):
            self.start = start

        def __call__(self, x):
            return self.start + x

        def __auroraview_json__(self):
            return {"start": self.start}

    bridge.bind_call("object", Adder(10))
    bridge.bind_call("class", Adder)
    bridge.bind_call("partial", functools.partial(max, 7))
    assert page.call("object", [1]).result(SECONDS) == 11
    assert page.call("class", {"start": 5}).result(SECONDS) == {"start": 5}
    assert page.call("partial", [3]).result(SECONDS) == 7


def test_a_class_with_an_async_call_is_called_as_the_plain_class_it_is(bridge, page):
    class Job:
        async def __call__(self):
            return "ran"

        def __auroraview_json__(self):
            return "made"

    bridge.bind_call("make", Job)
    bridge.bind_call("run", Job())
    assert page.call("make").result(SECONDS) == "made"
    assert page.call("run").result(SECONDS) == "ran"


# Events


def test_event_handlers_run_in_order_of_registration_and_a_failing_one_stops_nobody(bridge, page, caplog):
    seen = []
    done = threading.Event()
    bridge.on("e", lambda detail: seen.append(("first", detail)))
    bridge.on("e", lambda detail: 1 / 0)
    bridge.on("e", lambda: seen.append("without a parameter"))
    bridge.on("e", lambda detail: done.set())
    page.send_event("e", {"a": 1})
    assert done.wait(SECONDS)
    assert seen == [("first", {"a": 1}), "without a parameter"]
    assert ["ZeroDivisionError" in record.message for record in caplog.records] == [True]


@pytest.mark.parametrize("detail", [0, "", False, None, [], {}])
def test_a_falsy_detail_arrives_as_itself(bridge, page, detail):
    seen = []
    bridge.on("e", seen.append)
    page.send_event("e", detail)
    eventually(lambda: seen)
    assert seen == [detail]


def test_an_event_without_detail_has_none(bridge, page):
    seen = []
    bridge.on("e", seen.append)
    page.send_event("e")
    eventually(lambda: seen)
    assert seen == [None]


def test_off_removes_one_handler_or_all(bridge, page):
    seen = []
    one = bridge.on("e", lambda: seen.append(1))
    bridge.on("e", lambda: seen.append(2))
    bridge.on("e", lambda: seen.append(3))
    assert bridge.off("e", one) == 1
    assert bridge.off("e", one) == 0
    page.send_event("e")
    eventually(lambda: seen == [2, 3])
    assert bridge.off("e") == 2
    page.send_event("e")
    eventually(lambda: bridge.stats["unhandled_events"] == 1)
    assert seen == [2, 3]


def test_a_bound_method_is_removed_by_an_equal_one(bridge):
    class Tool:
        def changed(self):
            pass

    tool = Tool()
    bridge.on("e", tool.changed)
    assert bridge.off("e", tool.changed) == 1


# Emits


def test_emit_reaches_every_page_in_order(bridge, page):
    with MemoryPage(bridge) as other:
        for number in range(1000):
            bridge.emit("n", number)
        for each in (page, other):
            eventually(lambda each=each: len(each.events) == 1000)
            assert each.events == [("n", number) for number in range(1000)]


def test_a_retained_value_reaches_a_page_that_comes_later(bridge):
    bridge.emit("settings", {"theme": "light"}, retain=True)
    bridge.emit("settings", {"theme": "dark"}, retain=True)
    bridge.emit("forgotten", 1)
    with MemoryPage(bridge) as page:
        assert page.wait_for("settings", SECONDS) == {"theme": "dark"}
        bridge.emit("end")
        page.wait_for("end", SECONDS)
        assert [name for name, _ in page.events] == ["settings", "end"]


def test_emit_batch_sends_all_or_nothing(bridge, page):
    with pytest.raises(TypeError, match="payload"):
        bridge.emit_batch([("a", 1), ("b", object())])
    bridge.emit_batch(("n", number) for number in (1, 2))
    eventually(lambda: page.events)
    page.wait_for("n", SECONDS)
    eventually(lambda: page.events == [("n", 1), ("n", 2)])


def test_a_batch_reaches_each_page_in_one_frame(bridge, page):
    frames = page.peer.stats["batches"]
    bridge.emit_batch([("a", 1), ("b", 2), ("c", 3)])
    eventually(lambda: len(page.events) == 3)
    assert page.peer.stats["batches"] == frames + 1


@pytest.mark.parametrize("name", ["", "__auroraview_reset"])
def test_an_emit_needs_a_name_of_its_own(bridge, name):
    with pytest.raises(UsageError):
        bridge.emit(name)


def test_an_emit_over_the_size_limit_raises(page):
    bridge = Bridge(limits=Limits(message_bytes=100))
    with pytest.raises(ValueError, match="message_bytes"):
        bridge.emit("e", "x" * 101)


# Looking


def test_peers_are_the_pages_in_order(bridge):
    with MemoryPage(bridge) as first, MemoryPage(bridge) as second:
        assert bridge.peers == (first.peer, second.peer)


def test_stats_count_runs_of_handlers(bridge, page):
    bridge.bind_call("f", lambda: None)
    for _ in range(3):
        page.call("f").result(SECONDS)
    row = bridge.stats["handlers"]["f"]
    assert row["runs"] == 3
    assert 0 <= row["longest_seconds"] <= row["total_seconds"]


def test_current_call_tells_of_the_call(bridge, page):
    @bridge.bind_call("f")
    def handler():
        call = current_call()
        return [call.peer is page.peer, call.method, call.id, call.cancelled]

    assert page.call("f").result(SECONDS) == [True, "f", 1, False]


def test_current_call_in_an_event_has_no_id(bridge, page):
    seen = []
    bridge.on("e", lambda: seen.append((current_call().method, current_call().id)))
    page.send_event("e")
    eventually(lambda: seen)
    assert seen == [("e", None)]


def test_current_call_outside_of_a_handler_is_refused(bridge, page):
    with pytest.raises(UsageError, match="inside a handler"):
        current_call()

    @bridge.bind_call("f")
    def starts_a_thread():
        seen = []

        def other():
            try:
                current_call()
            except UsageError as error:
                seen.append(type(error).__name__)

        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        return seen

    assert page.call("f").result(SECONDS) == ["UsageError"]


# Options


@pytest.mark.parametrize("workers", [0, -1, 1.5, "2"])
def test_workers_is_a_positive_int(workers):
    with pytest.raises(UsageError, match="workers"):
        Bridge(workers=workers)


def test_an_unknown_default_thread_is_refused():
    with pytest.raises(UsageError, match="thread must be one of"):
        Bridge(default_thread="gui")


def test_the_default_thread_is_where_plain_handlers_run():
    bridge = Bridge(default_thread="pool")
    bridge.bind_call("f", lambda: threading.current_thread().name)
    bridge.bind_call("g", lambda: threading.current_thread().name, thread="worker")
    with MemoryPage(bridge) as page:
        assert page.call("f").result(SECONDS) == "auroraview-pool"
        assert page.call("g").result(SECONDS) == "auroraview-worker"


# Life


def _forgotten_bridge():
    bridge = Bridge()

    @bridge.bind_call("plain")
    def plain():
        return list(bridge.methods)

    @bridge.bind_call("async")
    async def asynchronous():
        return len(bridge.peers)

    bridge.bind_call("pool", lambda: len(bridge.peers), thread="pool")
    bridge.on("event", lambda: bridge.emit("answer"))
    page = MemoryPage(bridge)
    assert page.call("plain").result(SECONDS) == ["async", "plain", "pool"]
    assert page.call("async").result(SECONDS) == 1
    assert page.call("pool").result(SECONDS) == 1
    page.send_event("event")
    page.wait_for("answer", SECONDS)
    return weakref.ref(bridge), weakref.ref(page)


def _ours():
    return [thread for thread in threading.enumerate() if thread.name.startswith("auroraview-")]


def test_a_bridge_whose_handlers_refer_to_it_is_collected():
    bridge, page = _forgotten_bridge()

    def gone():
        gc.collect()
        return bridge() is None and page() is None

    eventually(gone, "the collection of the bridge")


def test_bridges_that_come_and_go_leave_no_thread_and_no_file_open():
    _forgotten_bridge()
    gc.collect()
    threads, files = len(_ours()), len(os.listdir("/proc/self/fd"))
    for _ in range(100):
        _forgotten_bridge()
    gc.collect()
    eventually(lambda: len(_ours()) <= threads, "the end of all threads")
    eventually(lambda: len(os.listdir("/proc/self/fd")) <= files, "the end of all open files")


def test_a_handler_that_runs_keeps_its_bridge_until_it_ends():
    leave, done = threading.Event(), []

    def make():
        bridge = Bridge()

        @bridge.bind_call("slow")
        def slow():
            leave.wait(SECONDS)
            bridge.emit("late")
            done.append(True)

        page = MemoryPage(bridge)
        page.call("slow").add_done_callback(lambda _: None)
        eventually(lambda: bridge.peers[0].stats["calls_in_flight"] == 1)
        return weakref.ref(bridge)

    bridge = make()
    gc.collect()
    leave.set()
    eventually(lambda: done)
    eventually(lambda: gc.collect() is not None and bridge() is None, "the collection of the bridge")


def test_a_result_does_not_wait_for_the_slow_handler_behind_it(bridge, page):
    go_on = threading.Event()
    bridge.bind_call("slow", lambda: go_on.wait(SECONDS))
    bridge.bind_call("quick", lambda: "done")
    page.call("quick").result(SECONDS)
    calls = [page.call(name) for name in ("quick", "quick", "slow", "quick")]
    assert [call.result(SECONDS) for call in calls[:2]] == ["done", "done"]
    assert not calls[2].done()
    go_on.set()
    assert [call.result(SECONDS) for call in calls[2:]] == [True, "done"]
