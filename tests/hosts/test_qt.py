"""Real programs of Qt, with each binding that some interpreter of this machine has: none is needed to work on this."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.helpers import SECONDS, in_real_hosts
from tests.hosts.running import python_with as interpreter_with

ROOT = Path(__file__).resolve().parents[2]
BINDINGS = ("PySide6", "PySide2", "PyQt6", "PyQt5")


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
