"""A panel in a real Blender, where there is one."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.helpers import in_real_hosts

ROOT = Path(__file__).resolve().parents[2]
COMMAND = ["blender", "--factory-startup", "-noaudio", "--python-exit-code", "3", "--python"]


@in_real_hosts
@pytest.mark.skipif(shutil.which("blender") is None, reason="no Blender")
@pytest.mark.timeout(180)
def test_a_panel_works_on_blenders_main_thread_and_blender_ends_well():
    done = subprocess.run(
        [*COMMAND, str(Path(__file__).with_name("blender_program.py"))],
        env={**os.environ, "AURORAVIEW_PACKAGE": str(ROOT / "python"), "LIBGL_ALWAYS_SOFTWARE": "1"},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("SEEN ")]
    assert lines, done.stdout + done.stderr
    seen = json.loads(lines[0].removeprefix("SEEN "))
    name, version, *rest = seen.pop("info")
    assert (name, rest) == ("blender", ["GHOST", "own", True])
    assert version[0].isdecimal()
    before, after = seen.pop("objects")
    assert before == after == 4  # a camera, a light, a cube, and ours
    assert seen.pop("ms a call") < 1000
    assert seen == {
        "echo": [5, True],
        "restricted": ["RuntimeError", "handler_error"],
        "page": 2,
        "order": True,
        "after a new file": [6, True],
        "detached": True,
    }
    assert done.returncode == 0, done.stderr
