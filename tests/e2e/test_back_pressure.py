"""A page that does not keep up costs what was allowed, and nobody else anything."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time

import pytest

from auroraview import Backpressure, Bridge, ServerOptions
from tests.e2e.helpers import Record, wait_for
from tests.e2e.pages import RECORDING_PAGE, open_tab, run_async
from tests.e2e.served import link, served, served_html
from tests.e2e.server_process import server_process
from tests.e2e.wire import WirePage, in_loop, until

#: Seconds for which a page reads nothing while others are served; raise it for a longer run.
STALL = float(os.environ.get("AURORAVIEW_STALL_SECONDS", "12"))
MEBIBYTE = 2**20


@pytest.fixture
def bridge():
    bridge = Bridge()
    bridge.bind_call("echo", lambda value: value)
    return bridge


@contextlib.asynccontextmanager
async def stalled(address):
    """A page that is there and reads nothing, but says so often enough not to be taken for dead."""
    page = WirePage(address)
    await page.connect()
    await until(lambda: page.welcome, "the welcome")
    await page.stop_reading()

    async def stay():
        while True:
            await page.raw('{"type":"pong"}')
            await asyncio.sleep(0.2)

    staying = asyncio.create_task(stay())
    try:
        yield page
    finally:
        staying.cancel()
        with contextlib.suppress(BaseException):
            await staying
        await page.drop()


@pytest.mark.timeout(60 + STALL * 2)
@in_loop
async def test_ten_pages_are_served_while_one_reads_nothing_and_memory_stays_bounded():
    size, pause = 20_000, 0.01
    options = "replay_bytes=2**20, heartbeat_interval=1, heartbeat_timeout=3"
    with server_process(options) as server:
        pages = [WirePage(server.address) for _ in range(10)]
        await asyncio.gather(*(page.connect() for page in pages))
        async with stalled(server.address):
            before = server.memory()
            count = int(STALL / pause)
            streaming = pages[0].start_call("stream", [count, size, pause])
            await pages[0].post(streaming.message)
            slowest, most = 0.0, before
            while not all(len(page.events) == count for page in pages):
                for page in pages:
                    started = time.monotonic()
                    assert await page.call("echo", ["x"]) == "x"
                    slowest = max(slowest, time.monotonic() - started)
                most = max(most, server.memory())
                await asyncio.sleep(0.05)
            assert await streaming is None
            for page in pages:
                assert [detail[0] for detail in page.details("data")] == list(range(count))
                assert page.resets == []
            await until_ended(pages[0], ["backpressure"])
            assert await pages[0].call("peers") == 10
        more = (most - before) / MEBIBYTE
        print(f"{count} events of {size} bytes to ten: {more:.1f} MiB more, slowest echo {slowest:.3f} s")
        assert slowest < 5
        # The bound, the frames on their way to each of eleven pages, and the allocator's share of them.
        assert more < 25
        await asyncio.gather(*(page.drop() for page in pages))


async def until_ended(page, expected):
    deadline = time.monotonic() + 20
    while (found := await page.call("ended")) != expected:
        assert time.monotonic() < deadline, found
        await asyncio.sleep(0.05)


@in_loop
async def test_a_page_that_stalled_is_reset_told_and_goes_on_in_the_same_session(bridge):
    ended = Record()
    bridge.on_disconnect(ended)
    with served(bridge, options=ServerOptions(replay_messages=50)) as server:
        async with stalled(link(server)) as page:
            peer = bridge.peers[0]
            bridge.emit("settings", "kept", retain=True)
            # Frames of a size that no buffer on the way takes them all.
            for number in range(120):
                bridge.emit("tick", [number, "x" * 300_000])
            assert peer.stats["queued_messages"] <= 60
            page.read_on()
            bridge.emit("done")
            await until(lambda: page.details("done"), "the last event")
            assert page.resets
            assert page.details("settings")[-1] == "kept"
            numbers = [detail[0] for detail in page.details("tick")]
            assert numbers == sorted(set(numbers))
            assert len(numbers) < 120
            assert await page.call("echo", [1]) == 1
            assert bridge.peers == (peer,)
            assert ended.seen == []


@in_loop
async def test_three_resets_in_a_minute_end_the_session(bridge):
    ended = Record()
    bridge.on_disconnect(ended)
    with served(bridge, options=ServerOptions(replay_messages=10)) as server:
        async with stalled(link(server)):
            peer = bridge.peers[0]
            for number in range(100):
                bridge.emit("tick", [number, "x" * 300_000])
            assert await asyncio.to_thread(ended.wait) == [(peer, "backpressure")]
            assert bridge.peers == ()


@in_loop
async def test_an_emit_to_one_stalled_page_raises_and_queues_nothing(bridge):
    with served(bridge, options=ServerOptions(replay_bytes=MEBIBYTE)) as server:
        async with stalled(link(server)) as page:
            peer = bridge.peers[0]
            sent = 0
            with contextlib.suppress(Backpressure):
                while sent < 1000:
                    peer.emit("tick", [sent, "x" * 100_000])
                    sent += 1
            assert 5 <= sent < 20
            with pytest.raises(Backpressure):
                bridge.emit("tick", [sent, "x" * 100_000], to=peer)
            page.read_on()
            await page.wait_events(sent)
            assert [detail[0] for detail in page.details("tick")] == list(range(sent))
            assert page.resets == []
            peer.emit("tick", ["again"])
            await until(lambda: page.details("tick")[-1] == ["again"], "the next event")


@in_loop
async def test_a_result_is_never_dropped_for_events(bridge):
    with served(bridge, options=ServerOptions(replay_messages=20)) as server:
        page = WirePage(link(server))
        await page.connect()
        await until(lambda: page.welcome, "the welcome")
        await page.drop()
        peer = await until(lambda: bridge.peers and bridge.peers[0], "the peer")
        await until(lambda: not peer.connected, "the lost connection")
        answers = [asyncio.create_task(page.call("echo", [n])) for n in range(10)]
        await asyncio.sleep(0)
        assert (await page.connect())["resumed"]
        for number in range(15):
            bridge.emit("tick", number)
        assert await asyncio.gather(*answers) == list(range(10))
        await page.say_goodbye()


# keep="latest"


@in_loop
async def test_only_the_last_value_of_each_key_waits_for_a_page_that_is_away(bridge):
    with served(bridge, options=ServerOptions(replay_messages=100)) as server:
        page = WirePage(link(server))
        await page.connect()
        peer = await until(lambda: bridge.peers and bridge.peers[0], "the peer")
        await page.drop()
        await until(lambda: not peer.connected, "the lost connection")
        for number in range(5000):
            bridge.emit("progress", number, keep="latest")
            bridge.emit("position", [number % 3, number], keep="latest", key=f"position {number % 3}")
        assert (await page.connect())["resumed"]
        await until(lambda: 4999 in page.details("progress") and len(page.details("position")) >= 3, "last values")
        # What had been put into frames before the page was seen to be away may come too.
        assert len(page.events) < 20
        assert page.details("progress")[-1] == 4999
        assert {key: n for key, n in page.details("position")} == {0: 4998, 1: 4999, 2: 4997}  # noqa: C416
        assert page.resets == []
        await page.say_goodbye()


@in_loop
async def test_a_stalled_page_is_never_reset_for_events_that_replace_each_other(bridge):
    ended = Record()
    bridge.on_disconnect(ended)
    with served(bridge, options=ServerOptions(replay_messages=20, replay_bytes=4 * MEBIBYTE)) as server:
        async with stalled(link(server)) as page:
            for number in range(2000):
                bridge.emit("picture", [number, "x" * 50_000], keep="latest")
                if number % 100 == 0:
                    await asyncio.sleep(0.02)
            page.read_on()
            await until(lambda: page.details("picture") and page.details("picture")[-1][0] == 1999, "the last value")
            numbers = [detail[0] for detail in page.details("picture")]
            assert numbers == sorted(set(numbers))
            assert len(numbers) < 500
            assert page.resets == []
            assert ended.seen == []


@in_loop
async def test_replacing_events_come_at_most_so_often_and_the_last_value_always():
    bridge = Bridge(frame_rate=20)
    with served(bridge) as server:
        async with WirePage(link(server)) as page:
            await until(lambda: bridge.peers and bridge.peers[0].is_ready, "the peer")
            started = time.monotonic()
            for number in range(400):
                bridge.emit("progress", number, keep="latest")
                await asyncio.sleep(0.0025)
            took = time.monotonic() - started
            await until(lambda: page.details("progress") and page.details("progress")[-1] == 399, "the last value")
            found = page.details("progress")
            assert found == sorted(set(found))
            assert 2 <= len(found) <= took * 20 + 5


def test_a_tab_that_is_busy_delays_no_other(browser, bridge):
    with served(bridge, served_html(RECORDING_PAGE), options=ServerOptions(replay_messages=500)) as server:
        busy, other = (open_tab(bridge, browser.tab(), link(server)) for _ in range(2))
        spinning = run_async(
            busy.tab, "const end = Date.now() + args[0]; while (Date.now() < end); return 'done'", 3000
        )
        for number in range(400):
            bridge.emit("tick", number)
        wait_for(lambda: len(other.events()) == 400, "all events in the other tab", 2.5)
        assert not spinning.done()
        wait_for(lambda: len(busy.events()) == 400, "all events in the busy tab")
        assert busy.events() == other.events()
