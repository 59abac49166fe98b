"""Which lane a window takes, and what it says of it: the fast one where its library works, else the ordinary one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

import auroraview
from auroraview import WebView
from tests.e2e.helpers import ask, opened
from tests.e2e.lanes import FAST, ORDINARY
from tests.e2e.processes import run

PACKAGE = Path(auroraview.__file__).parent

#: Opens a window, uses it, and prints which lane it took, and why.
PROGRAM = """
import json, logging, os
logging.basicConfig(format="%(levelname)s %(message)s", level=logging.INFO)
from auroraview import WebView
ISOLATION = "none"
view = WebView(html="<p>page", isolation=ISOLATION)
view.bind_call("echo", lambda value: value)
view.show(wait=False)
view.wait_ready()
assert view.eval_js("auroraview.call('echo', [42])").result(30) == 42
script = "auroraview.call('echo', [new Uint8Array(3_000_000)]).then((data) => data.length)"
assert view.eval_js(script).result(30) == 3_000_000
view.reload()
view.wait_ready()
assert view.eval_js("auroraview.call('echo', ['again'])").result(30) == "again"
print(json.dumps([view.info["lane"], view.info["lane_reason"]]))
view.close()
assert view.wait(30)
"""


def program(isolation):
    return PROGRAM.replace('ISOLATION = "none"', f"ISOLATION = {isolation!r}")


def lane_of(ended):
    """What the program printed."""
    assert ended.code == 0, ended.err
    lane, reason = json.loads(ended.out)
    return lane, reason


def test_a_window_takes_the_fast_lane_and_has_no_reason_not_to(isolation):
    assert lane_of(run(program(isolation), {"AURORAVIEW_FAST_LANE": None})) == (FAST, None)


@pytest.mark.parametrize("value", ["0", "off", "no", "false", "OFF"])
def test_the_environment_turns_it_off(value, isolation):
    lane, reason = lane_of(run(program(isolation), {"AURORAVIEW_FAST_LANE": value}))
    assert lane == ORDINARY
    assert "AURORAVIEW_FAST_LANE" in reason


@pytest.mark.parametrize("value", ["1", "on", ""])
def test_other_values_of_the_environment_leave_it_on(value):
    assert lane_of(run(program("none"), {"AURORAVIEW_FAST_LANE": value})) == (FAST, None)


def test_each_window_takes_what_the_environment_says_when_it_opens(monkeypatch):
    view = WebView(html="<p>page")
    lanes = []
    for value in ("0", None, "0", None):
        if value is None:
            monkeypatch.delenv("AURORAVIEW_FAST_LANE", raising=False)
        else:
            monkeypatch.setenv("AURORAVIEW_FAST_LANE", value)
        view.show(wait=False)
        view.wait_ready(30)
        lanes.append(view.info["lane"])
        view.close()
        assert view.wait(30)
    assert lanes == [ORDINARY, FAST, ORDINARY, FAST]


def test_windows_of_both_lanes_live_side_by_side(monkeypatch):
    with opened(html="<p>one") as one:
        monkeypatch.setenv("AURORAVIEW_FAST_LANE", "0")
        with opened(html="<p>two") as two:
            for view, number in ((one, 1), (two, 2), (one, 3), (two, 4)):
                view.bind_call("number", lambda number=number: number)
                assert ask(view, "auroraview.call('number')") == number
            assert [view.info["lane"] for view in (one, two)] == [FAST, ORDINARY]


def test_a_window_that_is_not_open_has_a_reason():
    info = WebView(html="<p>").info
    assert info["lane"] != FAST
    assert info["lane_reason"]


def package(folder: Path, library: bytes | None, *, keep: bool = True) -> None:
    """A copy of the package whose library of the web process is this instead, or none; or without its folder."""
    copy = folder / "auroraview"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    place = copy / "_native" / "webext"
    (name,) = [file.name for file in place.iterdir()]
    shutil.rmtree(place)
    if keep:
        place.mkdir()
    if library is not None:
        (place / name).write_bytes(library)


#: The head of a library of this kind, and nothing behind it.
HEAD = (PACKAGE / "_core.abi3.so").read_bytes()[:60]

LIBRARIES: dict[str, bytes | None] = {
    "missing": None,
    "empty": b"",
    "no library": b"#!/bin/sh\necho no library\n",
    "cut off": HEAD,
    "another library": b"",
}


@pytest.mark.parametrize("what", LIBRARIES)
def test_a_library_that_does_not_load_leaves_the_ordinary_lane_and_a_reason(tmp_path, what, isolation):
    content = LIBRARIES[what]
    if what == "another library":
        content = _any_library()
    package(tmp_path, content)
    lane, reason = lane_of(run(program(isolation), {"PYTHONPATH": str(tmp_path), "AURORAVIEW_FAST_LANE": None}))
    assert lane == ORDINARY
    assert reason


def _any_library() -> bytes:
    """A library that loads and has nothing of what the engine looks for."""
    import _ctypes

    return Path(_ctypes.__file__).read_bytes()


def test_a_package_without_the_folder_works_too(tmp_path):
    package(tmp_path, None, keep=False)
    lane, reason = lane_of(run(program("none"), {"PYTHONPATH": str(tmp_path), "AURORAVIEW_FAST_LANE": None}))
    assert lane == ORDINARY
    assert "webext" in reason or "library" in reason


@pytest.mark.parametrize(("value", "expected"), [(None, FAST), ("0", ORDINARY)])
def test_the_doctor_says_which_lane_and_why(value, expected):
    ended = run(
        "import sys; from auroraview.__main__ import main; sys.argv = ['auroraview', 'doctor']; sys.exit(main())",
        {"AURORAVIEW_FAST_LANE": value},
        90,
    )
    rows = [line for line in ended.out.splitlines() if "lane" in line.lower()]
    assert rows, ended.out + ended.err
    text = " ".join(rows)
    assert expected in text or (expected == ORDINARY and "AURORAVIEW_FAST_LANE" in text), text
