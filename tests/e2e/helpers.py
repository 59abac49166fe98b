"""What window tests need again and again: a view that closes, waiting with a deadline, a list of what happened.

Servers are in ``servers.py``, the screen in ``desktop.py``, processes in ``processes.py``.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from auroraview import WebView
from tests.e2e.lanes import LaneWindows

#: Seconds that something may take on a busy machine before the test says that it did not happen.
PATIENCE = 30.0

PAGE = "<!doctype html><meta charset=utf-8><title>Page</title><body>A page"


def wait_for(condition: Callable[[], Any], what: str, seconds: float = PATIENCE) -> Any:
    """Waits until the condition gives something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {seconds:g} s")
        time.sleep(0.01)


class Record:
    """What happened, in order; a callable to be registered as a handler of any kind."""

    def __init__(self, answer: Any = None) -> None:
        self.seen: list[tuple[Any, ...]] = []
        self._answer = answer
        self._changed = threading.Condition()

    def __call__(self, *args: Any) -> Any:
        with self._changed:
            self.seen.append(args)
            self._changed.notify_all()
        return self._answer

    def wait(self, count: int = 1, seconds: float = PATIENCE) -> list[tuple[Any, ...]]:
        """Waits until it was called ``count`` times; returns all calls so far."""
        with self._changed:
            reached = self._changed.wait_for(lambda: len(self.seen) >= count, seconds)
            assert reached, f"called {len(self.seen)} times within {seconds:g} s, not {count}: {self.seen}"
            return list(self.seen)


@contextlib.contextmanager
def opened(view: WebView | None = None, *, ready: bool = True, **options: Any) -> Iterator[WebView]:
    """A view on the screen, closed at the end; without a view, a new one with these options."""
    with LaneWindows() as webview:
        yield webview(view or options.pop("title", "Test"), ready=ready, **options)


def ask(view: WebView, script: str, seconds: float = PATIENCE) -> Any:
    """The value of a script in the page."""
    return view.eval_js(script).result(seconds)


def show_text(view: WebView, selector: str = "body") -> str:
    """The text of an element."""
    text = ask(view, f"document.querySelector({selector!r}).textContent")
    assert isinstance(text, str)
    return text
