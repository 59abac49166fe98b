"""``auroraview doctor`` where windows open, and what ``auroraview new`` makes: its window, and its tests as written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import auroraview
from tests.e2e.desktop import close_as_user, titles
from tests.e2e.helpers import wait_for


def run(*arguments, cwd=None, **environment):
    changed = {**os.environ, **environment}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True,
        text=True,
        timeout=55,
        cwd=cwd,
        env={name: value for name, value in changed.items() if value is not None},
    )


def test_where_a_window_opens_the_doctor_succeeds_and_nobody_sees_it():
    before = titles()
    done = run("-m", "auroraview", "doctor", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert titles() == before
    report = json.loads(done.stdout)
    checks = {check["name"]: check for check in report["checks"]}
    assert report["ok"] is True
    for name in ("native", "host-library", "shell", "webkitgtk", "display", "window"):
        assert checks[name]["status"] == "ok", checks[name]
    assert "X11 answers" in checks["display"]["text"]
    assert checks["window-manager"]["status"] == "ok"
    assert "page-language" in checks


def test_for_people_it_ends_with_the_verdict():
    done = run("-m", "auroraview", "doctor", COLUMNS="80")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0] == f"auroraview {auroraview.__version__}"
    assert done.stdout.splitlines()[-1].startswith("Windows can be opened here")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_a_home_that_cannot_be_written_and_few_files_do_not_keep_a_window_from_opening():
    command = 'ulimit -n 128; exec "$0" -m auroraview doctor --json'
    done = subprocess.run(
        ["sh", "-c", command, sys.executable],
        capture_output=True,
        text=True,
        timeout=55,
        env={**os.environ, "HOME": "/proc/nowhere", "XDG_CACHE_HOME": "/proc/nowhere"},
    )
    checks = {check["name"]: check["status"] for check in json.loads(done.stdout)["checks"]}
    assert (checks["window"], checks["home"], checks["open-files"]) == ("ok", "warn", "warn")
    assert done.returncode == 0


@pytest.fixture
def tool(tmp_path):
    """A new tool with a window of its own."""
    assert run("-m", "auroraview", "new", "Shot Notes", cwd=tmp_path).returncode == 0
    return Path(tmp_path, "Shot Notes")


@pytest.mark.parametrize("display", ["this", "none"])
def test_the_tests_of_a_new_tool_pass_as_written(tool, display):
    without = {"DISPLAY": None, "WAYLAND_DISPLAY": None} if display == "none" else {}
    done = run("-m", "pytest", "-q", cwd=tool, **without)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "2 passed" in done.stdout


def test_a_new_tool_runs_as_written(tool):
    with subprocess.Popen([sys.executable, "main.py"], cwd=tool, stderr=subprocess.PIPE, text=True) as program:
        try:
            wait_for(lambda: program.poll() is not None or "Shot Notes" in titles(), "the window of the tool")
            close_as_user("Shot Notes")
            _, err = program.communicate(timeout=30)
        finally:
            program.kill()
    assert (program.returncode, err) == (0, "")
