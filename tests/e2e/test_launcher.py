"""The ready-made window of a launcher: pages of every kind find their program from it, users and pages close it, and
several live side by side."""

import os
import signal
import subprocess
import threading

import pytest

from auroraview import HostError, current_call
from auroraview._front_end import SHELL
from tests.e2e import desktop
from tests.e2e.helpers import PATIENCE, wait_for
from tests.e2e.launchers import PAGE, bundled_sdk, panel, port_of_script, wait_gone, write_page
from tests.e2e.processes import descendants, web_processes


@pytest.fixture
def folder(tmp_path):
    return write_page(tmp_path / "panel")


# Pages


def test_a_directory_in_a_window_calls_and_hears_its_program(bridge, folder):
    bridge.bind_call("add", lambda a, b: a + b)
    (folder / "index.html").write_text(PAGE.replace("Panel", "Ünï panel ✓"), encoding="utf-8")
    with panel(bridge, folder) as one:
        assert one.ask("auroraview.call('add', [2, 3])") == 5
        one.launcher.emit("tick", {"n": 1})
        wait_for(lambda: one.seen == [["tick", {"n": 1}]], "the event")
        wait_for(lambda: "Ünï panel ✓" in desktop.titles(), "the window, with the title of the page")
        assert one.ask("location.href") == one.launcher.url
        assert one.ask("auroraview.connection.state") == "open"
        assert port_of_script(folder) == one.launcher.port
        pids = one.processes()
        assert web_processes(one.launcher.process.pid), "the page runs in a process of the window's"
    assert one.wait_told("exited") == [("exited", 0)]
    assert "Ünï panel ✓" not in desktop.titles()
    assert port_of_script(folder) is None
    wait_gone(pids)


def test_the_policy_that_pages_get_by_themselves_lets_them_work(bridge, folder):
    told = threading.Event()
    bridge.on("came", told.set)
    script = "<script>auroraview.whenReady().then(() => auroraview.send_event('came'))</script>"
    (folder / "index.html").write_text(f"<!doctype html><script src='auroraview.js'></script>{script}")
    with panel(bridge, folder, csp="default"):
        assert told.wait(PATIENCE)


@pytest.mark.parametrize("via", ["env", "stdin"])
def test_a_page_in_a_file_finds_its_program(bridge, folder, via):
    bridge.bind_call("who", lambda: current_call().peer.info.origin)
    with panel(bridge, folder / "index.html", secret_via=via) as one:
        assert one.ask("location.href") == (folder / "index.html").as_uri() + f"?port={one.launcher.port}"
        assert one.ask("auroraview.call('who')") == "null"
        assert port_of_script(folder) == one.launcher.port
    assert port_of_script(folder) is None


def test_a_bundled_page_of_another_server_finds_its_program(bridge, server, tmp_path):
    module = '<script type="module">import {createAuroraView} from "./sdk.js"; const auroraview = createAuroraView();'
    address = server.page("/app/", PAGE.replace('<script src="auroraview.js"></script><script>', module))
    server.page("/app/sdk.js", bundled_sdk(), Content_Type="text/javascript")
    with panel(bridge, f"{address}?theme=dark#/home", config_dir=tmp_path) as one:
        assert one.ask("location.search") == f"?theme=dark&port={one.launcher.port}"
        one.launcher.emit("tick", 1)
        wait_for(lambda: one.seen == [["tick", 1]], "the event")
        assert one.launcher.peer.info.origin == server.origin
        assert port_of_script(tmp_path) == one.launcher.port


@pytest.mark.parametrize("name", ["", "index.html"], ids=["directory", "file"])
def test_a_reload_in_the_window_is_the_same_page_for_the_program(bridge, folder, name):
    with panel(bridge, folder / name) as one:
        peer = one.launcher.peer
        one.launcher.emit("settings", "dark", retain=True)
        wait_for(lambda: len(one.seen) == 1, "the settings")
        one.ask("setTimeout(() => location.reload()) && null")
        one.wait_told("ready", 2)
        wait_for(lambda: one.seen == [["settings", "dark"]] * 2, "the settings in the new document")
        assert one.launcher.peer is peer
        assert one.launcher.stats["starts"] == 1


def test_arguments_of_the_window_hold(bridge, folder):
    command = ["auroraview-shell", "--title", "A title of its own", "--width=320", "--height", "240"]
    with panel(bridge, folder, command=command) as one:
        wait_for(lambda: "A title of its own" in desktop.titles(), "the window")
        assert one.ask("[innerWidth, innerHeight]") == [320, 240]


# Its end


def test_the_user_closes_the_window(bridge, folder):
    write_page(folder, "To be closed")
    with panel(bridge, folder, respawn=True) as one:
        pids = one.processes()
        wait_for(lambda: "To be closed" in desktop.titles(), "the window")
        desktop.close_as_user("To be closed")
        assert one.launcher.wait(PATIENCE)
        assert one.wait_told("exited") == [("exited", 0)]
        assert one.launcher.process.returncode == 0
        assert [event for event, *_ in one.told] == ["ready", "exited"]
        wait_gone(pids)
    assert port_of_script(folder) is None


def test_a_call_of_its_page_may_stop_it(bridge, folder):
    with panel(bridge, folder) as one:
        stopped = threading.Event()

        @bridge.bind_call("quit")
        def leave():
            one.launcher.stop()
            stopped.set()

        one.launcher.emit("ask", {"id": -1, "script": "auroraview.call('quit')"})
        assert stopped.wait(PATIENCE)
        assert not one.launcher.is_running
        assert one.wait_told("exited") == [("exited", 0)]


@pytest.mark.parametrize("name", ["", "index.html"], ids=["directory", "file"])
def test_a_page_whose_web_process_died_comes_back_in_the_same_window(bridge, folder, caplog, name):
    with panel(bridge, folder / name) as one:
        peer, pid = one.launcher.peer, one.launcher.process.pid
        one.launcher.emit("settings", 1, retain=True)
        wait_for(lambda: one.seen, "the settings")
        (web,) = web_processes(pid)
        os.kill(web, signal.SIGKILL)
        one.wait_told("ready", 2)
        wait_for(lambda: len(one.seen) == 2, "the settings, again")
        assert one.ask("1 + 1") == 2
        assert (one.launcher.process.pid, one.launcher.peer) == (pid, peer)
        assert one.launcher.stats["crashes"] == 0
        assert "web process died" in caplog.text


def test_a_page_whose_connections_broke_goes_on_where_it_was(bridge, folder):
    with panel(bridge, folder) as one:
        one.ask("(window.mark = 1)")
        (network,) = (pid for pid, name in descendants(one.launcher.process.pid).items() if "Network" in name)
        os.kill(network, signal.SIGKILL)
        wait_for(lambda: one.ask("auroraview.connection.state") == "open", "the connection")
        for number in range(10):
            one.launcher.emit("tick", number)
        wait_for(lambda: len(one.seen) == 10, "the events")
        assert one.seen == [["tick", number] for number in range(10)]
        assert one.ask("window.mark") == 1
        assert one.told == [("ready",)]


# What goes wrong


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "expected --ws-port=PORT"),
        (["--ws-port"], "--ws-port"),
        (["--ws-port="], "a port, 1 to 65535"),
        (["--ws-port", "0"], "a port, 1 to 65535"),
        (["--ws-port=65536"], "found"),
        (["--ws-port=8765.0"], "a port, 1 to 65535"),
    ],
)
def test_a_bad_port_is_status_2_and_one_line(arguments, said):
    done = subprocess.run([SHELL, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr


@pytest.mark.parametrize("form", [["--ws-port={port}"], ["--ws-port", "{port}"]], ids=" ".join)
def test_the_port_may_be_given_in_both_forms(bridge, folder, form):
    with panel(bridge, folder, command=["auroraview-shell", *form]) as one:
        assert one.ask("1") == 1


def test_what_the_window_refuses_is_in_the_error(bridge, folder):
    with (
        panel(bridge, folder, command=["auroraview-shell", "--colour=red"], start=False) as one,
        pytest.raises(HostError, match=r"auroraview-shell \(pid \d+\) exited with code 2 .*said:\n.*--colour"),
    ):
        one.launcher.start()
    assert port_of_script(folder) is None


def test_without_a_display_the_error_says_so(bridge, folder):
    env = {"DISPLAY": None, "WAYLAND_DISPLAY": None}
    with (
        panel(bridge, folder, env=env, start=False) as one,
        pytest.raises(HostError, match=r"exited with code 1 before it was ready; it said:\n.*display"),
    ):
        one.launcher.start()


def test_a_page_without_a_script_is_never_ready_and_the_error_says_how_far_it_came(bridge, tmp_path):
    (tmp_path / "index.html").write_text("<p>a page that knows nothing")
    with (
        panel(bridge, tmp_path, start_timeout=3, start=False) as one,
        pytest.raises(HostError, match=r"not ready within 3 s(.|\n)*no client has come to port"),
    ):
        one.launcher.start()
    assert one.wait_told("exited") == [("exited", 0)]


# Several


def test_three_windows_at_once_have_a_port_a_queue_and_a_process_each(bridge, tmp_path):
    names = ["Map", "Table", "Log"]
    with (
        panel(bridge, write_page(tmp_path / "Map", "Map"), respawn=True, start=False) as first,
        panel(bridge, write_page(tmp_path / "Table", "Table"), respawn=True, start=False) as second,
        panel(bridge, write_page(tmp_path / "Log", "Log"), respawn=True, start=False) as third,
    ):
        panels = [first, second, third]
        for name, one in zip(names, panels, strict=True):
            for number in range(50):
                one.launcher.emit("tick", [name, number])
            one.launcher.emit("settings", name, retain=True)
            one.launcher.start(wait=False)
        for one in panels:
            one.wait_told("ready")
        wait_for(lambda: set(names) <= set(desktop.titles()), "three windows")
        assert [one.ask("document.title") for one in panels] == names
        for name, one in zip(names, panels, strict=True):
            expected = [["settings", name], *(["tick", [name, number]] for number in range(50))]
            assert one.ask("seen") == expected
        assert len({one.launcher.port for one in panels}) == 3
        pids = [one.launcher.process.pid for one in panels]
        assert len(set(pids)) == 3
        assert [port_of_script(tmp_path / name) for name in names] == [one.launcher.port for one in panels]
        assert len(bridge.peers) == 3

        os.kill(pids[1], signal.SIGKILL)
        second.wait_told("ready", 2)
        assert second.ask("seen") == [["settings", "Table"]]
        assert [first.ask("seen.length"), third.ask("seen.length")] == [51, 51]
        assert (first.launcher.process.pid, third.launcher.process.pid) == (pids[0], pids[2])
        second.launcher.stop()
        assert [first.ask("1"), third.ask("1")] == [1, 1]
