"""A window in a process of its own: what is like any window's is in the conformance tests; here is what is not."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest

import auroraview
from auroraview import UsageError, ViewClosed, WebView
from tests.e2e import desktop
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.pages import RECORDING_PAGE
from tests.e2e.processes import descendants, native_threads, open_files, run
from tests.e2e.shells import (
    crash,
    crashes_of,
    isolated,
    kill_shell,
    kill_web_process,
    shell,
    shell_threads,
    shells,
    stop_shell_and_page,
)

PACKAGE = Path(auroraview.__file__).parent

pytestmark = [pytest.mark.each_lane, pytest.mark.timeout(120)]


# A window like any other


def test_the_window_has_a_process_of_its_own_and_nothing_is_left_of_it():
    view = isolated()
    with opened(view):
        ask(view, "auroraview.call('add', [1, 2])")  # What is started once is there now.
    wait_for(lambda: not shell_threads(), "the end of the first process")
    files, others = open_files(), descendants().keys()
    with opened(view):
        assert len(shells()) == 1
        assert shell_threads()
        assert view.info["transport"] == view.peer.info.transport == "isolated"
        assert ask(view, "auroraview.call('add', [1, 2])") == 3
        assert desktop.titles().count("Isolated") == 1
        view.close()
        assert view.wait(PATIENCE)
        assert shells() == set(), "when the view says so, the process has gone"
    wait_for(
        lambda: descendants().keys() <= others and not shell_threads() and open_files() <= files,
        f"the end of {descendants()}, threads {native_threads()}, {open_files()} files",
    )


def test_a_view_opens_again_in_another_process():
    view = isolated()
    pids = set()
    for _ in range(3):
        with opened(view):
            pids.add(shell())
            assert ask(view, "auroraview.call('add', [1, 1])") == 2
    assert len(pids) == 3


def test_several_windows_have_a_process_each():
    with opened(isolated()) as one, opened(isolated()) as two:
        assert len(shells()) == 2
        assert [ask(view, "auroraview.call('add', [20, 22])") for view in (one, two)] == [42, 42]
        two.close()
        assert two.wait(PATIENCE)
        assert len(shells()) == 1
        assert ask(one, "auroraview.call('add', [1, 1])") == 2


def test_the_user_closes_the_window():
    view = isolated()
    asked = Record(answer=False)
    view.window.on("closing", asked)
    with opened(view):
        wait_for(lambda: "Isolated" in desktop.titles(), "the window")
        desktop.close_as_user("Isolated")
        asked.wait()
        assert ask(view, "1 + 1") == 2, "a listener kept it open"
        view.window.off("closing")
        desktop.close_as_user("Isolated")
        assert view.wait(PATIENCE)


@pytest.mark.parametrize("isolation", ["thread", "", None, True])
def test_another_isolation_is_refused(isolation):
    with pytest.raises(UsageError, match="isolation must be"):
        WebView(isolation=isolation)


# Its process dies


def test_a_crash_is_told_once_and_the_window_comes_back(caplog):
    view = isolated()
    heard, connected = crashes_of(view), Record()
    view.bridge.on_connect(connected)
    with opened(view):
        before = shell()
        crash(view, heard)
        assert shell() != before
        assert ask(view, "auroraview.call('add', [20, 22])") == 42
        assert view.peer.connected
    assert (heard.seen, len(connected.seen)) == ([()], 1)
    lines = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len([line for line in lines if "was killed by signal 9 (SIGKILL); the window opens again" in line]) == 1


def test_what_waits_ends_when_the_process_dies_in_the_middle_of_a_thousand_calls():
    view = isolated()
    heard, begun = crashes_of(view), Record()

    @view.bind_call("work")
    def work(number):
        begun(number)
        time.sleep(0.001)
        return number

    with opened(view):
        calls = view.eval_js("Promise.all(Array.from({length: 1000}, (_, n) => auroraview.call('work', [n])))")
        begun.wait(100)
        crash(view, heard)
        with pytest.raises(ViewClosed, match="SIGKILL"):
            calls.result(PATIENCE)
        assert len(begun.seen) < 1000, "nobody waits for the rest"
        assert ask(view, "auroraview.call('work', [7])") == 7
        assert view.stats["calls_in_flight"] == 0


def test_events_reach_the_page_of_the_next_process_with_retained_ones_first():
    view = isolated(RECORDING_PAGE)
    heard = crashes_of(view)
    with opened(view):
        view.emit("settings", "kept", retain=True)
        wait_for(lambda: ask(view, "seen.length") == 1, "the retained event")
        # Stopped, they acknowledge nothing.
        kill = stop_shell_and_page()
        for number in range(300):
            view.emit("tick", number)
        kill()
        heard.wait()
        view.emit("done")
        expected = [["settings", "kept"], *(["tick", number] for number in range(300)), ["done", None]]
        wait_for(lambda: ask(view, "seen.length") >= len(expected), "all events")
        assert ask(view, "seen") == expected


def test_what_is_set_and_loaded_meanwhile_holds_for_the_new_window():
    view = isolated()
    heard = crashes_of(view)
    with opened(view):
        crash(view, heard)
        kill_shell()
        heard.wait(2)
        # It comes back after a quarter of a second.
        assert view.is_open
        assert not view.is_ready
        view.window.title = "Isolated and renamed"
        view.window.size = (432, 321)
        view.load_html("<p>another")
        assert ask(view, "document.body.innerText") == "another"
        assert ask(view, "[innerWidth, innerHeight]") == [432, 321]
        assert "Isolated and renamed" in desktop.titles()
        assert ask(view, "auroraview.call('add', [1, 1])") == 2


def test_scripts_asked_meanwhile_wait_for_the_new_page():
    view = isolated()
    heard = crashes_of(view)
    with opened(view):
        crash(view, heard)
        kill_shell()
        heard.wait(2)
        view.reload()
        assert ask(view, "auroraview.call('add', [1, 2])") == 3


def test_a_view_whose_window_is_on_its_way_back_closes_at_once():
    view = isolated()
    heard, closed = crashes_of(view), Record()
    view.window.on("closed", closed)
    with opened(view):
        crash(view, heard)
        crash(view, heard)
        kill_shell()
        heard.wait(3)
        began = time.monotonic()
        view.close()
        assert view.wait(PATIENCE)
        assert time.monotonic() - began < 0.4, "it did not wait for the next window"
        closed.wait()
        wait_for(lambda: "auroraview-respawn" not in {thread.name for thread in threading.enumerate()}, "the timer")
    assert shells() == set()
    with opened(view):
        assert ask(view, "auroraview.call('add', [1, 2])") == 3


def test_the_sixth_crash_within_a_minute_closes_the_view_and_says_why(caplog):
    view = isolated()
    heard, closed = crashes_of(view), Record()
    view.window.on("closed", closed)
    with opened(view):
        for _ in range(5):
            crash(view, heard)
        future = view.eval_js("new Promise(() => {})")
        assert ask(view, "1") == 1
        kill_shell()
        assert view.wait(PATIENCE)
        closed.wait()
        with pytest.raises(ViewClosed, match="SIGKILL"):
            future.result(PATIENCE)
        with pytest.raises(ViewClosed, match="6th crash within 60 s"):
            ask(view, "1")
    assert len([record for record in caplog.records if "the view closes" in record.getMessage()]) == 1
    with opened(view):
        # What crashed before the program opened it again does not count.
        crash(view, heard)


def test_without_respawn_a_crash_closes_the_view():
    view = isolated(respawn=False)
    happened = []
    view.window.on("crashed", lambda: happened.append("crashed"))
    view.window.on("closed", lambda: happened.append("closed"))
    with opened(view):
        kill_shell()
        assert view.wait(PATIENCE)
        wait_for(lambda: len(happened) == 2, "both events")
        assert happened == ["crashed", "closed"]
        with pytest.raises(ViewClosed, match="respawn=False"):
            ask(view, "1")


def test_questions_that_nobody_answers_any_more_leave_the_new_window_alone():
    view = isolated()
    asked, answer = Record(), threading.Event()

    @view.on_navigate
    def wait_first(_):
        asked()
        answer.wait(PATIENCE)
        return False

    with opened(view, ready=False):
        wait_for(view.peer.connected.__bool__, "the window")
        view.eval_js("location.hash = 'a'; location.href = 'https://example.invalid/'")
        asked.wait()
        # A listener would wait behind the watcher, which holds the thread of both.
        killed = kill_shell()
        wait_for(lambda: shells() - {killed}, "the next process")
        answer.set()
        assert ask(view, "auroraview.call('add', [1, 2])") == 3


# The process of the page dies


def test_a_page_whose_web_process_died_comes_back_in_the_same_window():
    view = isolated(RECORDING_PAGE)
    heard = crashes_of(view)
    with opened(view):
        view.emit("settings", 1, retain=True)
        before, generation = shell(), view.peer.generation
        kill_web_process()
        heard.wait()
        wait_for(lambda: view.peer.generation > generation and view.is_ready, "the page")
        assert ask(view, "auroraview.call('add', [1, 2])") == 3
        assert ask(view, "seen") == [["settings", 1]]
        assert shell() == before
    assert heard.seen == [()]


def test_without_respawn_a_reload_brings_the_page_back():
    view = isolated(respawn=False)
    heard = crashes_of(view)
    with opened(view):
        kill_web_process()
        heard.wait()
        assert view.is_open
        view.reload()
        assert ask(view, "auroraview.call('add', [1, 2])") == 3


# Where it cannot be, or only it can


def test_a_shell_that_does_not_hear_is_killed_when_the_view_closes():
    view = isolated()
    with opened(view):
        os.kill(shell(), signal.SIGSTOP)
        began = time.monotonic()
        view.close()
        assert view.wait(PATIENCE)
        assert time.monotonic() - began < 5
        assert shells() == set()


def test_it_works_where_another_loop_owns_gtk():
    run(
        """
        import ctypes
        from auroraview import WebView
        glib = ctypes.CDLL("libglib-2.0.so.0")
        glib.g_main_context_default.restype = ctypes.c_void_p
        glib.g_main_context_acquire.argtypes = [ctypes.c_void_p]
        assert glib.g_main_context_acquire(glib.g_main_context_default())
        view = WebView(html="<p>page", isolation="process")
        view.bind_call("add", lambda a, b: a + b)
        view.show(wait=False)
        assert view.eval_js("auroraview.call('add', [1, 2])").result(30) == 3
        view.close()
        assert view.wait(30)
        """
    ).assert_clean()


def test_nothing_of_gtk_is_loaded_into_this_process():
    run(
        """
        from auroraview import WebView
        view = WebView(html="<p>page", isolation="process")
        view.show(wait=False)
        assert view.eval_js("1 + 1").result(30) == 2
        maps = open("/proc/self/maps").read()
        assert "libgtk" not in maps and "libwebkit" not in maps and "libglib" not in maps
        """
    ).assert_clean()


def test_a_program_that_ends_takes_its_window_with_it():
    ended = run(
        """
        from auroraview import WebView
        from tests.e2e.shells import shell
        view = WebView(html="<p>page", isolation="process")
        view.show(wait=False)
        view.wait_ready()
        print(shell())
        """
    )
    ended.assert_clean()
    assert not Path(f"/proc/{int(ended.out)}").exists()


TRY = """
from auroraview import HostError, WebView
view = WebView(html="<p>page", isolation="process")
for _ in range(2):
    try:
        view.show(wait=False)
    except HostError as error:
        print("HostError:", str(error).replace("\\n", " "))
    assert not view.is_open
"""


def test_without_a_display_the_error_names_the_remedy():
    ended = run(TRY, {"DISPLAY": None, "WAYLAND_DISPLAY": None})
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("HostError:") and "DISPLAY" in line and "xvfb-run" in line for line in lines)


def test_without_webkitgtk_the_error_names_the_package(tmp_path):
    # The loader takes this file for the library, and finds that it is none.
    (tmp_path / "libwebkit2gtk-4.1.so.0").write_bytes(b"")
    ended = run(TRY, {"LD_LIBRARY_PATH": str(tmp_path)})
    assert ended.code == 0, ended.err
    for line in ended.out.splitlines():
        assert "libwebkit2gtk-4.1" in line
        assert "apt install" in line


BROKEN = {
    None: ["missing", "install the package again"],
    "no program": ["before there was a window"],
    "#!/bin/sh\necho some words >&2\nexit 3\n": ["exited with code 3", "some words"],
    "#!/bin/bash\necho 12345678 >&${1#--host-fd=}\n": ["speaks version"],
}


@pytest.mark.parametrize("content", BROKEN)
def test_a_shell_that_is_missing_or_broken_is_a_host_error(tmp_path, content):
    lay_shell(tmp_path, content)
    ended = run(TRY, {"PYTHONPATH": str(tmp_path)})
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    assert len(lines) == 2, ended.err
    for line in lines:
        assert all(words in line for words in BROKEN[content]), line


def test_what_its_process_prints_goes_to_the_log_line_by_line(tmp_path):
    real = PACKAGE / "_native" / "auroraview-shell"
    lay_shell(tmp_path, f'#!/bin/sh\necho "an output"\necho "an error" >&2\nexec {real} "$@"\n')
    ended = run(
        """
        import logging
        logging.basicConfig(format="%(name)s %(levelname)s %(message)s", level=logging.INFO)
        from auroraview import WebView
        view = WebView(html="<p>page", isolation="process")
        view.show(wait=False)
        view.wait_ready()
        from tests.e2e.shells import shell
        print(shell())
        """,
        {"PYTHONPATH": str(tmp_path)},
    )
    assert ended.code == 0, ended.err
    lines, pid = ended.err.splitlines(), ended.out.strip()
    assert f"auroraview.shell INFO [{pid}] an output" in lines, lines
    assert f"auroraview.shell WARNING [{pid}] an error" in lines, lines


def lay_shell(folder: Path, content: str | None) -> None:
    """A copy of the package with another shell, or none."""
    copy = folder / "auroraview"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    program = copy / "_native" / "auroraview-shell"
    program.unlink()
    if content is not None:
        program.write_text(content)
        program.chmod(0o755)
