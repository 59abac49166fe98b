"""Launchers that crash and come back, are stopped from everywhere, and end with the program."""

import asyncio
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from auroraview import Bridge, HostError, UsageError, main_thread
from auroraview._respawn import MOST
from tests.helpers import SECONDS, eventually, run_program
from tests.launching import PROGRAM


def is_there(pid):
    """The process runs, or nobody has reaped it."""
    return Path(f"/proc/{pid}").exists()


def threads():
    found = []
    for task in Path("/proc/self/task").iterdir():
        try:
            found.append((task / "comm").read_text().strip())
        except OSError:
            continue
    return found


# Respawn


@pytest.mark.parametrize("dialect", ["auroraview", "plain"])
def test_one_that_crashed_comes_back_with_all_that_waits_for_it(launch, tmp_path, dialect):
    told = launch(*(["plain"] if dialect == "plain" else []), respawn=True, config_dir=tmp_path)
    launcher = told.launcher
    launcher.emit("settings", 1, retain=True)
    launcher.start()
    first = told.environment()
    told.wait("heard")
    script = (tmp_path / "ws-config.js").read_text()
    peer, port = launcher.peer, launcher.port
    os.kill(first["pid"], signal.SIGKILL)
    assert told.wait("crashed") == [-signal.SIGKILL]
    launcher.emit("meanwhile", 2)
    assert launcher.is_running
    told.wait("ready", 2)
    second = told.wait("environment", 2)[1]
    assert second["pid"] == launcher.process.pid != first["pid"]
    assert second["secret"] == first["secret"]
    assert (launcher.peer, launcher.port) == (peer, port)
    assert (tmp_path / "ws-config.js").read_text() != script
    assert told.wait("respawned") == [None]
    heard = [one["name"] for one in told.wait("heard", 3)]
    assert heard == ["settings", "settings", "meanwhile"]
    assert launcher.stats["starts"] == 2
    assert launcher.stats["crashes"] == 1
    launcher.stop()
    assert told.wait("exited") == [0]
    assert told.of("crashed") == [-signal.SIGKILL]


@pytest.mark.timeout(120)
def test_one_that_crashes_again_and_again_is_given_up(launch, caplog):
    told = launch("crash", respawn=True)
    told.launcher.start(wait=False)
    assert told.launcher.wait(SECONDS)
    assert told.wait("crashed", MOST + 1) == [3] * (MOST + 1)
    assert told.of("respawned") == [None] * MOST
    assert told.of("exited") == []
    assert "is not started again" in caplog.text


def test_one_that_ended_in_order_does_not_come_back(launch):
    told = launch(respawn=True)
    told.launcher.start()
    told.do(exit=0)
    assert told.launcher.wait(SECONDS)
    assert told.wait("exited") == [0]
    assert told.of("respawned") == []


def test_one_that_was_never_ready_does_not_come_back(launch):
    told = launch("crash", respawn=True)
    with pytest.raises(HostError, match="the last words"):
        told.launcher.start()
    assert told.launcher.stats["starts"] == 0
    assert told.wait("crashed") == [3]
    assert told.of("respawned") == []


def test_a_stop_ends_the_pause_before_the_next_try(launch):
    told = launch("crash", respawn=True)
    told.launcher.start(wait=False)
    told.wait("crashed", 4)
    told.launcher.stop()
    assert not told.launcher.is_running
    assert len(told.of("respawned")) < MOST


def test_a_program_that_has_gone_meanwhile_is_looked_for_again(launch, tmp_path, caplog):
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\nexec python3 {PROGRAM} "$@"\n')
    program.chmod(0o755)
    told = launch(respawn=True)
    launcher = told.launcher
    object.__setattr__(launcher._plan.front_end, "command", (str(program),))
    launcher.start()
    aside = program.rename(tmp_path / "aside")
    told.do(exit=1)
    eventually(lambda: "give its path" in caplog.text)
    aside.rename(program)
    assert told.wait("respawned") == [None]
    told.wait("ready", 2)


def test_a_page_that_was_sent_away_has_its_place_taken_by_the_next(launch):
    told = launch("plain", respawn=True)
    launcher = told.launcher
    launcher.start()
    told.environment()
    first = launcher.peer
    first.close("enough")
    eventually(lambda: first not in launcher.bridge.peers)
    os.kill(launcher.process.pid, signal.SIGKILL)
    told.wait("ready", 2)
    assert launcher.peer is not first
    launcher.emit("still", 1)
    assert told.wait("heard")[-1] == {"name": "still", "value": 1}


# Starting without waiting


def test_who_does_not_wait_is_told(launch):
    told = launch()
    told.launcher.start(wait=False)
    assert told.launcher.is_running
    assert told.wait("ready") == [None]


def test_who_does_not_wait_is_warned_of_one_that_is_late(launch, caplog):
    told = launch("late", start_timeout=0.3)
    told.launcher.start(wait=False)
    eventually(lambda: "was not ready within 0.3 s" in caplog.text)
    told.launcher.stop()


def test_a_client_before_its_ready_counts_as_late_not_as_dead(launch):
    told = launch("late")
    told.launcher.start(wait=False)
    told.environment()
    assert told.of("ready") == []
    assert told.launcher.is_running


# Handlers, threads, loops


def test_a_handler_may_stop_it(launch):
    told = launch()
    stopped = threading.Event()

    @told.launcher.on("ready")
    def stop():
        told.launcher.stop()
        stopped.set()

    told.launcher.start()
    assert stopped.wait(SECONDS)
    assert told.wait("exited") == [0]


def test_the_handler_of_its_own_event_may_stop_it(launch, bridge):
    told = launch()
    stopped = threading.Event()

    @bridge.on("environment")
    def stop():
        told.launcher.stop()
        stopped.set()

    told.launcher.start()
    assert stopped.wait(SECONDS)
    assert not told.launcher.is_running


@pytest.mark.parametrize("place", ["worker", "pool", "main"])
def test_handlers_run_while_it_starts_and_stops(launch, place):
    bridge = Bridge(default_thread=place)
    told = launch(bridge=bridge, stop_timeout=SECONDS)
    here = []
    told.launcher.on("ready", lambda: here.append(main_thread_is_here()))
    told.launcher.start()
    eventually(lambda: main_thread.pump() or here)
    assert here == [place == "main"]
    told.launcher.stop()


def main_thread_is_here():
    return threading.current_thread() is threading.main_thread()


def test_a_listener_may_start_it_again(launch):
    told = launch()
    again = threading.Event()

    @told.launcher.on("exited")
    def start(code):
        if not again.is_set():
            again.set()
            told.launcher.start()

    told.launcher.start()
    told.do(exit=0)
    told.wait("ready", 2)
    assert told.launcher.is_running
    told.launcher.stop()


def test_stops_from_everywhere_are_one(started):
    stoppers = [threading.Thread(target=started.launcher.stop) for _ in range(8)]
    for stopper in stoppers:
        stopper.start()
    for stopper in stoppers:
        stopper.join(SECONDS)
        assert not started.launcher.is_running
    assert started.wait("exited") == [0]


def test_a_stop_ends_a_start(launch):
    told = launch("mute")
    assert "was stopped before it was ready" in told.problem_of_start(told.launcher.stop)


def test_a_running_loop_is_not_blocked(launch):
    told = launch()
    launcher = told.launcher

    async def main():
        with pytest.raises(UsageError, match=r"asyncio\.to_thread\(launcher\.start\)"):
            launcher.start()
        assert not launcher.is_running
        await asyncio.to_thread(launcher.start)
        with pytest.raises(UsageError, match=r"asyncio\.to_thread\(launcher\.wait\)"):
            launcher.wait()
        launcher.stop()
        await asyncio.to_thread(launcher.wait)
        assert not launcher.is_running
        launcher.start(wait=False)
        await asyncio.to_thread(told.wait, "ready", 2)
        launcher.stop()
        with pytest.raises(UsageError, match="still stopping"):
            launcher.start(wait=False)
        await asyncio.to_thread(launcher.stop)

    asyncio.run(asyncio.wait_for(main(), SECONDS * 2))


def test_a_log_handler_may_stop_it_and_is_kept_from_waiting(started):
    launcher, problems = started.launcher, []

    class Handler(logging.Handler):
        def emit(self, record):
            launcher.stop()
            for wait in (launcher.wait, lambda: launcher.start(wait=False)):
                try:
                    wait()
                except UsageError as error:
                    problems.append(str(error))

    handler = Handler()
    logger = logging.getLogger("auroraview")
    logger.addHandler(handler)
    try:
        started.do(exit=3)
        assert launcher.wait(SECONDS)
    finally:
        logger.removeHandler(handler)
    assert ["must not wait" in problem for problem in problems] == [True, True]


def test_a_signal_handler_may_stop_it_whatever_it_interrupts(tmp_path, monkeypatch):
    monkeypatch.setenv("FOLDER", str(tmp_path))
    done = run_program(
        PRELUDE,
        """
        import signal
        from auroraview import HostError
        from auroraview._config_script import ConfigScript
        write = ConfigScript.write
        def interrupted(self, port):
            signal.raise_signal(signal.SIGTERM)
            return write(self, port)
        ConfigScript.write = interrupted
        other = new("mute")
        signal.signal(signal.SIGTERM, lambda *_: other.stop())
        try:
            other.start()
        except HostError as error:
            print("was stopped" in str(error), other.is_running, other.process.returncode, flush=True)
        """,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[1:3] == ["True", "False"]
    assert list(tmp_path.iterdir()) == []


def test_nothing_runs_on_when_a_signal_handler_raises_while_it_starts(tmp_path, monkeypatch):
    monkeypatch.setenv("FOLDER", str(tmp_path))
    done = run_program(
        PRELUDE,
        """
        import signal
        from auroraview import _waiting
        def late(*_):
            raise TimeoutError
        def interrupt():
            while not _waiting._main_waits:
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGALRM)
        signal.signal(signal.SIGALRM, late)
        other = new("mute")
        threading.Thread(target=interrupt).start()
        try:
            with other:
                pass
        except TimeoutError:
            print(other.is_running, flush=True)
        """,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[1:] == ["False"]


def test_async_handlers_run_on_the_loop_while_it_starts_and_stops(launch, bridge):
    told = launch()
    seen = []

    @bridge.on("environment")
    async def came(found):
        seen.append(asyncio.get_running_loop())

    async def main():
        bridge.start_loop()
        await asyncio.to_thread(told.launcher.start)
        while not seen:
            await asyncio.sleep(0.01)
        await asyncio.to_thread(told.launcher.stop)

    asyncio.run(asyncio.wait_for(main(), SECONDS * 2))


# Several, and many


def test_three_at_once_have_ports_queues_and_processes_of_their_own(launch):
    bridges = [Bridge() for _ in range(3)]
    all_told = [launch(bridge=bridge) for bridge in bridges]
    for number, told in enumerate(all_told):
        told.launcher.emit("number", number)
        told.launcher.start(wait=False)
    for number, told in enumerate(all_told):
        assert told.wait("heard") == [{"name": "number", "value": number}]
    launchers = [told.launcher for told in all_told]
    assert len({launcher.port for launcher in launchers}) == 3
    assert len({launcher.process.pid for launcher in launchers}) == 3
    all_told[1].do(exit=1)
    all_told[1].wait("crashed")
    assert [launcher.is_running for launcher in launchers] == [True, False, True]


def test_one_bridge_serves_several_and_knows_them_apart(launch, bridge):
    one, other = launch(), launch("plain")
    one.launcher.start()
    other.launcher.start()
    assert set(bridge.peers) == {one.launcher.peer, other.launcher.peer}
    one.launcher.emit("only", 1)
    bridge.emit("all", 2)
    eventually(lambda: len(one.of("heard")) == 3)
    assert sorted(detail["name"] for detail in one.of("heard")) == ["all", "all", "only"]


def test_on_connect_is_told_of_those_that_come_alone(launch, bridge):
    told_of = []
    bridge.on_connect(lambda peer: told_of.append("came"))
    bridge.on_disconnect(lambda peer, reason: told_of.append(reason))
    launch()
    told = launch()
    told.launcher.start()
    told.launcher.stop()
    eventually(lambda: told_of == ["came", "server_closed"], f"{told_of}")


@pytest.mark.timeout(180)
def test_many_starts_and_stops_leave_nothing(launch, tmp_path):
    told = launch("plain", config_dir=tmp_path)
    launcher = told.launcher

    def cycle():
        launcher.start()
        launcher.stop()
        return launcher.process.pid

    for _ in range(3):
        cycle()
    eventually(lambda: not [name for name in threads() if "stop" in name or "read" in name])
    before = (len(os.listdir("/proc/self/fd")), len(threads()))
    pids = [cycle() for _ in range(15)]
    assert [pid for pid in pids if is_there(pid)] == []
    assert list(tmp_path.iterdir()) == []
    assert launcher.bridge.peers == (launcher.peer,)
    # Threads that have nothing more to do take a moment to go.
    eventually(lambda: (len(os.listdir("/proc/self/fd")), len(threads())) <= before, f"{before}, {threads()}")


def test_one_that_is_forgotten_leaves_no_peer(bridge, launch):
    told = launch()
    told.launcher.start()
    assert len(bridge.peers) == 1
    from auroraview import Launcher

    forgotten = Launcher(bridge, command=["prog"])
    assert len(bridge.peers) == 2
    del forgotten
    eventually(lambda: len(bridge.peers) == 1)


# The end of the program

PRELUDE = f"""
import os, sys, threading, time
from auroraview import Bridge, Launcher
bridge = Bridge()
def new(*modes, **options):
    return Launcher(bridge, command=[sys.executable, {PROGRAM!r}, *modes], config_dir=os.environ["FOLDER"], **options)
launcher = new()
launcher.start()
print(launcher.process.pid, flush=True)
"""


@pytest.mark.parametrize(
    ("last", "code", "leaves"),
    [
        ("", 0, []),
        ("sys.exit(3)", 3, []),
        ("raise RuntimeError('an end')", 1, []),
        ("threading.Thread(target=lambda: launcher.emit('x')).start()", 0, []),
        ("os._exit(4)", 4, ["ws-config.js"]),
        ("os.kill(os.getpid(), 9)", -9, ["ws-config.js"]),
    ],
)
def test_it_ends_with_the_program_however_that_ends(tmp_path, monkeypatch, last, code, leaves):
    monkeypatch.setenv("FOLDER", str(tmp_path))
    done = run_program(PRELUDE, last)
    assert done.returncode == code, done.stderr
    pid = int(done.stdout.split()[0])
    eventually(lambda: not is_there(pid), "the end of the child")
    assert [entry.name for entry in tmp_path.iterdir()] == leaves
    if code == 0:
        assert done.stderr == ""


def test_a_stubborn_one_is_killed_at_the_end_of_the_program(tmp_path, monkeypatch):
    monkeypatch.setenv("FOLDER", str(tmp_path))
    done = run_program(PRELUDE, "new('deaf', stop_timeout=0.2).start()")
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []


def test_what_a_page_says_at_the_end_is_heard(tmp_path, monkeypatch):
    monkeypatch.setenv("FOLDER", str(tmp_path))
    done = run_program(
        PRELUDE,
        """
        launcher.stop()
        bridge.on("heard", lambda detail: print(detail["name"], flush=True))
        new("plain", "deaf", dialect="plain", stop_timeout=2).start()
        """,
    )
    assert done.returncode == 0
    assert done.stdout.split()[1:] == ["shutdown"]


CTRL_C = """
from auroraview import _waiting
def watch():
    while not _waiting._main_waits:
        time.sleep(0.01)
    print("waits", flush=True)
it = new(*sys.argv[1:]) if sys.argv[1:] else launcher
threading.Thread(target=watch).start()
try:
    it.start() if it is not launcher else it.wait()
except KeyboardInterrupt:
    print("interrupted", it.is_running, it.process.returncode, flush=True)
"""


@pytest.mark.parametrize("modes", [[], ["mute"]], ids=["wait", "start"])
def test_ctrl_c_ends_the_wait_and_the_program(tmp_path, modes):
    process = subprocess.Popen(
        [sys.executable, "-c", PRELUDE + CTRL_C, *modes],
        env={**os.environ, "FOLDER": str(tmp_path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        while process.stdout.readline() not in ("waits\n", ""):
            pass
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out, err) == (0, "interrupted False 0\n", "")


def test_a_fork_leaves_it_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("FOLDER", str(tmp_path))
    done = run_program(
        PRELUDE,
        """
        if os.fork() == 0:
            sys.exit(0)  # Runs what is registered for the end of a program.
        assert os.wait()[1] == 0
        print(launcher.process.returncode, os.listdir(os.environ["FOLDER"]), flush=True)
        """,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[1] == "None ['ws-config.js']"
    assert list(tmp_path.iterdir()) == []


def test_the_port_cannot_be_taken_before_the_child_runs(launch, monkeypatch):
    from auroraview import _launching

    tried = []
    spawn = _launching.Run._spawn

    def steal(run):
        with socket.socket() as thief:
            try:
                thief.bind(("127.0.0.1", run.port))
            except OSError as error:
                tried.append(error.errno)
        spawn(run)

    monkeypatch.setattr(_launching.Run, "_spawn", steal)
    told = launch()
    told.launcher.start()
    assert len(tried) == 1
