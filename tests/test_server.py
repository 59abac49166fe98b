"""serve() and Server: ports, links, waiting, closing; and what is served."""

import asyncio
import gc
import gzip
import http.client
import ipaddress
import json
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
import webbrowser

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

import auroraview
from auroraview import HostError, Server, ServerOptions, UsageError, main_thread, serve
from tests.helpers import SECONDS, eventually

TOKEN = "a-token-of-the-tests"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "index.html").write_text("<!doctype html><title>Panel</title><script src=/auroraview.js></script>")
    (tmp_path / "style.css").write_text("body { color: black }\n" * 500)
    (tmp_path / "big.bin").write_bytes(bytes(range(256)) * 8_192)
    return tmp_path


@pytest.fixture
def server(bridge, folder):
    with serve(bridge, path=folder, token=TOKEN) as server:
        yield server


@pytest.fixture
def told(bridge):
    told = []
    bridge.on_connect(lambda peer: told.append("came"))
    bridge.on_disconnect(lambda peer, reason: told.append(reason))
    return told


def request(server, path="/", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=SECONDS)
    try:
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    finally:
        connection.close()


class Page:
    """A browser's end, just good enough to be there."""

    def __init__(self, server, **hello):
        self.server = server
        self.address = f"ws://127.0.0.1:{server.port}/auroraview.ws"
        self.said = {"type": "hello", "protocol": 1, "document": "d1", "url": server.url, "token": TOKEN, **hello}

    async def __aenter__(self):
        self.socket = await connect(self.address, proxy=None)
        await self.socket.send(json.dumps(self.said))
        self.answer = json.loads(await asyncio.wait_for(self.socket.recv(), SECONDS))
        await self.socket.send('{"seq":1,"v":1,"doc":"d1","msgs":[{"type":"ready"}]}')
        self.peer = await self.known()
        return self

    async def known(self):
        """The peer, once the program knows it."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            for peer in self.server.bridge.peers:
                if peer.info.session_id == self.answer["id"]:
                    return peer
            await asyncio.sleep(0.002)
        raise AssertionError("the program does not know the page")

    async def __aexit__(self, *_):
        await self.socket.close()

    async def end(self):
        """Reads until the server closes; code and reason."""
        try:
            while True:
                await asyncio.wait_for(self.socket.recv(), SECONDS)
        except ConnectionClosed as ended:
            return ended.rcvd.code, ended.rcvd.reason


def visit(server, act):
    """Runs ``await act(page)`` with a page that is connected."""

    async def main():
        async with Page(server) as page:
            return await act(page)

    return asyncio.run(asyncio.wait_for(main(), SECONDS * 2))


# Links and ports


def test_the_address_may_be_logged_and_the_link_opens_it(server):
    assert server.url == f"http://127.0.0.1:{server.port}/"
    assert server.open_url == f"{server.url}#token={TOKEN}"
    assert TOKEN not in repr(server)
    assert server.url in repr(server)


def test_each_start_makes_a_secret_of_its_own(bridge):
    with serve(bridge) as one, serve(bridge, port=None) as other:
        secrets = {server.open_url.partition("#token=")[2] for server in (one, other)}
        assert one.port != other.port
    assert len(secrets) == 2
    assert all(len(secret) == 22 for secret in secrets)


def test_with_a_login_the_link_has_no_secret(bridge):
    with serve(bridge, authenticate=lambda request: None) as server:
        assert server.open_url == server.url


def test_a_used_port_is_named_with_the_remedy(bridge, server):
    with pytest.raises(HostError, match=rf"port {server.port} on 127\.0\.0\.1 is in use; .*port=0 for a free one"):
        serve(bridge, port=server.port)


def test_a_port_is_free_again_at_once(bridge):
    with serve(bridge) as server:
        port = server.port
        visit_status = request(server, "/auroraview.js")[0]
    assert visit_status == 200
    with serve(bridge, port=port) as again:
        assert again.port == port


def test_an_address_that_this_machine_does_not_have_is_named(bridge):
    # A network that is reserved for documentation (RFC 5737).
    with pytest.raises(HostError, match=r"cannot listen on port 0 of 192\.0\.2\.1"):
        serve(bridge, host="192.0.2.1", allow_remote=True)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.2", "panel.example"])
def test_other_machines_must_be_allowed(bridge, host):
    with pytest.raises(UsageError, match="allow_remote=True"):
        serve(bridge, host=host)


def test_a_server_for_all_is_reached_here_too(bridge, folder):
    with serve(bridge, host="0.0.0.0", allow_remote=True, path=folder) as server:
        assert server.url == f"http://127.0.0.1:{server.port}/"
        assert request(server)[0] == 200


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_a_server_may_have_an_ipv6_address(bridge):
    try:
        server = serve(bridge, host="::1")
    except HostError as error:
        pytest.skip(f"no IPv6 loopback: {error}")
    with server:
        assert server.url == f"http://[::1]:{server.port}/"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2"])
def test_every_name_of_this_machine_will_do(bridge, host):
    with serve(bridge, host=host) as server:
        address = socket.getaddrinfo(host, server.port, type=socket.SOCK_STREAM)[0][4][0]
        assert ipaddress.ip_address(address).is_loopback
        assert server.url == f"http://{host}:{server.port}/"


@pytest.mark.parametrize("port", [-1, 65_536, "8000", 1.5, True])
def test_a_port_is_a_number_or_none(bridge, port):
    with pytest.raises(UsageError, match="port must be"):
        serve(bridge, port=port)


@pytest.mark.parametrize("host", ["", None, 3, b"127.0.0.1"])
def test_a_host_is_a_text(bridge, host):
    with pytest.raises(UsageError, match="host must be"):
        serve(bridge, host=host)


def test_an_async_login_is_refused_with_the_reason(bridge):
    async def login(request):
        return 1

    with pytest.raises(UsageError, match="authenticate must answer at once"):
        serve(bridge, authenticate=login)


def say_no(request):
    return request.headers.get("x-user") == "ann"


async def say_no_later(request):
    return None


@pytest.mark.parametrize("login", [say_no, lambda request: say_no_later(request)], ids=["False", "a coroutine"])
def test_a_login_without_an_identity_lets_nobody_in(bridge, login):
    async def main(server):
        async with connect(Page(server).address, proxy=None):
            pass

    with serve(bridge, authenticate=login) as server, pytest.raises(InvalidStatus, match="401"):
        asyncio.run(main(server))


def test_open_shows_the_link_in_the_browser(server, monkeypatch):
    opened = []
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    assert server.open() is True
    assert opened == [server.open_url]


# Its life


def test_closing_ends_it_once_and_for_all(bridge):
    server = serve(bridge)
    assert server.is_open
    port = server.port
    server.close()
    server.close()
    assert not server.is_open
    assert server.wait(0) is True
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
    assert "closed" in repr(server)


def test_waiting_ends_in_time_or_with_the_server(server):
    assert server.wait(0.01) is False
    threading.Timer(0.05, server.close).start()
    assert server.wait(SECONDS) is True


def test_handlers_of_the_main_thread_run_while_it_waits(bridge, server):
    ran = []
    bridge.on_connect(lambda peer: peer.on("ready", lambda: None))

    @bridge.on("stop", thread="main")
    def stop():
        ran.append(threading.current_thread() is threading.main_thread())
        server.close()

    def come():
        async def act(page):
            await page.socket.send('{"seq":2,"v":1,"doc":"d1","msgs":[{"type":"event","event":"stop"}]}')
            await page.end()

        visit(server, act)

    thread = threading.Thread(target=come)
    thread.start()
    assert server.wait(SECONDS) is True
    thread.join(SECONDS)
    assert ran == [True]
    main_thread.pump()


def test_waiting_on_a_loop_is_refused(server):
    async def main():
        with pytest.raises(UsageError, match="asyncio loop"):
            server.wait(1)

    asyncio.run(main())


def test_a_server_that_the_program_forgot_goes_on(bridge, folder):
    port = serve(bridge, path=folder).port
    gc.collect()

    class Forgotten:
        pass

    Forgotten.port = port
    assert request(Forgotten)[0] == 200
    from auroraview.server import _open

    for server in list(_open):
        if server.port == port:
            server.close()


def run(code, **options):
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def test_ctrl_c_ends_the_wait_and_the_server():
    process = run(
        """
        from auroraview import Bridge, serve
        from auroraview.testing import MemoryPage
        bridge = Bridge(default_thread="main")
        # Runs on the main thread, so when that waits.
        bridge.on_connect(lambda peer: print("waits", flush=True))
        page = MemoryPage(bridge)
        server = serve(bridge)
        try:
            server.wait()
        except KeyboardInterrupt:
            print("interrupted", server.is_open)
        """
    )
    assert process.stdout.readline() == "waits\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (0, "interrupted False\n")
    # Fast enough, the signal comes while the function still prints, which is told then.
    assert not err or err.startswith("a callback raised KeyboardInterrupt")


def test_a_program_may_end_with_its_server_open():
    process = run(
        """
        from auroraview import Bridge, serve
        bridge = Bridge()
        bridge.bind_call("f", lambda: 1)
        server = serve(bridge)
        print(server.port)
        """
    )
    began = time.monotonic()
    out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, err) == (0, "")
    assert int(out) > 0
    assert time.monotonic() - began < SECONDS


# Peers


def test_a_browser_comes_and_its_server_closes(bridge, server, told):
    async def act(page):
        peer = page.peer
        assert bridge.peers == (peer,)
        assert peer.connected
        info = peer.info
        assert (info.transport, info.session_id, info.identity) == ("websocket", page.answer["id"], None)
        assert info.address.startswith("127.0.0.1:")
        assert "websockets" in info.user_agent
        assert info.url == server.url
        server.close()
        return await page.end()

    assert visit(server, act)[0] == 1001
    eventually(lambda: told == ["came", "server_closed"])
    assert bridge.peers == ()


def test_a_peer_can_be_sent_away(bridge, server, told):
    async def act(page):
        page.peer.close("time is up")
        return await page.end()

    assert visit(server, act) == (4000, "time is up")
    eventually(lambda: told == ["came", "kicked"])


@pytest.mark.parametrize(
    ("reason", "told"), [("", ""), ("é" * 200, "é" * 61), ("lone \ud800", "lone \\ud800")], ids=["none", "long", "lone"]
)
def test_any_text_is_a_reason(server, reason, told):
    async def act(page):
        page.peer.close(reason)
        return await page.end()

    assert visit(server, act) == (4000, told)


def test_a_peer_that_does_not_come_back_times_out(bridge, told):
    options = ServerOptions(session_ttl=0.2)
    with serve(bridge, token=TOKEN, options=options) as server:

        async def act(page):
            return page.peer

        peer = visit(server, act)
        eventually(lambda: told == ["came", "timeout"])
        assert (peer.connected, bridge.peers) == (False, ())
        peer.emit("nobody hears this")
        peer.close()


def test_a_login_names_who_asks(bridge, told):
    asked = []

    def login(request):
        asked.append(request)
        return request.headers.get("x-user")

    with serve(bridge, authenticate=login) as server:

        async def main():
            page = Page(server)
            del page.said["token"]
            socket = await connect(page.address, proxy=None, additional_headers={"X-User": "ann", "Cookie": "a=b"})
            async with socket:
                await socket.send(json.dumps(page.said))
                page.answer = json.loads(await socket.recv())
                return (await page.known()).info.identity

        assert asyncio.run(asyncio.wait_for(main(), SECONDS)) == "ann"
    assert (asked[0].path, asked[0].cookies) == ("/auroraview.ws", {"a": "b"})
    assert asked[0].address.startswith("127.0.0.1:")


def test_a_login_that_fails_lets_nobody_in(bridge, caplog):
    def login(request):
        raise ValueError("the user database is away")

    with serve(bridge, authenticate=login) as server:
        status = request(
            server,
            "/auroraview.ws",
            Connection="Upgrade",
            Upgrade="websocket",
            Sec_WebSocket_Version="13",
            Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==",
        )[0]
    assert status == 401
    assert "the user database is away" in caplog.text
    assert bridge.peers == ()


def test_several_servers_share_a_bridge(bridge, told):
    with serve(bridge, token=TOKEN) as one, serve(bridge, token=TOKEN) as other:

        async def main():
            async with Page(one), Page(other) as page:
                assert len(bridge.peers) == 2
                one.close()
                eventually(lambda: bridge.peers == (page.peer,))
                assert page.peer.connected

        asyncio.run(asyncio.wait_for(main(), SECONDS * 2))


def test_pages_can_be_told_to_reload(server):
    async def act(page):
        assert server.reload() == 1
        while json.loads(await asyncio.wait_for(page.socket.recv(), SECONDS)).get("type") != "reload":
            pass

    visit(server, act)
    eventually(lambda: server.reload() == 0)


def test_stats_count_connections_and_sessions(server):
    assert server.stats["connections"] == server.stats["sessions"] == 0

    async def act(page):
        assert server.stats["connections"] == server.stats["sessions"] == 1

    visit(server, act)


# Files


def test_files_have_their_types_and_the_usual_headers(server):
    status, headers, body = request(server)
    assert (status, headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert b"Panel" in body
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in headers
    assert request(server, "/style.css")[1]["content-type"].startswith("text/css")
    assert request(server, "/nowhere.css")[0] == 404


def test_an_icon_is_no_error_where_there_is_none(server, folder):
    assert request(server, "/favicon.ico")[::2] == (204, b"")
    (folder / "favicon.ico").write_bytes(b"icon")
    assert request(server, "/favicon.ico")[::2] == (200, b"icon")


def test_text_goes_out_compressed_to_who_can_read_it(server, folder):
    _, headers, body = request(server, "/style.css", Accept_Encoding="gzip")
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == (folder / "style.css").read_bytes()
    assert "content-encoding" not in request(server, "/style.css")[1]
    assert "content-encoding" not in request(server, "/big.bin", Accept_Encoding="gzip")[1]


def test_ranges_etags_and_heads(server, folder):
    content = (folder / "big.bin").read_bytes()
    status, headers, body = request(server, "/big.bin")
    assert (status, body) == (200, content)
    assert request(server, "/big.bin", If_None_Match=headers["etag"])[0] == 304
    status, part, body = request(server, "/big.bin", Range="bytes=1000-300999")
    assert (status, body) == (206, content[1000:301000])
    assert part["content-range"] == f"bytes 1000-300999/{len(content)}"
    status, head, body = request(server, "/big.bin", "HEAD")
    assert (status, body, head["content-length"]) == (200, b"", str(len(content)))


def test_the_script_is_there_without_a_directory(bridge):
    with serve(bridge) as server:
        status, headers, body = request(server, "/auroraview.js")
        assert status == 200
        assert "javascript" in headers["content-type"]
        assert b"auroraview" in body
        assert request(server, "/auroraview.js", If_None_Match=headers["etag"])[0] == 304


@pytest.mark.parametrize(
    ("csp", "expected"),
    [
        ("strict", "default-src 'self';"),
        ("default-src 'self' https://cdn.example", "https://cdn.example"),
        (None, None),
    ],
    ids=["strict", "a text", "none"],
)
def test_the_policy_can_be_chosen(bridge, folder, csp, expected):
    with serve(bridge, path=folder, csp=csp) as server:
        policy = request(server)[1].get("content-security-policy")
    assert policy is None if expected is None else expected in policy
    if csp == "strict":
        assert "unsafe-inline" not in policy


def test_the_example_of_the_module_reads_as_it_runs(bridge, folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    (folder.parent / "dist").symlink_to(folder, target_is_directory=True)
    lines = auroraview.server.__doc__.split("\n")
    code = textwrap.dedent("\n".join(line for line in lines if line.startswith("    ")))
    monkeypatch.setattr(webbrowser, "open", lambda url: True)
    monkeypatch.setattr(Server, "wait", lambda self: request(self)[0] == 200 or pytest.fail("no page"))
    exec(code, {"serve": serve, "bridge": bridge})


def test_the_signatures_of_serve_and_server_say_the_same():
    import inspect

    wanted = dict(inspect.signature(serve).parameters)
    found = dict(inspect.signature(Server).parameters)
    found.pop("nocache")
    assert {name: str(one) for name, one in wanted.items()} == {name: str(one) for name, one in found.items()}
