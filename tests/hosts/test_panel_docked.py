"""Panels in the main windows of real programs of Qt, each binding, and of closed applications as they tell theirs."""

import json
import os
import subprocess

import pytest

from tests.helpers import SECONDS, in_real_hosts
from tests.hosts.test_qt import BINDINGS, ROOT, interpreter_with

CLOSED = ("maya", "houdini", "nuke", "max3ds")


def run(binding, state_home, *arguments, **environment):
    python = interpreter_with(binding)
    if python is None:
        pytest.skip(f"no interpreter with {binding}")
    done = subprocess.run(
        [python, "-m", "tests.hosts.panel_program", binding, *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), f"{ROOT / 'python'}"])),
            "XDG_STATE_HOME": str(state_home),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=SECONDS * 8,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout)


@in_real_hosts
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("binding", "application"),
    [*((one, "") for one in BINDINGS), *(("PySide6", one) for one in CLOSED), *(("PySide2", one) for one in CLOSED)],
)
@pytest.mark.parametrize("loop", ["guest", "own"])
def test_panels_are_docks_of_a_real_program(binding, application, loop, tmp_path):
    if application and loop == "own":
        pytest.skip("the same as in any program of Qt")
    environment = {"QT_NO_GLIB": "1"} if loop == "own" else {}
    seen = run(binding, tmp_path, *([application] if application else []), **environment)
    assert seen.pop("info") == [application or "qt", loop]
    assert seen.pop("places") == {
        "right": [333, False, "right", "auroraview-right"],
        "left": [333, False, "left", "auroraview-left"],
        "top": [222, False, "top", "auroraview-top"],
        "bottom": [222, False, "bottom", "auroraview-bottom"],
        "floating": [333, True, "right", "auroraview-floating"],
    }
    done = dict.fromkeys(("life", "frames", "deletion", "isolated"), True)
    assert seen == ({} if application else {**done, "failure": "no place", "restored": "bottom"})
    kept = json.loads((tmp_path / "auroraview" / "panels" / (application or "qt") / "bottom.json").read_text())
    assert (kept["area"], kept["visible"]) == ("bottom", True)


@in_real_hosts
@pytest.mark.timeout(180)
@pytest.mark.parametrize("binding", BINDINGS)
def test_where_qt_has_no_windows_of_x11_a_panel_is_a_window_in_a_process_of_its_own(binding, tmp_path):
    seen = run(binding, tmp_path, QT_QPA_PLATFORM="offscreen")
    assert seen == {"info": ["qt", "guest"], "elsewhere": "isolated"}
