"""Noticing changed files."""

import os
import threading

import pytest

from auroraview._watching import snapshot, watch
from tests.helpers import eventually


@pytest.fixture
def changes(tmp_path):
    """Counts the changes below the folder."""
    (tmp_path / "index.html").write_text("one")
    (tmp_path / "deep").mkdir()
    counted, stopped = [], threading.Event()
    first = snapshot(tmp_path)
    thread = threading.Thread(target=watch, args=(tmp_path, first, lambda: counted.append(1), stopped))
    thread.start()
    yield counted
    stopped.set()
    thread.join(20)
    assert not thread.is_alive()


def test_written_new_and_removed_files_are_noticed(tmp_path, changes):
    (tmp_path / "index.html").write_text("another text")
    eventually(lambda: len(changes) == 1)
    (tmp_path / "deep" / "new.css").write_text("x")
    eventually(lambda: len(changes) == 2)
    (tmp_path / "deep" / "new.css").unlink()
    eventually(lambda: len(changes) == 3)


def test_many_changes_at_once_are_told_once_they_have_ended(tmp_path, changes):
    for number in range(100):
        (tmp_path / "deep" / f"{number}.js").write_text("x")
    eventually(lambda: changes)
    (tmp_path / "index.html").write_text("the end of the build")
    eventually(lambda: len(changes) == 2)


def test_a_snapshot_leaves_out_what_is_no_part_of_a_page(tmp_path):
    for name in ("index.html", "deep/app.js", ".git/index", ".hidden", "node_modules/x/y.js", "__pycache__/a.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    found = {os.path.relpath(path, tmp_path) for path in snapshot(tmp_path)}
    assert found == {"index.html", os.path.join("deep", "app.js")}


def test_a_snapshot_tells_a_file_that_was_replaced_by_one_of_the_same_size_and_time(tmp_path):
    page, other = tmp_path / "page.html", tmp_path / "other"
    page.write_text("one")
    before = snapshot(tmp_path)
    stat = page.stat()
    other.write_text("two")
    os.utime(other, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    other.replace(page)
    assert snapshot(tmp_path) != before


def test_what_is_not_there_has_no_files(tmp_path):
    assert snapshot(tmp_path / "nowhere") == {}
