"""The ASGI application, called as a server calls it, without sockets."""

import asyncio
import functools
import gc
import threading
import time
import weakref

import pytest

from auroraview import Bridge, ServerOptions, UsageError, asgi, current_call
from tests.asgi_client import Socket, get, scope_of
from tests.helpers import SECONDS, eventually

TOKEN = "a-token-of-the-tests"
QUICK = ServerOptions(
    session_ttl=0.3, heartbeat_interval=0.2, heartbeat_timeout=0.5, handshake_timeout=0.3, replay_messages=500
)


def in_loop(test):
    """An async test, run on a loop of its own."""

    @functools.wraps(test)
    def run(*args, **kwargs):
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), SECONDS * 2))

    return run


async def until(condition):
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        await asyncio.sleep(0.005)


@pytest.fixture
def app(bridge, tmp_path):
    (tmp_path / "index.html").write_text("<!doctype html><title>Panel</title><script src=auroraview.js></script>")
    (tmp_path / "a b.txt").write_text("spaces")
    (tmp_path / "big.bin").write_bytes(bytes(range(256)) * 8_192)
    app = asgi(bridge, path=tmp_path, token=TOKEN)
    yield app
    app.close()


@pytest.fixture
def told(bridge):
    told = []
    bridge.on_connect(lambda peer: told.append("came"))
    bridge.on_disconnect(lambda peer, reason: told.append(reason))
    return told


# Links


def test_the_link_holds_the_secret_in_its_fragment(app, bridge):
    assert app.open_url("http://127.0.0.1:8000/panel") == f"http://127.0.0.1:8000/panel/#token={TOKEN}"
    assert app.open_url("https://host/") == f"https://host/#token={TOKEN}"
    assert asgi(bridge, authenticate=lambda request: 1).open_url("http://host/x") == "http://host/x/"
    assert asgi(bridge).open_url("http://host") != asgi(bridge).open_url("http://host")


@pytest.mark.parametrize("base", ["", "host", "/panel", "ftp://host", "http://host/?a=1", "http://host/#x"])
def test_a_link_needs_the_address_of_the_mount(app, base):
    with pytest.raises(UsageError, match="base_url"):
        app.open_url(base)


# Files


@pytest.mark.parametrize("mount", ["", "/panel", "/tools/a b"])
@in_loop
async def test_files_and_the_script_are_served_below_the_mount(app, mount):
    page = await get(app, "/", mount=mount)
    assert (page.status, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"Panel" in page.body
    assert "frame-ancestors" in page.headers["content-security-policy"]
    script = await get(app, "/auroraview.js", mount=mount)
    assert script.status == 200
    assert "javascript" in script.headers["content-type"]
    assert (await get(app, "/nowhere.css", mount=mount)).status == 404


@in_loop
async def test_a_server_that_leaves_the_mount_out_of_the_path_is_served_too(app):
    page = await get(app, "/", root_path="/panel")
    assert b"Panel" in page.body


@pytest.mark.parametrize("asked", ["/tool[1]", "/tool%5B1%5D", "/tool%5b1%5d", "/t%6Fol[1]"])
@in_loop
async def test_a_mount_is_known_however_a_client_encodes_it(app, asked):
    for rest, status in (("/index.html", 200), ("/", 200), ("", 200), ("/tool[1]/index.html", 404)):
        answer = await get(app, rest, mount="/tool[1]", raw_path=f"{asked}{rest}".encode())
        assert answer.status == status, rest


@in_loop
async def test_paths_are_read_as_the_client_wrote_them(app):
    for raw_path in ({}, {"raw_path": None}):  # which a server need not tell
        assert (await get(app, "/a%20b.txt", **raw_path)).body == b"spaces"
    for path in ("/../secret", "/%2e%2e/secret", "/..%2fsecret", "//etc/passwd", "/a%00b"):
        assert (await get(app, path)).status in (400, 403, 404), path


@in_loop
async def test_ranges_etags_and_heads(app, tmp_path):
    content = (tmp_path / "big.bin").read_bytes()
    whole = await get(app, "/big.bin")
    assert whole.body == content
    assert whole.parts > 2
    part = await get(app, "/big.bin", headers={"range": "bytes=1000-300999"})
    assert (part.status, part.body) == (206, content[1000:301000])
    head = await get(app, "/big.bin", method="HEAD")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == str(len(content))
    again = await get(app, "/big.bin", headers={"if-none-match": whole.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    assert (await get(app, "/", method="POST")).status == 405


@in_loop
async def test_a_file_is_read_no_further_when_its_client_has_gone(app, tmp_path):
    with open(tmp_path / "huge.bin", "wb") as file:
        file.truncate(64 * 2**20)
    sent = 0
    gone = asyncio.Event()

    async def receive():
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message):
        # As uvicorn does, it takes what comes after the end of the connection without a word.
        nonlocal sent
        sent += len(message.get("body", b""))
        if sent:
            gone.set()

    scope = {**scope_of("http", "/huge.bin"), "method": "GET"}
    await asyncio.wait_for(app(scope, receive, send), SECONDS)
    assert 0 < sent < 8 * 2**20


@in_loop
async def test_without_a_directory_there_is_the_script_alone(bridge):
    app = asgi(bridge)
    assert (await get(app, "/auroraview.js")).status == 200
    assert (await get(app, "/secret.txt")).status == 404


# The WebSocket


@pytest.mark.parametrize("mount", ["", "/panel"])
@in_loop
async def test_a_page_calls_and_hears(app, bridge, mount):
    bridge.bind_call("add", lambda a, b: a + b)
    async with Socket(app, mount=mount) as socket:
        answer = await socket.hello(TOKEN)
        assert len(answer["id"]) == 22
        assert await socket.call("add", [1, 2]) == 3
        bridge.emit("news", {"a": 1})
        assert await socket.event("news") == ({"a": 1}, [])


@in_loop
async def test_the_peer_knows_who_it_is(app, bridge):
    headers = {"user-agent": "Tests", "origin": "http://127.0.0.1:8000"}
    async with Socket(app, headers=headers) as socket:
        session = await socket.hello(TOKEN)
        await until(lambda: bridge.peers)
        (peer,) = bridge.peers
        info = peer.info
        assert (info.transport, info.address, info.user_agent) == ("websocket", "127.0.0.1:5000", "Tests")
        assert (info.session_id, info.url, info.origin) == (session["id"], "http://127.0.0.1:8000/", headers["origin"])
        assert abs(info.connected_since - time.time()) < SECONDS
        assert peer.connected


@in_loop
async def test_attachments_cross_as_binary_messages(app, bridge):
    seen = []

    @bridge.on("up")
    def up(detail):
        seen.append(detail)
        bridge.emit("down", [b"\0\1", detail["data"]])

    async with Socket(app) as socket:
        await socket.hello(TOKEN)
        head = {"type": "event", "event": "up", "detail": {"data": {"$av": 0}}, "att": [{"bytes": 3}]}
        socket.post(head, attachments=(b"abc",))
        assert await socket.event("down") == ([{"$av": 0}, {"$av": 1}], [b"\0\1", b"abc"])
        assert seen == [{"data": b"abc"}]


@in_loop
async def test_long_frames_come_in_order_with_short_ones(app, bridge):
    seen = []
    bridge.on("size", lambda text: seen.append(len(text)))
    async with Socket(app) as socket:
        await socket.hello(TOKEN)
        sizes = [1_000_000, 1, 2_000_000, 2, 300_000, 3]
        for size in sizes:
            socket.post({"type": "event", "event": "size", "detail": "x" * size})
        await until(lambda: len(seen) == len(sizes))
        assert seen == sizes


@in_loop
async def test_async_handlers_run_on_the_loop_of_the_server(app, bridge):
    here = asyncio.get_running_loop()

    @bridge.bind_call("f")
    async def handler():
        return asyncio.get_running_loop() is here

    async with Socket(app) as socket:
        await socket.hello(TOKEN)
        await until(lambda: bridge._places.loop._loop is here)
        assert await socket.call("f", []) is True


@in_loop
async def test_what_another_thread_emits_goes_out_at_once(app, bridge):
    async with Socket(app) as socket:
        await socket.hello(TOKEN)
        await until(lambda: bridge.peers and bridge.peers[0].is_ready)
        thread = threading.Thread(target=lambda: [bridge.emit("n", n) for n in range(1_000)])
        thread.start()
        found = []
        while len(found) < 1_000:
            found += [message["detail"] for message in (await socket.frame())[0] if message["event"] == "n"]
        assert found == list(range(1_000))
        thread.join(SECONDS)


# Who may


@pytest.mark.parametrize("path", ["/", "/auroraview.js"])
@pytest.mark.parametrize("headers", [{"host": "evil.example"}, {"origin": "http://evil.example"}])
@in_loop
async def test_files_are_for_known_names_and_origins_alone(app, path, headers):
    assert (await get(app, path)).status == 200
    answer = await get(app, path, headers=headers)
    assert answer.status == 403
    assert b"is not allowed here" in answer.body


@pytest.mark.parametrize("extensions", [{"websocket.http.response": {}}, {}, None], ids=["status", "none", "null"])
@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/auroraview.ws", {"origin": "http://evil.example"}, 403),
        ("/auroraview.ws", {"host": "evil.example:8000"}, 403),
        ("/auroraview.ws?token=x", {}, 400),
        ("/other", {}, 404),
    ],
)
@in_loop
async def test_what_is_refused_before_it_is_accepted(app, bridge, path, headers, status, extensions):
    async with Socket(app, path, headers=headers, extensions=extensions) as socket:
        message = await socket.message()
        if extensions:
            assert (message["type"], message["status"]) == ("websocket.http.response.start", status)
            assert (await socket.message())["body"]
        else:
            assert (message["type"], message["code"]) == ("websocket.close", 1008)
        await socket.ended()
    assert bridge.peers == ()


@pytest.mark.parametrize("token", [None, "", "wrong", TOKEN + "x"])
@in_loop
async def test_without_the_token_there_is_no_bridge(app, bridge, token):
    async with Socket(app) as socket:
        await socket.accepted()
        socket.say({"type": "hello", "protocol": 1, "document": "d1", "url": "", "token": token})
        assert (await socket.closed())[0] == 4001
        await socket.ended()
    assert bridge.peers == ()


@in_loop
async def test_hosts_and_origins_can_be_allowed(bridge):
    app = asgi(bridge, token=TOKEN, allow_hosts=["panel.example"], allow_origins=["https://other.example"])
    for origin in ("https://panel.example", "https://other.example"):
        async with Socket(app, headers={"host": "panel.example", "origin": origin}) as socket:
            await socket.hello(TOKEN)


async def async_login(request):
    await asyncio.sleep(0)
    return request.cookies.get("user")


def plain_login(request):
    assert threading.current_thread() is not threading.main_thread()
    return request.cookies.get("user")


class Login:
    async def __call__(self, request):
        return request.cookies.get("user")


LOGINS = {
    "async": async_login,
    "plain": plain_login,
    "object": Login(),
    "plain that returns a coroutine": lambda request: async_login(request),
}


@pytest.mark.parametrize("login", LOGINS.values(), ids=LOGINS)
@in_loop
async def test_the_hosts_own_login_decides(bridge, login):
    app = asgi(bridge, authenticate=login)
    bridge.bind_call("who", lambda: current_call().peer.info.identity)
    async with Socket(app, headers={"cookie": "user=ann"}) as socket:
        await socket.hello()
        assert await socket.call("who", []) == "ann"
    async with Socket(app, extensions={"websocket.http.response": {}}) as stranger:
        assert (await stranger.message())["status"] == 401
    app.close()


@in_loop
async def test_a_login_that_fails_lets_nobody_in(bridge, caplog):
    async def login(request):
        raise ValueError("the user database is away")

    app = asgi(bridge, authenticate=login)
    async with Socket(app, extensions={"websocket.http.response": {}}) as socket:
        assert (await socket.message())["status"] == 401
    assert "the user database is away" in caplog.text


@in_loop
async def test_a_login_that_says_no_lets_nobody_in(bridge):
    async def login(request):
        return request.cookies.get("user") == "ann"

    app = asgi(bridge, authenticate=login)
    async with Socket(app, extensions={"websocket.http.response": {}}) as socket:
        assert (await socket.message())["status"] == 401
    app.close()


@in_loop
async def test_no_login_is_asked_for_a_foreign_page(bridge):
    asked = []
    app = asgi(bridge, authenticate=asked.append)
    for headers in ({"origin": "http://evil.example"}, {"host": "evil.example"}):
        async with Socket(app, headers=headers, extensions={"websocket.http.response": {}}) as socket:
            assert (await socket.message())["status"] == 403
    assert asked == []
    app.close()


@in_loop
async def test_a_session_belongs_to_who_began_it(bridge):
    app = asgi(bridge, authenticate=async_login)
    async with Socket(app, headers={"cookie": "user=ann"}) as socket:
        answer = await socket.hello()
    mine = {"session": answer["id"], "resume": answer["resume"], "received": 0}
    async with Socket(app, headers={"cookie": "user=bob"}) as thief:
        thief.document = socket.document
        assert (await thief.hello(**mine))["id"] != answer["id"]
    async with Socket(app, headers={"cookie": "user=ann"}) as again:
        again.document = socket.document
        assert (await again.hello(**mine))["id"] == answer["id"]
    app.close()


# Sessions that survive


@in_loop
async def test_a_connection_that_was_lost_is_resumed_and_nothing_is_doubled(app, bridge, told):
    seen = []
    bridge.on("count", seen.append)
    async with Socket(app) as first:
        answer = await first.hello(TOKEN)
        for n in range(10):
            first.post({"type": "event", "event": "count", "detail": n})
        await until(lambda: len(seen) == 10)
    (peer,) = bridge.peers
    await until(lambda: not peer.connected)
    bridge.emit("missed", 1)
    async with Socket(app) as second:
        second.document, second.seq = first.document, first.seq - 3
        again = await second.hello(TOKEN, session=answer["id"], resume=answer["resume"], received=first.received)
        assert (again["resumed"], again["id"], again["received"]) == (True, answer["id"], first.seq)
        for n in range(7, 12):  # three of them again
            second.post({"type": "event", "event": "count", "detail": n})
        assert await second.event("missed") == (1, [])
        await until(lambda: len(seen) >= 12)
        assert seen == list(range(12))
        assert bridge.peers == (peer,)
        assert peer.connected
    assert told == ["came"]


@in_loop
async def test_suspended_and_resumed_are_told(app, bridge):
    order = []

    @bridge.on_connect
    def listen(peer):
        for event in ("suspended", "resumed", "document"):
            peer.on(event, functools.partial(order.append, event))

    async with Socket(app) as first:
        answer = await first.hello(TOKEN)
    async with Socket(app) as second:
        second.document = first.document
        await second.hello(TOKEN, session=answer["id"], resume=answer["resume"], received=first.received)
        await until(lambda: order[-2:] == ["suspended", "resumed"])


@in_loop
async def test_a_session_that_nobody_comes_back_to_ends(bridge, told):
    app = asgi(bridge, token=TOKEN, options=QUICK)
    async with Socket(app) as socket:
        await socket.hello(TOKEN)
    await until(lambda: told == ["came", "timeout"])
    assert bridge.peers == ()


@in_loop
async def test_a_page_that_says_nothing_is_given_up(bridge):
    app = asgi(bridge, token=TOKEN, options=QUICK)
    async with Socket(app) as silent:
        await silent.accepted()
        assert (await silent.closed())[0] == 4008
        await silent.ended()
    async with Socket(app) as socket:
        await socket.hello(TOKEN)
        heard = await socket.hear()
        while heard != {"type": "ping"}:
            heard = await socket.hear()
        assert (await socket.closed())[0] == 4005
        await socket.ended()


@in_loop
async def test_a_page_that_does_not_read_is_given_up_and_holds_nobody_up(bridge):
    app = asgi(bridge, token=TOKEN, options=QUICK)
    bridge.bind_call("f", lambda: 1)
    async with Socket(app) as stuck, Socket(app) as other:
        await stuck.hello(TOKEN)
        await other.hello(TOKEN)
        stuck.reads.clear()
        for n in range(50):
            bridge.emit("e", n)
            assert await other.call("f", []) == 1
        while not stuck.task.done():
            assert await other.call("f", []) == 1
            await asyncio.sleep(0.01)  # as often as a page does, and not as often as this machine can


@in_loop
async def test_who_is_kicked_is_told_why_and_does_not_come_back(app, bridge, told):
    async with Socket(app) as socket:
        answer = await socket.hello(TOKEN)
        await until(lambda: bridge.peers)
        bridge.peers[0].close("time is up")
        assert await socket.closed() == (4000, "time is up")
        await socket.ended()
    await until(lambda: told == ["came", "kicked"])
    async with Socket(app) as again:
        again.document = socket.document
        await again.say_hello(TOKEN, session=answer["id"], resume=answer["resume"], received=0)
        assert await again.closed() == (4000, "time is up")
        await again.ended()
    async with Socket(app) as reloaded:
        answered = await reloaded.hello(TOKEN, session=answer["id"], resume=answer["resume"])
        assert answered["id"] != answer["id"]


@in_loop
async def test_closing_the_application_ends_its_sessions(app, bridge, told):
    async with Socket(app) as socket:
        await socket.hello(TOKEN)
        app.close()
        assert (await socket.closed())[0] == 1001
        await socket.ended()
    await until(lambda: told == ["came", "server_closed"])
    app.close()


@in_loop
async def test_pages_can_be_told_to_reload(app):
    async with Socket(app) as socket:
        await socket.hello(TOKEN)
        assert app.reload() == 1
        while (heard := await socket.hear()).get("type") != "reload":
            pass
        assert heard == {"type": "reload"}


@in_loop
async def test_the_lifespan_of_a_server_starts_and_ends_it(app, told):
    incoming, sent = asyncio.Queue(), asyncio.Queue()
    life = asyncio.create_task(app({"type": "lifespan"}, incoming.get, sent.put))
    incoming.put_nowait({"type": "lifespan.startup"})
    assert (await sent.get())["type"] == "lifespan.startup.complete"
    async with Socket(app) as socket:
        await socket.hello(TOKEN)
        incoming.put_nowait({"type": "lifespan.shutdown"})
        assert (await sent.get())["type"] == "lifespan.shutdown.complete"
        assert (await socket.closed())[0] == 1001
    await asyncio.wait_for(life, SECONDS)
    await until(lambda: told == ["came", "server_closed"])


@in_loop
async def test_an_application_that_was_ended_can_be_served_again(app, bridge):
    bridge.bind_call("add", lambda a, b: a + b)
    for _ in range(2):
        incoming, sent = asyncio.Queue(), asyncio.Queue()
        life = asyncio.create_task(app({"type": "lifespan"}, incoming.get, sent.put))
        incoming.put_nowait({"type": "lifespan.startup"})
        await sent.get()
        async with Socket(app) as socket:
            await socket.hello(TOKEN)
            assert await socket.call("add", [1, 2]) == 3
        incoming.put_nowait({"type": "lifespan.shutdown"})
        await asyncio.wait_for(life, SECONDS)


@in_loop
async def test_a_server_that_is_stopped_leaves_a_session_to_come_back_to(app, bridge):
    socket = Socket(app)
    async with socket:
        await socket.hello(TOKEN)
        await until(lambda: bridge.peers)
        socket.task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await socket.ended()
        (peer,) = bridge.peers
        await until(lambda: not peer.connected)
        socket.task = asyncio.create_task(asyncio.sleep(0))


@in_loop
async def test_a_scope_that_is_unknown_is_an_error(app):
    with pytest.raises(UsageError, match="telnet"):
        await app({"type": "telnet"}, None, None)


def test_an_application_that_is_forgotten_ends_its_sessions(bridge, told):
    async def visit():
        app = asgi(bridge, token=TOKEN)
        async with Socket(app) as socket:
            await socket.hello(TOKEN)
        return weakref.ref(app)

    app = asyncio.run(visit())
    eventually(lambda: gc.collect() is not None and app() is None)
    eventually(lambda: told == ["came", "server_closed"])


def test_an_application_that_its_own_handlers_know_is_forgotten_too():
    def begin():
        bridge = Bridge()
        app = asgi(bridge)
        bridge.bind_call("stats", lambda: app.stats)
        return weakref.ref(app), weakref.ref(bridge)

    app, bridge = begin()
    eventually(lambda: gc.collect() is not None and app() is None and bridge() is None)


def test_one_bridge_may_be_in_several_applications(bridge, told):
    async def visit():
        apps = [asgi(bridge, token=TOKEN), asgi(bridge, token=TOKEN)]
        async with Socket(apps[0]) as one, Socket(apps[1]) as other:
            for socket in (one, other):
                await socket.hello(TOKEN)
            await until(lambda: len(bridge.peers) == 2 and all(peer.is_ready for peer in bridge.peers))
            bridge.emit("e", 1)
            for socket in (one, other):
                assert await socket.event("e") == (1, [])

    asyncio.run(visit())
