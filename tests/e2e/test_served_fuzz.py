"""Clients that send anything: the server lives, tells nobody anything, and no handler ever runs.

Random, but the same in each run: a failure names its seed.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random

import pytest
from websockets.exceptions import ConnectionClosed

from auroraview import Bridge, Limits, ServerOptions
from tests.e2e.helpers import Record
from tests.e2e.raw_http import close_code, connected, get, request_bytes, until_closed, upgrade, ws_frame
from tests.e2e.served import link, served
from tests.e2e.wire import WirePage, in_loop, refused

#: Messages of a fuzzed client, per seed.
ROUNDS = 1_500


@pytest.fixture(scope="module")
def ran():
    """What handlers were called with."""
    return Record()


@pytest.fixture(scope="module")
def server(ran):
    bridge = Bridge(limits=Limits(message_bytes=200_000))
    bridge.bind_call("handler", ran)
    bridge.on("heard", ran)
    bridge.bind_call("alive", lambda: "alive")
    with served(bridge, options=ServerOptions(handshake_timeout=1.5)) as server:
        yield server


async def is_alive(server):
    """A proper page is served as ever."""
    async with WirePage(link(server)) as page:
        assert await page.call("alive") == "alive"
        await page.say_goodbye()
    assert (await asyncio.to_thread(get, server.port)).status == 200


ATOMS = [
    *(None, True, False, 0, -1, 1, 2**53, 2**64, 1e300, "", "é", "\u0000", "d1", "hello", "call", "handler", "heard"),
    *([], {}, [[]], {"$av": 0}, {"$av": [1]}, {"$av": -1}, {"__proto__": 1}, "x" * 1000),
]
KEYS = [
    *("type", "protocol", "document", "url", "token", "session", "resume", "received", "accepts", "v", "doc", "seq"),
    *("ack", "msgs", "att", "id", "method", "params", "event", "detail", "$av", "bytes", "dtype", "shape", ""),
]
TYPES = ["hello", "ready", "event", "cancel", "bye", "ping", "pong", "session", "ack", "result", "stream", "nothing", 5]


def value(rng, depth=0):
    """Any JSON value."""
    kind = rng.randrange(6)
    if kind < 3 or depth > 3:
        return rng.choice(ATOMS)
    if kind == 3:
        return [value(rng, depth + 1) for _ in range(rng.randrange(4))]
    return {rng.choice(KEYS): value(rng, depth + 1) for _ in range(rng.randrange(5))}


def message(rng):
    """A message that is nearly one, and never calls a handler."""
    made = {"type": rng.choice(TYPES)}
    if rng.random() < 0.3:
        made["type"] = "call"
    made.update({rng.choice(KEYS): value(rng) for _ in range(rng.randrange(5))})
    if made["type"] == "call" and made.get("method") == "handler":
        made["method"] = "handlers"
    if made["type"] == "event" and made.get("event") == "heard":
        made["event"] = "overheard"
    return made


def frame(rng, document):
    """A frame, perhaps a broken one."""
    made = {"v": 1, "doc": document, "seq": rng.randrange(5), "msgs": [message(rng) for _ in range(rng.randrange(4))]}
    for _ in range(rng.randrange(3)):
        made[rng.choice(KEYS)] = value(rng)
    for one in made["msgs"] if isinstance(made.get("msgs"), list) else ():
        if isinstance(one, dict) and "handler" in (one.get("method"), one.get("event")):
            one.clear()
    return made


def text(rng, document):
    """The text of something, whole or torn."""
    made = json.dumps(rng.choice([frame, frame, lambda *_: message(rng), lambda *_: value(rng)])(rng, document))
    torn = rng.random()
    if torn < 0.15:
        made = made[: rng.randrange(len(made) + 1)]
    elif torn < 0.25:
        at = rng.randrange(len(made) + 1)
        made = made[:at] + rng.choice(['"', "{", "}", "]", ",", "\\", "\u0000", "0", "\ufffd", "\n"]) + made[at:]
    elif torn < 0.28:
        made = "[" * rng.randrange(100_000)
    return made


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("let_in", [False, True], ids=["before the hello", "after it"])
@in_loop
async def test_random_messages_reach_no_handler(server, ran, let_in, seed):
    rng = random.Random(seed)
    page: WirePage | None = None
    connections = 0
    for _ in range(ROUNDS):
        if page is None or page.socket.state.name != "OPEN":
            if page is not None:
                await page.drop()
            page = WirePage(link(server))
            connections += 1
            if let_in:
                await page.connect()
            else:
                await page.open_socket()
        with contextlib.suppress(ConnectionClosed):
            kind = rng.random()
            if kind < 0.1:
                await page.raw(rng.randbytes(rng.randrange(2000)))
            else:
                await page.raw(text(rng, page.document))
        # The reader, or the end that came meanwhile.
        await asyncio.sleep(0)
    await page.drop()
    assert connections > 1
    await is_alive(server)
    assert ran.seen == []


@pytest.mark.parametrize("seed", range(4))
@in_loop
async def test_frames_in_order_with_random_messages_reach_no_handler_and_the_session_goes_on(server, ran, seed):
    """Frames that are taken as such, so that what is in them is looked at, one by one."""
    rng = random.Random(seed)
    async with WirePage(link(server)) as page:
        page.ids = itertools.count(10_000)  # which no random call has
        for _ in range(ROUNDS):
            await page.post(*([message(rng) for _ in range(rng.randrange(1, 5))]))
            if len(page.kept) > 200:
                await asyncio.sleep(0)
        assert await page.call("alive") == "alive"
        stats = server.bridge.peers[-1].stats
        assert sum(stats["refused"].values()) > ROUNDS
        assert len(stats["refused"]) >= 4
        await page.say_goodbye()
    assert ran.seen == []


HANDSHAKES = [
    ["frame"],
    ["ready"],
    ["ping", "frame"],
    ["bye", "frame"],
    ["bad hello", "hello", "frame"],
    ["binary", "hello", "frame"],
    ["empty", "hello"],
    ["list", "hello"],
]


@pytest.mark.parametrize("order", HANDSHAKES, ids=" then ".join)
@in_loop
async def test_a_handshake_in_a_wrong_order_is_refused(server, ran, order):
    page = WirePage(link(server))
    call = {"type": "call", "id": 1, "method": "handler", "params": []}
    said = {
        "frame": json.dumps({"seq": 1, "v": 1, "doc": page.document, "msgs": [call]}),
        "ready": '{"type":"ready"}',
        "ping": '{"type":"ping"}',
        "bye": '{"type":"bye"}',
        "bad hello": '{"type":"hello"}',
        "hello": json.dumps(page.hello()),
        "binary": b"\x1f\x8b\x08\x00",
        "empty": "",
        "list": "[]",
    }
    code, _ = await refused(page, *(said[name] for name in order))
    assert code == 4002
    assert ran.seen == []
    await is_alive(server)


@in_loop
async def test_a_second_hello_and_attachments_that_do_not_come_reach_no_handler(server, ran):
    call = {"type": "call", "id": 1, "method": "handler", "params": [{"$av": 0}], "att": [{"bytes": 3}]}
    for after in (
        [lambda page: json.dumps(page.hello())],
        # Text where an attachment was announced.
        [lambda page: json.dumps({"att": 1, "seq": 2, "v": 1, "doc": page.document, "msgs": [call]}), lambda _: "{}"],
        # Attachments that nobody announced, and the wrong number of bytes.
        [lambda _: b"abc"],
        [lambda page: json.dumps({"att": 1, "seq": 2, "v": 1, "doc": page.document, "msgs": [call]}), lambda _: b"ab"],
        [lambda page: json.dumps({"att": 10**9, "seq": 2, "v": 1, "doc": page.document, "msgs": [call]})],
        [lambda page: json.dumps({"att": -1, "seq": 2, "v": 1, "doc": page.document, "msgs": [call]})],
    ):
        async with WirePage(link(server)) as page:
            with contextlib.suppress(ConnectionClosed):
                for make in after:
                    await page.raw(make(page))
        await is_alive(server)
    assert ran.seen == []


def own_headers(server):
    return [("Host", f"127.0.0.1:{server.port}")]


BROKEN_FRAMES = [
    ("truncated UTF-8", ws_frame(b'{"type":"\xc3'), 1007),
    ("bad UTF-8", ws_frame(b"\xff\xfe\xfd"), 1007),
    ("overlong UTF-8", ws_frame(b"\xc0\x80"), 1007),
    ("a surrogate in UTF-8", ws_frame(b"\xed\xa0\x80"), 1007),
    ("not masked", ws_frame(b"{}", masked=False), 1002),
    ("a reserved opcode", ws_frame(b"{}", opcode=3), 1002),
    ("a reserved control opcode", ws_frame(b"", opcode=11), 1002),
    ("reserved bits", bytes([0xF1, 0x80, 0, 0, 0, 0]), 1002),
    ("a continuation of nothing", ws_frame(b"{}", opcode=0), 1002),
    ("a fragmented ping", ws_frame(b"", opcode=9, final=False), 1002),
    ("a ping that is too long", ws_frame(b"x" * 126, opcode=9), 1002),
    ("a length of 2**63", b"\x81\xff" + b"\xff" * 8 + b"\0" * 4, None),
    ("a length over the limit", b"\x82\xff" + (10**9).to_bytes(8, "big") + b"\0" * 4, 1009),
]


@pytest.mark.parametrize(("name", "data", "code"), BROKEN_FRAMES, ids=[row[0] for row in BROKEN_FRAMES])
@in_loop
async def test_broken_websocket_frames_end_their_connection_alone(server, name, data, code):
    def act():
        connection, answer = upgrade(server.port, own_headers(server))
        with connection:
            assert answer.status == 101
            connection.sendall(data)
            return until_closed(connection)

    found = close_code(await asyncio.to_thread(act))
    assert code is None or found in (code, None), name
    await is_alive(server)


@in_loop
async def test_random_bytes_on_the_port_harm_nobody(server, ran):
    def act():
        for seed in range(60):
            rng = random.Random(seed)
            if seed % 2:
                connection, _ = upgrade(server.port, own_headers(server))
            else:
                connection = connected(server.port)
            with connection, contextlib.suppress(OSError):
                for _ in range(rng.randrange(1, 8)):
                    connection.sendall(rng.randbytes(rng.randrange(1, 3000)))

    await asyncio.to_thread(act)
    await is_alive(server)
    assert ran.seen == []


BAD_REQUESTS = [
    b"\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET / HTTP/9.9\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(10_000)) + b"\r\n",
    b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\nEvil: y\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500,
]


@pytest.mark.parametrize("data", BAD_REQUESTS, ids=lambda data: repr(data[:40]))
@in_loop
async def test_broken_requests_get_no_page(server, data):
    def act():
        with connected(server.port) as connection, contextlib.suppress(OSError):
            connection.sendall(data)
            return until_closed(connection)
        return b""

    assert b"A served page" not in await asyncio.to_thread(act)
    await is_alive(server)


@pytest.mark.parametrize(
    "change",
    [
        {"Upgrade": "other"},
        {"Connection": "close"},
        {"Sec-WebSocket-Version": "8"},
        {"Sec-WebSocket-Key": "short"},
        {"Sec-WebSocket-Key": None},
    ],
    ids=str,
)
def test_a_handshake_that_is_none_gets_no_socket(server, change):
    headers = {
        "Host": f"127.0.0.1:{server.port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        **change,
    }
    sent = {name: value for name, value in headers.items() if value is not None}
    with connected(server.port) as connection:
        connection.sendall(request_bytes("GET", "/auroraview.ws", sent))
        status = int(connection.recv(100).split()[1])
    if change.get("Sec-WebSocket-Key") == "short":
        assert status in (101, 400)  # The key is echoed in a digest; its length protects nobody.
    else:
        assert status in (400, 404, 405, 426)


@in_loop
async def test_a_client_that_leaves_at_any_moment_leaves_nothing_behind(server, ran):
    pages = [WirePage(link(server)) for _ in range(100)]

    async def visit(index, page):
        rng = random.Random(index)
        await page.open_socket()
        if index % 3:
            await page.raw(json.dumps(page.hello()))
        if index % 3 == 2:
            await page.raw(json.dumps({"seq": 1, "v": 1, "doc": page.document, "msgs": [{"type": "ready"}]}))
        await asyncio.sleep(rng.random() / 20)
        await page.drop()

    await asyncio.gather(*(visit(index, page) for index, page in enumerate(pages)))
    await is_alive(server)
    assert ran.seen == []
