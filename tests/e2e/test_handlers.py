"""What handlers may do while they run, wherever they run: bind, unbind, emit, evaluate, open and close windows.

An action is written once, as a generator that yields the futures it waits for; plain handlers wait with ``result()``,
coroutines with ``await``.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
import time

import pytest

from auroraview import Bridge, RemoteError, UsageError, ViewClosed, WebView, current_call
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.pages import RECORDING_PAGE, WindowEnd, run, run_async, wait_events

pytestmark = pytest.mark.each_lane

PLACES = ["worker", "pool", "main", "asyncio"]


def install(owner, name, action, place):
    """Binds an action as a handler that runs in a place."""

    @functools.wraps(action)
    def plain(*args):
        steps, value = action(*args), None
        while True:
            try:
                future = steps.send(value)
            except StopIteration as end:
                return end.value
            value = future.result(PATIENCE)

    @functools.wraps(action)
    async def coroutine(*args):
        steps, value = action(*args), None
        while True:
            try:
                future = steps.send(value)
            except StopIteration as end:
                return end.value
            value = await future

    if place == "asyncio":
        owner.bind_call(name, coroutine)
    else:
        owner.bind_call(name, plain, thread=place)


@pytest.fixture(params=PLACES)
def place(request):
    return request.param


@pytest.fixture(scope="module")
def shared(lane):
    with opened(html=RECORDING_PAGE) as view:
        yield WindowEnd(view.bridge, view)


@pytest.fixture
def page(shared):
    """One window for all, with nothing recorded."""
    ask(shared.view, "seen.length = 0")
    return shared


def test_a_handler_runs_in_its_place(page, place):
    def action():
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            loop = None
        return [threading.current_thread() is threading.main_thread(), loop is not None, current_call().method]
        yield

    install(page.view, "where", action, place)
    assert run(page.view, "return await auroraview.call('where')") == [place == "main", place == "asyncio", "where"]


def test_a_handler_may_evaluate_a_script_and_wait_for_it(page, place):
    def action():
        title = yield page.view.eval_js("document.title")
        promised = yield page.view.eval_js("Promise.resolve(title2 = 'set by the script')")
        return [title, promised]

    install(page.view, "work", action, place)
    assert run(page.view, "return await auroraview.call('work')") == ["Recorder", "set by the script"]


def test_a_handler_may_wait_for_a_script_that_itself_calls_python(page, place):
    def inner(n):
        return n + 1
        yield

    def action():
        return (yield page.view.eval_js("auroraview.call('inner', [20]).then((n) => n * 2)"))

    for inner_place in PLACES:
        install(page.view, "inner", inner, inner_place)
        install(page.view, "outer", action, place)
        assert run(page.view, "return await auroraview.call('outer')") == 42, inner_place


def test_handlers_and_scripts_may_be_nested_deeper(page, place):
    def action(n):
        if n == 0:
            return 0
        return (yield page.view.eval_js(f"auroraview.call('nest', [{n - 1}])")) + 1

    install(page.view, "nest", action, place)
    assert run(page.view, "return await auroraview.call('nest', [20])") == 20
    # And all of them at a time.
    script = "return await Promise.all([3, 5, 8].map((n) => auroraview.call('nest', [n])))"
    assert run(page.view, script) == [3, 5, 8]


def test_a_handler_may_bind_and_unbind_also_itself(page, place):
    def action():
        assert page.view.unbind("work")
        page.view.bind_call("born", lambda: "born in a handler")
        return (yield page.view.eval_js("auroraview.call('born')"))

    install(page.view, "work", action, place)
    assert run(page.view, "return await auroraview.call('work')") == "born in a handler"
    with pytest.raises(RemoteError, match="MethodNotFound"):
        run(page.view, "return await auroraview.call('work')")


def test_a_handler_may_remove_itself_from_an_event(page):
    rest = Record()

    def once(value):
        page.view.off("news", once)
        rest(value)

    page.view.on("news", once)
    page.view.on("marker", rest)
    ask(page.view, "for (const n of [1, 2, 3]) auroraview.send_event('news', n); auroraview.send_event('marker', 9)")
    assert rest.wait(2) == [(1,), (9,)]


def test_what_a_handler_emits_reaches_the_page_before_its_result(page, place):
    def action():
        for n in range(20):
            page.view.emit("tick", n)
        yield page.view.eval_js("0")
        page.view.emit("tock", "last")
        return "result"

    install(page.view, "work", action, place)
    result, events = run(page.view, "const result = await auroraview.call('work'); return [result, seen]")
    assert (result, events) == ("result", [*(["tick", n] for n in range(20)), ["tock", "last"]])


def test_a_handler_may_open_a_window_talk_to_it_and_close_it(page, place):
    other = WebView("Other", html="<title>Another page</title>")

    def action():
        other.show(wait=False)
        title = yield other.eval_js("document.title")
        other.window.title = "Set by a handler"
        other.window.size = (500, 400)
        other.close()
        return [title, other.window.title]

    install(page.view, "work", action, place)
    try:
        assert run(page.view, "return await auroraview.call('work')") == ["Another page", "Set by a handler"]
        assert other.wait(PATIENCE)
    finally:
        other.close()


def test_a_handler_may_close_its_own_window(webview, place):
    view = webview()
    after = Record()

    def action():
        view.close()
        after(current_call().method)
        view.emit("tick", "to nobody")
        view.close()
        return "nobody waits"
        yield

    install(view, "close", action, place)
    answer = run_async(view, "return await auroraview.call('close')")
    assert view.wait(PATIENCE)
    # On the main thread, waiting is what runs the handler.
    assert after.wait() == [("close",)]
    error = answer.exception(PATIENCE)
    assert error is None or isinstance(error, ViewClosed)


def test_a_handler_may_reload_its_own_page(page, place):
    ran = Record()

    def action():
        ran()
        page.view.reload()
        return (yield page.view.eval_js("document.title"))

    before = page.peer.generation
    install(page.view, "again", action, place)
    run_async(page.view, "return await auroraview.call('again')").exception(PATIENCE)
    wait_for(lambda: page.peer.generation > before and page.view.is_ready, "the next document")
    install(page.view, "again", lambda: iter(()), place)
    page.view.bind_call("echo", lambda value: value)
    assert run(page.view, "return await auroraview.call('echo', ['works'])") == "works"
    assert len(ran.seen) == 1


def test_a_handler_may_show_and_wait_for_another_window(webview):
    view = webview()
    dialog = WebView(
        "Dialog", html="<script>auroraview.whenReady().then(() => auroraview.call('answer', ['yes']))</script>"
    )
    answers = []

    @dialog.bind_call("answer")
    def answer(value):
        answers.append(value)
        dialog.close()

    @view.bind_call("question")
    def question():
        dialog.show()
        return answers

    assert run(view, "return await auroraview.call('question')") == ["yes"]


def test_the_worker_serves_the_next_call_while_a_handler_waits_inside_the_library(page):
    gate = Record()
    page.view.bind_call("other", lambda: gate() or "served")

    def action():
        return (yield page.view.eval_js("new Promise((resolve) => { window.finish = resolve })"))

    install(page.view, "waits", action, "worker")
    script = """
      const waiting = auroraview.call('waits');
      const other = await auroraview.call('other');
      while (!window.finish) await new Promise((resolve) => setTimeout(resolve, 1));
      window.finish('finished');
      return [other, await waiting];
    """
    assert run(page.view, script) == ["served", "finished"]


def test_waiting_on_the_asyncio_loop_is_refused_with_the_remedy(page):
    @page.view.bind_call("blocks")
    async def blocks():
        return page.view.eval_js("1").result(5)

    with pytest.raises(RemoteError) as raised:
        run(page.view, "return await auroraview.call('blocks')")
    assert raised.value.name == UsageError.__name__
    assert "await" in raised.value.message


def test_a_shared_bridge_serves_several_windows_and_emit_reaches_them_all(webview):
    bridge = Bridge(workers=2)
    views = [webview(html=RECORDING_PAGE, bridge=bridge) for _ in range(3)]
    bridge.bind_call("whose", lambda: views.index(next(v for v in views if v.peer is current_call().peer)))
    for number, view in enumerate(views):
        assert run(view, "return await auroraview.call('whose')") == number
    bridge.emit("tick", "everyone")
    views[1].emit("tock", "the second")
    for number, view in enumerate(views):
        expected = [["tick", "everyone"], *([["tock", "the second"]] if number == 1 else [])]
        assert wait_events(WindowEnd(bridge, view), len(expected)) == expected


def test_a_plain_handler_that_keeps_others_waiting_is_named_in_one_warning(page, caplog):
    begun = time.monotonic()

    @page.view.bind_call("sluggish")
    def sluggish():
        while time.monotonic() - begun < 1.3:
            time.sleep(0.05)

    page.view.bind_call("other", lambda: None)
    with caplog.at_level(logging.WARNING, "auroraview"):
        run(page.view, "await Promise.all(['sluggish', 'other', 'other'].map((name) => auroraview.call(name)))")
        warnings = wait_for(
            lambda: [record.getMessage() for record in caplog.records if "sluggish" in record.getMessage()],
            "the warning",
        )
    assert len(warnings) == 1
    assert 'thread="pool"' in warnings[0]
    assert "async def" in warnings[0]
