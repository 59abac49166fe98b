"""``auroraview serve --reload``: who edits a page sees the change in the browser that shows it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from tests.e2e.helpers import PATIENCE, wait_for
from tests.e2e.served import SCRIPT

pytestmark = pytest.mark.each_lane

APP = "from auroraview import Bridge\nbridge = Bridge()\nbridge.bind_call('echo', lambda value: value)\n"
PAGE = f"<!doctype html><meta charset=utf-8><title>Edited</title>{SCRIPT}<link rel=stylesheet href=style.css><p>{{}}"


@pytest.fixture
def project(tmp_path):
    """A program and its page."""
    (tmp_path / "panel.py").write_text(APP)
    (tmp_path / "dist" / "sub").mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text(PAGE.format("first"))
    (tmp_path / "dist" / "style.css").write_text("p { color: rgb(1, 2, 3) }")
    return tmp_path


@pytest.fixture
def address(project):
    """The link that the command line printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "auroraview", "serve", "dist", "--app", "panel:bridge", "--reload"],
        cwd=project,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    lines: list[str] = []
    reader = threading.Thread(target=lines.extend, args=(process.stdout,), daemon=True)
    reader.start()
    try:
        wait_for(lambda: any("#token=" in line for line in lines) or process.poll() is not None, "the link")
        yield next(line.strip() for line in lines if "#token=" in line)
    finally:
        process.terminate()
        assert process.wait(PATIENCE) == 0
        reader.join(PATIENCE)
        process.stdout.close()


# While a page is loaded there may be no paragraph, for a moment.
COLOR = "document.querySelector('p') && getComputedStyle(document.querySelector('p')).color"


def color(tab):
    return tab.evaluate(COLOR)


def test_a_file_that_changes_is_shown_by_all_tabs_without_a_key_pressed(browser, project, address):
    tabs = [browser.tab(address) for _ in range(2)]
    for tab in tabs:
        tab.wait_for("auroraview.isReady")
        assert color(tab) == "rgb(1, 2, 3)"
    (project / "dist" / "index.html").write_text(PAGE.format("second"))
    for tab in tabs:
        tab.wait_text("p", "second")
    (project / "dist" / "style.css").write_text("p { color: rgb(4, 5, 6) }")
    for tab in tabs:
        tab.wait_for(f"({COLOR}) === 'rgb(4, 5, 6)' && auroraview.isReady")
        assert tab.evaluate("auroraview.call('echo', [1])") == 1
    # New files count too.
    tabs[0].evaluate("void (globalThis.old = true)")
    (project / "dist" / "sub" / "new.js").write_text("// new")
    tabs[0].wait_for("globalThis.old === undefined && globalThis.auroraview?.isReady")
