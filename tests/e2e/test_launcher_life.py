"""A launcher's program in bad times: killed in the middle of its work, stopped while it starts or hangs."""

import asyncio
import os
import signal
import threading

import pytest

from auroraview import Backpressure, Bridge, ServerOptions, current_call
from tests.e2e import desktop
from tests.e2e.helpers import PATIENCE, wait_for
from tests.e2e.launchers import IDLE, panel, port_of_script, secret_of, wait_gone, write_page
from tests.e2e.wire import WirePage


@pytest.fixture
def folder(tmp_path):
    return write_page(tmp_path / "panel")


def kill(launcher, number=signal.SIGKILL):
    os.kill(launcher.process.pid, number)


# Killed in the middle


def test_a_window_killed_in_the_middle_of_a_thousand_calls_comes_back_with_its_session(bridge, folder):
    begun, go_on = threading.Semaphore(0), threading.Event()

    @bridge.bind_call("slow", thread="pool")
    def slow(number):
        begun.release()
        if number >= 500:
            go_on.wait(PATIENCE)
        return number

    bridge.bind_call("who", lambda: current_call().peer.info.session_id)
    with panel(bridge, folder, respawn=True) as one:
        launcher = one.launcher
        peer, port, session = launcher.peer, launcher.port, one.ask("auroraview.call('who')")
        calls = "Promise.all(Array.from({length: 1000}, (_, n) => auroraview.call('slow', [n])))"
        launcher.emit("ask", {"id": -1, "script": calls})
        for _ in range(500):
            assert begun.acquire(timeout=PATIENCE)
        kill(launcher)
        assert one.wait_told("crashed") == [("crashed", -signal.SIGKILL)]
        go_on.set()
        one.wait_told("ready", 2)
        assert (launcher.peer, launcher.port) == (peer, port)
        assert one.ask("auroraview.call('who')") == session
        assert one.ask("auroraview.call('slow', [1])") == 1
        wait_for(lambda: launcher.peer.stats["calls_in_flight"] == 0, "the end of what the dead page asked")
        assert one.told == [("ready",), ("crashed", -signal.SIGKILL), ("respawned",), ("ready",)]
        assert port_of_script(folder) == port


def test_what_a_killed_window_had_not_acknowledged_comes_again_in_order_after_the_settings(bridge, folder):
    with panel(bridge, folder, respawn=True) as one:
        one.launcher.emit("settings", "first", retain=True)
        for number in range(1000):
            one.launcher.emit("tick", number)
        wait_for(lambda: len(one.seen) > 100, "the first events")
        kill(one.launcher)
        one.wait_told("crashed")
        one.launcher.emit("settings", "second", retain=True)
        for number in range(1000, 1100):
            one.launcher.emit("tick", number)
        wait_for(lambda: one.seen[-1] == ["tick", 1099], "the last event")
        assert one.seen[0] == ["settings", "first"]
        again = one.seen.index(["settings", "second"])
        before = [number for _, number in one.seen[1:again]]
        after = [number for _, number in one.seen[again + 1 :]]
        assert before == list(range(len(before)))
        assert after == list(range(after[0], 1100))
        assert 0 < after[0] <= len(before)


def test_a_program_killed_while_it_loads_its_page_comes_back(bridge, server, tmp_path):
    gate = server.hold("/page", "<p>never")
    with panel(bridge, server.origin + "/page", respawn=True, config_dir=tmp_path, start=False) as one:
        one.launcher.start(wait=False)
        wait_for(lambda: "/page" in server.requests, "the request for the page")
        kill(one.launcher)
        one.wait_told("respawned")
        wait_for(lambda: server.requests.count("/page") > 1, "the next request for the page")
        gate.set()
        assert one.launcher.is_running


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM], ids=lambda one: one.name)
def test_one_that_is_killed_before_it_is_ready_says_by_what(launch, number):
    told = launch("mute")
    problem = told.problem_of_start(lambda: kill(told.launcher, number))
    assert f"was killed by signal {number.value} ({number.name}) before it was ready" in problem
    assert told.wait("crashed") == [-number]


def test_it_outlives_the_thread_that_started_it(launch):
    told = launch()
    starter = threading.Thread(target=told.launcher.start)
    starter.start()
    starter.join(PATIENCE)
    for number in range(3):
        told.launcher.emit("still there", number)
        assert told.wait("heard", number + 1)[-1]["value"] == number
    assert told.of("crashed") == []


def test_a_listener_may_give_up_or_begin_anew(launch):
    told = launch(respawn=True)
    launcher = told.launcher
    anew = threading.Event()

    @launcher.on("crashed")
    def crashed(code):
        launcher.stop()
        if code == 3:
            launcher.start()
            anew.set()

    launcher.start()
    port, secret = launcher.port, told.environment()["secret"]
    told.do(exit=3)
    assert anew.wait(PATIENCE)
    assert launcher.is_running
    found = told.wait("environment", 2)[-1]
    assert (launcher.port, found["secret"]) != (port, secret)
    told.do(exit=4)
    assert launcher.wait(PATIENCE)
    assert told.wait("crashed", 2) == [3, 4]


# What waits for it


def test_what_waits_for_it_is_bounded(bridge):
    with panel(bridge, "http://127.0.0.1:1/", command=IDLE, start=False) as one:
        launcher, most = one.launcher, ServerOptions().replay_messages
        launcher.emit_batch([("number", number) for number in range(most)])
        with pytest.raises(Backpressure):
            launcher.emit("number", most)
        launcher.start(wait=False)
        address = f"http://127.0.0.1:{launcher.port}"

        async def main():
            async with WirePage(address, secret_of(launcher)) as page:
                await page.wait_events(most)
                assert page.events == [("number", number) for number in range(most)]
                launcher.emit("number", most)
                assert (await page.wait_events(most + 1))[-1] == ("number", most)

        asyncio.run(asyncio.wait_for(main(), PATIENCE))


def test_what_a_program_of_any_kind_did_not_acknowledge_comes_again(launch):
    told = launch("careful", respawn=True)
    launcher = told.launcher
    launcher.start()
    for number in range(600):
        launcher.emit("number", number)
    told.wait("heard", 20)
    kill(launcher)
    told.wait("ready", 2)
    wait_for(lambda: told.of("heard")[-1]["value"] == 599, "the last event")
    numbers = [one["value"] for one in told.of("heard")]
    assert sorted(set(numbers)) == list(range(600))
    (step,) = [at for at in range(1, len(numbers)) if numbers[at] <= numbers[at - 1]] or [len(numbers)]
    assert numbers[:step] == list(range(step))
    assert numbers[step:] == list(range(600 - len(numbers[step:]), 600))


# Hangs, and descendants


def test_a_window_that_hangs_is_killed(bridge, folder):
    with panel(bridge, folder, stop_timeout=0.5) as one:
        pids = one.processes()
        kill(one.launcher, signal.SIGSTOP)
        one.launcher.stop()
        assert one.wait_told("exited") == [("exited", -signal.SIGKILL)]
        wait_gone(pids)


def test_a_crash_is_told_although_a_descendant_holds_the_pipes(launch):
    told = launch("parent")
    told.launcher.start()
    child = told.environment()["child"]
    try:
        told.do(exit=5)
        assert told.wait("crashed") == [5]
        assert told.launcher.wait(PATIENCE)
    finally:
        os.kill(child, signal.SIGKILL)


def test_a_descendant_that_holds_the_pipes_delays_no_stop(launch):
    told = launch("parent")
    told.launcher.start()
    child = told.environment()["child"]
    try:
        told.launcher.stop()
        assert told.wait("exited") == [0]
    finally:
        os.kill(child, signal.SIGKILL)


def test_who_has_to_be_killed_is_killed_with_its_descendants(launch):
    told = launch("parent", "deaf", stop_timeout=0.3)
    told.launcher.start()
    found = told.environment()
    told.launcher.stop()
    assert told.wait("exited") == [-signal.SIGKILL]
    wait_gone({found["pid"], found["child"]})


def test_a_stop_while_the_window_comes_leaves_nothing(bridge, folder):
    write_page(folder, "Too soon")
    with panel(bridge, folder, start=False) as one:
        pids = set()
        for seconds in (0, 0.05, 0.2, 0.5):
            one.launcher.start(wait=False)
            pids |= one.processes()
            one.launcher.wait(seconds)
            pids |= one.processes()
            one.launcher.stop()
        wait_gone(pids)
        assert "Too soon" not in desktop.titles()
        assert port_of_script(folder) is None


def test_launchers_start_and_stop_beside_each_other_on_a_loop(launch):
    all_told = [launch(bridge=Bridge()) for _ in range(3)]

    async def main():
        await asyncio.gather(*(asyncio.to_thread(told.launcher.start) for told in all_told))
        assert len({told.launcher.port for told in all_told}) == 3
        await asyncio.gather(*(asyncio.to_thread(told.launcher.stop) for told in all_told))

    asyncio.run(asyncio.wait_for(main(), PATIENCE))
    assert [told.wait("exited") for told in all_told] == [[0]] * 3


# The config script, between several


def test_two_in_one_folder_leave_each_other_s_script_alone(launch, tmp_path):
    (tmp_path / "ws-config.js").write_text(
        'window.WS_CONFIG = {"port": 1, "timestamp": "2999-01-01T00:00:00Z"}; garbage'
    )
    first, second = launch(config_dir=tmp_path), launch(config_dir=tmp_path)
    first.launcher.start()
    assert port_of_script(tmp_path) == first.launcher.port
    second.launcher.start()
    assert port_of_script(tmp_path) == second.launcher.port
    first.launcher.stop()
    assert port_of_script(tmp_path) == second.launcher.port
    second.launcher.stop()
    assert list(tmp_path.iterdir()) == []
