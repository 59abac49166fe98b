"""How do two windows share one set of handlers and one state?"""

from auroraview import Bridge, WebView, WindowOptions, current_call

PAGE = """<!doctype html><meta name="color-scheme" content="light dark">
<style>body { font: 16px system-ui; padding: 1.5rem } output { font-size: 3rem; display: block }</style>
<output id="count">…</output>
<button data-step="1">More</button> <button data-step="-1">Less</button>
<p id="who" role="status"></p>
<script>
  auroraview.on("count", (value) => { count.textContent = value; });
  document.onclick = async ({ target }) => {
    if (target.dataset.step) who.textContent = await auroraview.call("add", [Number(target.dataset.step)]);
  };
</script>"""


def make_views() -> tuple[WebView, WebView]:
    """Both views, not shown yet."""
    bridge = Bridge()
    left = WebView("Left", html=PAGE, bridge=bridge, width=320, height=220, window=WindowOptions(position=(120, 160)))
    right = WebView("Right", html=PAGE, bridge=bridge, width=320, height=220, window=WindowOptions(position=(480, 160)))
    total = 0
    bridge.emit("count", total, retain=True)

    @bridge.bind_call("add")
    def add(step: int) -> str:
        nonlocal total
        total += step
        bridge.emit("count", total, retain=True)  # to every window there is, and to those that come later
        return "asked by the left window" if current_call().peer is left.peer else "asked by the right window"

    return left, right


if __name__ == "__main__":
    one, other = make_views()
    other.show(wait=False)
    one.show()
    other.wait()
