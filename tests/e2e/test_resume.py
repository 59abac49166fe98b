"""Resuming over the wire itself: what is sent again, what is not, and what happens when it is no longer held."""

from __future__ import annotations

import asyncio
import time

import pytest

from auroraview import Bridge, ServerOptions, ViewClosed
from tests.e2e.helpers import Record
from tests.e2e.served import link, served
from tests.e2e.wire import WirePage, in_loop, until


@pytest.fixture
def bridge():
    bridge = Bridge()
    bridge.bind_call("echo", lambda value: value)
    return bridge


@pytest.fixture
def ended(bridge):
    """Who ended, and why."""
    record = Record()
    bridge.on_disconnect(record)
    return record


@in_loop
async def test_a_thousand_events_that_were_missed_arrive_in_order_after_the_resume(bridge):
    with served(bridge) as server:
        page = WirePage(link(server))
        await page.connect()
        peer = await until(lambda: bridge.peers[0] if bridge.peers else None, "the peer")
        await page.drop()
        await until(lambda: not peer.connected, "the lost connection")
        for number in range(1000):
            bridge.emit("tick", number)
        started = time.monotonic()
        assert (await page.connect())["resumed"]
        await page.wait_events(1000)
        print(f"1 000 missed events after {(time.monotonic() - started) * 1000:.0f} ms")
        assert page.details("tick") == list(range(1000))
        await page.say_goodbye()


@in_loop
async def test_frames_that_were_not_acknowledged_come_again_and_take_effect_once(bridge):
    with served(bridge) as server:
        page = WirePage(link(server), acknowledge=False)
        await page.connect()
        bridge.emit("tick", 1)
        await page.wait_events(1)
        await page.drop()
        # As if what it had seen had never arrived.
        received, page.received = page.received, 0
        page.events.clear()
        assert (await page.connect())["resumed"]
        await page.wait_events(1)
        assert page.received >= received
        assert page.details("tick") == [1]
        page.acknowledge = True
        assert await page.call("echo", [1]) == 1
        bridge.emit("tick", 2)
        await page.wait_events(2)
        assert page.details("tick") == [1, 2]
        await page.say_goodbye()


@in_loop
async def test_frames_of_the_page_that_come_again_are_discarded(bridge):
    seen = Record()
    bridge.on("count", seen)
    with served(bridge) as server:
        page = WirePage(link(server))
        await page.connect()
        for number in range(10):
            await page.send_event("count", number)
        seen.wait(10)
        kept = list(page.kept)
        assert kept, "frames that were not acknowledged yet"
        for _, text, _ in kept:
            await page.raw(text)
        assert await page.call("echo", [1]) == 1
        assert [n for (n,) in seen.seen] == list(range(10))
        assert bridge.peers[0].stats["duplicates"] >= len(kept)
        await page.say_goodbye()


@in_loop
async def test_a_frame_that_leaves_one_out_is_refused(bridge):
    seen = Record()
    bridge.on("count", seen)
    with served(bridge) as server:
        async with WirePage(link(server)) as page:
            await page.send_event("count", 0)
            page.sent += 1
            await page.send_event("count", 2)
            page.sent = 2
            page.kept.clear()
            await page.send_event("count", 1)
            await page.send_event("count", 2)
            seen.wait(3)
            assert [n for (n,) in seen.seen] == [0, 1, 2]
            assert bridge.peers[0].stats["refused"]["gap"] == 1


@in_loop
async def test_an_answer_that_was_on_its_way_arrives_after_the_resume_and_its_handler_ran_once(bridge):
    ran = Record()

    @bridge.bind_call("slow")
    async def slow(value):
        ran(value)
        await asyncio.sleep(0.3)
        return value

    with served(bridge) as server:
        page = WirePage(link(server))
        await page.connect()
        answer = asyncio.create_task(page.call("slow", ["answer"]))
        await until(lambda: ran.seen, "the handler")
        await page.drop()
        await asyncio.sleep(0)
        assert (await page.connect())["resumed"]
        assert await answer == "answer"
        assert ran.seen == [("answer",)]
        await page.say_goodbye()


@in_loop
async def test_calls_made_while_there_is_no_connection_are_answered_after_it(bridge):
    with served(bridge) as server:
        page = WirePage(link(server))
        await page.connect()
        await page.drop()
        answers = [asyncio.create_task(page.call("echo", [n])) for n in range(100)]
        await asyncio.sleep(0)
        assert (await page.connect())["resumed"]
        assert await asyncio.gather(*answers) == list(range(100))
        await page.say_goodbye()


# When the place is lost


@in_loop
async def test_a_gap_that_is_no_longer_held_is_told_and_retained_events_come_again(bridge):
    options = ServerOptions(replay_messages=100)
    with served(bridge, options=options) as server:
        page = WirePage(link(server))
        await page.connect()
        await until(lambda: bridge.peers, "the peer")
        bridge.emit("settings", "kept", retain=True)
        await page.wait_events(1)
        session = page.session
        await page.drop()
        await until(lambda: not bridge.peers[0].connected, "the lost connection")
        page.events.clear()
        for number in range(250):
            bridge.emit("tick", number)
        await page.connect()
        assert page.session == session
        bridge.emit("tick", "last")
        await until(lambda: "last" in page.details("tick"), "the last event")
        assert len(page.resets) >= 1
        assert page.details("settings") == ["kept"]
        # What came after the page was told is whole; what is missing is missing before.
        ticks = page.details("tick")[:-1]
        assert ticks == sorted(set(ticks))
        assert len(ticks) < 250
        after = [detail for name, detail in page.events[page.reset_at :] if name == "tick"][:-1]
        assert after == list(range(250 - len(after), 250))
        assert await page.call("echo", [1]) == 1
        await page.say_goodbye()


@in_loop
async def test_a_place_that_is_claimed_wrongly_is_lost_and_the_page_begins_anew(bridge):
    with served(bridge) as server:
        page = WirePage(link(server))
        await page.connect()

        @bridge.bind_call("wait")
        async def wait():
            await asyncio.sleep(300)

        bridge.emit("settings", "kept", retain=True)
        await page.wait_events(1)
        waiting = asyncio.create_task(page.call("wait"))
        await until(lambda: bridge.peers[0].stats["calls_in_flight"] == 1, "the call")
        session = page.session
        await page.drop()
        page.received += 1000
        answer = await page.connect()
        assert not answer["resumed"]
        assert page.session == session
        with pytest.raises(ViewClosed):
            await waiting
        await until(lambda: page.details("settings") == ["kept", "kept"], "the retained event")
        assert await page.call("echo", [1]) == 1
        await until(lambda: bridge.peers[0].stats["calls_in_flight"] == 0, "the end of the old call")
        await page.say_goodbye()


@in_loop
async def test_a_reload_over_the_wire_is_a_new_document_in_the_same_session(bridge, ended):
    with served(bridge) as server:
        page = WirePage(link(server))
        await page.connect()
        session = page.session
        bridge.emit("settings", "kept", retain=True)
        await page.wait_events(1)
        peer = bridge.peers[0]
        for _ in range(3):
            assert not (await page.reload())["resumed"]
            assert page.session == session
            assert await page.call("echo", [1]) == 1
        assert bridge.peers == (peer,)
        assert peer.generation == 4
        await until(lambda: page.details("settings") == ["kept"] * 4, "the retained event, in each document")
        assert ended.seen == []
        await page.say_goodbye()


# The end


@in_loop
async def test_a_session_without_a_connection_ends_after_its_time_to_live(bridge, ended):
    with served(bridge, options=ServerOptions(session_ttl=0.3)) as server:
        page = WirePage(link(server))
        await page.connect()
        session = page.session
        peer = await until(lambda: bridge.peers[0] if bridge.peers else None, "the peer")
        await page.drop()
        assert await asyncio.to_thread(ended.wait) == [(peer, "timeout")]
        assert bridge.peers == ()
        answer = await page.connect()
        assert not answer["resumed"]
        assert page.session != session
        assert page.resets
        assert await page.call("echo", [1]) == 1
        await page.say_goodbye()


@in_loop
async def test_a_page_that_says_goodbye_ends_after_some_seconds_and_not_the_time_to_live(bridge, ended):
    with served(bridge) as server:
        page = WirePage(link(server))
        await page.connect()
        peer = await until(lambda: bridge.peers[0] if bridge.peers else None, "the peer")
        started = time.monotonic()
        await page.say_goodbye()
        assert await asyncio.to_thread(ended.wait) == [(peer, "closed")]
        assert 3 < time.monotonic() - started < 20


@in_loop
async def test_a_page_that_says_goodbye_and_comes_back_was_only_reloaded(bridge, ended):
    with served(bridge, options=ServerOptions(session_ttl=1)) as server:
        page = WirePage(link(server))
        await page.connect()
        session = page.session
        await page.say_goodbye()
        await page.reload()
        assert page.session == session
        # Longer than the goodbye holds.
        until_gone = time.monotonic() + 6
        while time.monotonic() < until_gone:
            assert await page.call("echo", [1]) == 1
            await asyncio.sleep(0.2)
        assert ended.seen == []
        await page.say_goodbye()


@in_loop
async def test_a_silent_page_is_asked_and_then_given_up_but_its_session_lives(bridge, ended):
    options = ServerOptions(heartbeat_interval=0.2, heartbeat_timeout=0.6)
    with served(bridge, options=options) as server:
        page = WirePage(link(server))
        await page.connect()
        assert (page.answer["heartbeat"], page.answer["timeout"]) == (0.2, 0.6)
        # It answers pings: it stays as long as it likes.
        await asyncio.sleep(1.5)
        assert page.ended is None
        await page.stop_reading()
        peer = bridge.peers[0]
        await until(lambda: not peer.connected, "the connection that was given up")
        page.read_on()
        assert (await page.wait_end())[0] == 4005
        assert (await page.connect())["resumed"]
        assert ended.seen == []
        await page.say_goodbye()


@in_loop
async def test_a_ping_of_the_page_is_answered(bridge):
    with served(bridge) as server:
        page = WirePage(link(server))
        await page.connect()
        await page.stop_reading()
        await page.raw('{"type":"ping"}')
        while (message := await asyncio.wait_for(page.socket.recv(), 10)) != '{"type":"pong"}':
            assert '"pong"' not in message
        await page.drop()
