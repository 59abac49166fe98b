"""Pages that flood or stall: bounded memory, and no other page's time. Programs that do it are told."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import threading

import pytest

from auroraview import Backpressure, Bridge, Limits
from tests.e2e.helpers import PATIENCE, Record, ask, wait_for
from tests.e2e.pages import RECORDING_PAGE, run, run_async
from tests.e2e.processes import web_processes

MEBIBYTE = 2**20


def memory(pid="self"):
    """Bytes of a process that no other has, and what is shared with others and in use."""
    with open(f"/proc/{pid}/smaps_rollup") as file:
        return sum(
            int(line.split()[1]) * 1024
            for line in file
            if line.startswith(("Private_Dirty", "Shared_Dirty", "Private_Clean"))
        )


@pytest.fixture
def slow():
    """A handler that takes a value each time it is let through, and counts."""

    class Slow:
        def __init__(self):
            self.seen = []
            self.through = threading.Event()

        def __call__(self, detail):
            self.through.wait(PATIENCE * 2)
            self.seen.append(detail if isinstance(detail, int) else detail["n"])

    one = Slow()
    yield one
    one.through.set()


#: Says as much as it may; the numbers of what was refused are kept.
FLOOD = """
  window.said = 0;
  window.refused = [];
  window.stop = false;
  const data = args[0] ? new Uint8Array(args[0]) : null;
  (async () => {
    while (!stop && said < args[1]) {
      for (let n = 0; n < args[2]; n++) {
        const number = said++;
        try { auroraview.send_event('flood', data === null ? number : {n: number, data}) }
        catch (error) { refused.push(error.code) }
      }
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    window.stopped = true;
  })();
"""


@pytest.mark.parametrize(
    ("size", "count", "burst"), [(0, 2_000_000, 20_000), (5 * MEBIBYTE, 1_000, 4)], ids=["events", "data"]
)
def test_a_page_that_floods_a_slow_handler_costs_bounded_memory_and_no_other_page_its_time(
    webview, slow, size, count, burst
):
    bridge = Bridge(workers=2, limits=Limits(queue_bytes=32 * MEBIBYTE, calls_in_flight=1_000))
    bridge.bind_call("echo", lambda value: value)
    bridge.on("flood", slow)
    flooding, other = (webview(title, html=RECORDING_PAGE, bridge=bridge) for title in ("Flooding", "Other"))
    gc.collect()
    before = memory()
    run(flooding, FLOOD, size, count, burst)
    wait_for(lambda: ask(flooding, "refused.length > 10 || window.stopped === true", 60), "the bound", PATIENCE)
    for n in range(50):
        assert run(other, "return await auroraview.call('echo', args)", n) == n
        other.emit("tick", n)
    grown = memory() - before
    assert grown < 250 * MEBIBYTE, f"{grown / MEBIBYTE:.0f} MiB more"
    refusals = set(ask(flooding, "refused"))
    assert refusals <= {"busy"}
    # Small ones may all fit into what may wait; large ones do not.
    assert refusals or not size
    said, refused = run(flooding, "stop = true; return [said, refused.length]")
    slow.through.set()
    wait_for(lambda: len(slow.seen) >= said - refused, "all that was taken")
    wait_for(lambda: ask(flooding, "window.stopped"), "the end of the flood")
    said, refused = run(flooding, "return [said, refused.length]")
    wait_for(lambda: len(slow.seen) == said - refused, "all that was taken")
    assert slow.seen == sorted(set(slow.seen)), "in order, once"
    assert run(flooding, "return await auroraview.call('echo', ['works'])") == "works"


def test_calls_past_the_bound_are_busy_and_all_others_are_answered(webview):
    bridge = Bridge(limits=Limits(calls_in_flight=100))
    gate = threading.Event()

    @bridge.bind_call("wait")
    def wait(n):
        gate.wait(PATIENCE)
        return n

    view = webview(html=RECORDING_PAGE, bridge=bridge)
    script = """
      const calls = Array.from({length: 20_000}, (_, n) => auroraview.call('wait', [n], {timeout: 0}));
      const ended = await Promise.allSettled(calls);
      const counts = {};
      ended.forEach(({value, reason}, n) => {
        const what = reason === undefined ? (value === n ? 'answered' : 'wrong') : reason.code;
        counts[what] = (counts[what] ?? 0) + 1;
      });
      return [counts.answered > 0, Object.keys(counts).sort(), ended.length];
    """
    answer = run_async(view, script)
    wait_for(lambda: view.stats["calls_in_flight"] >= 100, "the first calls")
    gate.set()
    assert answer.result(PATIENCE) == '{"value":[true,["answered","busy"],20000]}'
    assert run(view, "return await auroraview.call('wait', [1])") == 1


@pytest.fixture
def stopped(webview):
    """A view whose page's process does not run, until it is let go; and another view that was open before."""
    bridge = Bridge(limits=Limits(queue_messages=5_000, queue_bytes=20 * MEBIBYTE))
    bridge.bind_call("echo", lambda value: value)
    other = webview("Other", html=RECORDING_PAGE, bridge=bridge)
    there = web_processes()
    view = webview("Stopped", html=RECORDING_PAGE, bridge=bridge)
    mine = web_processes() - there
    assert mine, "each view has a process of its own"
    for pid in mine:
        os.kill(pid, signal.SIGSTOP)

    def go_on():
        for pid in mine:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    try:
        yield view, other, go_on
    finally:
        go_on()


@pytest.mark.each_lane
@pytest.mark.parametrize("size", [100, 3_000_000])
def test_a_page_that_stands_still_costs_what_was_allowed_and_gets_it_later(stopped, size):
    view, other, go_on = stopped
    gc.collect()
    before = memory()
    sent = 0
    with contextlib.suppress(Backpressure):
        while sent < 10_000:
            view.peer.emit("tick", {"n": sent, "data": bytes(size)})
            sent += 1
    assert 3 < sent < 10_000
    assert memory() - before < 120 * MEBIBYTE
    for n in range(20):
        assert run(other, "return await auroraview.call('echo', args)", n) == n
    with pytest.raises(Backpressure):
        view.peer.emit("tick", {"n": -1, "data": bytes(size)})
    go_on()
    wait_for(lambda: ask(view, "seen.length") == sent, "all that was accepted")
    assert run(view, "return seen.every(([, {n, data}], at) => n === at && data.length === args[0])", size) is True
    wait_for(lambda: view.stats["queued_bytes"] == 0, "an empty queue")


@pytest.mark.each_lane
def test_a_page_that_stands_still_keeps_no_result_from_any_other_and_closes(stopped):
    view, other, _ = stopped
    for n in range(100):
        view.emit("tick", bytes(100_000) if n % 10 == 0 else n)
        assert run(other, "return await auroraview.call('echo', args)", n) == n
    view.close()
    assert view.wait(PATIENCE)
    assert run(other, "return await auroraview.call('echo', args)", "still") == "still"


@pytest.mark.each_lane
def test_results_for_a_page_that_does_not_read_wait_and_arrive(webview, server):
    """It asks for more than any socket holds, and then is busy with itself."""
    bridge = Bridge()
    bridge.bind_call("large", lambda n: bytes([n]) * 2_000_000)
    view, ran = webview(url=server.page("/", RECORDING_PAGE), bridge=bridge), Record()
    bridge.bind_call("note", ran)
    release = server.hold("/stuck")
    script = """
      const calls = Array.from({length: 60}, (_, n) => auroraview.call('large', [n], {timeout: 0}));
      auroraview.call('note', [1]);
      await null;
      await new Promise((resolve) => setTimeout(() => {
        const request = new XMLHttpRequest();
        request.open('GET', '/stuck', false);
        request.send();
        resolve();
      }, 0));
      const found = await Promise.all(calls);
      return found.every((data, n) => data.length === 2_000_000 && data[0] === n && data[1_999_999] === n);
    """
    answer = run_async(view, script)
    wait_for(lambda: "/stuck" in server.requests, "the busy page")
    ran.wait()
    wait_for(lambda: view.stats["calls_in_flight"] == 0, "all handlers")
    release.set()
    assert answer.result(PATIENCE) == '{"value":true}'


#: Calls with so much data, before the program has said what it takes.
EARLY = """<!doctype html><script>
  window.outcomes = {};
  window.ticks = 0;
  auroraview.on('tick', () => ticks++);
  for (let n = 0; n < COUNT; n++) {
    auroraview.call('take', [new Uint8Array(SIZE)], {timeout: 0}).then(() => 'taken', ({code}) => code)
      .then((what) => { outcomes[what] = (outcomes[what] ?? 0) + 1 });
  }
  new Image().src = '/report?name=said';
</script><p>Early"""


def early(size, count):
    return EARLY.replace("SIZE", str(size)).replace("COUNT", str(count))


def test_a_call_that_proves_too_large_fails_alone(webview, server):
    bridge = Bridge(limits=Limits(message_bytes=MEBIBYTE))
    bridge.bind_call("take", len)
    view = webview(url=server.page("/", early(3 * MEBIBYTE, 1)), bridge=bridge)
    wait_for(lambda: ask(view, "outcomes") == {"too_large": 1}, "the refusal")
    assert run(view, "return await auroraview.call('take', [new Uint8Array(9)])") == 9


def test_a_page_that_says_more_than_may_wait_is_ready_when_there_is_room_again(webview, server):
    """What it acknowledges, and that it is ready, waits with the rest and is not lost."""
    bridge, through = Bridge(limits=Limits(queue_bytes=MEBIBYTE)), threading.Event()
    bridge.bind_call("take", lambda data: through.wait(PATIENCE))
    view = webview(url=server.page("/", early(3 * MEBIBYTE, 60)), bridge=bridge, ready=False)
    try:
        server.wait_report(name="said")
    finally:
        through.set()
    view.wait_ready(PATIENCE)
    view.emit("tick")
    wait_for(lambda: ask(view, "ticks === 1 && outcomes.taken + outcomes.busy === 60"), "all outcomes")
    assert ask(view, "outcomes.busy") > 0
    assert view.info["lane"] == "fast", view.info["lane_reason"]
