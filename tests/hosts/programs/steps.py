"""What a test can ask for inside an application, by name. Values are those of JSON.

Functions that wait for the page are for a thread other than the main one.
"""

from __future__ import annotations

import importlib
import logging
from typing import Any

from programs import docks, tool

from auroraview import hosts

SECONDS = 60.0

application: Any = None
panel: Any = None
running: Any = None
crashes: list[Any] = []


class Complaints(logging.Handler):
    """Errors in the library's log, but for those that a test asked for."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if not any(part in text for part in EXPECTED):
            self.texts.append(text)


#: What handlers raise because they were asked to, and the kills.
EXPECTED = (
    "as it was asked to",
    "view3d.view_selected",
    "nothing is forbidden here",
    "the web process died",
    "UsageError",
)
noticed = Complaints()
logging.getLogger("auroraview").addHandler(noticed)


def started() -> list[Any]:
    """What the library says of this application."""
    info = hosts.detect()
    return [info.name, info.version, info.toolkit, info.loop, info.interactive]


def open_tool() -> None:
    """Runs the tool, for the first time or again."""
    global panel, running
    panel, running = tool.open_panel(application)
    panel.view.window.on("crashed", lambda: crashes.append(panel))


def reload_tool() -> bool:
    """Loads the tool's module again and runs it; whether the panel is the one of before."""
    before = panel
    importlib.reload(tool)
    open_tool()
    return panel is before


def ready() -> None:
    """Waits for the page."""
    panel.view.wait_ready(SECONDS)


def ask(script: str) -> Any:
    """Runs a script in the page, and waits for its value."""
    return panel.view.eval_js(script).result(SECONDS)


def begin(script: str) -> None:
    """Runs a script in the page that nobody waits for."""
    panel.view.eval_js(script)


def place() -> list[Any]:
    """Where the panel is: "docked" or "window", the X id of its window, whether it is open."""
    return [panel.place, panel.view.window.native_id, panel.is_open]


def zoom() -> float:
    """How many pixels of the screen one of the page has."""
    return float(panel.view.window.zoom)


def served() -> int:
    """How many calls there were since the tool was run."""
    return int(running.served)


def times_crashed() -> int:
    return len(crashes)


def reload_page() -> None:
    panel.view.reload()


def show_panel() -> None:
    panel.show()


def hide_panel() -> None:
    panel.hide()


def close_panel() -> None:
    panel.close()


def detach() -> None:
    hosts.detach()


def attach() -> None:
    hosts.attach()


def edit(value: float) -> None:
    """Changes the application's object as its user would, and tells the page."""
    application.set_value(value)
    panel.emit("value", application.value())


def value() -> float:
    return float(application.value())


def new_file() -> None:
    application.new_file()


def field() -> list[int]:
    """Where on the screen something of the application takes what is typed, in pixels."""
    return application.field()


def typed() -> str:
    """What that field holds."""
    return str(application.typed())


def clear_field() -> None:
    """Empties it."""
    application.clear_field()


def boxes() -> list[str]:
    """The dialogs that are open."""
    return application.boxes()


def dock(step: str, *args: Any) -> Any:
    """One of the things that a user does to a dock of Qt."""
    return getattr(docks.Dock(application.core, panel.dock), step)(*args)


def address() -> str:
    """Where a served page is."""
    return str(application.address())


def complaints() -> list[str]:
    """Errors in the library's log that nobody asked for."""
    return noticed.texts


def leave() -> None:
    """Ends the application as its user does; does not wait for that."""
    application.leave()
