"""``python -m benches.peers.pywebview_gtk``: a window of pywebview, which has WebKitGTK as well.

It has no events: what its guide says for telling the page something is to run script there. Of its two ways the one
without ``eval`` is taken.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import webview

from benches.peers.page import page
from benches.peers.program import Program

PAGE = page("""
addEventListener("pywebviewready", () => {
  Object.assign(peer, pywebview.api);
  begin();
});
""")


class Api:
    """What the page sees: each public method."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def pair(self, first: int, second: int) -> int:
        return self._program.pair(first, second)

    def echo(self, text: str) -> str:
        return self._program.echo(text)

    def report(self, text: str) -> None:
        self._program.report(text)


class Pywebview(Program):
    """Each call has a thread of its own."""

    def __init__(self) -> None:
        super().__init__(f"pywebview {version('pywebview')}")
        self.window: Any = webview.create_window("Bench", html=PAGE, js_api=Api(self), width=400, height=300)

    def script(self, text: str) -> None:
        self.window.run_js(text)

    def emit_all(self, values: Iterator[dict[str, Any]]) -> None:
        for value in values:
            self.window.run_js(f"tick({json.dumps(value)})")

    def end(self) -> None:
        self.window.destroy()


if __name__ == "__main__":
    program = Pywebview()
    webview.start(gui="gtk")
    os._exit(0)  # The thread of a call whose answer the window did not live to see waits for ever.
