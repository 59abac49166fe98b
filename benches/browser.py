"""Calls from a page in headless Chromium."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from benches.running import Served

# Every page gets `call`, made for its server, and the same two loops around it.
LOOPS = """
window.sequential = async count => {
  const began = performance.now();
  for (let i = 0; i < count; i++) if (await call(i, 2) !== i) throw new Error("a wrong answer");
  return (performance.now() - began) * 1000 / count;
};
window.pipelined = async (count, call = window.call) => {
  const began = performance.now();
  const all = await Promise.all(Array.from({length: count}, (_, i) => call(i, 2)));
  const microseconds = (performance.now() - began) * 1000 / count;
  if (!all.every((value, i) => value === i)) throw new Error("a wrong answer");
  return microseconds;
};
"""

OURS = """
await auroraview.whenReady();
window.call = (first, second) => auroraview.call("bench.pair", {first, second});
"""

# `call` sends a message a call; `batched` an array of all calls of a microtask.
BARE = """
const socket = new WebSocket(`ws://${location.host}/`);
await new Promise((done, failed) => { socket.onopen = done; socket.onerror = failed });
const waiting = new Map();
let last = 0, queue = [];
const settle = ({id, result}) => { waiting.get(id)(result); waiting.delete(id) };
socket.onmessage = event => {
  const data = JSON.parse(event.data);
  if (Array.isArray(data)) data.forEach(settle); else settle(data);
};
const message = (first, second) => ({id: ++last, method: "bench.pair", params: {first, second}});
window.call = (first, second) => new Promise(done => {
  const one = message(first, second);
  waiting.set(one.id, done);
  socket.send(JSON.stringify(one));
});
window.batched = (first, second) => new Promise(done => {
  const one = message(first, second);
  waiting.set(one.id, done);
  if (queue.push(one) === 1) queueMicrotask(() => { socket.send(JSON.stringify(queue)); queue = [] });
});
"""

SOCKET_IO = """
const socket = io({transports: ["websocket"]});
await new Promise((done, failed) => { socket.on("connect", done); socket.on("connect_error", failed) });
window.call = (first, second) => socket.emitWithAck("bench.pair", {first, second});
"""

NICEGUI = """
while (!window.did_handshake) await new Promise(done => setTimeout(done, 50));
const waiting = new Map();
let last = 0;
window.benchDone = (id, result) => { waiting.get(id)(result); waiting.delete(id) };
window.call = (first, second) => new Promise(done => {
  const id = ++last;
  waiting.set(id, done);
  emitEvent("bench", {id, first, second});
});
"""

CALLS = {"ours": OURS, "ours-asgi": OURS, "bare": BARE, "socketio": SOCKET_IO, "nicegui": NICEGUI}


def executable() -> str:
    """``AURORAVIEW_BROWSER``, or the first Chromium in the search path."""
    names = (os.environ.get("AURORAVIEW_BROWSER", ""), "chromium", "chromium-browser", "google-chrome-stable")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        raise SystemExit("no Chromium found (Debian, Ubuntu: apt-get install chromium; or set AURORAVIEW_BROWSER)")
    return found


@contextmanager
def chromium() -> Iterator[Browser]:
    """The browser of the system; headless."""
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=executable(), args=arguments)
        try:
            yield browser
        finally:
            browser.close()


class Caller:
    """A page that can call one of the servers."""

    def __init__(self, browser: Browser, server: Served) -> None:
        self._page = browser.new_page()
        self._page.goto(server.url)
        self._evaluate(f"{LOOPS}{CALLS[server.name]}")

    def sequential(self, count: int) -> float:
        """Microseconds a call."""
        return float(self._evaluate(f"return sequential({count})"))

    def pipelined(self, count: int, call: str = "call") -> float:
        """Microseconds a call, all made at once; ``call`` names the function that makes them."""
        return float(self._evaluate(f"return pipelined({count}, {call})"))

    def close(self) -> None:
        self._page.close()

    def _evaluate(self, body: str) -> Any:
        # The page's own clock: what it evaluates has no other limit.
        late = "new Promise((_, fail) => setTimeout(() => fail(new Error('no answer')), 120_000))"
        return self._page.evaluate(f"() => Promise.race([(async () => {{ {body} }})(), {late}])")
