"""ws-config.js: what it says, and that it is whole, ours, and gone in the end."""

import json
import logging
import os
import re
import threading
from datetime import UTC, datetime, timedelta

import pytest

from auroraview._config_script import NAME, ConfigScript


@pytest.fixture
def script(tmp_path):
    return ConfigScript(tmp_path)


def said(path):
    found = re.fullmatch(r"window\.WS_CONFIG = (\{.*\});\n", path.read_text("ascii"))
    assert found, path.read_text("ascii")
    return json.loads(found[1])


def test_it_has_the_port_and_the_time_with_its_zone(script):
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    assert script.write(8123)
    found = said(script.path)
    assert found.keys() == {"port", "timestamp"}
    assert found["port"] == 8123
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", found["timestamp"])
    assert before <= datetime.fromisoformat(found["timestamp"]) <= datetime.now(UTC)


@pytest.mark.parametrize("old", [b"", b"garbage \xff\0", b'window.WS_CONFIG = {"port": 1, "timestamp": "2100-01-01"}'])
def test_what_was_there_gives_way(script, old):
    script.path.write_bytes(old)
    assert script.write(8123)
    assert said(script.path)["port"] == 8123


def test_it_is_the_only_file_and_others_may_read_it(script, tmp_path):
    umask = os.umask(0o022)
    try:
        script.write(8123)
    finally:
        os.umask(umask)
    assert [entry.name for entry in tmp_path.iterdir()] == [NAME]
    assert script.path.stat().st_mode & 0o777 == 0o644


def test_who_reads_sees_a_whole_one(script):
    script.write(10_000)
    stop = threading.Event()
    seen = set()

    def read():
        while not stop.is_set():
            seen.add(said(script.path)["port"])

    reader = threading.Thread(target=read)
    reader.start()
    for port in range(10_000, 10_500):
        script.write(port)
    stop.set()
    reader.join()
    assert seen <= set(range(10_000, 10_500))


def test_it_goes_in_the_end(script, tmp_path):
    script.write(8123)
    script.remove()
    assert list(tmp_path.iterdir()) == []
    script.remove()


def test_another_programs_stays(script, tmp_path):
    script.write(8123)
    other = ConfigScript(tmp_path)
    other.write(8124)
    script.remove()
    assert said(script.path)["port"] == 8124
    other.remove()
    assert list(tmp_path.iterdir()) == []


def test_one_that_was_never_written_stays(script):
    script.path.write_text("theirs")
    script.remove()
    assert script.path.read_text() == "theirs"


def test_one_that_somebody_removed_is_not_missed(script):
    script.write(8123)
    script.path.unlink()
    script.remove()


def nowhere(tmp_path):
    return tmp_path / "nowhere"


def a_file(tmp_path):
    (tmp_path / "file").write_text("x")
    return tmp_path / "file"


def a_directory_of_that_name(tmp_path):
    (tmp_path / NAME).mkdir()
    return tmp_path


@pytest.mark.parametrize("make", [nowhere, a_file, a_directory_of_that_name])
def test_where_it_cannot_be_written_one_warning_says_what_to_do(tmp_path, caplog, make):
    script = ConfigScript(make(tmp_path))
    before = sorted(tmp_path.iterdir())
    with caplog.at_level(logging.WARNING, "auroraview"):
        assert not script.write(8123)
        assert not script.write(8123)
        script.remove()
    (record,) = caplog.records
    assert str(script.path) in record.getMessage()
    assert "config_dir=" in record.getMessage()
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_directory_that_may_only_be_read_is_one_of_them(tmp_path, caplog):
    tmp_path.chmod(0o500)
    try:
        assert not ConfigScript(tmp_path).write(8123)
    finally:
        tmp_path.chmod(0o700)
    assert "Permission denied" in caplog.text


def test_a_link_gives_way_and_its_target_stays(script, tmp_path):
    target = tmp_path / "elsewhere.js"
    target.write_text("theirs")
    script.path.symlink_to(target)
    script.write(8123)
    assert target.read_text() == "theirs"
    assert not script.path.is_symlink()


def test_what_somebody_else_has_put_there_is_not_even_opened(script):
    script.write(8123)
    script.path.unlink()
    os.mkfifo(script.path)  # Opening it would wait for somebody who writes.
    script.remove()
    assert script.path.is_fifo()
