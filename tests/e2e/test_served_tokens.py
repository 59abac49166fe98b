"""The bridge needs the secret: launch tokens, resume tokens, sessions that nobody else can have."""

from __future__ import annotations

import json

import pytest
from websockets.exceptions import ConnectionClosed

from auroraview import Bridge
from tests.e2e.helpers import Record
from tests.e2e.served import link, served, token_of
from tests.e2e.wire import WirePage, in_loop, refused


@pytest.fixture(scope="module")
def bridge():
    bridge = Bridge()
    bridge.bind_call("echo", lambda value: value)
    return bridge


@pytest.fixture(scope="module")
def server(bridge):
    with served(bridge) as server:
        yield server


@pytest.mark.parametrize("token", [None, "", "wrong", "x" * 22, "x" * 10_000, "\u0000", "é"])
@in_loop
async def test_without_the_token_there_is_no_bridge(server, bridge, token):
    seen = Record()
    bridge.on("hear", seen)
    page = WirePage(server.url, token)
    call = '{"seq":1,"v":1,"doc":"d1","msgs":[{"type":"event","event":"hear"}]}'
    hello = json.dumps({"type": "hello", "protocol": 1, "document": "d1", "url": "x", "token": token})
    code, _ = await refused(page, hello, call)
    assert code == 4001
    assert (seen.seen, bridge.peers) == ([], ())
    bridge.off("hear")


@pytest.mark.parametrize("change", [lambda token: token[:-1], lambda token: token + "x", str.swapcase])
@in_loop
async def test_a_token_that_is_nearly_right_is_wrong(server, change):
    page = WirePage(server.url, change(token_of(server)))
    with pytest.raises(ConnectionClosed) as ended:
        await page.connect()
    assert ended.value.rcvd.code == 4001


@in_loop
async def test_a_session_cannot_be_taken_without_the_launch_token(server):
    async with WirePage(link(server)) as page:
        thief = WirePage(server.url, "wrong")
        thief.session, thief.resume, thief.document = page.session, page.resume, page.document
        for token in ("wrong", None):
            thief.token = token
            with pytest.raises(ConnectionClosed) as ended:
                await thief.connect()
            assert ended.value.rcvd.code == 4001
        assert await page.call("echo", [1]) == 1
        assert page.ended is None
        await page.say_goodbye()


@pytest.mark.parametrize("resume", [None, "", "x" * 22, "wrong"])
@in_loop
async def test_a_session_cannot_be_taken_without_its_resume_token(server, resume):
    async with WirePage(link(server)) as page:
        other = WirePage(link(server))
        other.session, other.resume, other.document = page.session, resume, page.document
        answer = await other.connect()
        assert not answer["resumed"]
        assert answer["id"] != page.session
        assert await page.call("echo", [1]) == 1
        assert page.ended is None
        await other.drop()


@in_loop
async def test_a_resume_token_works_once(server):
    page = WirePage(link(server))
    await page.connect()
    session, first = page.session, page.resume
    await page.drop()
    assert (await page.connect())["resumed"]
    assert page.resume != first
    assert await page.call("echo", [1]) == 1
    replayed = WirePage(link(server))
    replayed.session, replayed.resume, replayed.document = session, first, page.document
    answer = await replayed.connect()
    assert not answer["resumed"]
    assert answer["id"] != session
    assert await page.call("echo", [2]) == 2
    await replayed.drop()
    await page.say_goodbye()


@in_loop
async def test_the_previous_resume_token_is_good_until_the_new_one_was_received(server):
    page = WirePage(link(server))
    await page.connect()
    assert await page.call("echo", [1]) == 1
    session, first = page.session, page.resume
    await page.drop()
    # The answer with the next token is lost on its way.
    socket = await page.open_socket()
    await socket.send(json.dumps(page.hello()))
    await socket.recv()
    await page.drop()
    assert page.resume == first
    assert (await page.connect())["resumed"]
    assert page.session == session
    assert await page.call("echo", [2]) == 2
    await page.say_goodbye()


@in_loop
async def test_ids_and_tokens_are_long_and_never_the_same(server):
    found = set()
    for _ in range(50):
        async with WirePage(link(server)) as page:
            for text in (page.session, page.resume):
                assert len(text) == 22
                found.add(text)
    assert len(found) == 100


@in_loop
async def test_a_newer_connection_takes_the_session_over(server):
    page = WirePage(link(server))
    await page.connect()
    assert await page.call("echo", [0]) == 0
    newer = WirePage(link(server))
    newer.session, newer.resume, newer.document = page.session, page.resume, page.document
    newer.received, newer.sent = page.received, page.sent
    answer = await newer.connect()
    assert answer["resumed"]
    assert answer["id"] == page.session
    assert (await page.wait_end())[0] == 4004
    assert await newer.call("echo", [1]) == 1
    await page.drop()
    await newer.say_goodbye()


@in_loop
async def test_another_protocol_is_refused_by_naming_ours(server):
    page = WirePage(link(server))
    for protocol in (0, 2, "1", None):
        code, reason = await refused(page, json.dumps({**page.hello(), "protocol": protocol}))
        assert code == 4002
        if protocol in (0, 2):
            assert "1" in reason
