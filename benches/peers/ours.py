"""``python -m benches.peers.ours``: a window of AuroraView."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auroraview import WebView, __version__
from benches.peers.page import page
from benches.peers.program import PATIENCE, Program

CONNECT = """
peer.pair = (first, second) => auroraview.call("bench.pair", {first, second});
peer.echo = text => auroraview.call("bench.echo", {text});
peer.report = text => auroraview.call("bench.report", {text});
auroraview.on("tick", tick);
begin();
"""
PAGE = page(CONNECT)


class Ours(Program):
    """Handlers run on the bridge's worker."""

    def __init__(self, view: WebView) -> None:
        super().__init__(f"AuroraView {__version__}")
        self.view = view
        for name in ("pair", "echo", "report"):
            self.view.bind_call(f"bench.{name}", getattr(self, name))

    def script(self, text: str) -> None:
        self.view.eval_js(text).result(PATIENCE)

    def emit_all(self, values: Iterator[dict[str, Any]]) -> None:
        for value in values:
            self.view.emit("tick", value)

    def end(self) -> None:
        self.view.close()


if __name__ == "__main__":
    Ours(WebView("Bench", html=PAGE, width=400, height=300)).view.show()
