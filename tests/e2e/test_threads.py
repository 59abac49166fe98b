"""Any thread may use a view: the main thread, threads of the program, the asyncio loop, callbacks of the library."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from auroraview import UsageError, WebView, main_thread
from tests.e2e.helpers import PATIENCE, Record, ask, wait_for
from tests.e2e.pages import RECORDING_PAGE, WindowEnd, run, run_async, wait_events

pytestmark = pytest.mark.each_lane


def on_a_thread(func):
    """Runs a function on a thread of its own; its result, or its error."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(func).result(PATIENCE)


def everything(view):
    """Uses all that a view offers to any thread; returns a text of the page."""
    view.emit("tick", 1)
    view.emit_batch([("tick", 2), ("tock", 3)])
    view.emit("settings", 4, retain=True)
    view.bind_call("new", lambda: None)
    view.unbind("new")
    view.on("new", lambda: None)
    view.off("new")
    view.window.title = "Set here"
    view.window.size = (640, 480)
    view.window.position = (30, 40)
    view.window.always_on_top = True
    view.window.always_on_top = False
    view.window.maximize()
    view.window.restore()
    view.window.focus()
    assert "document" in view.info
    assert view.stats["emitted"] >= 4
    assert view.screenshot().startswith(b"\x89PNG")
    return view.eval_js("document.title").result(PATIENCE)


def test_a_thread_of_the_program_may_use_all_of_a_view(webview):
    view = webview(html=RECORDING_PAGE)
    assert on_a_thread(lambda: everything(view)) == "Recorder"
    on_a_thread(view.close)
    assert view.wait(PATIENCE)


@pytest.mark.parametrize("place", ["worker", "pool", "main"])
def test_a_plain_handler_may_use_all_of_its_view(webview, place):
    view = webview(html=RECORDING_PAGE)
    view.bind_call("work", lambda: everything(view), thread=place)
    assert run(view, "return await auroraview.call('work')") == "Recorder"
    page = WindowEnd(view.bridge, view)
    assert wait_events(page, 4) == [["tick", 1], ["tick", 2], ["tock", 3], ["settings", 4]]


@pytest.mark.parametrize("event", ["resized", "moved", "shown"])
def test_a_window_listener_may_use_all_of_its_view(webview, event):
    view, told, done = WebView(html=RECORDING_PAGE), Record(), threading.Event()

    def listener(*_):
        if not done.is_set():
            done.set()
            told(everything(view))

    view.window.on(event, listener)
    webview(view)
    view.window.size = (601, 401)
    view.window.position = (51, 61)
    assert told.wait() == [("Recorder",)]


def test_a_navigation_watcher_may_use_its_view_and_its_answer_counts(webview, server):
    view = webview(url=server.page("/", RECORDING_PAGE))
    told = Record()
    server.page("/forbidden", "never shown")

    @view.on_navigate
    def watch(navigation):
        if navigation.url.endswith("/forbidden"):
            told(view.eval_js("document.title").result(PATIENCE))
            return False
        return None

    ask(view, "location.href = '/forbidden'; 0")
    assert told.wait() == [("Recorder",)]
    assert ask(view, "location.pathname") == "/"


def test_many_threads_at_a_time_each_get_their_own_answers(view):
    view.bind_call("echo", lambda value: value)

    def work(n):
        return [view.eval_js(f"auroraview.call('echo', [{n * 100 + k}])").result(PATIENCE) for k in range(20)]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(8))) == [[n * 100 + k for k in range(20)] for n in range(8)]


def test_show_from_a_thread_waits_there_until_another_closes(webview):
    view, shown = WebView(html=RECORDING_PAGE), Record()
    view.on_ready(shown)
    thread = threading.Thread(target=view.show)
    thread.start()
    try:
        shown.wait()
        assert thread.is_alive()
        assert view.is_open
    finally:
        view.close()
        thread.join(PATIENCE)
    assert not thread.is_alive()
    assert view.wait(PATIENCE)


def ends(kind):
    """Ways to wait on the main thread, each with the view that is then closed by a handler of the main thread."""
    return {
        "show": lambda view: view.show(),
        "wait": lambda view: (view.show(wait=False), view.wait(PATIENCE)),
        "pump": lambda view: (
            view.show(wait=False),
            wait_for(lambda: main_thread.pump() or not view.is_open, "the close") and wait_for_closed(view),
        ),
    }[kind]


def wait_for_closed(view):
    wait_for(lambda: (main_thread.pump(), not view.is_open)[1], "the close")


@pytest.mark.parametrize("kind", ["show", "wait", "pump"])
def test_handlers_of_the_main_thread_run_while_it_waits_in(kind):
    view = WebView(html="<script>auroraview.call('work').then(() => auroraview.call('close'))</script>")
    ran = []

    @view.bind_call("work", thread="main")
    def work():
        ran.append(threading.current_thread())

    @view.bind_call("close", thread="main")
    def close():
        ran.append(threading.current_thread())
        view.close()

    try:
        ends(kind)(view)
    finally:
        view.close()
    assert view.wait(PATIENCE)
    assert ran == [threading.main_thread()] * 2


def test_without_a_pump_main_handlers_wait_and_lose_nothing(view):
    ran = []
    view.bind_call("work", ran.append, thread="main")
    view.bind_call("plain", lambda: "served meanwhile")
    answer = run_async(
        view, "for (const n of [1, 2, 3]) auroraview.call('work', [n]); return await auroraview.call('plain')"
    )
    # Not `result()`: that would pump.
    wait_for(answer.done, "the other handler")
    assert ran == []
    wait_for(lambda: main_thread.pump() or len(ran) == 3, "the handlers")
    wait_for(lambda: (main_thread.pump(), len(ran) == 3)[1], "the handlers")
    assert ran == [1, 2, 3]


def test_pump_belongs_to_the_main_thread():
    with pytest.raises(UsageError, match="main thread"):
        on_a_thread(main_thread.pump)


def test_a_main_handler_may_raise_what_it_likes(view):
    @view.bind_call("exits", thread="main")
    def exits():
        raise SystemExit(7)

    script = "try { await auroraview.call('exits') } catch (error) { return [error.name, error.code] }"
    assert run(view, script) == ["SystemExit", "handler_error"]


def test_on_a_programs_own_loop_handlers_run_there_and_eval_js_is_awaited():
    view = WebView(html=RECORDING_PAGE)
    seen = []

    @view.bind_call("where")
    async def where():
        seen.append((asyncio.get_running_loop(), threading.current_thread()))
        title = await view.eval_js("document.title")
        view.close()
        return title

    @view.on_ready
    def ready():
        view.eval_js("auroraview.call('where'); 0")

    async def main():
        await asyncio.wait_for(view.show_async(), PATIENCE)
        return asyncio.get_running_loop()

    loop = asyncio.run(main())
    assert seen == [(loop, threading.main_thread())]
    assert not view.is_open


def test_handlers_of_the_main_thread_run_while_its_loop_waits_in_show_async():
    view = WebView(html=RECORDING_PAGE)
    seen = []

    @view.bind_call("where", thread="main")
    def where():
        seen.append(threading.current_thread())
        view.close()

    view.on_ready(lambda: view.eval_js("auroraview.call('where'); 0"))
    asyncio.run(asyncio.wait_for(view.show_async(), PATIENCE))
    assert seen == [threading.main_thread()]


def test_cancelling_show_async_closes_the_window():
    view = WebView(html=RECORDING_PAGE)

    async def main():
        opened = asyncio.Event()
        loop = asyncio.get_running_loop()
        view.on_ready(lambda: loop.call_soon_threadsafe(opened.set))
        showing = asyncio.create_task(view.show_async())
        await asyncio.wait_for(opened.wait(), PATIENCE)
        showing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await showing

    asyncio.run(main())
    assert view.wait(PATIENCE)


def test_waiting_on_a_running_loop_is_refused_with_the_remedy(view):
    async def main():
        with pytest.raises(UsageError, match="await"):
            view.eval_js("1").result(5)
        with pytest.raises(UsageError, match="show_async"):
            view.wait(5)
        with pytest.raises(UsageError, match="show_async"):
            WebView(html="x").show()
        return await view.eval_js("1 + 1")

    assert asyncio.run(main()) == 2


def test_calls_that_wait_are_answered_after_the_programs_loop_has_ended(view):
    async def register():
        @view.bind_call("later")
        async def later():
            await asyncio.sleep(0)
            return "answered"

        return await view.eval_js("1")

    assert asyncio.run(register()) == 1
    assert run(view, "return await auroraview.call('later')") == "answered"


def test_future_callbacks_may_start_more_work_and_may_not_wait(view):
    told = Record()

    def callback(future):
        try:
            view.eval_js("1").result(5)
        except UsageError:
            told("refused")
        view.eval_js("'more'").add_done_callback(lambda more: told(more.result(0)))

    view.eval_js("1").add_done_callback(callback)
    assert told.wait(2) == [("refused",), ("more",)]
