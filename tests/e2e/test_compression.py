"""Frames that go out compressed: smaller on the way, the same in the page, in the same order."""

from __future__ import annotations

import pytest

from auroraview import Bridge, ServerOptions
from tests.e2e.helpers import wait_for
from tests.e2e.pages import RECORDING_PAGE, open_tab, run
from tests.e2e.served import link, served, served_html
from tests.e2e.wire import WirePage, in_loop, until

TEXT = "the same again and again, "


@pytest.fixture
def bridge():
    bridge = Bridge()
    bridge.bind_call("repeat", lambda count: TEXT * count)
    bridge.bind_call("echo", lambda value: value)
    return bridge


def test_compressed_and_plain_frames_arrive_in_their_order_in_a_browser(browser, network, bridge):
    options = ServerOptions(compress=True)
    with served(bridge, served_html(RECORDING_PAGE), through=network, options=options) as server:
        end = open_tab(bridge, browser.tab(), link(server, network))
        assert run(end.tab, "return await auroraview.call('repeat', [100000])") == TEXT * 100_000
        # Two million characters, and not many of them on the way.
        assert network.passed["page"] < 500_000
        sent = []
        for number in range(200):
            payload = [number, TEXT * (200 if number % 3 == 0 else 0), b"x" * 2000 if number % 5 == 0 else None]
            bridge.emit("tick", payload)
            sent.append([number, len(payload[1]), 2000 if payload[2] else 0])
        script = "return seen.map(([, [number, text, data]]) => [number, text.length, data ? data.length : 0])"
        wait_for(lambda: len(run(end.tab, script)) == 200, "all events")
        assert run(end.tab, script) == sent
        # A connection that breaks loses nothing of what was compressed either.
        network.drop()
        bridge.emit("done", TEXT * 1000)
        wait_for(lambda: end.events()[-1] == ["done", TEXT * 1000], "the event after the drop")


@pytest.mark.parametrize(("compress", "accepts", "expected"), [(True, ["gzip"], True), (True, [], False)])
@in_loop
async def test_only_who_accepts_it_gets_compressed_frames(bridge, compress, accepts, expected):
    with served(bridge, options=ServerOptions(compress=compress)) as server:
        page = WirePage(link(server))
        page.accepts = accepts
        await page.connect()
        assert await page.call("repeat", [1000]) == TEXT * 1000
        assert (page.compressed > 0) is expected
        count = page.compressed
        assert await page.call("echo", ["short"]) == "short"
        assert page.compressed == count
        await page.drop()


@pytest.mark.parametrize("compress", [None, False])
@in_loop
async def test_nothing_is_compressed_for_pages_on_the_same_machine(bridge, compress):
    with served(bridge, options=ServerOptions(compress=compress)) as server:
        page = WirePage(link(server))
        page.accepts = ["gzip"]
        await page.connect()
        bridge.emit("tick", TEXT * 1000)
        await until(lambda: page.details("tick") == [TEXT * 1000], "the event")
        assert page.compressed == 0
        await page.drop()
