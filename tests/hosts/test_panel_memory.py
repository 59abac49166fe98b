"""What is remembered of a panel: a whole file, written when nothing changes any more, and never in anybody's way."""

import json
import os
import subprocess
import sys
import textwrap
import threading

import pytest

from auroraview.hosts import _memory
from auroraview.hosts._memory import Memory, Remembered, on_some_screen, path_of, read, write
from auroraview.hosts._wish import Wish
from tests.helpers import SECONDS, eventually

WAS = Remembered(("right", 420, 600), "left", True, False, (300, 700), (10, -20, 500, 400))


@pytest.fixture(autouse=True)
def _state_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_what_was_written_is_read():
    path = path_of("blender", "outliner")
    assert read(path) is None
    write(path, WAS)
    assert read(path) == WAS
    assert [one.name for one in path.parent.iterdir()] == ["outliner.json"]


def test_a_file_is_below_the_state_home_of_the_user(tmp_path, monkeypatch):
    assert path_of("krita", "layers") == tmp_path / "auroraview" / "panels" / "krita" / "layers.json"
    for value in ("", "relative"):
        monkeypatch.setenv("XDG_STATE_HOME", value)
        monkeypatch.setenv("HOME", str(tmp_path / "home"))
        assert path_of("a", "b").parents[4] == tmp_path / "home" / ".local"


def test_each_key_has_a_file_of_its_own_inside_the_folder(tmp_path):
    keys = ["a", "A b", "../a", "..", ".", "a/b", "a\0b", "ä", "\ud800", "x" * 500, "x" * 499 + "y"]
    paths = [path_of("h", key) for key in keys]
    assert len(set(paths)) == len(keys)
    for path in paths:
        write(path, WAS)
        assert read(path) == WAS
        assert path.resolve().parent == (tmp_path / "auroraview" / "panels" / "h").resolve()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        "\xff",
        "{}",
        json.dumps({"asked": ["right", 1, 1], "area": "middle", "floating": False, "visible": True}),
    ],
    ids=range(8),
)
def test_a_file_that_is_broken_is_as_good_as_none_and_said_once(text, caplog):
    path = path_of("h", "k")
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="latin-1")
    assert read(path) is None
    assert len(caplog.messages) == 1
    assert str(path) in caplog.messages[0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("area", "floating"),
        ("area", ["left"]),
        ("asked", ["right", 420]),
        ("asked", ["right", 0, 600]),
        ("floating", 1),
        ("visible", None),
        ("size", [300]),
        ("size", [300, -1]),
        ("size", [3e400, 1]),
        ("window", [1, 2, 3, "4"]),
        ("window", [10**9, 2, 3, 4]),
        ("window", 7),
    ],
)
def test_each_value_is_looked_at(name, value, caplog):
    path = path_of("h", "k")
    write(path, WAS)
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    assert read(path) is None
    assert len(caplog.messages) == 1


def test_a_folder_where_the_file_should_be_is_no_obstacle(caplog):
    path_of("h", "k").mkdir(parents=True)
    assert read(path_of("h", "k")) is None
    assert len(caplog.messages) == 1


def test_many_changes_are_written_once(monkeypatch):
    written = []
    done = threading.Event()
    monkeypatch.setattr(_memory, "_QUIET_SECONDS", 0.05)
    monkeypatch.setattr(_memory, "write", lambda path, now: written.append(now) or done.set())
    memory = Memory(path_of("h", "k"), lambda: WAS)
    for _ in range(100):
        memory.changed()
    assert done.wait(SECONDS)
    memory.flush()
    assert written == [WAS], "the same again is not written"


def test_what_cannot_be_written_is_said_once(monkeypatch, caplog, tmp_path):
    (tmp_path / "auroraview").write_text("a file where the folder should be")
    places = iter([WAS, Remembered(WAS.asked, "top", False, True, None, None)])
    memory = Memory(path_of("h", "k"), lambda: next(places))
    memory.flush()
    memory.flush()
    assert len(caplog.messages) == 1


def test_a_file_that_cannot_be_replaced_stays_as_it_was(monkeypatch):
    path = path_of("h", "k")
    write(path, WAS)

    def refuse(*_):
        raise OSError("no")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match="no"):
        write(path, Remembered(WAS.asked, "top", False, True, None, None))
    assert read(path) == WAS
    assert len(list(path.parent.iterdir())) == 1


def test_a_program_that_ends_at_once_has_written():
    program = """
        from auroraview.hosts._memory import Memory, Remembered, path_of
        memory = Memory(path_of("h", "k"), lambda: Remembered(("right", 1, 2), "top", False, True, None, (1, 2, 3, 4)))
        memory.changed()
        """
    subprocess.run([sys.executable, "-c", textwrap.dedent(program)], timeout=SECONDS, check=True)
    last = read(path_of("h", "k"))
    assert last is not None
    assert last.window == (1, 2, 3, 4)


def test_a_change_is_written_without_being_asked(monkeypatch):
    monkeypatch.setattr(_memory, "_QUIET_SECONDS", 0.01)
    memory = Memory(path_of("h", "k"), lambda: WAS)
    memory.changed()
    eventually(lambda: read(path_of("h", "k")) == WAS)


ONE, TWO = (0, 0, 1920, 1080), (1920, 0, 3840, 2160)


@pytest.mark.parametrize(
    ("window", "screens", "there"),
    [
        ((100, 100, 400, 300), [ONE], True),
        ((1900, 100, 400, 300), [ONE], False),
        ((1900, 100, 400, 300), [ONE, TWO], True),
        ((100, 1500, 400, 300), [ONE, TWO], False),
        ((-350, 0, 400, 300), [ONE], False),
        ((-300, 0, 400, 300), [ONE], True),
        ((100, -5, 400, 300), [ONE], True),
        ((100, -200, 400, 300), [ONE], False),
        ((0, 0, 40, 30), [ONE], True),
        ((9000, 9000, 40, 30), None, True),
    ],
)
def test_a_window_counts_as_there_when_it_can_be_grasped(window, screens, there):
    assert on_some_screen(window, screens) is there


def test_what_is_remembered_counts_until_the_program_asks_for_something_else():
    assert Wish.of("right", 420, 600, WAS).side == "left"
    assert Wish.of("right", 420, 600, WAS).floating
    for other in (("top", 420, 600), ("right", 421, 600), ("right", 420, 601)):
        assert Wish.of(*other, WAS) == Wish.of(*other, None)
    assert Wish.of("floating", 1, 2, None).floating
