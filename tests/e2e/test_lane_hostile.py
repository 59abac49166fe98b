"""Nonsense on the wire between the two processes, from either end, and ends that break: the page goes on without the
lane, the program with everything.
"""

from __future__ import annotations

import array
import contextlib
import os
import random
import socket

import pytest

from auroraview import Bridge
from tests.e2e.helpers import PATIENCE, ask, wait_for
from tests.e2e.lane_ends import host_end, lanes_open, page_end
from tests.e2e.lanes import ORDINARY
from tests.e2e.pages import RECORDING_PAGE, WindowEnd, run, wait_events
from tests.e2e.processes import web_processes

#: What no lane says: by a name for the reader, so many packets.
PACKETS: dict[str, list[bytes]] = {
    "a byte": [b"\0"],
    "a word": [b"nonsense"],
    "a long packet": [b"\xff" * 60_000],
    "zeros": [bytes(64)],
    "many": [bytes([n]) * n for n in range(1, 200)],
}


@pytest.fixture
def view(webview):
    bridge = Bridge()
    bridge.bind_call("echo", lambda value: value)
    return webview(html=RECORDING_PAGE, bridge=bridge)


@pytest.fixture
def ends(view):
    """The program's end of the lane and the page's, for a test to write on."""
    with host_end() as host, page_end(host, web_processes()) as page:
        yield {"page": page, "program": host}


def send(end: socket.socket, packet: bytes, descriptors: list[int] | None = None) -> None:
    """Sends as much as there is somebody to take it."""
    end.settimeout(PATIENCE)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
    with contextlib.suppress(OSError):
        end.sendmsg([packet], rights)


def check_that_the_page_goes_on_without(view, documents):
    wait_for(lambda: view.info["lane"] == ORDINARY and view.is_ready, "the ordinary lane")
    assert view.info["lane_reason"]
    assert view.peer.generation == documents + 1, "one hello more"
    check_that_it_works(view)
    wait_for(lambda: lanes_open() == 0, "the end of the lane")


def check_that_it_works(view):
    script = "return (await Promise.all(args[0].map((n) => auroraview.call('echo', [n])))).length"
    assert run(view, script, list(range(100))) == 100
    data = "return (await auroraview.call('echo', [new Uint8Array(2_000_000).fill(7)])).every((item) => item === 7)"
    assert run(view, data) is True
    before = len(WindowEnd(view.bridge, view).events())
    view.emit("tick", "works")
    assert wait_events(WindowEnd(view.bridge, view), before + 1)[-1] == ["tick", "works"]


@pytest.mark.parametrize("what", PACKETS)
@pytest.mark.parametrize("voice", ["page", "program"])
def test_packets_that_make_no_sense_end_the_lane_and_nothing_else(view, ends, voice, what, caplog):
    documents = view.peer.generation
    for packet in PACKETS[what]:
        send(ends[voice], packet)
    check_that_the_page_goes_on_without(view, documents)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert len(warnings) <= 2, warnings


@pytest.mark.parametrize("voice", ["page", "program"])
def test_descriptors_that_nobody_asked_for_are_closed(view, ends, voice):
    documents = view.peer.generation
    reader, writer = os.pipe()
    memory = os.memfd_create("auroraview-test", os.MFD_CLOEXEC)
    try:
        send(ends[voice], b"take these", [writer, memory, *([writer] * 100)])
        check_that_the_page_goes_on_without(view, documents)
        os.close(writer)
        writer = -1
        # Once nobody has the other end any more, there is an end to be read.
        os.set_blocking(reader, False)
        assert wait_for(lambda: _ended(reader), "the descriptors to be closed")
    finally:
        for descriptor in (reader, writer, memory):
            if descriptor >= 0:
                os.close(descriptor)


def _ended(reader: int) -> bool:
    try:
        return os.read(reader, 1) == b""
    except BlockingIOError:
        return False


@pytest.mark.parametrize("voice", ["page", "program"])
@pytest.mark.parametrize("seed", range(3))
def test_random_packets_never_bring_either_process_down(view, ends, voice, seed):
    chance = random.Random(seed)
    alive = web_processes()
    for _ in range(300):
        packet = chance.randbytes(chance.choice([1, 4, 8, 12, 16, 20, 24, 32, 40, 48, 64, 100, 1000]))
        if chance.random() < 0.7:  # Small numbers are more likely to mean something.
            packet = bytes(byte % 4 if at % 4 == 0 else 0 for at, byte in enumerate(packet))
        send(ends[voice], packet)
    wait_for(lambda: view.is_ready, "the page")
    check_that_it_works(view)
    assert web_processes() == alive


@pytest.mark.parametrize("how", [socket.SHUT_RD, socket.SHUT_WR, socket.SHUT_RDWR])
@pytest.mark.parametrize("voice", ["page", "program"])
def test_an_end_in_the_middle_of_traffic_rejects_what_waits_and_the_page_goes_on(view, ends, voice, how):
    documents = view.peer.generation
    script = """
      window.outcomes = {};
      window.ended = Promise.all(Array.from({length: 2000}, async (_, n) => {
        if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, n / 10));
        const data = n % 50 === 0 ? new Uint8Array(500_000) : n;
        const what = await auroraview.call('echo', [data]).then(() => 'answered', (error) => error.code);
        outcomes[what] = (outcomes[what] ?? 0) + 1;
      }));
    """
    run(view, script)
    for n in range(200):
        view.emit("tick", n)
    wait_for(lambda: ask(view, "outcomes.answered > 20"), "the first answers")
    ends[voice].shutdown(how)
    check_that_the_page_goes_on_without(view, documents)
    run(view, "await ended")
    outcomes = ask(view, "outcomes")
    assert sum(outcomes.values()) == 2000
    assert outcomes.keys() <= {"answered", "closed"}
    ticks = [detail for name, detail in WindowEnd(view.bridge, view).events() if name == "tick" and detail != "works"]
    assert sorted(set(ticks)) == list(range(200)), "no event is lost"
    wait_for(lambda: view.stats["calls_in_flight"] == 0, "the end of all calls")


def test_a_page_without_its_lane_is_loaded_again_and_works(view, ends):
    documents = view.peer.generation
    ends["page"].shutdown(socket.SHUT_RDWR)
    check_that_the_page_goes_on_without(view, documents)
    for _ in range(3):
        before = view.peer.generation
        view.reload()
        wait_for(lambda before=before: view.peer.generation > before and view.is_ready, "the document")
        check_that_it_works(view)
