"""Whether a window is to have a fast lane and a sandbox: what decides it. The lane itself: tests/e2e."""

import os
from pathlib import Path

import pytest

from auroraview import HostError, WebView, _fast_lane, _sandbox
from auroraview._cli import main
from auroraview._doctor import _package, _processes, _throwaway, _window
from auroraview._doctor._check import OK, WARN
from auroraview._doctor._throwaway import Outcome


@pytest.fixture
def library(tmp_path, monkeypatch):
    """Where the library is looked for; it is there."""
    found = tmp_path / "webext" / "libauroraview_webext.so"
    found.parent.mkdir()
    found.write_bytes(b"")
    monkeypatch.setattr(_fast_lane, "LIBRARY", found)
    monkeypatch.setattr(_fast_lane, "FOLDER", found.parent)
    monkeypatch.setattr(_package, "LANE_LIBRARY", found)
    monkeypatch.delenv("AURORAVIEW_FAST_LANE", raising=False)
    return found


def options(**more):
    return WebView(html="<p>", **more)._open_options()


# The lane


@pytest.mark.parametrize("value", [None, "", "1", "on", "yes"])
def test_a_window_is_told_the_folder_of_the_library(library, monkeypatch, value):
    if value is not None:
        monkeypatch.setenv("AURORAVIEW_FAST_LANE", value)
    opening = options()
    assert (opening["fast_lane"], opening["fast_lane_reason"]) == (str(library.parent), None)
    assert Path(opening["fast_lane"]).is_absolute()


@pytest.mark.parametrize("value", ["0", "off", "OFF", "no", "false", " 0 "])
def test_the_variable_turns_it_off_when_the_window_opens(library, monkeypatch, value):
    view = WebView(html="<p>")
    monkeypatch.setenv("AURORAVIEW_FAST_LANE", value)
    opening = view._open_options()
    assert opening["fast_lane"] is None
    assert opening["fast_lane_reason"] == f"AURORAVIEW_FAST_LANE={value} turns it off"


def test_without_the_library_there_is_none_and_the_reason_says_where_it_should_be(library):
    library.unlink()
    opening = options(isolation="process")
    assert opening["fast_lane"] is None
    assert opening["fast_lane_reason"] == f"its library is missing: {library}"


def test_a_library_that_cannot_be_read_is_told(library, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert _fast_lane.wish() == (None, f"its library cannot be read: {library}")


def test_the_library_is_looked_for_alone_in_its_folder_beside_the_package():
    assert _fast_lane.LIBRARY.parent == _fast_lane.FOLDER == Path(_fast_lane.__file__).parent / "_native" / "webext"
    assert _package.LANE_LIBRARY == _fast_lane.LIBRARY
    assert (_window._SWITCH, set(_window._OFF)) == (_fast_lane.VARIABLE, _fast_lane._OFF)


def test_a_view_says_its_lane_and_why():
    info = WebView(html="<p>").info
    assert info["lane"] == "script-message"
    assert info["lane_reason"]


# What the doctor says of it


def test_the_doctor_tells_that_the_lane_was_taken(library):
    found = _window._fast_lane({"lane": "fast", "lane_reason": None})
    assert (found.name, found.status, found.remedy) == ("fast-lane", OK, None)


@pytest.mark.parametrize(
    ("lane", "status", "said"),
    [
        ({}, OK, "was not tried"),
        ({"lane": "script-message", "lane_reason": "because"}, WARN, "no fast lane (because)"),
        ({"lane": "script-message", "lane_reason": None}, WARN, "no fast lane (nobody said why)"),
    ],
)
def test_the_doctor_says_why_there_is_none(library, lane, status, said):
    found = _window._fast_lane(lane)
    assert found.status == status
    assert said in found.text
    assert (found.remedy is not None) == (status == WARN)


def test_the_doctor_knows_a_lane_that_is_off_from_one_that_is_missing(library, monkeypatch):
    library.unlink()
    found = _window._fast_lane({"lane": "script-message", "lane_reason": "its library is missing"})
    assert (found.status, found.remedy) == (WARN, _package.AGAIN)
    assert str(library) in found.text
    monkeypatch.setenv("AURORAVIEW_FAST_LANE", "off")
    found = _window._fast_lane({"lane": "script-message", "lane_reason": "off"})
    assert (found.status, found.remedy) == (OK, None)
    assert "AURORAVIEW_FAST_LANE=off" in found.text


# The sandbox


@pytest.fixture
def tried(monkeypatch):
    """What the process that tries the sandbox found, in turn; and how often it was asked."""
    monkeypatch.setattr(_sandbox, "_works", False)
    outcomes, asked = [], []

    def probe(*arguments, seconds):
        asked.append(arguments)
        return outcomes.pop(0)

    monkeypatch.setattr(_throwaway, "probe", probe)
    monkeypatch.setattr("auroraview._host.start", lambda: None)  # as where there is a display
    return outcomes, asked


def outcome(found=None, problem=None, said="", **more):
    return Outcome(found or {}, problem, said, 0, **more)


def test_only_a_window_with_a_sandbox_is_told_so():
    assert options()["sandbox"] is False
    assert options(sandbox=True)["sandbox"] is True


def test_a_sandbox_that_works_is_tried_once_for_each_process(tried):
    outcomes, asked = tried
    outcomes.append(outcome({"answer": "hello", "sandboxed": True}))
    _sandbox.require()
    _sandbox.require()
    assert asked == [("window", _throwaway.HOME, "sandbox")]


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (outcome(problem="it was ended by SIGTRAP", said="bwrap: No permissions"), "here: bwrap: No permissions"),
        (outcome(problem="it did not end within 40 s"), "here: it did not end within 40 s"),
        (outcome({"problem": "no display"}), "here: no display"),
        (outcome({"answer": "hello", "sandboxed": False}), "the page's process was started without it"),
    ],
    ids=["the engine ended", "it hung", "no window", "it went on without"],
)
def test_a_window_with_a_sandbox_that_does_not_work_is_refused(tried, found, said):
    outcomes, _ = tried
    view = WebView(html="<p>", sandbox=True)
    for _ in range(2):  # It may have been set right meanwhile, so it is tried again.
        outcomes.append(found)
        with pytest.raises(HostError, match="the sandbox of the web engine does not work here") as raised:
            view.show(wait=False)
        assert said in str(raised.value)
        assert "sudo apt install bubblewrap" in str(raised.value)
    assert not view.is_open


def test_the_command_line_asks_for_it_and_tells_what_to_do(tried, tmp_path, capsys):
    outcomes, _ = tried
    outcomes.append(outcome(problem="it was ended by SIGTRAP", said="bwrap: No permissions"))
    page = tmp_path / "page.html"
    page.write_text("<p>", "utf-8")
    assert main([str(page), "--sandbox"]) == 1
    told = capsys.readouterr().err
    assert "the sandbox of the web engine does not work here: bwrap: No permissions; install bubblewrap" in told
    assert told.count("\n") == 1


def test_a_variable_that_keeps_the_engine_from_it_is_named(tried, monkeypatch):
    outcomes, _ = tried
    outcomes.append(outcome({"answer": "hello", "sandboxed": False}))
    monkeypatch.setenv("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1")
    with pytest.raises(HostError, match="WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS is set"):
        _sandbox.require()


def test_inside_an_application_what_it_is_made_of_is_tried(tried, monkeypatch):
    outcomes, _ = tried
    outcomes += [outcome(problem="Python runs inside an application", tried=False)] * 2
    monkeypatch.setattr(_processes, "why_no_sandbox", lambda: "bwrap is not installed")
    with pytest.raises(HostError, match="bwrap is not installed"):
        _sandbox.require()
    monkeypatch.setattr(_processes, "why_no_sandbox", lambda: None)
    _sandbox.require()


@pytest.mark.parametrize("missing", ["bwrap", "xdg-dbus-proxy"])
def test_each_program_that_the_sandbox_is_made_of_has_to_be_there(monkeypatch, missing):
    monkeypatch.setattr(_processes.shutil, "which", lambda name: None if name == missing else f"/usr/bin/{name}")
    assert _processes.why_no_sandbox() == f"{missing} is not installed"
