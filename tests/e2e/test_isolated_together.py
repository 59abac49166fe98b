"""Windows of both kinds side by side; what a window's process gets from the program's environment; what nobody gets."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from auroraview import Bridge, WebView, current_call
from tests.e2e import desktop
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.pages import RECORDING_PAGE
from tests.e2e.processes import descendants, run, wait_gone
from tests.e2e.shells import crash, crashes_of, isolated, shell, shells
from tests.e2e.test_environment import OWNED_ELSEWHERE

pytestmark = [pytest.mark.each_lane, pytest.mark.timeout(120)]


@pytest.fixture
def three() -> Iterator[tuple[Bridge, list[WebView]]]:
    """Two windows with processes of their own and one without, served by one bridge."""
    bridge = Bridge()
    bridge.bind_call("add", lambda a, b: a + b)
    views = [
        WebView(f"Window {number}", html=RECORDING_PAGE, bridge=bridge, isolation=isolation)
        for number, isolation in enumerate(("process", "none", "process"))
    ]
    with opened(views[0]), opened(views[1]), opened(views[2]):
        yield bridge, views


def test_one_bridge_serves_windows_of_both_kinds(three):
    bridge, views = three
    bridge.bind_call("who", lambda: [current_call().peer is view.peer for view in views])
    assert len(shells()) == 2
    assert [view.info["transport"] for view in views] == ["isolated", "embedded", "isolated"]
    for index, view in enumerate(views):
        assert ask(view, "auroraview.call('who')") == [number == index for number in range(3)]
    bridge.emit("tick", 1)
    bridge.emit("settings", {"theme": "dark"}, retain=True)
    for index, view in enumerate(views):
        view.emit("tock", index)
    for index, view in enumerate(views):
        expected = [["tick", 1], ["settings", {"theme": "dark"}], ["tock", index]]
        wait_for(lambda view=view, expected=expected: ask(view, "seen") == expected, "the events")
    assert {f"Window {number}" for number in range(3)} <= set(desktop.titles())


def test_a_crash_and_a_close_of_one_leave_the_others(three):
    bridge, views = three
    heard = [crashes_of(view) for view in views]
    waiting = views[1].eval_js("new Promise((resolve) => window.go = resolve)")
    bridge.emit("settings", 1, retain=True)
    views[2].close()
    assert views[2].wait(PATIENCE)
    (pid,) = wait_for(lambda: len(found := shells()) == 1 and found, "the end of the other")
    crash(views[0], heard[0])
    wait_gone(pid)
    views[1].eval_js("go('still there')")
    assert waiting.result(PATIENCE) == "still there"
    assert ask(views[0], "seen") == ask(views[1], "seen") == [["settings", 1]]
    assert [record.seen for record in heard] == [[()], [], []]
    assert [view.peer.connected for view in views] == [True, True, False]


def test_a_handler_opens_and_closes_windows_of_the_other_kind():
    outer, inner = WebView(html="<p>outer"), isolated()

    @outer.bind_call("open_inner")
    def open_inner() -> int:
        with opened(inner):
            return ask(inner, "auroraview.call('add', [20, 22])")

    with opened(outer):
        # The outer handler holds the thread of its bridge; the inner window has a bridge, and so a thread, of its own.
        assert ask(outer, "auroraview.call('open_inner')") == 42
    assert shells() == set()


def test_many_windows_with_a_process_each():
    bridge = Bridge()
    bridge.bind_call("add", lambda a, b: a + b)
    views = [WebView(html="<p>page", bridge=bridge, isolation="process") for _ in range(4)]
    for view in views:
        view.show(wait=False)
    try:
        for number, view in enumerate(views):
            assert ask(view, f"auroraview.call('add', [{number}, 1])") == number + 1
        assert len(shells()) == 4
    finally:
        for view in views:
            view.close()
        for view in views:
            assert view.wait(PATIENCE)
    assert shells() == set()


# What it gets


def test_its_environment_is_that_of_the_program_when_the_window_opens(monkeypatch):
    view = isolated()
    monkeypatch.setenv("AURORAVIEW_TEST_VALUE", "grüße")
    with opened(view):
        names = Path(f"/proc/{shell()}/environ").read_bytes().split(b"\0")
        assert "AURORAVIEW_TEST_VALUE=grüße".encode() in names
        assert Path(f"/proc/{shell()}/cwd").resolve() == Path.cwd()


def test_its_process_holds_none_of_the_program_s_descriptors(tmp_path):
    # Inheritable ones too: what the program shares with its own children is no business of a window.
    with (tmp_path / "open").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        with opened(isolated()):
            for pid in {shell(), *descendants(shell())}:
                held = set()
                for descriptor in Path(f"/proc/{pid}/fd").iterdir():
                    try:
                        held.add(os.readlink(descriptor))
                    except OSError:
                        continue
                assert file.name not in held


def test_it_is_on_the_display_that_the_program_names(tmp_path):
    with (tmp_path / "log").open("w") as log:
        reader, writer = os.pipe()
        server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writer), "-screen", "0", "640x480x24", "-nolisten", "tcp"],
            stdout=log,
            stderr=log,
            pass_fds=[writer],
        )
        os.close(writer)
        try:
            with os.fdopen(reader) as lines:
                other = f":{lines.readline().strip()}"
            code = """
            import os
            os.environ["DISPLAY"] = OTHER
            from auroraview import WebView
            from auroraview.options import WindowOptions
            view = WebView("On the other", html="<p>page", isolation="process")
            view.show(wait=False)
            assert view.eval_js("[screen.width, screen.height]").result(30) == [640, 480]
            view.close()
            assert view.wait(30)
            """
            run(code.replace("OTHER", repr(other))).assert_clean()
        finally:
            server.terminate()
            server.wait(PATIENCE)


@pytest.mark.parametrize("names", [{"LANG": "C"}, {"LC_ALL": "POSIX"}, {"LANG": None, "LC_ALL": "xx_XX"}])
def test_pages_work_under_a_c_locale(names):
    cleared = {name: None for name in os.environ if name.startswith("LC_")}
    ended = run(
        """
        from auroraview import WebView
        view = WebView("Grüße 世界", html="<meta charset=utf-8><p>Grüße 世界", isolation="process")
        view.bind_call("echo", lambda text: text)
        view.show(wait=False)
        script = '''[new Intl.NumberFormat('de').format(1234.5), new Intl.DateTimeFormat('en').format(new Date(0)),
            (1.5).toLocaleString('en'), document.body.innerText]'''
        found = view.eval_js(script).result(30)
        assert (found[0], found[2:]) == ("1.234,5", ["1.5", "Grüße 世界"]), found
        assert view.eval_js("auroraview.call('echo', ['ä 世界 𝄞'])").result(30) == "ä 世界 𝄞"
        """,
        {**cleared, "LANG": None, "PYTHONUTF8": "1", **names},
    )
    # GTK may say on the error stream that it does not know a locale that there is none of.
    assert ended.code == 0, ended.err


def test_where_another_loop_owns_gtk_the_error_names_the_way_that_works():
    ended = run(
        OWNED_ELSEWHERE
        + """
# Also when the in-process way was tried in vain, and while the context is owned again.
assert glib.g_main_context_acquire(context)
isolated = WebView(html="<p>page", isolation="process")
isolated.bind_call("add", lambda a, b: a + b)
isolated.show(wait=False)
assert isolated.eval_js("auroraview.call('add', [1, 2])").result(30) == 3
isolated.close()
assert isolated.wait(30)
print("works")
"""
    )
    ended.assert_clean()
    lines = ended.out.splitlines()
    assert lines[-1] == "works"
    assert len(lines) == 3
    assert all('isolation="process"' in line for line in lines[:-1]), lines


def test_without_a_display_there_is_an_error_and_nothing_stays():
    ended = run(
        """
        import threading
        from auroraview import HostError, WebView
        from tests.e2e.processes import descendants, open_files
        view = WebView(html="<p>page", isolation="process")
        problems = []
        def attempt():
            try:
                view.show(wait=False)
            except HostError as error:
                problems.append(str(error))
        attempt()
        files = open_files()
        for _ in range(5):
            attempt()
        threads = [threading.Thread(target=attempt) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len(problems) == 9 and all("DISPLAY" in text and "xvfb-run" in text for text in problems), problems
        assert not view.is_open
        import time
        deadline = time.monotonic() + 20
        while (open_files() > files or descendants()) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert open_files() <= files and not descendants(), (files, open_files(), descendants())
        """,
        {"DISPLAY": ":987", "WAYLAND_DISPLAY": None},
    )
    # Each process says why in the log as well.
    assert ended.code == 0, ended.err


# What nobody gets


def test_the_key_is_in_no_argument_and_no_environment(monkeypatch):
    keys = []
    real = secrets.token_hex
    monkeypatch.setattr("secrets.token_hex", lambda size: keys.append(real(size)) or keys[-1])
    view = isolated()
    heard = crashes_of(view)
    with opened(view):
        crash(view, heard)
        assert len(set(keys)) == 2, "each window has one of its own"
        processes = {shell(), *descendants(shell())}
        assert len(processes) >= 2
        for pid in processes:
            for name in ("cmdline", "environ"):
                content = Path(f"/proc/{pid}/{name}").read_bytes()
                assert not any(key.encode() in content for key in keys)


def test_a_window_that_came_back_does_not_take_the_key_of_the_last(monkeypatch):
    keys = []
    real = secrets.token_hex
    monkeypatch.setattr("secrets.token_hex", lambda size: keys.append(real(size)) or keys[-1])
    view = isolated()
    heard, ran = crashes_of(view), Record()
    view.bind_call("run", ran)
    with opened(view):
        crash(view, heard)
        before = view.stats["refused"].get("key", 0)
        ask(view, f"webkit.messageHandlers.ipc.postMessage({keys[0]!r} + 'document-0000001{{}}'); null")
        wait_for(lambda: view.stats["refused"].get("key", 0) == before + 1, "the refusal")
        assert ran.seen == []
