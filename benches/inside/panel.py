"""Our panel, as a tool opens it inside an application."""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from typing import Any

from auroraview import Bridge, hosts, main_thread
from benches.inside.session import Stamps, cpu_percent

PAGE = """<!doctype html><title>bench</title><h1>A panel</h1><button>Press</button><script>
auroraview.send_event("bench.ready");
requestAnimationFrame(() => requestAnimationFrame(() => auroraview.send_event("bench.painted")));
async function sequential(method, count) {
  for (let i = 0; i < count; i++) {
    if (await auroraview.call(method, {first: i, second: 2}) !== i) throw new Error("a wrong answer");
  }
}
let timer = 0;
function flow(method, rate) {
  const began = performance.now();
  let made = 0;
  timer = setInterval(() => {
    for (const due = (performance.now() - began) * rate / 1000; made < due; made++) {
      auroraview.call(method, {first: made, second: 2});
    }
  }, 4);
}
function ebb() { clearInterval(timer) }
</script>"""

PATIENCE = 20.0  # seconds for whatever should take less than one


class Panel:
    """Its commands; all but the constructor are called on the session's thread.

    Args:
        later: has the application call a function on its main thread after so many seconds; only called there.
    """

    def __init__(self, later: Callable[[float, Callable[[], None]], None]) -> None:
        self._later = later
        self.stamps = Stamps()
        self.bridge = Bridge()
        for thread in ("main", "worker"):
            self.bridge.bind_call(f"bench.{thread}", self.stamps.pair, thread=thread)
        self._came = {"ready": threading.Event(), "painted": threading.Event()}
        self._at: dict[str, float] = {}
        for name in self._came:
            self.bridge.on(f"bench.{name}", functools.partial(self._page_says, name), thread="worker")
        self._panel: Any = None
        hosts.attach()

    def _page_says(self, name: str) -> None:
        self._at[name] = time.perf_counter()
        self._came[name].set()

    @property
    def commands(self) -> dict[str, Callable[..., Any]]:
        return {"open": self.open, "close": self.close, "calls": self.calls, "idle": self.idle}

    def hello(self) -> dict[str, str]:
        """Who the program is. On the main thread."""
        info = hosts.detect()
        return {"version": info.version, "toolkit": info.toolkit, "loop": info.loop}

    def open(self) -> dict[str, float]:
        """Milliseconds from the call to each; and for how long the call kept the main thread."""
        for event in self._came.values():
            event.clear()

        def begin() -> tuple[float, float]:
            began = time.perf_counter()
            self._panel = hosts.panel("Bench", html=PAGE, bridge=self.bridge)
            return began, time.perf_counter()

        began, returned = main_thread.run(begin)
        for name, event in self._came.items():
            if not event.wait(PATIENCE):
                raise TimeoutError(f"the page was not {name}")
        figures = {name: (at - began) * 1000 for name, at in self._at.items()}
        return {**figures, "returned": (returned - began) * 1000}

    def close(self) -> None:
        """Returns when it is closed."""
        panel, self._panel = self._panel, None
        main_thread.run(panel.close)
        if not panel.view.wait(PATIENCE):
            raise TimeoutError("the panel did not close")

    def calls(self, where: str, count: int) -> dict[str, float]:
        """Of a call in sequence on ``"main"`` or a ``"worker"``: median, 95th percentile and mean, in microseconds."""
        self.stamps.taken.clear()
        self.script(f"sequential('bench.{where}', {count + 1})")
        return self.stamps.figures(count)

    def script(self, text: str) -> None:
        """Runs it in the page, and waits for its end."""
        self._panel.view.eval_js(text).result(PATIENCE)

    def idle(self, rounds: int, seconds: float, settle: float) -> dict[str, list[float]]:
        """Percent of a core that the program uses with the panel, which is open, and without any of ours, in turns."""
        figures: dict[str, list[float]] = {"with": [], "without": []}
        for _ in range(rounds):
            time.sleep(settle)
            figures["with"].append(cpu_percent(seconds))
            self.close()
            attached = threading.Event()

            def attach(attached: threading.Event = attached) -> None:
                hosts.attach()
                attached.set()

            def detach(attach: Callable[[], None] = attach) -> None:
                hosts.detach()
                self._later(settle + seconds + 0.5, attach)

            main_thread.run(detach)
            time.sleep(settle)
            figures["without"].append(cpu_percent(seconds))
            if not attached.wait(PATIENCE):
                raise TimeoutError("the main thread did not come back")
            self.open()
        return figures
