"""``python -m benches.lane.program``: the window of ``benches.peers.ours``, and besides bytes, buffers, and calls that
block the page."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy

from auroraview import WebView
from benches.inside.session import cpu_percent
from benches.peers import tree
from benches.peers.ours import CONNECT, Ours
from benches.peers.page import page
from benches.processes import cpu_seconds

PAGE = page(
    """
const check = (array, bytes, mark) => {
  if (array.length !== bytes || array[0] !== mark || array[bytes - 1] !== mark) throw new Error("other bytes");
};
const gigabytes = (bytes, began) => bytes / (performance.now() - began) / 1e6;
Object.assign(works, {
  async sync(count) {
    const began = performance.now();
    for (let i = 0; i < count; i++) {
      if (auroraview.callSync("bench.sync", {first: i, second: 2}) !== i) throw new Error("a wrong answer");
    }
    return (performance.now() - began) * 1000 / count;
  },
  async down(count, bytes) {
    const began = performance.now();
    for (let i = 0; i < count; i++) check(await auroraview.call("bench.down", {bytes, mark: i}), bytes, i);
    return gigabytes(count * bytes, began);
  },
  async up(count, bytes) {
    const data = new Uint8Array(bytes), began = performance.now();
    for (let i = 0; i < count; i++) {
      data[0] = data[bytes - 1] = i;
      if (await auroraview.call("bench.up", {data}) !== bytes + 2 * i) throw new Error("other bytes");
    }
    return gigabytes(count * bytes, began);
  },
  async both(count, bytes) {
    const data = new Uint8Array(bytes);
    for (let i = 0; i < count; i++) check(await auroraview.call("bench.both", {data}), bytes, 0);
    return count;
  },
  async keep(name, bytes) {
    if (kept.has(name)) return bytes;
    kept.add(name);
    const buffer = auroraview.buffer(name, [bytes], "uint8");
    buffer.on(() => {
      const number = buffer.array[0];
      check(buffer.array, bytes, number);
      auroraview.send_event("bench.kept", {number});
    });
    return bytes;
  },
});
const kept = new Set();
"""
    + CONNECT
)

PATIENCE = 30.0  # seconds for what should take less than one


class Lane(Ours):
    """Says at first on which lane its page is."""

    def __init__(self) -> None:
        super().__init__(WebView("Bench", html=PAGE, width=400, height=300))
        self._arrays: dict[int, Any] = {}
        self._kept: list[tuple[int, float]] = []
        for name in ("down", "up", "both"):
            self.view.bind_call(f"bench.{name}", getattr(self, name))
        self.view.on("bench.kept", self.kept)

    def down(self, bytes: int, mark: int) -> Any:
        """Called by the page: so many bytes, the first and the last of which are the mark."""
        array = self._arrays.get(bytes)
        if array is None:
            array = self._arrays[bytes] = numpy.zeros(bytes, numpy.uint8)
        array[0] = array[-1] = mark
        return array

    def up(self, data: Any) -> int:
        """Called by the page."""
        array = numpy.asarray(data)
        return len(array) + int(array[0]) + int(array[-1])

    def both(self, data: Any) -> Any:
        """Called by the page."""
        return numpy.asarray(data)

    def kept(self, detail: dict[str, int]) -> None:
        """Sent by the page when a version is in its buffer."""
        self._kept.append((detail["number"], time.perf_counter()))

    def _commands(self) -> dict[str, Callable[..., Any]]:
        own = {name: getattr(self, f"_{name}") for name in ("lane", "sync", "published", "frames", "idle", "memory")}
        return {**super()._commands(), **own}

    def _lane(self) -> list[str | None]:
        """Its name, and why it is not the fast one."""
        info = self.view.info
        return [info["lane"], info.get("lane_reason")]

    def _sync(self, count: int) -> float:
        self.view.bind_call("bench.sync", self.pair, sync=True)
        return self._work("sync", [count])

    def _until(self, number: int) -> float:
        """When the page had the version with this mark."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if self._kept and self._kept[-1][0] == number:
                return self._kept[-1][1]
            time.sleep(0.0005)
        raise RuntimeError("the last version has not arrived")

    def _published(self, count: int, size: int) -> float:
        """GB/s, from a version's publication until it is in the page's buffer and the page has said so; the median."""
        buffer = self.view.buffer("bench.array", (size,), "uint8")
        array = numpy.zeros(size, numpy.uint8)
        self._work("keep", ["bench.array", size])
        times = []
        for number in range(1, count + 1):
            array[0] = array[-1] = number
            began = time.perf_counter()
            buffer.publish(array)
            times.append(self._until(number) - began)
            time.sleep(0.02)  # The next one would wait for its turn: there are 60 in a second.
        return size / sorted(times)[count // 2] / 1e9

    def _frames(self, seconds: float, width: int, height: int) -> dict[str, float]:
        """Publishes 60 frames a second, each drawn before; how many of them arrived, and what that took."""
        size = width * height * 4
        drawn = [numpy.full(size, number, numpy.uint8) for number in range(4)]
        buffer = self.view.buffer("bench.frames", (size,), "uint8")
        self._work("keep", ["bench.frames", size])
        buffer.publish(drawn[0])
        self._until(0)
        self._kept.clear()
        count = round(seconds * 60)
        pages = tree.descendants(os.getpid())
        spent = [cpu_seconds(os.getpid()), sum(map(cpu_seconds, pages))]
        began = time.perf_counter()
        for number in range(1, count + 1):
            frame = drawn[number % len(drawn)]
            frame[0] = frame[-1] = number % 256
            buffer.publish(frame)
            published = time.perf_counter()
            time.sleep(max(0.0, began + number / 60 - published))
        took = time.perf_counter() - began
        spent = [cpu_seconds(os.getpid()) - spent[0], sum(map(cpu_seconds, pages)) - spent[1]]
        last = self._until(count % 256) - published
        return {
            "published": count / took,
            "arrived": len(self._kept) / took,
            "last": last * 1000,
            "program": spent[0] / took * 100,
            "page": spent[1] / took * 100,
        }

    def _idle(self, seconds: float) -> dict[str, float]:
        """How often a second each thread is woken, by its name; and what all have of a core, in percent."""
        before = self._switches()
        percent = cpu_percent(seconds)
        after = self._switches()
        found: dict[str, float] = {"cpu": percent}
        for task, (name, count) in after.items():
            found[name] = found.get(name, 0.0) + (count - before.get(task, (name, 0))[1]) / seconds
        return found

    @staticmethod
    def _switches() -> dict[str, tuple[str, int]]:
        counts = {}
        for task in Path("/proc/self/task").iterdir():
            lines = (task / "status").read_text().splitlines()
            switches = next(line for line in lines if line.startswith("voluntary_ctxt_switches:"))
            counts[task.name] = ((task / "comm").read_text().strip(), int(switches.split()[1]))
        return counts

    def _memory(self) -> list[float]:
        """Of the program, and of the processes under it, in MB: what no file holds, and what they share."""
        self._trim()
        return list(tree.settled_megabytes(os.getpid(), 5.0, ("RssAnon", "RssShmem")))


if __name__ == "__main__":
    Lane().view.show()
