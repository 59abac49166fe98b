"""The tool that the tests run: a panel with a page, as an artist would write one; made to be loaded again."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

from auroraview import hosts

SECONDS = 20.0
#: How often this module was loaded. A reload keeps the names of before.
GENERATION = globals().get("GENERATION", 0) + 1
PAGE = Path(__file__).with_name("page")


class Tool:
    """What the page can call; runs on the application's main thread where not said otherwise."""

    def __init__(self, application: Any) -> None:
        self.application = application
        self.served = 0

    def echo(self, value: Any) -> list[Any]:
        self.served += 1
        return [value, threading.current_thread() is threading.main_thread()]

    def generation(self) -> int:
        return GENERATION

    def get(self) -> float:
        return float(self.application.value())

    def set(self, value: float) -> None:
        self.application.set_value(value)

    def fail(self) -> None:
        raise ZeroDivisionError("as it was asked to")

    def forbidden(self) -> None:
        self.application.forbidden()


def open_panel(application: Any) -> tuple[Any, Tool]:
    """What the tool's menu entry does."""
    tool = Tool(application)
    panel = hosts.panel(
        "Test panel",
        key="test",
        path=PAGE,
        area="right",
        width=420,
        height=320,
        isolation=os.environ.get("AURORAVIEW_ISOLATION"),
    )
    panel.bind_api(tool)
    panel.bind_call("echo_on_worker", tool.echo, thread="worker")
    panel.bind_call("sleep_on_worker", time.sleep, thread="worker")
    panel.bind_call("ask_page", lambda: panel.view.eval_js("1 + 1").result(SECONDS))
    panel.bind_call("close_panel", panel.close)
    panel.on("broken", lambda _: tool.fail())
    return panel, tool
