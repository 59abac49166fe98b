"""What one client may cost: time, connections, sessions, sizes, rates. Past it there is a clear code; others go on."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time

import pytest
from websockets.exceptions import ConnectionClosed

from auroraview import Bridge, Limits, ServerOptions
from tests.e2e.helpers import Record, wait_for
from tests.e2e.raw_http import connected, get, until_closed, upgrade, upgrade_status
from tests.e2e.served import link, served
from tests.e2e.wire import WirePage, in_loop, refused


@pytest.fixture(scope="module")
def bridge():
    bridge = Bridge()
    bridge.bind_call("echo", lambda value: value)
    return bridge


def own_host(server):
    return ("Host", f"127.0.0.1:{server.port}")


@in_loop
async def test_who_says_no_hello_is_sent_away(bridge):
    with served(bridge, options=ServerOptions(handshake_timeout=0.3)) as server:
        page = WirePage(server.url)
        assert (await refused(page))[0] == 4008


def test_a_request_that_dribbles_in_is_given_up(bridge):
    with served(bridge, options=ServerOptions(handshake_timeout=0.5)) as server:
        slow = [connected(server.port) for _ in range(20)]
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: ")
        for connection in slow:
            answer = until_closed(connection)
            assert answer == b"" or b"408" in answer.split(b"\r\n")[0]
            connection.close()
        assert get(server.port).status == 200


def test_connections_beyond_the_limit_are_refused_and_others_go_on(bridge):
    with served(bridge, options=ServerOptions(max_connections=3)) as server:
        headers = [own_host(server)]
        held = [upgrade(server.port, headers) for _ in range(3)]
        assert [answer.status for _, answer in held] == [101] * 3
        wait_for(lambda: upgrade_status(server.port, headers) == 503, "the refusal")
        for connection, _ in held:
            connection.close()
        wait_for(lambda: upgrade_status(server.port, headers) == 101, "a place that is free again")


async def sent_away_for_its_rate(page, send):
    """Sends until the server ends the connection; how it ended, and how often it was sent."""
    await page.connect()
    count = 0
    while page.ended is None and count < 100_000:
        await send(page, count)
        count += 1
        await asyncio.sleep(0)
    return (await page.wait_end())[0], count


@in_loop
async def test_frames_past_the_rate_end_the_connection_and_those_before_took_effect(bridge):
    seen = Record()
    bridge.on("count", seen)
    with served(bridge, options=ServerOptions(frames_per_second=100)) as server:
        page = WirePage(link(server))
        code, count = await sent_away_for_its_rate(page, lambda page, number: page.send_event("count", number))
        assert code == 4029
        await asyncio.to_thread(seen.wait)
        assert [number for (number,) in seen.seen] == list(range(len(seen.seen)))
        assert len(seen.seen) <= count
        async with WirePage(link(server)) as other:
            assert await other.call("echo", [1]) == 1
    bridge.off("count")


@in_loop
async def test_bytes_past_the_rate_wait_and_keep_nobody_else_waiting(bridge):
    seen = Record()
    bridge.on("take", seen)
    with served(bridge, options=ServerOptions(bytes_per_second=1_000_000)) as server:
        async with WirePage(link(server)) as page, WirePage(link(server)) as other:
            started = time.monotonic()
            sending = asyncio.create_task(send_megabytes(page, 5))
            while not sending.done() or len(seen.seen) < 5:
                assert await other.call("echo", [1]) == 1
                await asyncio.sleep(0.02)
            # A second's worth may come at once; four more take their time.
            assert time.monotonic() - started > 2
            assert page.ended is None
            assert await page.call("echo", [2]) == 2
    bridge.off("take")


async def send_megabytes(page, count):
    for _ in range(count):
        await page.send_event("take", "x" * 1_000_000)


@in_loop
async def test_a_page_that_keeps_to_the_rate_is_never_sent_away(bridge):
    with served(bridge, options=ServerOptions(frames_per_second=200)) as server:
        async with WirePage(link(server)) as page:
            for number in range(100):
                assert await page.call("echo", [number]) == number
                await asyncio.sleep(0.01)
            assert page.ended is None


@in_loop
async def test_a_message_past_the_size_ends_the_connection_and_not_the_server():
    small = Bridge(limits=Limits(message_bytes=10_000))
    seen = Record()
    small.bind_call("take", seen)
    with served(small) as server:
        for message in ("x" * 1_000_000, b"x" * 1_000_000, '{"v":1,"doc":"' + "x" * 1_000_000 + '"}'):
            page = WirePage(link(server))
            await page.connect()
            with contextlib.suppress(ConnectionClosed):
                await page.raw(message)
            assert (await page.wait_end())[0] == 1009
        assert seen.seen == []
        async with WirePage(link(server)) as page:
            await page.call("take", ["fits"])


@in_loop
async def test_no_more_sessions_than_allowed_are_begun(bridge):
    with served(bridge, options=ServerOptions(max_sessions=3)) as server:
        pages = [WirePage(link(server)) for _ in range(3)]
        for page in pages:
            await page.connect()
        more = WirePage(link(server))
        assert (await refused(more, json.dumps(more.hello())))[0] == 4003
        # Those that there are come back all the same.
        await pages[0].drop()
        assert (await pages[0].connect())["resumed"]
        for page in pages:
            await page.drop()
