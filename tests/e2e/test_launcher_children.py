"""Programs that are none of ours, in Python and in Node.js with the standard library alone: what they are given, how
they misbehave, and that they are ended in order."""

import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from auroraview import HostError, Launcher
from tests.e2e.helpers import PATIENCE, Record, wait_for
from tests.e2e.launchers import wait_gone
from tests.launching import PROGRAM

CHILD = Path(__file__).with_name("children") / "child.mjs"


@pytest.fixture(scope="module")
def node():
    """Node.js, which is there wherever the SDK is built."""
    found = shutil.which("node")
    if found is None:
        reason = "no Node.js found (Debian, Ubuntu: apt-get install nodejs)"
        if os.environ.get("AURORAVIEW_REQUIRE_BROWSER") == "1":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    subprocess.run([found, "--version"], check=True, capture_output=True, timeout=PATIENCE)
    return found


class Child:
    """A launcher of the program in Node.js, and what it said."""

    def __init__(self, bridge, node, mode, words=(), **options):
        self.found, self.echoed, self.ready, self.exited, self.crashed = (Record() for _ in range(5))
        bridge.on("found", self.found)
        bridge.on("echoed", self.echoed)
        options = {"dialect": "plain", "start_timeout": PATIENCE, "env": {"CHILD": mode}, **options}
        self.launcher = Launcher(bridge, command=[node, CHILD, *words], **options)
        for event in ("ready", "exited", "crashed"):
            self.launcher.on(event, getattr(self, event))


@pytest.fixture
def child(bridge, node):
    made = []

    def make(mode="", *words, **options):
        made.append(Child(bridge, node, mode, words, **options))
        return made[-1]

    yield make
    for one in made:
        one.launcher.stop()


# In Node.js


@pytest.mark.parametrize("words", [[], ["--ws-port={port}"], ["--ws-port", "{port}"], ["{port}"]], ids=" ".join)
@pytest.mark.parametrize("via", ["env", "stdin"])
def test_a_program_of_node_gets_port_and_secret_and_answers(child, words, via):
    if via == "stdin" and words != []:
        words = ["--flag", *words]
    one = child("", *words, secret_via=via, page="http://127.0.0.1:1/page")
    one.launcher.emit("echo", "early")
    one.launcher.start()
    ((found,),) = one.found.wait()
    port = one.launcher.port
    assert found["pid"] == one.launcher.process.pid
    assert found["words"] == [word.replace("{port}", str(port)) for word in words or ["--ws-port={port}"]]
    assert len(found["secret"]) == 22
    assert found["url"] == f"http://127.0.0.1:1/page?port={port}"
    for value in ("x" * 125, "x" * 126, "ä" * 40_000, {"a": [1.5, None, "✓"]}, ["x" * 1_000_000]):
        one.launcher.emit("echo", value)
    values = [detail["value"] for (detail,) in one.echoed.wait(6)]
    assert values == ["early", "x" * 125, "x" * 126, "ä" * 40_000, {"a": [1.5, None, "✓"]}, ["x" * 1_000_000]]
    one.launcher.stop()
    assert one.exited.wait() == [(0,)]


def test_junk_is_counted_and_changes_nothing(child, caplog):
    one = child("junk")
    one.launcher.emit("echo", 1)
    one.launcher.start()
    assert one.echoed.wait() == [({"value": 1},)]
    assert one.launcher.peer.stats["refused"] == {"malformed": 10}
    assert "refused" in caplog.text


def test_ready_twice_is_ready_once(child, bridge):
    heard = Record()
    bridge.on("ready", heard)
    one = child("twice")
    one.launcher.emit("echo", 1)
    one.launcher.emit("echo", "kept", retain=True)
    one.launcher.start()
    one.launcher.emit("echo", "last")
    assert [detail["value"] for (detail,) in one.echoed.wait(3)] == ["kept", 1, "last"]
    assert one.ready.seen == [()]
    assert heard.wait(2) == [({},), ({"again": True},)]


def test_its_last_words_are_in_the_error(child):
    with pytest.raises(
        HostError, match=r"node \(pid \d+\) exited with code 1 .*said:\n  no such texture\n(.|\n)*cannot go on"
    ):
        child("crash").launcher.start()


def test_one_that_never_says_ready_is_stopped_in_time(child):
    one = child("never", start_timeout=3)
    pids = set()
    one.launcher.on("exited", lambda _: pids.add(one.launcher.process.pid))
    with pytest.raises(HostError, match=r'was not ready within 3 s(.|\n)*no \{"type": "ready"\} from it'):
        one.launcher.start()
    assert one.exited.wait() == [(0,)]
    wait_gone(pids)


def test_one_that_is_deaf_is_killed_and_leaves_nothing(child):
    one = child("deaf", stop_timeout=0.4)
    one.launcher.start()
    pid = one.launcher.process.pid
    one.launcher.stop()
    assert one.exited.wait() == [(-signal.SIGKILL,)]
    wait_gone({pid})


def test_what_it_prints_is_in_the_log_with_its_name(child, caplog):
    one = child()
    one.launcher.start()
    with caplog.at_level(logging.INFO, "auroraview.launcher"):
        one.launcher.emit("say", "grüße ✓")
        line = f"node[{one.launcher.process.pid}]: grüße ✓"
        wait_for(lambda: line in [record.getMessage() for record in caplog.records], "the line")


def test_it_crashes_and_comes_back(child):
    one = child(respawn=True)
    one.launcher.emit("echo", "settings", retain=True)
    one.launcher.start()
    one.echoed.wait()
    one.launcher.emit("exit", 9)
    assert one.crashed.wait() == [(9,)]
    one.found.wait(2)
    ((first,), (second,)) = one.found.seen
    assert first["pid"] != second["pid"]
    assert (first["secret"], first["words"]) == (second["secret"], second["words"])
    assert [detail["value"] for (detail,) in one.echoed.wait(2)] == ["settings", "settings"]


# In Python


@pytest.mark.parametrize("dialect", ["auroraview", "plain"])
@pytest.mark.parametrize("form", [[], ["--ws-port={port}"], ["--ws-port", "{port}"]], ids=" ".join)
def test_a_program_of_python_reads_its_port_in_both_forms(launch, dialect, form):
    told = launch(*(["plain"] if dialect == "plain" else []), *form)
    told.launcher.emit("early", [1])
    told.launcher.start()
    port = str(told.launcher.port)
    assert told.environment()["argv"][-1].removeprefix("--ws-port=") == port
    assert told.wait("heard") == [{"name": "early", "value": [1]}]


def test_one_that_does_not_know_its_argument_says_so_in_the_error(bridge):
    launcher = Launcher(bridge, command=[sys.executable, PROGRAM, "--port={port}"])
    with pytest.raises(
        HostError, match=r"exited with code 1 before it was ready; it said:\n(.|\n)*AssertionError: .*--port"
    ):
        launcher.start()
