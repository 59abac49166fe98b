"""A page as a widget, in a real program of Qt with each binding that some interpreter of this machine has.

What is done in it is in ``scenarios*.py``; here is what must have been seen.
"""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.helpers import SECONDS, in_real_hosts
from tests.hosts.test_qt import interpreter_with

ROOT = Path(__file__).resolve().parents[2]
BINDINGS = ("PySide6", "PySide2", "PyQt6", "PyQt5")
#: Of PyQt's widgets none can tell what is painted on: parents have no page in their pictures.
TELLS_TARGET = ("PySide6", "PySide2")
TIMES = 3

EXPECTED: dict[str, dict[str, Any]] = {
    "docking": {
        "embeds": True,
        "signals": ["opened", "ready"],
        "width of the hint": 420,
        "is where Qt says": True,
        "kept": "7kept",
    },
    "places": {
        "QTabWidget": 8,
        "QSplitter": 8,
        "QMdiArea": 8,
        "QStackedWidget": 8,
        "back": 8,
        "signals": ["opened", "opened", "ready", "ready"],
    },
    "keyboard": {"panel is Qt's focus widget": True, "page": "two", "edit": "onethree"},
    "tabbing": {"visited": ["button", "text"], "next has the focus": True},
    "shortcuts": {
        "fired": ["save", "reload", "chord"],
        "a key that a text field used": [],
        "disabled": ["reload"],
        "menu": "save",
    },
    "menus": {"chosen": "item 1"},
    "dialogs": {"under a dialog": ["1", "2"]},
    "asking": {
        "above": True,
        "waits": True,
        "page answers": 42,
        "agreed": True,
        "name": "cube",
        "left": "ViewClosed",
    },
    "drags": {
        "actions": [True, False],
        "dropped": ["enter", ["drop", "from Qt", "file:///tmp/a%20b.txt"]],
        "files": [["/tmp/a b.txt"]],
        "drops": 1,
    },
    "signals": {"received": ["clicked", 1], "sum": 3},
    "closing": {"text": "The page was closed.", "crash": "The page has crashed."},
    "deletion": dict.fromkeys(("panel", "dock", "container", "window", "python"), "closed"),
    "adoption": {"open": True, "outlives": True, "mark": 5},
    "errors": {"logged": True},
    "collection": {"cleared": True, "lives": True},
    "isolated": {"shells": 1, "mark": None},
}


def run(binding: str, scenario: str, **environment: str) -> dict[str, Any]:
    """What a program saw, which ended with 0."""
    python = interpreter_with(binding)
    if python is None:
        pytest.skip(f"no interpreter with {binding}")
    done = subprocess.run(
        [python, "-m", "tests.qt", binding, scenario],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'python'}", "PYTHONWARNINGS": "default", **environment},
        capture_output=True,
        text=True,
        timeout=SECONDS * 5,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout)
    assert "error" not in seen, f"{seen['error']}\n{seen}\n{done.stderr}"
    return seen


pytestmark = in_real_hosts
every_binding = pytest.mark.parametrize("binding", BINDINGS)


@every_binding
@pytest.mark.parametrize("scenario", EXPECTED)
def test_a_page_is_a_widget_like_others(binding: str, scenario: str) -> None:
    seen = run(binding, scenario)
    if scenario == "drags":
        x = seen["dropped"][1].pop()
        assert 0 < x < 420
    assert seen == EXPECTED[scenario]


@every_binding
def test_pictures_by_qt_have_the_page_in_them(binding: str) -> None:
    assert run(binding, "pictures") == {
        "part": [50, 40, [0, 96, 160]],
        "render": [0, 96, 160],
        "parent": binding in TELLS_TARGET,
    }


@every_binding
def test_pixels_of_a_page_are_those_of_qt_on_a_scaled_screen(binding: str) -> None:
    seen = run(binding, "scaled", QT_SCALE_FACTOR="1.25")
    assert seen == {"ratio": 1.25, "zoom": 1.25}


@every_binding
def test_without_x11_there_is_a_sentence_and_no_crash(binding: str) -> None:
    seen = run(binding, "without_x11", QT_QPA_PLATFORM="offscreen")
    assert seen == {
        "embeds": False,
        "text": "Pages cannot be shown inside this application here.",
        "isolation": "isolated",
        "open": True,
    }


@every_binding
def test_without_an_application_object_there_is_an_error_and_no_crash(binding: str) -> None:
    python = interpreter_with(binding)
    if python is None:
        pytest.skip(f"no interpreter with {binding}")
    done = subprocess.run(
        [python, "-c", "from auroraview.qt import WebPanel; WebPanel()"],
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'python'}", "QT_API": binding.lower()},
        capture_output=True,
        text=True,
        timeout=SECONDS * 5,
        check=False,
    )
    assert (done.returncode, "UsageError: a WebPanel needs the QApplication" in done.stderr) == (1, True), done.stderr


@every_binding
def test_a_program_that_ends_under_load_ends_well(binding: str) -> None:
    for _ in range(TIMES):
        assert run(binding, "quitting") == {"quits": True}
