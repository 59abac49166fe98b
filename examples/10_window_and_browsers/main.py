"""How does one panel run in a window and in browsers at the same time, all in step?"""

from pathlib import Path

from auroraview import Bridge, WebView, current_call, serve

PAGE = Path(__file__).resolve().parent / "page"


def make_view() -> WebView:
    """The view, not shown yet; its bridge may be served as well."""
    bridge = Bridge()
    view = WebView("Hue", path=PAGE, bridge=bridge, width=420, height=260)
    bridge.emit("hue", 210, retain=True)

    @bridge.on("drag")
    def drag(hue: int) -> None:
        # A slider reports more often than anybody can look: pages get the newest value, 60 times a second at most.
        bridge.emit("hue", hue, keep="latest", retain=True)

    @bridge.bind_call("where")
    def where() -> str:
        return "a window" if current_call().peer is view.peer else "a browser"

    return view


if __name__ == "__main__":
    window = make_view()
    with serve(window.bridge, path=PAGE) as server:
        print("Open this link in two browsers:", server.open_url)
        window.show()
