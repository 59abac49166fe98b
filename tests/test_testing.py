"""MemoryPage: a page without a browser, for tests of ours and of users."""

import asyncio
import gc
import threading
import weakref

import pytest

from auroraview import CallTimeout, RemoteError, ViewClosed, WebView
from auroraview.testing import MemoryPage
from tests.helpers import SECONDS, code_of, eventually


def test_the_example_of_the_module_works():
    import textwrap

    from auroraview import Bridge, testing

    lines = testing.__doc__.split("\n")
    start = next(n for n, line in enumerate(lines) if line.startswith("    "))
    end = next(n for n, line in enumerate(lines) if n > start and line and not line.startswith("    "))
    exec(textwrap.dedent("\n".join(lines[start:end])), {"Bridge": Bridge, "MemoryPage": MemoryPage})


def test_a_call_can_be_waited_for_and_awaited(bridge, page):
    bridge.bind_call("add", lambda a, b: a + b)
    assert page.call("add", {"a": 1, "b": 2}).result(SECONDS) == 3

    async def main():
        return await page.call("add", [3, 4])

    assert asyncio.run(main()) == 7


def test_a_page_that_is_closed_before_its_document_began_waits_for_nothing(bridge, monkeypatch):
    ends = []
    bridge.on_connect(lambda peer: peer.close("go away"))
    bridge.on_disconnect(lambda peer, reason: ends.append(reason))
    say_hello = MemoryPage._say_hello

    def later(page):
        eventually(lambda: not page.peer.connected)
        say_hello(page)

    monkeypatch.setattr(MemoryPage, "_say_hello", later)
    page = MemoryPage(bridge)
    with pytest.raises(ViewClosed, match="by the program"):
        page.call("f").result(SECONDS)
    eventually(lambda: ends == ["kicked"])


def test_a_page_that_reloads_while_it_is_closed_waits_for_nothing(bridge, page):
    held, released = threading.Event(), threading.Event()
    page.on("hold", lambda _: (held.set(), released.wait(SECONDS)))
    bridge.emit("hold")
    assert held.wait(SECONDS)
    page.peer.close("go away")
    page.reload()  # What tells it of the end is still on its way, to the document before.
    released.set()
    with pytest.raises(ViewClosed):
        page.call("f").result(SECONDS)


def test_an_error_is_a_remote_error_with_name_message_and_code(bridge, page):
    bridge.bind_call("f", lambda: [][1])
    with pytest.raises(RemoteError, match="IndexError: list index out of range") as caught:
        page.call("f").result(SECONDS)
    assert (caught.value.name, caught.value.code) == ("IndexError", "handler_error")


def test_a_view_can_be_tested_without_its_window():
    view = WebView()
    view.bind_call("f", lambda: "served")
    with MemoryPage(view) as page:
        assert page.call("f").result(SECONDS) == "served"
    assert not view.is_open


def test_parameters_that_cannot_be_sent_raise_at_once(page):
    with pytest.raises(TypeError, match=r"params\.a\[0\]"):
        page.call("f", {"a": [object()]})
    with pytest.raises(TypeError, match="detail"):
        page.send_event("e", {1, object()})


@pytest.mark.parametrize("method", ["", None, 3, "lone \ud800"])
def test_a_bad_method_is_answered(page, method):
    assert code_of(page.call(method)) in ("invalid_params", "method_not_found")


def test_events_are_collected_and_handled(bridge, page):
    seen = []

    @page.on("e")
    def handler(detail):
        seen.append(detail)

    bridge.emit("e", {"a": 1})
    assert page.wait_for("e", SECONDS) == {"a": 1}
    assert page.events == [("e", {"a": 1})]
    eventually(lambda: seen == [{"a": 1}])


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(1)])
def test_a_page_handler_that_throws_stops_nobody(bridge, page, caplog, error):
    @page.on("e")
    def throws(_):
        raise error

    seen = []
    page.on("e", seen.append)
    for n in range(5):
        bridge.emit("e", n)
    eventually(lambda: len(seen) == 5)
    assert "page's handler of 'e' raised" in caplog.messages[0]


def test_a_late_handler_gets_the_retained_value_once(bridge, page):
    bridge.emit("settings", 1, retain=True)
    page.wait_for("settings", SECONDS)
    seen = []
    page.on("settings", seen.append)
    assert seen == [1]
    bridge.emit("settings", 2, retain=True)
    eventually(lambda: len(seen) == 2)
    assert seen == [1, 2]


def test_an_event_that_does_not_come_is_a_timeout(page):
    with pytest.raises(CallTimeout, match="'e' did not come within"):
        page.wait_for("e", timeout=0.01)


def test_a_reload_ends_what_waited_and_the_new_document_works(bridge, page):
    entered, leave = threading.Event(), threading.Event()

    @bridge.bind_call("slow")
    def slow():
        entered.set()
        leave.wait(SECONDS)
        return "old"

    bridge.bind_call("f", lambda: "new")
    waiting = page.call("slow")
    assert entered.wait(SECONDS)
    page.reload()
    with pytest.raises(ViewClosed, match="reloaded"):
        waiting.result(SECONDS)
    leave.set()
    assert page.call("f").result(SECONDS) == "new"


def test_no_call_made_around_reloads_is_left_without_an_end(bridge, page):
    bridge.bind_call("f", lambda n: n)
    stop = threading.Event()

    def reload():
        while not stop.is_set():
            page.reload()

    thread = threading.Thread(target=reload)
    thread.start()
    try:
        for n in range(300):
            error = page.call("f", [n]).exception(SECONDS)
            assert error is None or isinstance(error, ViewClosed)
    finally:
        stop.set()
        thread.join(SECONDS)


def test_closing_ends_what_waits_and_what_comes(bridge, page):
    entered, leave = threading.Event(), threading.Event()

    @bridge.bind_call("slow")
    def slow():
        entered.set()
        leave.wait(SECONDS)

    waiting = page.call("slow")
    assert entered.wait(SECONDS)
    page.close()
    page.close()
    leave.set()
    for future in (waiting, page.call("slow")):
        with pytest.raises(ViewClosed, match="the page was closed"):
            future.result(SECONDS)
    with pytest.raises(ViewClosed):
        page.reload()


def test_a_page_that_the_program_closes_knows_it(page, bridge):
    bridge.bind_call("f", lambda: page.peer._core.close("enough"))
    assert isinstance(page.call("f").exception(SECONDS), ViewClosed)
    with pytest.raises(ViewClosed, match="enough"):
        page.call("f").result(SECONDS)


def test_raw_text_that_is_no_frame_hurts_nobody(bridge, page):
    bridge.bind_call("f", lambda: 1)
    for text in ("", "{", "[]", "null", '{"v":2,"msgs":[]}', "\x00", "[" * 100_000):
        page.post(text)
    assert page.call("f").result(SECONDS) == 1
    assert sum(page.peer.stats["refused"].values()) >= 5


def test_a_page_that_is_forgotten_gives_its_calls_up(bridge):
    entered, noticed = threading.Event(), []

    @bridge.bind_call("f")
    async def handler():
        entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            noticed.append(True)

    def forget():
        page = MemoryPage(bridge)
        page.call("f").add_done_callback(lambda done: done.exception())
        assert entered.wait(SECONDS)
        return weakref.ref(page)

    page = forget()
    eventually(lambda: gc.collect() is not None and page() is None)
    eventually(lambda: noticed)


def test_a_future_alone_keeps_its_page(bridge):
    bridge.bind_call("f", lambda: 1)
    future = MemoryPage(bridge).call("f")
    gc.collect()
    assert future.result(SECONDS) == 1
