"""What real pages say is recorded, whatever they run in, and a page without a browser says it again."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path

import pytest

from auroraview import Bridge, RemoteError, UsageError, WebView
from auroraview.testing import record, replay
from tests.e2e.helpers import PATIENCE, ask, opened, wait_for
from tests.e2e.pages import wait_events
from tests.e2e.served import link, served, token_of
from tests.e2e.wire import WirePage, in_loop, until


def counter() -> Bridge:
    """Counts, and says so to all."""
    bridge = Bridge()
    counted = [0]

    @bridge.bind_call("count")
    def count(by: int) -> int:
        if by == 0:
            raise ValueError("count something")
        counted[0] += by
        bridge.emit("tick", counted[0])
        return counted[0]

    bridge.bind_call("echo", lambda value: value)
    return bridge


def messages_of(file: Path, source: str) -> list[dict[str, object]]:
    """All messages of one side, in order."""
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()[1:]]
    frames = [json.loads(line["frame"]) for line in lines if line["from"] == source]
    return [message for frame in frames for message in frame["msgs"]]


def test_what_a_page_said_over_any_transport_can_be_said_again(open_page, tmp_path):
    page = open_page(counter())
    file = tmp_path / "session.jsonl"
    with record(page.peer, file):
        assert page.call("count", [2]).result(PATIENCE) == 2
        with pytest.raises(RemoteError, match="count something"):
            page.call("count", [0]).result(PATIENCE)
        wait_events(page, 1)
        page.reload()
        assert page.call("count", {"by": 3}).result(PATIENCE) == 5
        wait_events(page, 1)
    again = replay(file, counter())
    assert again.differences == []
    assert [call.params for call in again.calls] == [[2], [0], {"by": 3}]
    assert again.events == [("tick", 2), ("tick", 5)]
    assert json.loads(file.read_text("utf-8").splitlines()[0])["transport"] == page.peer.info.transport


def test_a_view_is_recorded_from_its_first_word_and_its_key_is_not_in_the_file(tmp_path, monkeypatch):
    keys = []
    options_of = WebView._open_options

    def open_options(view: WebView) -> dict[str, object]:
        options = options_of(view)
        keys.append(options["key"])
        return options

    monkeypatch.setattr(WebView, "_open_options", open_options)
    page = """<script>
      const bytes = new Uint8Array([1, 2, 3]);
      auroraview.call("echo", bytes).then(({ byteLength }) => auroraview.call("echo", [byteLength]));
    </script>"""
    view = WebView(html=page, bridge=counter())
    file = tmp_path / "session.jsonl"
    with record(view, file), opened(view):
        wait_for(lambda: view.stats["calls"] == 2 and view.stats["calls_in_flight"] == 0, "both calls")
        ask(view, "auroraview.call('count', [0]).catch((error) => error.name)")
    said = messages_of(file, "page")
    assert [message["type"] for message in said] == ["hello", "call", "ready", "call", "call"]
    assert len(keys) == 1
    assert keys[0] not in file.read_text("utf-8")
    again = replay(file, counter())
    assert again.differences == []
    assert bytes(again.calls[0].replayed.value) == b"\1\2\3"
    assert str(again.calls[2].replayed) == "ValueError: count something (handler_error)"


@in_loop
async def test_what_a_browser_sent_twice_after_it_lost_its_connection_is_said_once(tmp_path):
    bridge = counter()
    file = tmp_path / "session.jsonl"
    with served(bridge) as server:
        page = WirePage(link(server))
        await page.connect()
        peer = await until(lambda: bridge.peers[0] if bridge.peers else None, "the peer")
        recording = record(peer, file)
        assert await page.call("count", [1]) == 1
        # The last frame again, as if it had been lost; it has a number, so it takes effect once.
        call = {"type": "call", "id": 1, "method": "count", "params": [1]}
        await page.raw(json.dumps({"seq": page.sent, "v": 1, "doc": page.document, "msgs": [call]}))
        assert await page.call("echo", ["."]) == "."
        page.acknowledge, before = False, page.received
        assert await page.call("count", [1]) == 2
        await page.drop()
        await until(lambda: not peer.connected, "the lost connection")
        # As if what it had seen had never arrived: it comes again.
        page.received = before
        assert (await page.connect())["resumed"]
        page.acknowledge = True
        assert await page.call("count", [1]) == 3
        await page.say_goodbye()
        recording.stop()
        token = token_of(server)
    assert token not in file.read_text("utf-8")
    ticks = [message for message in messages_of(file, "python") if message["event"] == "tick"]
    assert [tick["detail"] for tick in ticks] == [1, 2, 2, 3]
    assert peer.stats["duplicates"] == 1
    with pytest.raises(UsageError, match="on a thread of its own"):
        replay(file, counter())
    again = await asyncio.to_thread(replay, file, counter())
    assert again.differences == []
    assert again.recorded_events == [("tick", 1), ("tick", 2), ("tick", 3)]
    assert [call.params for call in again.calls] == [[1], ["."], [1], [1]]
    assert re.fullmatch(r"<auroraview.testing.Recording '.*session.jsonl', \d+ frames>", repr(recording))
