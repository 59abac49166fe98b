"""Real programs of Qt, with each binding that some interpreter of this machine has: none is needed to work on this."""

import functools
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import SECONDS, in_real_hosts

ROOT = Path(__file__).resolve().parents[2]
BINDINGS = ("PySide6", "PySide2", "PyQt6", "PyQt5")
LOOK = (
    "import importlib.util, sys; sys.exit(sys.version_info < (3, 11) or importlib.util.find_spec(sys.argv[1]) is None)"
)


@functools.cache
def interpreter_with(binding):
    """An interpreter that has a binding: ours, the one named by AURORAVIEW_QT_PYTHON, or the system's."""
    if importlib.util.find_spec(binding) is not None:
        return sys.executable
    for python in (os.environ.get("AURORAVIEW_QT_PYTHON"), shutil.which("python3", path="/usr/bin")):
        if python is not None:
            looked = subprocess.run([python, "-c", LOOK, binding], timeout=SECONDS, capture_output=True, check=False)
            if looked.returncode == 0:
                return python
    return None


@in_real_hosts
@pytest.mark.parametrize(
    ("binding", "adapter"), [*((one, "qt") for one in BINDINGS), ("PySide6", "max3ds"), ("PySide2", "max3ds")]
)
def test_handlers_run_in_a_real_program_of_qt(binding, adapter):
    python = interpreter_with(binding)
    if python is None:
        pytest.skip(f"no interpreter with {binding}")
    done = subprocess.run(
        [python, "-m", "tests.hosts.qt_program", binding, *([adapter] if adapter != "qt" else [])],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT / 'python'}", "PYTHONWARNINGS": "default"},
        capture_output=True,
        text=True,
        timeout=SECONDS * 2,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    name, version, toolkit, interactive = seen.pop("info")
    assert (name, version) == {"qt": ("qt", "7.2"), "max3ds": ("max3ds", "2024")}[adapter]
    assert toolkit.startswith("Qt ")
    assert toolkit.endswith(f"({binding})")
    assert interactive
    assert seen.pop("ms a call") < SECONDS
    assert seen.pop("idle ms") < 500
    assert seen == {
        "where": True,
        "order": True,
        "fail": "ZeroDivisionError",
        "slow": True,
        "others had their turn": True,
        "dialog": True,
        "turns while idle": 0,
        "detached": True,
    }
