"""The bridge in a real window, against the floor of the engine."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from auroraview import WebView
from benches.processes import settled_megabytes, voluntary_switches, web_processes
from benches.rows import Row, median, medians

FLOOR = Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "release" / "examples" / "floor"
FLOOR_NAME = "bare script message + evaluate"

PAGE = """<!doctype html><title>bench</title><script>
async function sequential(count) {
  const began = performance.now();
  for (let i = 0; i < count; i++) await auroraview.call("bench.pair", {first: i, second: 2});
  return (performance.now() - began) * 1000 / count;
}
async function pipelined(count) {
  const began = performance.now();
  await Promise.all(Array.from({length: count}, (_, i) => auroraview.call("bench.pair", {first: i, second: 2})));
  return (performance.now() - began) * 1000 / count;
}
async function echo(count, bytes) {
  const text = "x".repeat(bytes), times = [];
  for (let i = 0; i < count; i++) {
    const began = performance.now();
    const back = await auroraview.call("bench.echo", {text});
    times.push(performance.now() - began);
    if (back.length !== bytes) throw new Error("the echo is not whole");
  }
  return times.sort((a, b) => a - b)[count >> 1];
}
let expected = 0;
auroraview.on("tick", value => {
  if (value.number !== expected++) throw new Error("an event is missing");
  if (value.last) { expected = 0; auroraview.send_event("bench.all_ticks") }
});
auroraview.on("bulk", value => { if (value.last) auroraview.send_event("bench.all_bulk") });
</script>"""


class Bench:
    """A window that measures."""

    def __init__(self, *, isolation: str = "none") -> None:
        self.view = WebView("Bench", html=PAGE, width=400, height=300, isolation=isolation)
        self.view.bind_call("bench.pair", lambda first, second: first)
        self.view.bind_call("bench.echo", lambda text: text)
        self.arrived = threading.Event()
        for event in ("bench.all_ticks", "bench.all_bulk"):
            self.view.on(event, self.arrived.set)

    @contextmanager
    def open(self) -> Iterator[None]:
        self.view.show(wait=False)
        self.view.wait_ready(60)
        try:
            yield
        finally:
            self.view.close()
            self.view.wait(10)

    def measure(self, script: str) -> float:
        return float(self.view.eval_js(script).result(300))

    def emits(self, count: int) -> tuple[float, float]:
        """Microseconds an event, to enqueue and until the page has handled all."""
        self.arrived.clear()
        began = time.perf_counter()
        for number in range(count):
            self.view.emit("tick", {"number": number, "last": number == count - 1})
        queued = time.perf_counter() - began
        if not self.arrived.wait(60):
            raise TimeoutError("the page did not get all events")
        return queued / count * 1e6, (time.perf_counter() - began) / count * 1e6

    def bulk(self, count: int, bytes_each: int) -> None:
        self.arrived.clear()
        text = "x" * bytes_each
        for number in range(count):
            self.view.emit("bulk", {"text": text, "last": number == count - 1})
        if not self.arrived.wait(120):
            raise TimeoutError("the page did not get all events")


def floor(sequential: int, pipelined: int) -> dict[str, float]:
    output = subprocess.run(
        [FLOOR, str(sequential), str(pipelined)],
        check=True,
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "WEBKIT_DISABLE_DMABUF_RENDERER": "1"},
    ).stdout
    result: dict[str, float] = json.loads(output)
    return result


def calls(bench: Bench) -> list[Row]:
    """Calls and echoes, in turns with the floor."""
    floors: list[dict[str, float]] = []

    def bare() -> float:
        floors.append(floor(2_000, 10_000))
        return floors[-1]["sequential"]

    bench.measure("sequential(500)")
    bench.measure("pipelined(10000)")
    ours, bare_sequential, many, megabyte = medians(
        7,
        lambda: bench.measure("sequential(2000)"),
        bare,
        lambda: bench.measure("pipelined(10000)"),
        lambda: bench.measure("echo(9, 1e6)"),
    )
    bare_pipelined = median(one["pipelined"] for one in floors)
    bare_megabyte = median(one["megabyte"] for one in floors)
    return [
        Row(
            "call, one after another",
            "µs",
            ours,
            {FLOOR_NAME: bare_sequential},
            "<= 1.7 x the floor",
            ours <= 1.7 * bare_sequential,
        ),
        Row(
            "call, 10 000 at once, two named parameters",
            "µs",
            many,
            {FLOOR_NAME: bare_pipelined},
            "<= 5",
            many <= 5,
        ),
        Row(
            "echo of a string of 1 MB",
            "ms",
            megabyte,
            {FLOOR_NAME: bare_megabyte},
            "<= 10",
            megabyte <= 10,
        ),
    ]


def events(bench: Bench) -> list[Row]:
    bench.emits(1_000)
    rounds = [bench.emits(10_000) for _ in range(7)]
    queued = median(one[0] for one in rounds)
    arrived = median(one[1] for one in rounds)
    return [
        Row("emit, to enqueue", "µs", queued, {}, "<= 3", queued <= 3),
        Row("emit, until the page has handled it", "µs", arrived, {}, "<= 10", arrived <= 10),
    ]


def idle(bench: Bench) -> list[Row]:
    time.sleep(2)
    seconds = 10
    before = voluntary_switches()
    time.sleep(seconds)
    after = voluntary_switches()
    rate = sum(after[task] - before.get(task, 0) for task in after) / seconds
    return [Row("idle, voluntary context switches", "1/s", rate, {}, "<= 2", rate <= 2)]


def memory(bench: Bench) -> list[Row]:
    sizes: list[tuple[float, float]] = []
    for _ in range(3):
        for _ in range(10):
            bench.measure("pipelined(10000)")
        bench.bulk(10_000, 10_000)
        web = sum(settled_megabytes(process) for process in web_processes())
        sizes.append((settled_megabytes(os.getpid()), web))
    own = sizes[2][0] - sizes[1][0]
    web = sizes[2][1] - sizes[1][1]
    return [
        Row("growth of our process in a third round", "MB", own, {}, "< 2", own < 2),
        Row("growth of the web process in a third round", "MB", web, {}, "< 2", web < 2),
    ]


def background(bench: Bench) -> list[Row]:
    """How fast a thread of the program runs while the main thread waits in ``view.wait``."""

    def spin(wait: Callable[[float], object]) -> float:
        count, stop, seconds = 0, False, 0.0

        def work() -> None:
            nonlocal count, seconds
            began = time.perf_counter()
            while not stop:
                count += 1
            seconds = time.perf_counter() - began

        thread = threading.Thread(target=work)
        thread.start()
        wait(0.3)
        stop = True
        thread.join()
        return count / seconds

    shown, plain = medians(25, lambda: spin(bench.view.wait), lambda: spin(threading.Event().wait))
    ratio = shown / plain * 100
    return [Row("speed of a background thread during show()", "%", ratio, {}, ">= 95", ratio >= 95)]


def run() -> Iterator[Row]:
    """All rows, as they come."""
    bench = Bench()
    with bench.open():
        for measure in (calls, events, idle, background, memory):
            yield from measure(bench)
