"""Child processes as the compiled module has them: with real ones, their lines and ends told on the notice thread."""

from __future__ import annotations

import errno
import gc
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import pytest

from auroraview import _core
from auroraview._lifecycle import ensure_notice_thread

LONG = 20.0


class Heard:
    """What a child's callback was told."""

    def __init__(self) -> None:
        self.notices: queue.Queue[tuple[Any, ...]] = queue.Queue()
        self.threads: set[str] = set()

    def __call__(self, *notice: Any) -> None:
        self.threads.add(threading.current_thread().name)
        self.notices.put(notice)

    def next(self) -> tuple[Any, ...]:
        return self.notices.get(timeout=LONG)

    def rest(self) -> list[tuple[Any, ...]]:
        """All up to the end."""
        notices = [self.next()]
        while notices[-1][0] != "exited":
            notices.append(self.next())
        return notices


@pytest.fixture(autouse=True)
def _notices() -> None:
    ensure_notice_thread()


def script(text: str, heard: Heard, stdin: str | None = None, **env: str | None) -> _core.Child:
    return _core.Child("/bin/sh", ["-c", text], env, None, stdin, "script", heard)


def test_lines_and_the_end_are_told_on_the_notice_thread() -> None:
    heard = Heard()
    child = script("echo zwölf; echo two >&2; exit 3", heard)
    *lines, end = heard.rest()
    assert sorted(lines) == [("line", "stderr", "two"), ("line", "stdout", "zwölf")]
    assert end == ("exited", 3)
    assert heard.threads == {"auroraview-notices"}
    assert (child.returncode, child.wait(None), child.tail()) == (3, 3, "two")


def test_a_signal_is_a_negative_returncode() -> None:
    heard = Heard()
    child = script("echo up; exec sleep 600", heard)
    assert heard.next() == ("line", "stdout", "up")
    assert child.returncode is None
    assert child.wait(0.01) is None
    os.kill(child.pid, 0)
    child.kill()
    assert child.wait(LONG) == -signal.SIGKILL
    assert heard.next() == ("exited", -9)


def test_stop_asks_first() -> None:
    heard = Heard()
    child = script("cat; exit 4", heard, "secret")
    assert heard.next() == ("line", "stdout", "secret")
    assert child.stop(LONG, LONG) == 4
    assert child.stop(0, 0) == 4


def test_stdin_is_nothing_or_open() -> None:
    heard = Heard()
    assert script("cat; exit 5", heard).wait(LONG) == 5
    child = script("cat; exit 6", heard, "")
    assert child.wait(0.05) is None
    assert child.stop(LONG, 0) == 6


def test_the_environment_is_ours_with_changes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AURORAVIEW_TEST_KEPT", "kept")
    monkeypatch.setenv("AURORAVIEW_TEST_GONE", "here")
    heard = Heard()
    text = 'echo "$AURORAVIEW_TEST_KEPT ${AURORAVIEW_TEST_GONE-gone} $AURORAVIEW_TEST_NEW"'
    child = script(text, heard, AURORAVIEW_TEST_GONE=None, AURORAVIEW_TEST_NEW="new")
    assert heard.next() == ("line", "stdout", "kept gone new")
    assert child.wait(LONG) == 0


def test_names_that_are_no_text_reach_the_child(tmp_path: Path) -> None:
    odd = os.fsdecode(b"\xff")
    heard = Heard()
    child = _core.Child("/bin/sh", ["-c", 'printf %s "$0" > out', odd], {}, str(tmp_path), None, "odd", heard)
    assert child.wait(LONG) == 0
    assert (tmp_path / "out").read_bytes() == b"\xff"


@pytest.mark.parametrize(
    ("program", "cwd", "error", "number", "filename"),
    [
        ("/nowhere/at/all", None, FileNotFoundError, errno.ENOENT, "/nowhere/at/all"),
        ("/etc/passwd", None, PermissionError, errno.EACCES, "/etc/passwd"),
        ("/bin/true", "/nowhere", FileNotFoundError, errno.ENOENT, "/nowhere"),
        ("/bin/true", "/etc/passwd", NotADirectoryError, errno.ENOTDIR, "/etc/passwd"),
    ],
)
def test_what_cannot_run_raises_what_open_would(
    program: str, cwd: str | None, error: type[OSError], number: int, filename: str
) -> None:
    with pytest.raises(error) as raised:
        _core.Child(program, [], {}, cwd, None, "bad", Heard())
    assert (raised.value.errno, raised.value.filename) == (number, filename)
    assert raised.value.strerror == os.strerror(number)


def test_text_that_no_process_can_get_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="NUL"):
        script("\0", Heard())
    with pytest.raises(ValueError, match="a line"):
        script("cat", Heard(), "two\nlines")
    with pytest.raises(ValueError, match="environment"):
        script("cat", Heard(), None, **{"A=B": "c"})


def test_a_flood_waits_for_the_notice_thread() -> None:
    go, heard = threading.Event(), Heard()

    def slow(*notice: Any) -> None:
        assert go.wait(LONG)
        heard(*notice)

    child = _core.Child("/usr/bin/seq", ["50000"], {}, None, None, "seq", slow)
    # They fit into no pipe, not even with the thousand that may wait.
    assert child.wait(0.3) is None
    assert _core.notice_lane().pending() <= 1100
    go.set()
    *lines, end = heard.rest()
    assert [line[2] for line in lines] == [str(number) for number in range(1, 50_001)]
    assert end == ("exited", 0)


def test_a_callback_may_wait_for_the_child_and_may_raise() -> None:
    results: queue.Queue[Any] = queue.Queue()
    made = threading.Event()

    def callback(event: str, *args: Any) -> None:
        assert made.wait(LONG)
        if event == "line":
            results.put(child.wait(LONG))
            raise RuntimeError("not the library's affair")
        results.put(args)

    child = _core.Child("/bin/sh", ["-c", "seq 1500; exit 7"], {}, None, None, "busy", callback)
    made.set()
    assert results.get(timeout=LONG) == 7
    while (result := results.get(timeout=LONG)) != (7,):
        assert result == 7


def test_waiting_leaves_the_interpreter_to_others() -> None:
    heard = Heard()
    child = script("read line", heard, "")
    threading.Timer(0.05, lambda: child.stop(LONG, LONG)).start()
    assert child.wait(LONG) == 1


def test_garbage_is_asked_to_end() -> None:
    heard = Heard()
    child = script("cat; echo asked", heard, "")
    del child
    gc.collect()
    assert heard.rest() == [("line", "stdout", "asked"), ("exited", 0)]


def test_ctrl_c_ends_a_wait_and_the_child_goes_with_the_program() -> None:
    text = """
import signal, sys
from auroraview import _core
child = _core.Child("/bin/sleep", ["600"], {}, None, None, "sleep", print)
try:
    print(child.pid, flush=True)
    child.wait(None)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""
    program = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE, text=True)
    try:
        assert program.stdout is not None
        pid = int(program.stdout.readline())
        program.send_signal(signal.SIGINT)
        assert program.stdout.readline() == "interrupted\n"
        assert program.wait(LONG) == 0
    finally:
        program.kill()
        program.communicate()
    deadline = time.monotonic() + 1
    while _runs(pid):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_forked_process_leaves_the_children_alone() -> None:
    heard = Heard()
    child = script("echo up; exec sleep 600", heard)
    assert heard.next() == ("line", "stdout", "up")
    with warnings.catch_warnings():
        # From 3.12 on, forking with threads is warned of.
        warnings.simplefilter("ignore", DeprecationWarning)
        forked = os.fork()
    if forked == 0:
        # Nothing but what a worker of multiprocessing does with what it inherited.
        child.kill()
        del child
        os._exit(0)
    assert os.waitpid(forked, 0)[1] == 0
    assert child.wait(0.1) is None
    child.kill()
    assert child.wait(LONG) == -9


def _runs(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rsplit(") ", 1)[1][0] != "Z"
