"""Documents come and go while much is under way: nothing hangs, nothing of the old reaches the new, the new works."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from auroraview import Bridge, ViewClosed, current_call
from tests.e2e.helpers import PATIENCE, Record, ask, wait_for
from tests.e2e.pages import RECORDING_PAGE, WindowEnd, run, run_async, wait_events

pytestmark = pytest.mark.each_lane

CALLS = 1_000

#: Half of the calls are served by a coroutine, half by a plain function; what became of them is counted in the page.
STORM = f"""
  var outcomes = {{}};
  for (let n = 0; n < {CALLS}; n++) {{
    auroraview.call(n % 2 ? 'coroutine' : 'plain', [n], {{timeout: 0}}).then(
      () => outcomes.answered = (outcomes.answered ?? 0) + 1,
      (error) => outcomes[error.code] = (outcomes[error.code] ?? 0) + 1,
    );
  }}
  0
"""

STORMY_PAGE = (
    """<!doctype html><meta charset=utf-8><script>
  var restored = false;
  addEventListener('pageshow', (event) => { restored ||= event.persisted });
</script>"""
    + RECORDING_PAGE
)


class Handlers:
    """Two handlers that do not end by themselves, and what they saw."""

    def __init__(self) -> None:
        self.bridge = Bridge()
        self.started = self.cancelled = self.saw_cancelled = 0
        self.plain_started = threading.Event()
        self.bridge.bind_call("coroutine", self.coroutine)
        self.bridge.bind_call("plain", self.plain)
        self.bridge.bind_call("echo", lambda value: value)

    async def coroutine(self, n):
        self.started += 1
        try:
            await asyncio.sleep(PATIENCE * 10)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise

    def plain(self, n):
        call = current_call()
        self.plain_started.set()
        deadline = time.monotonic() + PATIENCE
        while not call.cancelled and time.monotonic() < deadline:
            time.sleep(0.001)
        self.saw_cancelled += call.cancelled


def storm(view, handlers):
    """Makes the calls; returns when handlers of both kinds are running."""
    ask(view, STORM)
    assert handlers.plain_started.wait(PATIENCE)
    wait_for(lambda: handlers.started, "a coroutine")


def check_that_all_ended(view, handlers):
    wait_for(lambda: view.peer.stats["calls_in_flight"] == 0, "the end of all calls")
    wait_for(lambda: handlers.cancelled == handlers.started, "the end of all coroutines")
    wait_for(lambda: handlers.saw_cancelled, "a plain handler that saw it")


def check_that_it_works(view):
    """The document that is there now calls, is called, and gets events."""
    script = "return await Promise.all(Array.from({length: 100}, (_, n) => auroraview.call('echo', [n])))"
    assert run(view, script) == list(range(100))
    page = WindowEnd(view.bridge, view)
    before = len(page.events())
    view.emit("tick", "works")
    assert wait_events(page, before + 1)[before:] == [["tick", "works"]]


def next_document(view, act):
    """Does something that brings another document, and waits for it."""
    before = view.peer.generation
    act()
    wait_for(lambda: view.peer.generation > before and view.is_ready, "the next document")


LEAVING = {
    "a reload by the program": lambda view: view.reload(),
    "a reload by the page": lambda view: ask(view, "setTimeout(() => location.reload(), 0); 0"),
    "another text of the program": lambda view: view.load_html(STORMY_PAGE + "<p>another"),
    "a link of the page": lambda view: ask(view, "setTimeout(() => { location.href = '/other' }, 0); 0"),
}


@pytest.mark.parametrize("how", LEAVING)
def test_in_the_middle_of_a_thousand_calls_comes(webview, server, how):
    handlers = Handlers()
    server.page("/other", STORMY_PAGE)
    view = webview(url=server.page("/", STORMY_PAGE), bridge=handlers.bridge)
    storm(view, handlers)
    next_document(view, lambda: LEAVING[how](view))
    check_that_all_ended(view, handlers)
    check_that_it_works(view)


def test_the_page_that_returns_from_the_back_forward_cache_works_again(webview, server):
    handlers = Handlers()
    handlers.bridge.bind_api(type("Api", (), {"hello": lambda self: "hello"})())
    first = server.page("/", STORMY_PAGE, Cache_Control="max-age=60")
    server.page("/other", STORMY_PAGE, Cache_Control="max-age=60")
    view = webview(url=first, bridge=handlers.bridge)
    view.emit("settings", "kept", retain=True)
    wait_events(WindowEnd(view.bridge, view), 1)
    storm(view, handlers)
    next_document(view, lambda: ask(view, "setTimeout(() => { location.href = '/other' }, 0); 0"))
    check_that_all_ended(view, handlers)
    check_that_it_works(view)
    next_document(view, lambda: ask(view, "setTimeout(() => history.back(), 0); 0"))
    assert ask(view, "[location.pathname, restored]") == ["/", True], "it did not come out of the cache"
    assert ask(view, "outcomes") == {"closed": CALLS}
    assert run(view, "return await auroraview.api.hello()") == "hello"
    events = wait_events(WindowEnd(view.bridge, view), 2)
    assert events == [["settings", "kept"], ["settings", "kept"]]
    check_that_it_works(view)
    # And once more, in the other direction.
    next_document(view, lambda: ask(view, "setTimeout(() => history.forward(), 0); 0"))
    assert ask(view, "[location.pathname, restored]") == ["/other", True]
    check_that_it_works(view)


def test_closing_in_the_middle_of_a_thousand_calls_hangs_nobody(webview):
    handlers = Handlers()
    view = webview(html=STORMY_PAGE, bridge=handlers.bridge)
    storm(view, handlers)
    view.close()
    assert view.wait(PATIENCE)
    check_that_all_ended(view, handlers)
    # The same view again, with the same handlers.
    webview(view)
    check_that_it_works(view)


def test_a_page_that_closes_its_window_ends_its_calls(webview, server):
    handlers = Handlers()
    view = webview(url=server.page("/", STORMY_PAGE), bridge=handlers.bridge)
    storm(view, handlers)
    view.eval_js("window.close(); 0").exception(PATIENCE)
    assert view.wait(PATIENCE), "window.close() closes the window"
    check_that_all_ended(view, handlers)


def test_results_for_the_old_document_never_reach_the_new_one(view):
    held, gate = Record(), []

    @view.bind_call("old")
    async def old():
        release = asyncio.Event()
        gate.append((asyncio.get_running_loop(), release))
        try:
            await asyncio.sleep(PATIENCE * 10)
        except asyncio.CancelledError:
            held()
            await release.wait()
        return "old"

    waiting = []

    @view.bind_call("new")
    async def new(n):
        release = asyncio.Event()
        waiting.append((asyncio.get_running_loop(), release))
        await release.wait()
        return n

    ask(view, "for (let n = 0; n < 20; n++) auroraview.call('old'); 0")
    wait_for(lambda: len(gate) == 20, "the old calls")
    next_document(view, view.reload)
    held.wait(20)
    # The new document uses the same numbers for its calls.
    answers = run_async(
        view, "return await Promise.all(Array.from({length: 20}, (_, n) => auroraview.call('new', [n])))"
    )
    wait_for(lambda: len(waiting) == 20, "the new calls")
    for loop, release in gate:
        loop.call_soon_threadsafe(release.set)
    wait_for(lambda: view.stats["handlers"]["old"]["runs"] == 20, "the end of the old calls")
    for loop, release in waiting:
        loop.call_soon_threadsafe(release.set)
    assert answers.result(PATIENCE) == '{"value":[' + ",".join(map(str, range(20))) + "]}"


def test_many_reloads_in_a_row_end_with_one_document_that_works(webview):
    view = webview(html=STORMY_PAGE)
    view.bind_call("echo", lambda value: value)
    for _ in range(20):
        view.reload()
        view.eval_js("auroraview.call('echo', [1]); 0").exception(PATIENCE)
    view.wait_ready(PATIENCE)
    check_that_it_works(view)


def test_eval_js_that_waits_ends_with_the_document(view):
    waits = view.eval_js("new Promise(() => {})")
    ask(view, "1")
    view.reload()
    with pytest.raises(ViewClosed):
        waits.result(PATIENCE)
    view.wait_ready(PATIENCE)
    assert ask(view, "1 + 1") == 2


def test_on_ready_is_told_of_each_document_and_peers_tell_its_life(webview):
    view = webview()
    ready, life = Record(), Record()
    view.on_ready(ready)
    ready.wait()
    for event in ("document", "ready", "gone"):
        view.peer.on(event, lambda event=event: life(event))
    first = view.info["document"]
    next_document(view, view.reload)
    ready.wait(2)
    assert view.info["document"] not in (None, first)
    assert [event for (event,) in life.wait(3)] == ["gone", "document", "ready"]
    view.close()
    assert view.wait(PATIENCE)
    assert life.wait(4)[3] == ("gone",)
    assert view.info["document"] is None
    assert len(ready.seen) == 2


def test_a_ready_function_that_fails_or_works_with_the_page_harms_nobody(webview):
    view = webview(html=RECORDING_PAGE)
    got = Record()

    @view.on_ready
    def fails():
        raise ValueError("in on_ready")

    @view.on_ready
    def works():
        view.emit("done")
        got(view.eval_js("document.readyState").result(PATIENCE))

    assert got.wait()[0][0] in ("interactive", "complete")
    next_document(view, view.reload)
    got.wait(2)
    assert wait_events(WindowEnd(view.bridge, view), 1) == [["done", None]]
