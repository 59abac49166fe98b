"""Dialogs of a page that is docked in the application's window. See ``program.py``."""

from __future__ import annotations

from tests.e2e import desktop
from tests.qt.program import Program, Steps


def asking(program: Program) -> Steps:
    """A dialog of the program, and one of the page: above the application's window, whose loop goes on meanwhile."""
    seen = program.seen
    panel = program.panel(title="Docked")
    program.dock(panel)
    yield from program.ready(panel)
    future = panel.view.window.confirm("Delete 3 assets?", title="Of the program", kind="warning")
    yield lambda: desktop.active() == "Of the program"
    (dialog,) = [one for one in desktop.managed() if desktop.title_of(one) == "Of the program"]
    seen["above"] = desktop.transient_for(dialog) == int(program.window.winId())
    seen["waits"] = not future.done()
    seen["page answers"] = yield from program.js(panel, "6 * 7")
    yield from program.xdo("key", "Return")
    yield future.done
    seen["agreed"] = future.result(0)

    answer = panel.view.eval_js("prompt('Name?')")
    yield lambda: desktop.active() == "Docked"
    yield from program.xdo("type", "cube")
    yield from program.xdo("key", "Return")
    yield answer.done
    seen["name"] = answer.result(0)

    left = panel.view.window.open_file(title="Left open")
    yield lambda: desktop.active() == "Left open"
    panel.view.close()
    yield left.done
    seen["left"] = type(left.exception(0)).__name__
    yield lambda: "Left open" not in desktop.titles()
