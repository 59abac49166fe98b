"""What goes by different ways keeps its order, on either lane: frames, scripts, large data, the end of a page."""

from __future__ import annotations

import threading

import pytest

from auroraview import Bridge, ViewClosed, WebView
from tests.e2e.helpers import PATIENCE, Record, ask, wait_for
from tests.e2e.pages import RECORDING_PAGE, run, run_async

pytestmark = pytest.mark.each_lane

MEBIBYTE = 2**20

#: Keeps of each event its number and how long its data is.
PAGE = """<!doctype html><meta charset=utf-8><script>
var got = [];
auroraview.on('tick', (n) => got.push(n));
auroraview.on('data', ({n, data}) => got.push([n, data.length, data[0] ?? null, data[data.length - 1] ?? null]));
</script><body>Order"""


@pytest.fixture
def view(webview):
    bridge = Bridge()
    bridge.bind_call("echo", lambda value: value)
    return webview(html=PAGE, bridge=bridge)


def test_a_script_sees_what_was_emitted_before_it(view):
    for n in range(100):
        view.emit("tick", n)
        assert ask(view, "got.length && got[got.length - 1]") == n


def test_a_script_sees_large_data_that_was_emitted_before_it(view):
    for n in range(10):
        view.emit("data", {"n": n, "data": bytes([n]) * (3 * MEBIBYTE)})
        assert ask(view, "got[got.length - 1]") == [n, 3 * MEBIBYTE, n, n]


def test_scripts_that_were_asked_before_an_emit_do_not_wait_for_their_values(view):
    scripts = []
    for n in range(100):
        scripts.append(view.eval_js(f"got.push('script {n}')"))
        view.emit("tick", n)
        scripts[-1].result(PATIENCE)
    wait_for(lambda: ask(view, "got.length") == 200, "all of it")
    got = ask(view, "got")
    assert [entry for entry in got if isinstance(entry, str)] == [f"script {n}" for n in range(100)]
    assert [entry for entry in got if isinstance(entry, int)] == list(range(100))


def test_what_a_script_has_sent_was_received_before_its_value(view):
    """The value says that the program has it: its handlers run in that order, whatever they wait for."""
    seen = Record()
    view.on("said", seen)
    view.on("asked", seen)
    for n in range(100):
        before = view.stats["calls"]
        ask(view, f"auroraview.call('echo', [{n}]); auroraview.send_event('said', {n}); null")
        assert view.stats["calls"] == before + 1
    assert seen.wait(100) == [(n,) for n in range(100)]


def test_calls_and_events_are_handled_in_the_order_of_the_page(view):
    order = []
    view.bind_call("call", lambda n, data=None: order.append(n))
    view.on("event", lambda detail: order.append(detail["n"]))
    script = """
      const sizes = [0, 10, 70_000, 3_000_000];
      const waits = [];
      for (let n = 0; n < 120; n += 2) {
        const data = new Uint8Array(sizes[n / 2 % sizes.length]);
        waits.push(auroraview.call('call', [n, data]));
        auroraview.send_event('event', {n: n + 1, data});
        if (n % 10 === 0) await null;
      }
      await Promise.all(waits);
    """
    run(view, script)
    wait_for(lambda: len(order) == 120, "all handlers")
    assert order == list(range(120))


def test_what_a_handler_emits_arrives_before_its_result(view):
    @view.bind_call("work")
    def work(n):
        view.emit("tick", n)
        view.emit("data", {"n": n, "data": bytes(n * 40_000)})
        return n

    script = """
      for (let n = 0; n < 50; n++) {
        await auroraview.call('work', [n]);
        const last = got.slice(-2);
        if (last[0] !== n || last[1][0] !== n || last[1][1] !== n * 40_000) return [n, last];
      }
      return 'in order';
    """
    assert run(view, script) == "in order"


def test_emits_of_all_sizes_arrive_in_order_and_whole(view):
    sizes = [0, 1, 1_000, 60_000, 64 * 1024, 70_000, 128 * 1024, MEBIBYTE - 1, MEBIBYTE, MEBIBYTE + 1, 5 * MEBIBYTE]
    for turn in range(3):
        for n, size in enumerate(sizes):
            view.emit("data", {"n": turn * 100 + n, "data": bytes([n + 1]) * size})
    wait_for(lambda: ask(view, "got.length") == 3 * len(sizes), "all of it")
    expected = [
        [turn * 100 + n, size, n + 1 if size else None, n + 1 if size else None]
        for turn in range(3)
        for n, size in enumerate(sizes)
    ]
    assert ask(view, "got") == expected


def test_each_thread_s_emits_keep_their_order_whatever_their_size(view):
    def work(name):
        for n in range(100):
            view.emit("data", {"n": name * 1000 + n, "data": bytes(n * 3_000)})

    threads = [threading.Thread(target=work, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    wait_for(lambda: ask(view, "got.length") == 400, "all of it")
    got = ask(view, "got.map(([n, length]) => [n, length])")
    for name in range(4):
        mine = [(n % 1000, length) for n, length in got if n // 1000 == name]
        assert mine == [(n, n * 3_000) for n in range(100)]


def test_a_stream_of_events_keeps_no_script_and_no_timer_waiting(view):
    """Frames go before the engine's own messages, but not for ever."""
    stop = threading.Event()
    emitted = 0

    def stream():
        nonlocal emitted
        while not stop.wait(0.0005):
            view.emit("tick", emitted)
            emitted += 1

    streaming = threading.Thread(target=stream)
    streaming.start()
    try:
        for n in range(20):
            assert ask(view, f"{n} + 1", 10) == n + 1
            assert ask(view, "new Promise((resolve) => setTimeout(() => resolve('timer'), 0))", 10) == "timer"
            assert ask(view, "new Promise((resolve) => requestAnimationFrame(() => resolve('frame')))", 10) == "frame"
    finally:
        stop.set()
        streaming.join(PATIENCE)
    wait_for(lambda: ask(view, "got.length") == emitted, "all events")
    assert ask(view, "got.every((n, at) => n === at)") is True


def test_the_last_words_of_a_page_arrive_before_the_next_document(webview):
    heard = []
    view = WebView(
        html=RECORDING_PAGE
        + """<script>addEventListener('pagehide', () => {
          for (let n = 0; n < 50; n++) auroraview.send_event('last', n);
          auroraview.send_event('data', new Uint8Array(2_000_000));
        })</script>"""
    )
    view.on("last", heard.append)
    view.on("data", lambda data: heard.append(len(data)))
    webview(view)
    view.peer.on("gone", lambda: heard.append("gone"))
    for _ in range(3):
        heard.clear()
        before = view.peer.generation
        view.reload()
        wait_for(lambda before=before: view.peer.generation > before and view.is_ready, "the next document")
        wait_for(lambda: len(heard) == 52, "the last words")
        assert [entry for entry in heard if entry != "gone"] == [*range(50), 2_000_000]


#: More at a time than the lane takes at once: it has a few pieces of shared memory.
MANY_LARGE = "for (let n = 0; n < 40; n++) auroraview.send_event('many', {n, data: new Uint8Array(100_000)});"


def test_large_data_that_a_script_has_sent_was_received_before_its_value(view):
    heard = Record()
    view.on("many", lambda detail: heard(detail["n"]))
    for turn in range(1, 4):
        before = view.stats["events"]
        ask(view, f"{MANY_LARGE} null")
        assert view.stats["events"] == before + 40
        assert heard.wait(40 * turn)[-40:] == [(n,) for n in range(40)]


def test_large_last_words_of_a_page_arrive_before_the_next_document(webview):
    heard = []
    view = WebView(html=RECORDING_PAGE + f"<script>addEventListener('pagehide', () => {{ {MANY_LARGE} }})</script>")
    view.on("many", lambda detail: heard.append(detail["n"]))
    webview(view)
    for _ in range(3):
        heard.clear()
        before = view.peer.generation
        view.reload()
        wait_for(lambda before=before: view.peer.generation > before and view.is_ready, "the next document")
        wait_for(lambda: len(heard) == 40, "the last words")
        assert heard == list(range(40))


def test_a_call_that_closes_the_window_is_handled_after_what_was_sent_before_it(webview):
    view = webview(html=PAGE)
    heard = []
    view.on("said", heard.append)
    view.bind_call("quit", lambda: (heard.append("quit"), view.close()))
    future = run_async(
        view,
        "for (let n = 0; n < 100; n++) auroraview.send_event('said', n); return await auroraview.call('quit')",
    )
    assert view.wait(PATIENCE)
    with pytest.raises(ViewClosed):
        raise future.exception(PATIENCE) or ViewClosed("it was answered first")
    assert heard == [*range(100), "quit"]
