"""The ASGI application inside FastAPI under a real uvicorn, over real sockets."""

from __future__ import annotations

from typing import Annotated

import fastapi
import pytest
from websockets.exceptions import InvalidStatus

from auroraview import Bridge, asgi, current_call
from tests.e2e.helpers import wait_for
from tests.e2e.raw_http import get
from tests.e2e.servers import under_uvicorn
from tests.e2e.wire import WirePage, in_loop, until

PAGE = """<!doctype html><meta charset=utf-8><title>Mounted</title><script src="auroraview.js"></script>
<p id=sum></p><p id=news></p><script>
  auroraview.on("news", (text) => { news.textContent = text; });
  auroraview.call("add", [1, 2]).then((value) => { sum.textContent = value; });
</script>"""


@pytest.fixture
def bridge() -> Bridge:
    bridge = Bridge()
    bridge.bind_call("add", lambda a, b: a + b)
    return bridge


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "index.html").write_text(PAGE, encoding="utf-8")
    (tmp_path / "big.bin").write_bytes(bytes(range(256)) * 20_000)
    return tmp_path


@pytest.fixture
def host_app(bridge, folder):
    """A FastAPI application with routes of its own, and the panel mounted in it."""
    app = fastapi.FastAPI()

    @app.get("/health")
    def health() -> dict[str, bool]:
        return {"fine": True}

    app.state.panel = asgi(bridge, path=folder)
    app.mount("/panel", app.state.panel)
    return app


def port_of(address: str) -> int:
    return int(address.rpartition(":")[2])


@pytest.mark.parametrize("library", ["websockets-sansio", "wsproto"])
@in_loop
async def test_a_page_calls_through_fastapi_and_uvicorn(host_app, bridge, library):
    with under_uvicorn(host_app, ws=library) as address:
        async with WirePage(host_app.state.panel.open_url(f"{address}/panel")) as page:
            assert await page.call("add", [1, 2]) == 3
            bridge.emit("tick", {"now": 1})
            assert await page.wait_events(1) == [("tick", {"now": 1})]
            await page.say_goodbye()


def test_files_and_the_hosts_own_routes_live_side_by_side(host_app, folder):
    with under_uvicorn(host_app) as address:
        port = port_of(address)
        assert get(port, "/health").body == b'{"fine":true}'
        assert get(port, "/panel/").body == PAGE.encode()
        assert get(port, "/panel/auroraview.js").status == 200
        part = get(port, "/panel/big.bin", Range="bytes=256-511")
        assert (part.status, part.body) == (206, bytes(range(256)))
        assert get(port, "/panel/big.bin").body == (folder / "big.bin").read_bytes()
        assert get(port, "/panel/%2e%2e/%2e%2e/etc/passwd").status in (400, 403, 404)


@in_loop
async def test_who_is_not_let_in_gets_a_status(host_app, bridge):
    with under_uvicorn(host_app) as address:
        page = WirePage(f"{address}/panel/", "x" * 22, origin="http://evil.example")
        with pytest.raises(InvalidStatus) as refused:
            await page.open_socket()
        assert refused.value.response.status_code == 403
        page.origin = None
        page.address += "?token=x"
        with pytest.raises(InvalidStatus) as refused:
            await page.open_socket()
        assert refused.value.response.status_code == 400
    assert bridge.peers == ()


@in_loop
async def test_fastapis_own_login_decides(bridge, folder):
    users = {"secret-of-ann": "ann"}
    app = fastapi.FastAPI()

    @app.get("/login")
    def login(name: Annotated[str, fastapi.Query()], response: fastapi.Response) -> None:
        response.set_cookie("login", f"secret-of-{name}", httponly=True, samesite="strict")

    app.mount("/panel", asgi(bridge, path=folder, authenticate=lambda request: users.get(request.cookies.get("login"))))
    bridge.bind_call("who", lambda: current_call().peer.info.identity)
    with under_uvicorn(app) as address:
        assert get(port_of(address), "/login?name=ann").status == 200
        page = WirePage(f"{address}/panel/")
        with pytest.raises(InvalidStatus) as refused:
            await page.open_socket(Cookie="login=secret-of-bob")
        assert refused.value.response.status_code == 401
        open_socket = page.open_socket
        page.open_socket = lambda: open_socket(Cookie="login=secret-of-ann")  # type: ignore[method-assign]
        await page.connect()
        assert await page.call("who") == "ann"
        await page.drop()
        assert (await page.connect())["resumed"]
        assert await page.call("who") == "ann"
        await page.say_goodbye()


@in_loop
async def test_megabytes_cross_both_ways(host_app, bridge):
    bridge.bind_call("turn", lambda data: bytes(reversed(data)))
    data = bytes(range(256)) * 20_000
    with under_uvicorn(host_app) as address:
        async with WirePage(host_app.state.panel.open_url(f"{address}/panel")) as page:
            call = page.start_call("turn", [{"$av": 0}])
            message = {**call.message, "att": [{"bytes": len(data)}]}
            await page.post(message, attachments=(data,))
            assert await call == data[::-1]
            await page.say_goodbye()


@in_loop
async def test_a_connection_that_breaks_is_resumed(host_app, bridge):
    with under_uvicorn(host_app) as address:
        page = WirePage(host_app.state.panel.open_url(f"{address}/panel"))
        await page.connect()
        for round in range(5):
            calls = [page.start_call("add", [round, n]) for n in range(50)]
            for call in calls:
                await page.post(call.message)
            await page.drop()
            bridge.emit("tick", round)
            assert (await page.connect())["resumed"]
            assert [await call for call in calls] == [round + n for n in range(50)]
        await until(lambda: page.details("tick") == list(range(5)), "all events, once")
        await page.say_goodbye()


def test_the_server_ends_with_pages_connected(host_app, bridge):
    reasons = []
    bridge.on_disconnect(lambda peer, reason: reasons.append(reason))

    @in_loop
    async def visit() -> None:
        with under_uvicorn(host_app) as address:
            page = WirePage(host_app.state.panel.open_url(f"{address}/panel"))
            await page.connect()
            assert await page.call("add", [1, 2]) == 3
            await page.stop_reading()

    visit()
    host_app.state.panel.close()
    wait_for(lambda: reasons == ["server_closed"], "the end of the session")


def test_a_real_browser_uses_the_mounted_panel(host_app, bridge, browser):
    with under_uvicorn(host_app) as address:
        tab = browser.tab(host_app.state.panel.open_url(f"{address}/panel"))
        tab.wait_text("#sum", "3")
        assert "token" not in tab.url
        bridge.emit("news", "from Python")
        tab.wait_text("#news", "from Python")
        tab.reload()
        tab.wait_text("#sum", "3")
        assert len(bridge.peers) == 1
        assert tab.errors == []
        tab.close()
