"""``python -m benches.opening none|process``: a program that opens one window, or one after another, and says how long
it took from the constructor until the page had the answer to its first call."""

from __future__ import annotations

import argparse
import json
import threading
import time

from auroraview import WebView

PAGE = """<!doctype html><title>opening</title><script>
auroraview.call("bench.first").then(() => auroraview.send_event("bench.answered"));
</script>"""


def opened(isolation: str) -> float:
    """Milliseconds; the window is closed again."""
    answered = threading.Event()
    began = time.perf_counter()
    view = WebView("Opening", html=PAGE, width=400, height=300, isolation=isolation)
    view.bind_call("bench.first", lambda: None)
    view.on("bench.answered", answered.set)
    view.show(wait=False)
    if not answered.wait(60):
        raise TimeoutError("the page had no answer")
    took = (time.perf_counter() - began) * 1000
    view.close()
    if not view.wait(30):
        raise TimeoutError("the window did not close")
    return took


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benches.opening", description=__doc__)
    parser.add_argument("isolation", choices=("none", "process"))
    parser.add_argument("--count", type=int, default=1, help="so many windows, one after another")
    options = parser.parse_args()
    print(json.dumps([opened(options.isolation) for _ in range(options.count)]))


if __name__ == "__main__":
    main()
