"""How does Python tell the page something, and the page Python, without anybody waiting?"""

import threading
import time

from auroraview import WebView

PAGE = """<!doctype html><meta name="color-scheme" content="light dark">
<style>body { font: 16px system-ui; padding: 2rem } output { font-variant-numeric: tabular-nums }</style>
<p>Python has run for <output id="seconds">…</output> s</p>
<p>Unit: <output id="unit"></output> <button data-unit="cm">cm</button> <button data-unit="inch">inch</button></p>
<script>
  auroraview.on("tick", ({ seconds: now }) => { seconds.textContent = now.toFixed(1); });
  auroraview.on("settings", (settings) => { unit.textContent = settings.unit; });
  document.onclick = ({ target }) => {
    if (target.dataset.unit) auroraview.send_event("choose_unit", target.dataset.unit);
  };
</script>"""


def make_view() -> WebView:
    """The view, not shown yet."""
    view = WebView("Events", html=PAGE, width=480, height=220)
    # A retained value is the first thing that every document gets, after a reload too.
    view.emit("settings", {"unit": "cm"}, retain=True)

    @view.on("choose_unit")
    def choose_unit(unit: str) -> None:
        view.emit("settings", {"unit": unit}, retain=True)

    @view.on_ready
    def start() -> None:
        threading.Thread(target=tick, daemon=True).start()

    def tick() -> None:
        """Any thread may emit; it never blocks."""
        document, began = view.peer.document, time.monotonic()
        while view.is_open and view.peer.document == document:
            view.emit("tick", {"seconds": time.monotonic() - began})
            time.sleep(0.1)

    return view


if __name__ == "__main__":
    make_view().show()
