"""Sessions outlive connections: whatever the network does, each message takes effect once, in order, or its sender is
told. A real browser behind a network that fails on demand."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from auroraview import Bridge, ServerOptions
from tests.e2e.helpers import Record, wait_for
from tests.e2e.pages import RECORDING_PAGE, open_tab, outcome, run, run_async
from tests.e2e.served import link, served, served_html
from tests.e2e.server_process import server_process

QUICK = ServerOptions(heartbeat_interval=0.3, heartbeat_timeout=1.0)

#: Sends numbered events and calls until it is told to stop; says how many, and what the calls brought.
TRAFFIC = """
  const answers = [], pending = [];
  let n = 0;
  globalThis.stopTraffic = false;
  while (!globalThis.stopTraffic) {
    auroraview.send_event('count', n);
    const mine = n;
    pending.push(auroraview.call('answer', [mine], {timeout: 0}).then((value) => answers.push([mine, value])));
    n++;
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
  await Promise.all(pending);
  return [n, answers];
"""

STATE = "return auroraview.connection.state"
#: The sign at which a page does not wait with its next try: pauses grow where connections do not last.
HURRY = "if (auroraview.connection.state === 'reconnecting') dispatchEvent(new Event('online'))"


class Flow:
    """Numbered events and calls in both directions, from before a disturbance until after it."""

    def __init__(self, bridge, end):
        self.bridge, self.end = bridge, end
        self.counted, self.answered = Record(), Record()
        bridge.on("count", self.counted)

        @bridge.bind_call("answer")
        def answer(n):
            self.answered(n)
            return -n

        run(end.tab, "globalThis.lost = []; auroraview.onReset((detail) => lost.push(detail))")
        self._stop = threading.Event()
        self._sent = 0
        self._thread = threading.Thread(target=self._emit)
        self._thread.start()
        self._page = run_async(end.tab, TRAFFIC)
        self.go_on()

    def _emit(self):
        while not self._stop.wait(0.002):
            self.bridge.emit("tick", self._sent)
            self._sent += 1

    def go_on(self, count=30):
        """Lets it flow until more has arrived at both ends."""
        seen, events = len(self.counted.seen), len(self.end.events())
        self.counted.wait(seen + count)
        wait_for(lambda: len(self.end.events()) > events + count, "more events in the page")

    def come_back(self, network, accepted):
        """Waits for a connection after so many, and has the page hurry."""

        def is_back():
            run(self.end.tab, HURRY)
            return network.accepted > accepted and self.end.peer.connected and run(self.end.tab, STATE) == "open"

        wait_for(is_back, "the next connection")

    def stop(self):
        """Ends it, on whatever way out there is."""
        self._stop.set()
        self._thread.join()

    def check(self):
        """Ends it; everything arrived once, in order, at both ends."""
        self.stop()
        run(self.end.tab, "globalThis.stopTraffic = true")
        count, answers = outcome(self._page.result(30))
        numbers = list(range(count))
        assert sorted(answers) == [[n, -n] for n in numbers]
        self.counted.wait(count)
        assert [n for (n,) in self.counted.seen] == numbers
        assert [n for (n,) in self.answered.seen] == numbers
        ticks = [["tick", n] for n in range(self._sent)]
        wait_for(lambda: len(self.end.events()) >= len(ticks), "all events in the page")
        assert self.end.events() == ticks
        assert run(self.end.tab, "return lost") == []
        assert run(self.end.tab, STATE) == "open"


@pytest.fixture
def bridge():
    return Bridge()


@pytest.fixture
def flow(browser, network, bridge):
    """Traffic both ways through a network that can fail, to a server with quick heartbeats."""
    with served(bridge, served_html(RECORDING_PAGE), through=network, options=QUICK) as server:
        one = Flow(bridge, open_tab(bridge, browser.tab(), link(server, network)))
        try:
            yield one
        finally:
            one.stop()


# The network


def test_a_network_that_is_cut_and_restored_loses_and_doubles_nothing(flow, network):
    told = Record()
    flow.end.peer.on("suspended", lambda: told("suspended"))
    flow.end.peer.on("resumed", lambda: told("resumed"))
    for turn in range(3):
        network.cut()
        wait_for(lambda: not flow.end.peer.connected, "the suspended peer")
        wait_for(lambda: run(flow.end.tab, STATE) == "reconnecting", "the page noticed")
        network.restore()
        wait_for(lambda: flow.end.peer.connected, "the peer that is there again")
        told.wait(2 * turn + 2)
        flow.go_on()
    assert [name for (name,) in told.seen] == ["suspended", "resumed"] * 3
    flow.check()


def test_connections_that_are_reset_again_and_again_lose_and_double_nothing(flow, network):
    for _ in range(10):
        accepted = network.accepted
        network.drop()
        flow.come_back(network, accepted)
    flow.go_on()
    flow.check()


@pytest.mark.parametrize("towards", ["page", "server"])
def test_a_connection_that_breaks_within_a_frame_loses_and_doubles_nothing(flow, network, towards):
    for count in (0, 1, 3, 7, 50, 333, 1_111, 5_000):
        accepted = network.accepted
        network.truncate(count, towards)
        flow.come_back(network, accepted)
    flow.go_on()
    flow.check()


def test_a_handshake_that_breaks_at_any_byte_is_tried_again(flow, network):
    for count in (0, 10, 100, 200, 260, 300, 400):
        accepted = network.accepted
        network.drop()
        network.truncate(count)
        flow.come_back(network, accepted + 1)
    flow.go_on()
    flow.check()


def test_a_slow_network_loses_and_doubles_nothing(flow, network):
    network.delay = 0.05
    flow.go_on()
    network.drop()
    wait_for(lambda: flow.end.peer.connected, "the peer")
    flow.go_on()
    network.delay = 0.0
    flow.check()


def test_a_half_open_connection_is_noticed_by_both_ends_within_the_stated_time(flow, network):
    started = time.monotonic()
    network.freeze()
    wait_for(lambda: not flow.end.peer.connected, "the server noticed", 5)
    wait_for(lambda: run(flow.end.tab, STATE) == "reconnecting", "the page noticed", 5)
    # A second is stated; the rest is for a busy machine.
    assert time.monotonic() - started < 4
    network.drop()
    network.restore()
    wait_for(lambda: flow.end.peer.connected, "the peer")
    flow.go_on()
    flow.check()


def test_a_browser_that_was_offline_comes_back_at_once(flow, network, browser):
    browser.offline(True)
    network.cut()
    wait_for(lambda: run(flow.end.tab, STATE) == "reconnecting", "the page noticed")
    # Long enough for the pauses between tries to have grown.
    wait_for(lambda: len(flow.end.tab.sockets) >= 2, "a try in vain", 10)
    network.restore()
    browser.offline(False)
    started = time.monotonic()
    wait_for(lambda: flow.end.peer.connected, "the peer")
    assert time.monotonic() - started < 5
    flow.go_on()
    flow.check()


def test_a_page_that_slept_goes_on_where_it_was(flow):
    """As on a laptop that was closed: the page does not run at all, for longer than the heartbeats allow."""
    told = Record()
    flow.end.peer.on("suspended", told)
    with flow.end.tab.asleep():
        told.wait()
    wait_for(lambda: flow.end.peer.connected, "the peer")
    flow.go_on()
    flow.check()


# The server's process


def test_a_server_that_was_frozen_goes_on_where_it_was(browser, tmp_path):
    """Longer than the heartbeats allow: the page gives the connection up, and both find together again."""
    options = "heartbeat_interval=0.3, heartbeat_timeout=1.0"
    (tmp_path / "index.html").write_text(served_html(RECORDING_PAGE))
    with server_process(options, path=tmp_path) as server:
        tab = browser.tab(server.address)
        tab.wait_for("auroraview.isReady")
        assert run(tab, "return await auroraview.call('echo', ['before'])") == "before"
        script = "return await Promise.all(Array.from({length: 200}, (_, n) => auroraview.call('note', [n])))"
        server.freeze()
        waiting = run_async(tab, script)
        tab.wait_for("auroraview.connection.state === 'reconnecting'")
        server.go_on()
        assert outcome(waiting.result(30)) == [None] * 200
        assert run(tab, "return await auroraview.call('noted')") == list(range(200))
        assert run(tab, "return await auroraview.call('peers')") == 1
        assert run(tab, "return await auroraview.call('ended')") == []
        # Not long enough for anybody to notice.
        server.freeze()
        waiting = run_async(tab, "return await auroraview.call('echo', ['after'])")
        server.go_on()
        assert outcome(waiting.result(30)) == "after"


# When it is too late


def test_a_session_whose_page_does_not_come_back_in_time_ends(browser, network, bridge):
    ended, cancelled = Record(), threading.Event()

    @bridge.bind_call("wait")
    async def wait():
        try:
            await asyncio.sleep(300)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    bridge.on_disconnect(ended)
    bridge.bind_call("echo", lambda value: value)
    options = ServerOptions(session_ttl=0.5)
    with served(bridge, served_html(RECORDING_PAGE), through=network, options=options) as server:
        end = open_tab(bridge, browser.tab(), link(server, network))
        bridge.emit("settings", "kept", retain=True)
        run(end.tab, "globalThis.lost = []; auroraview.onReset((detail) => lost.push(detail))")
        waiting = run_async(end.tab, "return await auroraview.call('wait').catch((error) => error.code)")
        wait_for(lambda: end.peer.stats["calls_in_flight"] == 1, "the call")
        network.cut()
        assert ended.wait()[0] == (end.peer, "timeout")
        assert cancelled.wait(10)
        assert bridge.peers == ()
        network.restore()
        assert outcome(waiting.result(30)) == "closed"
        wait_for(lambda: run(end.tab, "return lost.length") == 1, "the page is told")
        assert run(end.tab, "return await auroraview.call('echo', ['again'])") == "again"
        wait_for(lambda: end.events()[-1] == ["settings", "kept"], "the retained event")
        assert len(bridge.peers) == 1
        assert bridge.peers[0] is not end.peer
