"""Waiting on the main thread for what happens in the page of a panel."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from auroraview import main_thread
from tests.helpers import SECONDS

PAGE = "<!doctype html><title>Page</title><body>A page"


def pumped(condition: Callable[[], object], what: str = "the condition") -> None:
    """Gives the main thread's time to handlers until a condition holds."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true within {SECONDS:g} s"
        main_thread.pump()
        time.sleep(0.002)


def value(panel: Any, script: str) -> Any:
    """The value of a script in the panel's page, while handlers run."""
    future = panel.view.eval_js(script)
    pumped(future.done, script)
    return future.result(0)
