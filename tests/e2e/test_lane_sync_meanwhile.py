"""While a page waits in ``auroraview.callSync``: nobody else does, nothing is lost, and it has an end."""

from __future__ import annotations

import threading

import pytest

from auroraview import Bridge, RemoteError, ViewClosed, WebView, current_call
from tests.e2e.helpers import PATIENCE, Record, ask, wait_for
from tests.e2e.lane_ends import host_end
from tests.e2e.pages import RECORDING_PAGE, WindowEnd, run, run_async, wait_events
from tests.e2e.test_crash import kill_web_processes
from tests.e2e.test_lane_sync import CODE, SYNC, twice


@pytest.fixture
def view(webview):
    shown = webview(html=RECORDING_PAGE)
    shown.bind_call("twice", twice, sync=True)
    return shown


@pytest.fixture
def gate():
    """Set at the end of a test at the latest, so that no handler waits on."""
    event = threading.Event()
    yield event
    event.set()


# Time is up


def test_the_page_waits_no_longer_than_it_said_and_the_handler_sees_it(view, gate):
    ended = Record()

    @view.bind_call("stuck", sync=True)
    def stuck():
        ended(wait_for(lambda: current_call().cancelled, "the cancellation"))
        return "nobody gets this"

    with pytest.raises(RemoteError) as raised:
        run(view, SYNC, "stuck", [], {"timeout": 200})
    assert (raised.value.code, raised.value.name) == ("timeout", "TimeoutError")
    assert ended.wait() == [(True,)]
    # The answer that comes too late is not that of the next call.
    assert run(view, "return [1, 2, 3].map((n) => auroraview.callSync('twice', [n], {timeout: 20_000}))") == [2, 4, 6]
    wait_for(lambda: view.stats["calls_in_flight"] == 0, "the end of the calls")


def test_a_second_is_what_it_waits_when_nothing_is_said(view, gate):
    view.bind_call("stuck", lambda: gate.wait(PATIENCE), thread="pool", sync=True)
    assert run(view, CODE, "stuck") == "timeout"


def test_a_worker_that_is_busy_lets_the_time_run_out_and_a_pool_does_not(view, gate):
    begun = Record()

    @view.bind_call("busy")
    def busy():
        begun()
        gate.wait(PATIENCE)
        return "done"

    view.bind_call("pooled", twice, thread="pool", sync=True)
    waiting = run_async(view, "return await auroraview.call('busy', [], {timeout: 0})")
    begun.wait()
    assert run(view, CODE, "twice", [1], {"timeout": 200}) == "timeout"
    assert run(view, SYNC, "pooled", [21], {"timeout": 20_000}) == 42
    gate.set()
    assert waiting.result(PATIENCE) == '{"value":"done"}'
    assert run(view, SYNC, "twice", [21], {"timeout": 20_000}) == 42


@pytest.mark.parametrize("timeout", ["-1", "'long'", "NaN"])
def test_a_time_that_is_none_is_a_type_error(view, timeout):
    script = (
        f"try {{ auroraview.callSync('twice', [1], {{timeout: {timeout}}}) }} catch (error) {{ return error.name }}"
    )
    assert run(view, script) == "TypeError"


# Meanwhile


def test_what_was_sent_before_is_handled_before(view):
    order = []
    view.on("said", order.append)
    view.bind_call("note", order.append, sync=True)
    view.bind_call("call", order.append)
    script = """
      for (let n = 0; n < 200; n += 4) {
        auroraview.send_event('said', n);
        auroraview.call('call', [n + 1]);
        auroraview.callSync('note', [n + 2], {timeout: 20_000});
        auroraview.send_event('said', n + 3);
      }
    """
    run(view, script)
    wait_for(lambda: len(order) == 200, "all handlers")
    assert order == list(range(200))


def test_events_that_come_while_the_page_waits_arrive_after_it_in_order(view):
    @view.bind_call("emits", sync=True)
    def emits():
        for n in range(50):
            view.emit("late", n)
        view.emit("late", bytes(3_000_000))
        return 50

    script = """
      let inside = false;
      const got = [];
      const stop = auroraview.on('late', (detail) => got.push([inside, detail.length ?? detail]));
      for (let turn = 0; turn < 3; turn++) {
        inside = true;
        auroraview.callSync('emits', [], {timeout: 20_000});
        inside = false;
      }
      while (got.length < 153) await new Promise((resolve) => setTimeout(resolve, 0));
      stop();
      return got;
    """
    turn = [[False, n] for n in range(50)] + [[False, 3_000_000]]
    assert run(view, script) == turn * 3


def test_answers_to_other_calls_come_as_they_would(view):
    view.bind_call("echo", lambda value: value)
    script = """
      const calls = [];
      for (let n = 0; n < 300; n++) {
        calls.push(auroraview.call('echo', [n]));
        if (n % 3 === 0 && auroraview.callSync('twice', [n], {timeout: 20_000}) !== 2 * n) return n;
      }
      const found = await Promise.all(calls);
      return found.every((value, n) => value === n);
    """
    assert run(view, script) is True


def test_a_handler_of_an_event_may_call(view):
    script = """
      window.doubled = [];
      auroraview.on('late', (n) => doubled.push(auroraview.callSync('twice', [n], {timeout: 20_000})));
    """
    run(view, script)
    for n in range(300):
        view.emit("late", n)
    wait_for(lambda: ask(view, "doubled.length") == 300, "all calls")
    assert ask(view, "doubled") == [2 * n for n in range(300)]


def test_the_program_and_other_windows_go_on_while_a_page_waits(webview, gate):
    bridge, begun = Bridge(workers=2), Record()
    one, two = (webview(title, html=RECORDING_PAGE, bridge=bridge) for title in ("One", "Two"))

    @bridge.bind_call("stuck", sync=True)
    def stuck():
        begun()
        gate.wait(PATIENCE)
        return "done"

    bridge.bind_call("twice", twice, sync=True)
    waiting = run_async(one, SYNC, "stuck", [], {"timeout": 25_000})
    begun.wait()
    for n in range(20):
        assert run(two, SYNC, "twice", [n], {"timeout": 20_000}) == 2 * n
        two.emit("tick", n)
    one.window.title = "One waits"
    assert one.window.title == "One waits"
    assert wait_events(WindowEnd(bridge, two), 20)[-1] == ["tick", 19]
    assert not waiting.done()
    gate.set()
    assert waiting.result(PATIENCE) == '{"value":"done"}'


def test_pages_that_wait_at_the_same_time_each_get_their_answer(webview):
    bridge = Bridge()
    views = [webview(f"Window {n}", html=RECORDING_PAGE, bridge=bridge) for n in range(3)]
    bridge.bind_call("twice", twice, sync=True)
    script = """
      for (let n = 0; n < 500; n++) {
        if (auroraview.callSync('twice', [args[0] + n], {timeout: 20_000}) !== 2 * (args[0] + n)) return n;
      }
      return 'done';
    """
    futures = [run_async(view, script, 1000 * number) for number, view in enumerate(views)]
    assert [future.result(PATIENCE) for future in futures] == ['{"value":"done"}'] * 3


# What would wait for ever


WAITS = {
    "eval_js": lambda view: view.eval_js("1").result(PATIENCE),
    "screenshot": lambda view: view.screenshot(),
    "print_pdf": lambda view: view.print_pdf("page.pdf"),
    "find": lambda view: view.find("text").result(PATIENCE),
}


@pytest.mark.parametrize("place", ["worker", "pool", "main"])
@pytest.mark.parametrize("what", WAITS)
def test_a_handler_that_needs_the_page_meanwhile_gets_a_usage_error(view, what, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    view.bind_call("waits", lambda: WAITS[what](view), thread=place, sync=True)
    with pytest.raises(RemoteError) as raised:
        run(view, SYNC, "waits", [], {"timeout": 20_000})
    assert raised.value.name == "UsageError"
    assert "callSync" in raised.value.message or "stands still" in raised.value.message
    assert run(view, SYNC, "twice", [2]) == 4


def test_a_handler_may_use_the_page_without_waiting_for_it_and_wait_for_others(webview, view):
    other = webview("Other", html="<p>other")
    scripts = []

    @view.bind_call("works", sync=True)
    def works():
        scripts.append(view.eval_js("'afterwards'"))
        view.emit("tick", 1)
        return other.eval_js("document.body.innerText").result(PATIENCE)

    assert run(view, SYNC, "works", [], {"timeout": 20_000}) == "other"
    assert scripts[0].result(PATIENCE) == "afterwards"
    assert wait_events(WindowEnd(view.bridge, view), 1) == [["tick", 1]]


def test_a_handler_waits_for_a_page_that_waits_for_another(view):
    view.bind_call(
        "outer", lambda: view.eval_js("auroraview.callSync('twice', [21], {timeout: 20000})").result(PATIENCE)
    )
    assert run(view, "return await auroraview.call('outer')") == 42


# The end of a page


ASKING_PAGE = """<script>addEventListener(MOMENT, () => {
  const ask = (n) => { try { return auroraview.callSync('last', [n]) } catch (error) { return error.code } };
  for (let n = 0; n < 3; n++) auroraview.send_event('told', ask(n));
})</script>"""


@pytest.mark.parametrize(
    ("moment", "answers"),
    # Whoever has left has no answers to come, as with any call.
    [("beforeunload", ["heard 0", "heard 1", "heard 2"]), ("pagehide", ["closed"] * 3)],
)
def test_a_page_that_is_about_to_leave_may_ask(webview, moment, answers):
    view, heard = WebView(html=ASKING_PAGE.replace("MOMENT", repr(moment))), Record()
    view.bind_call("last", lambda n: f"heard {n}", sync=True)
    view.on("told", heard)
    webview(view)
    # Without a gesture of the user an engine may leave `beforeunload` out; a script of the program is one.
    ask(view, "setTimeout(() => location.reload(), 0); 0")
    assert [told for (told,) in heard.wait(3)] == answers


def test_a_handler_that_closes_the_window_hangs_nobody(view):
    view.bind_call("quit", view.close, sync=True)
    future = run_async(view, SYNC, "quit", [], {"timeout": 20_000})
    assert view.wait(PATIENCE)
    future.exception(PATIENCE)


def test_a_lane_that_ends_while_the_page_waits_ends_the_wait(view, gate):
    begun = Record()

    @view.bind_call("stuck", sync=True)
    def stuck():
        begun()
        gate.wait(PATIENCE)

    waiting = run_async(view, CODE, "stuck", [], {"timeout": 25_000})
    begun.wait()
    with host_end() as end:
        end.shutdown(2)
    assert waiting.result(PATIENCE) == '{"value":"closed"}'
    gate.set()
    wait_for(lambda: view.is_ready, "the ordinary lane")
    assert run(view, "return await auroraview.call('twice', [4])") == 8
    assert run(view, CODE, "twice", [1]) == "forbidden"


def test_a_crash_while_the_page_waits_ends_the_call(webview, gate, caplog):
    view, begun, crashed = webview(html=RECORDING_PAGE), Record(), Record()
    view.window.on("crashed", crashed)

    @view.bind_call("stuck", sync=True)
    def stuck():
        begun()
        return wait_for(lambda: current_call().cancelled, "the cancellation")

    waiting = run_async(view, SYNC, "stuck", [], {"timeout": 25_000})
    begun.wait()
    kill_web_processes()
    with pytest.raises(ViewClosed):
        waiting.result(PATIENCE)
    crashed.wait()
    wait_for(lambda: view.stats["calls_in_flight"] == 0, "the end of the call")
    view.reload()
    view.wait_ready(PATIENCE)
    view.bind_call("twice", twice, sync=True)
    assert run(view, SYNC, "twice", [21]) == 42
