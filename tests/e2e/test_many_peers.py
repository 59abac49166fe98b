"""Many pages, one after another and at once: the server stays as small as it was, and answers all."""

from __future__ import annotations

import asyncio
import os
import time

import pytest

from tests.e2e.helpers import PATIENCE
from tests.e2e.server_process import server_process
from tests.e2e.wire import WirePage, in_loop, until

#: Sequential reconnects; raise it for a longer run.
RECONNECTS = int(os.environ.get("AURORAVIEW_RECONNECTS", "2000"))
CLIENTS = int(os.environ.get("AURORAVIEW_CLIENTS", "500"))
MEBIBYTE = 2**20


async def count(page, method):
    return await page.call(method)


async def settled(server, watcher):
    """Memory, threads and files once only the watcher and the visitor are there."""
    await until_peers(watcher, 2)
    await watcher.call("collect")
    return server.memory(), server.threads(), server.files()


async def until_peers(watcher, expected):
    deadline = time.monotonic() + PATIENCE
    while (found := await count(watcher, "peers")) != expected:
        assert time.monotonic() < deadline, f"{found} peers, not {expected}"
        await asyncio.sleep(0.05)


async def one_page_comes_back(page, times):
    """The connection breaks again and again, and the page resumes each time."""
    for number in range(times):
        await page.drop()
        answer = await page.connect()
        assert answer["resumed"], f"reconnect {number}"
        if number % 100 == 0:
            assert await page.call("echo", [number]) == number


async def new_pages_come_and_go(page, times):
    """New pages, each with a session of its own, that say goodbye or break off."""
    for number in range(times):
        new = WirePage(page.link)
        await new.connect()
        if number % 100 == 0:
            assert await new.call("echo", [number]) == number
        if number % 2:
            await new.say_goodbye()
        else:
            await new.drop()


async def one_page_reloads(page, times):
    """The page is reloaded again and again: new documents in one session."""
    session = page.session
    for number in range(times):
        await page.reload()
        assert page.session == session
        if number % 100 == 0:
            assert await page.call("echo", [number]) == number


@pytest.mark.timeout(60 + RECONNECTS // 20)
@pytest.mark.parametrize(
    ("visit", "options"),
    [
        (one_page_comes_back, "session_ttl=30"),
        (new_pages_come_and_go, "session_ttl=0.2, max_sessions=20_000"),
        (one_page_reloads, "session_ttl=30"),
    ],
)
def test_memory_stays_flat_however_often_pages_reconnect(visit, options, record_property):
    with server_process(options) as server:

        async def run():
            async with WirePage(server.address) as watcher, WirePage(server.address) as page:
                await visit(page, max(RECONNECTS // 4, 200))
                before = await settled(server, watcher)
                await visit(page, RECONNECTS)
                return before, await settled(server, watcher)

        before, after = asyncio.run(run())
    record_property("memory", f"{before[0] / MEBIBYTE:.1f} -> {after[0] / MEBIBYTE:.1f} MiB")
    print(f"{visit.__name__}: {before[0] / MEBIBYTE:.1f} -> {after[0] / MEBIBYTE:.1f} MiB, {before[1:]} -> {after[1:]}")
    # A session that is not forgotten costs kilobytes; what an allocator keeps back is noise of a fixed size.
    assert after[0] - before[0] < 3 * MEBIBYTE + RECONNECTS * 256
    assert after[1] <= before[1] + 2, "threads"
    assert after[2] <= before[2] + 2, "open files"


@in_loop
async def test_500_clients_at_once_are_all_answered():
    with server_process("max_connections=2000, max_sessions=2000") as server:
        pages = [WirePage(server.address) for _ in range(CLIENTS)]
        started = time.monotonic()
        gate = asyncio.Semaphore(50)

        async def connect(page):
            async with gate:
                await page.connect()

        await asyncio.gather(*(connect(page) for page in pages))
        connected = time.monotonic()
        await until_peers(pages[0], CLIENTS)
        answers = await asyncio.gather(
            *(page.call("echo", [[index, n]]) for n in range(10) for index, page in enumerate(pages))
        )
        assert answers == [[index, n] for n in range(10) for index in range(CLIENTS)]
        called = time.monotonic()
        await pages[0].call("emit", {"count": 20})
        await until(lambda: all(len(page.events) == 20 for page in pages), "20 events at every page")
        assert all(page.details("tick") == list(range(20)) for page in pages)
        told = time.monotonic()
        print(f"{CLIENTS} clients: connected in {connected - started:.2f} s, 10 calls each {called - connected:.2f} s,")
        print(f"20 events to each {told - called:.2f} s; the server has {server.memory() / MEBIBYTE:.1f} MiB")
        await asyncio.gather(*(page.drop() for page in pages))
