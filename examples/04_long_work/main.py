"""How does long work report its progress, and how does the page cancel it?"""

import asyncio
import time
from typing import Any

from auroraview import WebView, current_call

PAGE = """<!doctype html><meta name="color-scheme" content="light dark">
<style>body { font: 16px system-ui; padding: 2rem } progress { width: 100% } </style>
<p><button id="coroutine">Coroutine</button> <button id="plain">Plain function</button>
   <button id="cancel" disabled>Cancel</button></p>
<progress id="bar" max="100" value="0"></progress>
<p id="outcome" role="status"></p>
<p id="python"></p>
<script>
  let controller;
  auroraview.on("progress", (percent) => { bar.value = percent; });
  auroraview.on("stopped", (what) => { python.textContent = what; });
  const run = async (method) => {
    controller = new AbortController();
    cancel.disabled = false;
    outcome.textContent = "";
    try {
      const steps = await auroraview.call(method, { steps: 100 }, { signal: controller.signal, timeout: 0 });
      outcome.textContent = `${steps} steps done`;
    } catch (error) {
      outcome.textContent = error.code;
    }
    cancel.disabled = true;
  };
  coroutine.onclick = () => run("coroutine");
  plain.onclick = () => run("plain");
  cancel.onclick = () => controller.abort();
</script>"""


def make_view() -> WebView:
    """The view, not shown yet."""
    view = WebView("Long work", html=PAGE, width=520, height=220)

    @view.bind_call("coroutine")
    async def coroutine(steps: int) -> int:
        try:
            for step in range(steps):
                await asyncio.sleep(0.02)  # the work
                view.emit("progress", step + 1)
        except asyncio.CancelledError:
            view.emit("stopped", "The coroutine was cancelled.")  # and clean up
            raise
        return steps

    @view.bind_call("plain", thread="pool")
    def plain(steps: int) -> Any:
        call = current_call()
        for step in range(steps):
            if call.cancelled:  # a plain function cannot be interrupted: it looks
                view.emit("stopped", f"The plain function stopped before step {step + 1}.")
                return None
            time.sleep(0.02)  # the work
            view.emit("progress", step + 1)
        return steps

    return view


if __name__ == "__main__":
    make_view().show()
