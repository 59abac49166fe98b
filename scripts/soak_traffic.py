"""Who makes traffic in a soak: windows that stay, on both lanes, an isolated one, windows that come and go, and served
pages.

Each works until the round is over and raises when an answer is wrong or does not come.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import math
import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import soak_counts

from auroraview import Bridge, Server, ServerOptions, ViewClosed, WebView, serve
from tests.e2e.wire import WirePage, refused

PATIENCE = 60.0

#: An isolated window that crashes six times in a minute is given up.
RESPAWN_SECONDS = 12.5

#: Does what Python tells it to, and says when it is done.
PAGE = """<!doctype html><meta charset=utf-8><title>Soak</title><body><p>soak<script>
auroraview.on('tick', () => {});
const picture = auroraview.buffer('picture', [100, 100, 4], 'uint8');
auroraview.on('work', async ([number, count, fast]) => {
  try {
    const bytes = new Uint8Array(50000).fill(number);
    for (let at = 0; at < count; at++) {
      if (await auroraview.call('add', [number, at]) !== number + at) throw new Error('a wrong sum');
    }
    const sums = await Promise.all([...Array(count).keys()].map((at) => auroraview.call('add', [number, at])));
    if (sums.some((sum, at) => sum !== number + at)) throw new Error('a wrong sum of many');
    const back = new Uint8Array(await auroraview.call('echo', [bytes]));
    if (back.length !== bytes.length || back[49999] !== number) throw new Error('wrong bytes');
    const large = new Uint8Array(2_500_000).fill(number), answer = await auroraview.call('echo', [large]);
    if (answer.length !== large.length || answer[2_499_999] !== number) throw new Error('wrong large bytes');
    for (let at = 0; fast && at < count; at++) {
      const data = auroraview.callSync('echo', [new Uint8Array(at * 10_000).fill(at)], {timeout: 60_000});
      if (data.length !== at * 10_000 || at && data[at * 10_000 - 1] !== at) throw new Error('wrong bytes at once');
    }
    if (picture.array.some((item) => item !== picture.array[0])) throw new Error('half a picture');
    await auroraview.call('fail').then(() => { throw new Error('no failure') }, () => {});
    await auroraview.send_event('done', [number, '']);
  } catch (error) {
    await auroraview.send_event('done', [number, String(error)]);
  }
});
</script>"""

#: What was done, by kind.
Done = collections.Counter[str]


def bind(bridge: Bridge) -> None:
    """The handlers that the pages call."""

    async def later(first: int, second: int) -> int:
        await asyncio.sleep(0)
        return first + second

    def fail() -> None:
        raise ValueError("as it should")

    bridge.bind_call("add", lambda first, second: first + second)
    bridge.bind_call("later", later)
    bridge.bind_call("pooled", lambda first, second: first + second, thread="pool")
    bridge.bind_call("echo", lambda value: value, sync=True)
    bridge.bind_call("fail", fail)


#: Windows read the environment when they open: one after another.
_opening = threading.Lock()
_SWITCH = "AURORAVIEW_FAST_LANE"


def show(view: WebView, *, fast: bool) -> None:
    """Opens a window on one of the lanes."""
    with _opening:
        if not fast:
            os.environ[_SWITCH] = "0"
        try:
            view.show(wait=False)
        finally:
            # Windows that come back after a crash read it, too.
            os.environ.pop(_SWITCH, None)


def check_lane(view: WebView, *, fast: bool) -> None:
    """Raises when the window is on the other lane."""
    expected = "fast" if fast else "script-message"
    if view.info["lane"] != expected:
        raise AssertionError(f"{view!r} is on the lane {view.info['lane']}: {view.info['lane_reason']}")


class Window:
    """A window that stays open, with calls, events, binary data and reloads; at the end of a round what shows its page
    is killed."""

    def __init__(self, done: Done, *, isolated: bool = False, fast: bool = True) -> None:
        self.done = done
        self.isolated = isolated
        self.fast = fast
        self.view = self.new("kept")
        self._finished: dict[int, str] = {}
        self._changed = threading.Condition()
        self._number = 0
        self.view.on("done", self._note)
        self._crashes = threading.Semaphore(0)
        self._crashed = -math.inf
        self.view.window.on("crashed", lambda *_: self._crashes.release())
        self._picture = self.view.buffer("picture", (100, 100, 4))
        show(self.view, fast=fast)
        self.view.wait_ready(PATIENCE)

    def new(self, title: str) -> WebView:
        """A window that is not shown yet."""
        view = WebView(title, html=PAGE, width=300, height=200, isolation="process" if self.isolated else "none")
        bind(view.bridge)
        return view

    def _note(self, detail: list[Any]) -> None:
        with self._changed:
            self._finished[detail[0]] = detail[1]
            self._changed.notify_all()

    def work(self, until: float) -> None:
        """Traffic, with a reload or another page now and then."""
        while time.monotonic() < until:
            for _ in range(4):
                self._turn()
            generation = self.view.peer.generation
            if self._number % 8 == 0:
                self.view.load_html(PAGE)
            else:
                self.view.reload()
            # What is emitted on the way is for one of the two documents.
            for _ in range(20):
                self.view.emit("tick", "while it loads")
            self._wait_back(generation)
            self.done["reloads"] += 1

    def _wait_back(self, generation: int) -> None:
        """Waits for a document that is newer."""
        end = time.monotonic() + PATIENCE
        while self.view.peer.generation <= generation or not self.view.is_ready:
            if time.monotonic() > end:
                raise TimeoutError("the page did not come back")
            time.sleep(0.01)

    def _turn(self) -> None:
        self._number = self._number % 250 + 1
        number = self._number
        count = 20
        with self._changed:
            self._finished.pop(number, None)
        check_lane(self.view, fast=self.fast)
        self.view.emit("work", [number, count, self.fast])
        for at in range(100):
            self.view.emit("tick", {"at": at, "text": "x" * 200})
            self.view.emit("latest", at, keep="latest")
            self._picture.publish(bytes([at]) * 40_000)
        self.view.emit("tick", bytes(100_000))
        self.view.emit("tick", bytes(2_500_000))
        with self._changed:
            if not self._changed.wait_for(lambda: number in self._finished, PATIENCE):
                view = self.view
                state = f"open {view.is_open}, ready {view.is_ready}, document {view.peer.generation}, {view.stats}"
                raise TimeoutError(f"{view!r} (isolated: {self.isolated}) did not do its work {number}: {state}")
            problem = self._finished.pop(number)
        if problem:
            raise AssertionError(f"in the page: {problem}")
        # The page may be on its way to another document.
        with contextlib.suppress(ViewClosed):
            if self.view.eval_js("'x'.repeat(1000).length").result(PATIENCE) != 1000:
                raise AssertionError("a script has a wrong value")
        self.done["calls"] += 2 * count + 3
        self.done["calls at once"] += count if self.fast else 0
        self.done["events"] += 203
        self.done["pictures"] += 100
        self.done["scripts"] += 1

    def end_process(self) -> bool:
        """Kills the process of the window, or that of its page and of all other pages that are shown by this process.
        Whether it did: an isolated window is not killed too often."""
        if self.isolated and time.monotonic() - self._crashed < RESPAWN_SECONDS:
            return False
        self._crashed = time.monotonic()
        shells = soak_counts.named("auroraview-shel")
        if self.isolated:
            victims = shells
        else:
            inside = {pid for shell in shells for pid in soak_counts.named("WebKitWebProces", shell)}
            victims = soak_counts.named("WebKitWebProces") - inside
        if not victims:
            raise AssertionError("there is no process of the page")
        for pid in victims:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return True

    def come_back(self, generation: int) -> None:
        """Waits until it is told of the crash and has another page than that, and works."""
        if not self._crashes.acquire(timeout=PATIENCE):
            raise TimeoutError("the crash was not told")
        if not self.isolated:
            self.view.reload()
        self._wait_back(generation)
        self.done["crashes"] += 1
        self._turn()

    def close(self) -> None:
        """For good."""
        self.view.close()
        self.view.wait(PATIENCE)


def crash(*windows: Window) -> None:
    """Lets all of them crash at once, and come back: all isolated ones, or all others. What comes back of one must not
    be taken for another of the other kind."""
    generations = [window.view.peer.generation for window in windows]
    if windows[0].end_process():
        for window, generation in zip(windows, generations, strict=True):
            window.come_back(generation)


class Openings:
    """Windows that open, answer and close, in this process and in ones of their own; some close at once."""

    def __init__(self, done: Done) -> None:
        self.done = done

    def work(self, until: float) -> None:
        """One after another."""
        number = 0
        while time.monotonic() < until:
            number += 1
            view = WebView(
                f"opening {number}",
                html=PAGE,
                width=200,
                height=150,
                isolation="process" if number % 4 == 0 else "none",
            )
            bind(view.bridge)
            fast = number % 3 > 0
            show(view, fast=fast)
            try:
                if number % 5:
                    view.wait_ready(PATIENCE)
                    check_lane(view, fast=fast)
                    script = f"auroraview.call('later', [{number}, 1])"
                    if view.eval_js(script).result(PATIENCE) != number + 1:
                        raise AssertionError("a wrong sum")
                    view.emit("tick", number)
            finally:
                view.close()
            if not view.wait(PATIENCE):
                raise TimeoutError("a window did not close")
            self.done["windows"] += 1


class Served:
    """Pages of a server that call, lose their connection, come back, are loaded again and go away; and strangers."""

    PAGES = 6

    def __init__(self, done: Done, folder: Path) -> None:
        self.done = done
        self.bridge = Bridge()
        bind(self.bridge)
        self.bridge.on("said", lambda *_: None)
        (folder / "index.html").write_text("<!doctype html><script src=auroraview.js></script><p>served")
        options = ServerOptions(session_ttl=3.0)
        self.server: Server = serve(self.bridge, path=folder, options=options)

    def work(self, until: float) -> None:
        """All pages at once, on a loop of their own."""
        asyncio.run(self._all(until))
        end = time.monotonic() + PATIENCE
        while self.bridge.peers:
            if time.monotonic() > end:
                raise TimeoutError(f"{len(self.bridge.peers)} sessions did not end")
            time.sleep(0.05)

    async def _all(self, until: float) -> None:
        await asyncio.gather(self._strangers(until), *(self._page(number, until) for number in range(self.PAGES)))

    async def _page(self, number: int, until: float) -> None:
        chance = random.Random(number)
        while time.monotonic() < until:
            page = WirePage(self.server.open_url)
            await page.connect()
            self.done["served pages"] += 1
            for turn in range(chance.randrange(5, 30)):
                await self._turn(page, turn)
                what = chance.random()
                if what < 0.1:
                    await page.drop()
                    await page.connect()
                    self.done["resumed"] += 1
                elif what < 0.15:
                    await page.reload()
                    self.done["served reloads"] += 1
            if chance.random() < 0.5:
                await page.say_goodbye()
            else:
                await page.drop()

    async def _turn(self, page: WirePage, turn: int) -> None:
        for method in ("add", "later", "pooled"):
            if await page.call(method, [turn, 2]) != turn + 2:
                raise AssertionError("a wrong sum")
        data = os.urandom(30_000)
        call = page.start_call("echo", [{"$av": 0}])
        message = {**call.message, "att": [{"bytes": len(data)}]}  # type: ignore[attr-defined]
        await page.post(message, attachments=(data,))
        if await asyncio.wait_for(call, PATIENCE) != data:
            raise AssertionError("wrong bytes")
        await page.send_event("said", turn)
        self.bridge.emit("tick", {"turn": turn, "text": "x" * 1000})
        page.events.clear()
        self.done["served calls"] += 4

    async def _strangers(self, until: float) -> None:
        while time.monotonic() < until:
            stranger = WirePage(self.server.open_url, token="wrong" * 5)
            for first in ("nonsense", b"\0\1\2", '{"type":"hello"}', stranger_hello(stranger)):
                await refused(stranger, first)
                self.done["refused"] += 1
            await asyncio.sleep(0.2)

    def close(self) -> None:
        """For good."""
        self.server.close()


def stranger_hello(page: WirePage) -> str:
    """A good hello with a bad token."""
    hello = page.hello()
    return '{"type":"hello","protocol":1,"document":"' + str(hello["document"]) + '","token":"wrong"}'
