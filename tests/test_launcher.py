"""Launcher: what a front end finds and hears, how it is started and stopped, and what is said when it cannot be."""

import http.client
import json
import logging
import os
import signal
import socket
import sys
import urllib.request
from pathlib import Path

import pytest

from auroraview import HostError, Launcher, UsageError
from auroraview.launcher import Process
from tests.helpers import SECONDS, eventually

# What a front end finds


def test_it_finds_its_port_and_the_secret(started):
    found = started.environment()
    port = started.launcher.port
    assert found["argv"][-1] == f"--ws-port={port}"
    assert found["variables"]["AURORAVIEW_WS_PORT"] == str(port)
    assert len(found["secret"]) == 22
    assert found["variables"].keys() == {"AURORAVIEW_WS_PORT", "AURORAVIEW_SECRET"}
    assert found["pid"] == started.launcher.process.pid


def test_the_secret_may_come_on_stdin(launch):
    told = launch(secret_via="stdin")
    told.launcher.start()
    found = told.environment()
    assert len(found["secret"]) == 22
    assert found["variables"].keys() == {"AURORAVIEW_WS_PORT", "AURORAVIEW_SECRET_VIA"}


def test_it_runs_where_and_in_what_it_is_told(launch, tmp_path, monkeypatch):
    monkeypatch.setenv("AURORAVIEW_SECRET", "of an outer launcher")
    monkeypatch.setenv("OLD_AURORAVIEW", "1")
    told = launch(
        cwd=tmp_path,
        env={"OLD_AURORAVIEW": None, "NEW_AURORAVIEW": "2"},
        env_name="TAURI_WS_PORT",
        page="http://localhost:5173/app",
    )
    told.launcher.start()
    found = told.environment()
    port = told.launcher.port
    assert found["cwd"] == str(tmp_path)
    assert found["variables"] == {
        "NEW_AURORAVIEW": "2",
        "TAURI_WS_PORT": str(port),
        "AURORAVIEW_URL": f"http://localhost:5173/app?port={port}",
        "AURORAVIEW_SECRET": found["secret"],
    }
    assert found["secret"] != "of an outer launcher"


def test_the_secret_is_in_no_argument_and_no_address(launch, tmp_path):
    (tmp_path / "index.html").write_text("<p>page")
    told = launch(page=tmp_path)
    told.launcher.start()
    secret = told.environment()["secret"]
    arguments = Path(f"/proc/{told.launcher.process.pid}/cmdline").read_bytes()
    assert secret.encode() not in arguments
    assert secret not in told.launcher.url + repr(told.launcher) + repr(told.launcher.process)
    assert secret not in (tmp_path / "ws-config.js").read_text()


def test_a_directory_is_served_with_the_script_that_names_the_port(launch, tmp_path):
    (tmp_path / "index.html").write_text("<p>the page")
    told = launch(page=tmp_path)
    told.launcher.start()
    port = told.launcher.port
    assert told.launcher.url == f"http://127.0.0.1:{port}/?port={port}"
    with urllib.request.urlopen(told.launcher.url, timeout=SECONDS) as answer:
        assert answer.read() == b"<p>the page"
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/ws-config.js", timeout=SECONDS) as answer:
        assert json.loads(answer.read()[len("window.WS_CONFIG = ") : -2])["port"] == port
    told.launcher.stop()
    assert [entry.name for entry in tmp_path.iterdir()] == ["index.html"]


def test_the_script_goes_where_it_is_told_to(launch, tmp_path):
    told = launch(config_dir=tmp_path)
    told.launcher.start()
    assert (tmp_path / "ws-config.js").exists()
    told.launcher.stop()
    assert list(tmp_path.iterdir()) == []


def test_one_that_cannot_be_written_costs_a_warning_alone(launch, tmp_path, caplog):
    told = launch(config_dir=tmp_path / "nowhere")
    told.launcher.start()
    assert "config_dir=" in caplog.text


@pytest.mark.parametrize(
    ("page", "origin", "status"),
    [
        ("http://localhost:5173/app", "http://localhost:5173", 404),
        ("http://localhost:5173/app", "http://localhost:5174", 403),
        ("http://localhost:5173/app", "null", 403),
        ("page.html", "null", 404),
        ("page.html", "file://", 404),
        ("page.html", "https://a.example", 403),
        (".", "null", 403),
        (".", "https://named.example", 200),
    ],
)
def test_pages_of_its_origin_and_of_those_named_may_come(launch, tmp_path, monkeypatch, page, origin, status):
    monkeypatch.chdir(tmp_path)
    for name in ("page.html", "index.html"):
        (tmp_path / name).write_text("<p>page")
    told = launch(page=page, allow_origins=["https://named.example"])
    told.launcher.start()
    connection = http.client.HTTPConnection("127.0.0.1", told.launcher.port, timeout=SECONDS)
    connection.request("GET", "/", headers={"Origin": origin})
    assert connection.getresponse().status == status
    connection.close()


# What it hears


def test_what_is_emitted_before_waits_and_settings_come_first(launch):
    told = launch()
    launcher = told.launcher
    assert launcher.peer in launcher.bridge.peers
    assert not launcher.peer.connected
    for number in range(3):
        launcher.emit("number", number)
    launcher.emit("settings", "old", retain=True)
    launcher.emit("settings", "new", retain=True)
    launcher.emit_batch([("number", 3), ("number", 4)])
    launcher.start()
    heard = [(one["name"], one["value"]) for one in told.wait("heard", 6)]
    assert heard == [("settings", "new"), *[("number", number) for number in range(5)]]
    assert launcher.peer.connected
    assert told.of("ready") == [None]


def test_a_plain_front_end_needs_to_know_nothing_of_us(launch):
    told = launch("plain")
    told.launcher.emit("settings", {"units": "mm"}, retain=True)
    told.launcher.start()
    assert told.wait("heard") == [{"name": "settings", "value": {"units": "mm"}}]
    told.launcher.stop()
    assert [one["name"] for one in told.of("heard")] == ["settings", "shutdown"][: len(told.of("heard"))]
    assert told.wait("exited") == [0]


def test_a_plain_front_end_may_go_without_the_secret(launch):
    told = launch("plain", require_secret=False)
    told.launcher.start()
    assert told.environment()["secret"] is None


def test_junk_is_counted_and_ready_counts_once(launch):
    told = launch("plain", "junk", "twice")
    told.launcher.emit("once", 1)
    told.launcher.start()
    told.launcher.emit("last", 2)
    assert [one["name"] for one in told.wait("heard", 2)] == ["once", "last"]
    assert told.of("ready") == [None]


# How it ends


def test_stopping_asks_it_and_cleans_up(started):
    launcher = started.launcher
    port, process, peer = launcher.port, launcher.process, launcher.peer
    assert isinstance(process, Process)
    assert launcher.is_running
    assert process.returncode is None
    launcher.stop()
    launcher.stop()
    assert not launcher.is_running
    assert process.returncode == 0
    assert launcher.process is process
    assert (launcher.port, launcher.url) == (None, None)
    assert started.wait("exited") == [0]
    assert started.of("crashed") == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
    assert not Path(f"/proc/{process.pid}").exists()
    assert launcher.peer is not peer
    assert launcher.bridge.peers == (launcher.peer,)
    assert launcher.wait(0)


def test_one_that_heeds_nothing_is_killed(launch):
    told = launch("deaf", stop_timeout=0.2)
    told.launcher.start()
    told.launcher.stop()
    assert told.wait("exited") == [-signal.SIGKILL]
    assert "was killed by signal 9 (SIGKILL)" in repr(told.launcher.process)


def test_it_may_end_by_itself(started):
    started.do(exit=0)
    assert started.launcher.wait(SECONDS)
    assert started.wait("exited") == [0]


@pytest.mark.parametrize(("order", "code"), [({"exit": 7}, 7), ({"die": int(signal.SIGSEGV)}, -signal.SIGSEGV)])
def test_a_crash_is_told_and_hurts_nobody(started, caplog, order, code):
    started.do(**order)
    assert started.launcher.wait(SECONDS)
    assert started.wait("crashed") == [code]
    assert started.of("exited") == []
    assert started.launcher.process.returncode == code
    assert f"pid {started.launcher.process.pid}" in caplog.text


def test_it_can_be_started_again(started):
    launcher = started.launcher
    first = started.environment()
    launcher.stop()
    launcher.emit("again", 1)
    launcher.start()
    second = started.wait("environment", 2)[1]
    assert started.wait("heard")[-1] == {"name": "again", "value": 1}
    assert (first["pid"], first["secret"]) != (second["pid"], second["secret"])
    assert started.wait("ready", 2) == [None, None]


def test_starting_twice_is_refused(started):
    with pytest.raises(UsageError, match=r"stop\(\) it"):
        started.launcher.start()


def test_a_block_starts_and_stops_it(launch):
    told = launch()
    with told.launcher as launcher:
        assert launcher.is_running
    assert not launcher.is_running


def test_waiting_ends_in_time_or_with_it(started):
    assert started.launcher.wait(0.01) is False
    started.do(exit=0)
    assert started.launcher.wait(SECONDS) is True


# What goes wrong at the start


def test_one_that_dies_before_it_is_ready_says_why(launch):
    told = launch("crash")
    with pytest.raises(HostError, match=r"exited with code 3 before it was ready; it said:\n  the last words"):
        told.launcher.start()
    assert told.wait("crashed") == [3]
    assert not told.launcher.is_running


def test_one_that_has_nothing_to_do_was_not_ready_either(launch):
    with pytest.raises(HostError, match="exited with code 0 before it was ready; it said nothing"):
        launch("quit").launcher.start()


def test_one_that_never_comes_is_stopped(launch):
    told = launch("mute", start_timeout=0.5)
    with pytest.raises(HostError, match=r"not ready within 0\.5 s(.|\n)*no client has come to port \d+, which is in"):
        told.launcher.start()
    assert not told.launcher.is_running
    assert told.wait("exited") == [0]


def test_one_that_comes_and_is_never_ready_is_stopped(launch):
    with pytest.raises(HostError, match="a client is connected, but there was no"):
        launch("unready", start_timeout=3).launcher.start()


@pytest.mark.parametrize("wait", [True, False])
def test_a_program_that_is_not_there_is_named(bridge, tmp_path, wait):
    launcher = Launcher(bridge, command=[str(tmp_path / "nowhere")], config_dir=tmp_path)
    with pytest.raises(HostError, match=r"cannot run .*nowhere: No such file or directory; give its path"):
        launcher.start(wait=wait)
    assert not launcher.is_running
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_program_is_named(bridge, tmp_path):
    (tmp_path / "script.py").write_text("print()")
    with pytest.raises(HostError, match=r"script\.py: Permission denied; .*chmod \+x"):
        Launcher(bridge, command=[tmp_path / "script.py"]).start()


def test_a_place_that_is_not_there_is_named(bridge, tmp_path):
    with pytest.raises(HostError, match=r"nowhere.*cwd= must be a directory"):
        Launcher(bridge, command=[sys.executable], cwd=tmp_path / "nowhere").start()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "pass page="),
        ({"command": "prog --flag"}, "command is a list"),
        ({"command": ["prog"], "dialect": "morse"}, "dialect must be"),
        ({"command": ["prog"], "encoding": "xml"}, "encoding must be"),
        ({"command": ["prog"], "encoding": "msgpack"}, 'dialect="plain" alone'),
        ({"command": ["prog"], "require_secret": False}, 'dialect="plain" alone'),
        ({"command": ["prog"], "secret_via": "argv"}, "secret_via"),
        ({"command": ["prog"], "start_timeout": 0}, "start_timeout"),
        ({"command": ["prog"], "stop_timeout": "5"}, "stop_timeout"),
        ({"command": ["prog"], "max_connections": 0}, "max_connections"),
        ({"command": ["prog"], "allow_origins": "http://a.example"}, "list of origins"),
        ({"command": ["prog"], "allow_origins": ["a.example"]}, "an origin is"),
        ({"command": ["prog"], "csp": ""}, "csp"),
    ],
)
def test_what_does_not_fit_together_is_refused(bridge, options, words):
    with pytest.raises(UsageError, match=words):
        Launcher(bridge, **options)
    assert bridge.peers == ()


def test_it_needs_a_bridge():
    with pytest.raises(UsageError, match="is a Bridge"):
        Launcher(None, command=["prog"])


# What it says


def test_its_lines_are_in_the_log(started, caplog):
    with caplog.at_level(logging.INFO, "auroraview.launcher"):
        started.do(print="to stdout")
        started.do(complain="to stderr")
        eventually(lambda: len(caplog.records) >= 2)
    name, pid = os.path.basename(sys.executable), started.launcher.process.pid
    said = [(record.name, record.levelname, record.getMessage()) for record in caplog.records]
    assert sorted(said) == [
        ("auroraview.launcher", "INFO", f"{name}[{pid}]: to stdout"),
        ("auroraview.launcher", "WARNING", f"{name}[{pid}]: to stderr"),
    ]


def test_it_tells_what_it_is(started):
    launcher = started.launcher
    assert str(launcher.port) in repr(launcher)
    assert str(launcher.process.pid) in repr(launcher.process)
    assert launcher.stats["connected"] == 1
    assert (launcher.stats["starts"], launcher.stats["crashes"]) == (1, 0)
    launcher.stop()
    assert "not running" in repr(launcher)


def test_an_event_that_there_is_not_is_refused(started):
    with pytest.raises(UsageError, match="'ready', 'exited', 'crashed', 'respawned'"):
        started.launcher.on("closed", print)


def test_listeners_can_be_removed(launch):
    told = launch()
    assert told.launcher.off("ready") == 1
    told.launcher.start()
    told.environment()
    assert told.of("ready") == []
