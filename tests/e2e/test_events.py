"""Events to a page in a window: when they arrive, in which order, how often; and a page that does not take them.

The recorder page keeps what it got; `number` events are followed by one `done`, which says that all have been.
"""

from __future__ import annotations

import contextlib
import gc
import threading
import time
from pathlib import Path

import pytest

from auroraview import Backpressure, Bridge, Limits, WebView
from tests.e2e.helpers import PATIENCE, Record, ask, wait_for
from tests.e2e.pages import RECORDING_PAGE, WindowEnd, run, wait_events

pytestmark = pytest.mark.each_lane

#: Counts instead of keeping: the sum of what came out of order stays 0.
COUNTING_PAGE = """<!doctype html><script>
var count = 0, disorder = 0, next = 0, bytes = 0;
auroraview.on('number', ({n, filling}) => {
  if (n !== next) disorder++;
  next = n + 1; count++; bytes += filling.length;
});
auroraview.on('done', () => { auroraview.send_event('counted', {count, disorder, bytes}) });
</script><body>Counts"""


def recorder(webview, **options):
    view = webview(html=RECORDING_PAGE, **options)
    return WindowEnd(view.bridge, view)


def test_emits_before_show_arrive_in_order_and_once(webview):
    view = WebView(html=RECORDING_PAGE)
    expected = []
    for n in range(200):
        view.emit("tick", n)
        expected.append(["tick", n])
    view.emit_batch([("tock", 1), ("tock", 2)])
    expected += [["tock", 1], ["tock", 2]]
    webview(view, ready=False)
    view.emit("done")
    page = WindowEnd(view.bridge, view)
    assert wait_events(page, len(expected) + 1) == [*expected, ["done", None]]


def test_emits_before_the_page_is_ready_wait_for_its_handlers(webview, server):
    # The script that registers the handlers comes after a slow one, so DOMContentLoaded is late.
    address = server.page("/", f"<!doctype html><body><script src='/slow.js'></script>{RECORDING_PAGE}")
    release = server.hold("/slow.js", "var slow = true", Content_Type="text/javascript")
    view = webview(url=address, ready=False)
    wait_for(lambda: "/slow.js" in server.requests, "the request of the slow script")
    for n in range(20):
        view.emit("tick", n)
    assert not view.is_ready
    release.set()
    page = WindowEnd(view.bridge, view)
    assert wait_events(page, 20) == [["tick", n] for n in range(20)]


def test_emits_around_reloads_arrive_in_order_and_none_is_lost(webview):
    view, counted = WebView(html=RECORDING_PAGE), Record()
    seen: list[list[int]] = []
    view.on("page_saw", lambda numbers: seen.append(numbers))
    # Each document reports what it got when it goes; what it did not acknowledge the next one gets.
    view.load_html(
        RECORDING_PAGE + "<script>var report = () => auroraview.send_event('page_saw', seen.map(([, n]) => n));"
        "addEventListener('pagehide', report); auroraview.on('done', report)</script>"
    )
    view.on("page_saw", counted)
    webview(view)
    number = 0
    for _ in range(4):
        for _ in range(100):
            view.emit("tick", number)
            number += 1
        generation = view.peer.generation
        view.reload()
        for _ in range(100):
            view.emit("tick", number)
            number += 1
        wait_for(lambda before=generation: view.peer.generation > before and view.is_ready, "the reload")
    view.emit("done")
    wait_for(lambda: seen and seen[-1] and seen[-1][-1] is None, "the report of the last page")
    documents = [[n for n in numbers if n is not None] for numbers in seen]
    for numbers in documents:
        assert numbers == sorted(set(numbers)), "within a document each once, in order"
    assert sorted({n for numbers in documents for n in numbers}) == list(range(number)), "none lost"


def test_a_retained_event_reaches_a_page_loaded_later_and_a_handler_registered_late(webview):
    page = recorder(webview)
    view = page.view
    for value in range(5):
        view.emit("settings", {"value": value}, retain=True)
    view.emit("unheard", "first", retain=True)
    view.emit("unheard", "last", retain=True)
    assert wait_events(page, 5)[-1] == ["settings", {"value": 4}]
    late = "return await new Promise((resolve) => auroraview.on('unheard', resolve))"
    assert run(view, late) == "last"
    for load in (page.reload, lambda: view.load_html(RECORDING_PAGE + "<p>another")):
        before = view.peer.generation
        load()
        wait_for(lambda before=before: view.peer.generation > before and view.is_ready, "the document")
        assert wait_events(page, 1) == [["settings", {"value": 4}]]
        assert run(view, late) == "last"


def test_retained_events_come_before_what_was_emitted_and_survive_a_closed_window(webview):
    view = WebView(html=RECORDING_PAGE)
    view.emit("tick", "before the settings")
    view.emit("settings", "kept", retain=True)
    page = WindowEnd(view.bridge, webview(view))
    assert wait_events(page, 2) == [["settings", "kept"], ["tick", "before the settings"]]
    view.close()
    assert view.wait(PATIENCE)
    view.emit("tick", "to nobody")
    view.emit("settings", "newer", retain=True)
    webview(view)
    view.emit("done")
    assert wait_events(page, 2) == [["settings", "newer"], ["done", None]]


def test_handlers_of_the_page_that_throw_stop_nobody(webview):
    page = recorder(webview)
    script = """
      var order = [];
      auroraview.on('tick', () => { order.push('throws'); throw new Error('of the page') });
      auroraview.on('tick', async () => { order.push('rejects'); throw new Error('of the page, later') });
      auroraview.on('tick', (value) => { order.push(value) });
      0
    """
    ask(page.view, script)
    page.view.emit("tick", 1)
    page.view.emit("tick", 2)
    wait_events(page, 2)
    assert ask(page.view, "order") == ["throws", "rejects", 1, "throws", "rejects", 2]
    page.view.bind_call("next", lambda: "fine")
    assert run(page.view, "return await auroraview.call('next')") == "fine"


def test_once_off_and_unsubscribe_end_a_handler(webview):
    page = recorder(webview)
    script = """
      var got = [];
      auroraview.once('late', (value) => got.push(['once', value]));
      var stop = auroraview.on('late', (value) => { got.push(['on', value]); if (value === 2) stop() });
      var both = (value) => got.push(['off', value]);
      auroraview.on('late', both);
      0
    """
    ask(page.view, script)
    page.view.emit("late", 1)
    page.view.emit("late", 2)
    wait_events(page, 2)
    ask(page.view, "auroraview.off('late', both)")
    page.view.emit("late", 3)
    wait_events(page, 3)
    assert ask(page.view, "got") == [["once", 1], ["on", 1], ["off", 1], ["on", 2], ["off", 2]]


def test_trigger_stays_within_the_page(view):
    seen, marker = Record(), Record()
    view.on("mine", seen)
    view.on("marker", marker)
    script = """
      const got = [];
      auroraview.on('mine', (value) => got.push(value));
      auroraview.trigger('mine', {a: 1}); auroraview.trigger('mine');
      auroraview.send_event('marker');
      return got;
    """
    assert run(view, script) == [{"a": 1}, None]
    marker.wait()
    assert seen.seen == []


def test_ten_thousand_emits_arrive_in_order(webview):
    view, counted = webview(html=COUNTING_PAGE), Record()
    view.on("counted", counted)
    for n in range(10_000):
        view.emit("number", {"n": n, "filling": "x"})
    view.emit("done")
    assert counted.wait() == [({"count": 10_000, "disorder": 0, "bytes": 10_000},)]


def test_each_threads_emits_keep_their_order(webview):
    page = recorder(webview)
    names = ["tick", "tock", "late"]

    def work(name):
        for n in range(500):
            page.view.emit(name, n)

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    events = wait_events(page, 1500)
    for name in names:
        assert [detail for event, detail in events if event == name] == list(range(500))


@contextlib.contextmanager
def blocked(view, server):
    """The page is stuck within a script until the end of the block."""
    release = server.hold("/stuck")
    view.eval_js("setTimeout(() => { const r = new XMLHttpRequest(); r.open('GET', '/stuck', false); r.send() }, 0); 0")
    wait_for(lambda: "/stuck" in server.requests, "the stuck page")
    try:
        yield
    finally:
        release.set()


def resident_bytes():
    fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) * 1024


def test_a_page_that_is_blocked_for_seconds_costs_bounded_memory_and_then_gets_everything(webview, server):
    view, counted = webview(url=server.page("/", COUNTING_PAGE)), Record()
    view.on("counted", counted)
    filling = "x" * 10_000
    gc.collect()
    before = resident_bytes()
    with blocked(view, server):
        until = time.monotonic() + 3
        number = 0
        while number < 3_000 or time.monotonic() < until:
            view.emit("number", {"n": number, "filling": filling})
            number += 1
            if number >= 3_000:
                time.sleep(0.01)
        grown = resident_bytes() - before
        queued = view.stats["queued_messages"]
        view.emit("done")
    assert queued >= number - 100, "the page took nothing while it was blocked"
    assert grown < 3 * number * len(filling)
    assert counted.wait() == [({"count": number, "disorder": 0, "bytes": number * len(filling)},)]
    wait_for(lambda: view.stats["queued_bytes"] == 0, "an empty queue")


def emit_until_refused(view):
    """Emits numbers until the queue is full; how many were accepted."""
    for n in range(100_000):
        try:
            view.emit("number", {"n": n, "filling": "x" * 100})
        except Backpressure:
            return n
    raise AssertionError("nothing was refused")


@pytest.mark.parametrize("limits", [Limits(queue_messages=500), Limits(queue_bytes=50_000)], ids=["messages", "bytes"])
def test_past_the_queue_emit_raises_backpressure_and_what_was_accepted_arrives(webview, server, limits):
    view = webview(url=server.page("/", COUNTING_PAGE), bridge=Bridge(limits=limits))
    counted = Record()
    view.on("counted", counted)
    with blocked(view, server):
        accepted = emit_until_refused(view)
        assert 200 < accepted <= 500
        with pytest.raises(Backpressure):
            view.emit_batch([("number", {"n": -1, "filling": ""})] * 500)
    wait_for(lambda: view.stats["queued_messages"] == 0, "an empty queue")
    view.emit("done")
    assert counted.wait() == [({"count": accepted, "disorder": 0, "bytes": accepted * 100},)]


def test_a_broadcast_past_the_queue_resets_the_page_and_says_so(webview, server):
    bridge = Bridge(limits=Limits(queue_messages=100))
    view = webview(url=server.page("/", RECORDING_PAGE), bridge=bridge)
    page = WindowEnd(bridge, view)
    ask(view, "var resets = []; auroraview.onReset((detail) => resets.push(detail)); 0")
    view.emit("settings", "kept", retain=True)
    wait_events(page, 1)
    with blocked(view, server):
        for n in range(1_000):
            bridge.emit("tick", n)
        bridge.emit("done")
    wait_for(lambda: ["done", None] in page.events(), "the last event")
    events, resets = run(view, "return [seen, resets]")
    assert resets
    assert all(reset["reason"] for reset in resets)
    assert ["settings", "kept"] in events[1:], "retained values come again after a reset"
    ticks = [detail for name, detail in events if name == "tick"]
    assert ticks == sorted(set(ticks))
    assert len(ticks) < 1_000
    assert ticks[-1] == 999
