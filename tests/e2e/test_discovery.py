"""Pages that no server gave them: opened as a file, with ``auroraview.js`` beside them, they find the program's port by
what they were told, and tell the secret only where their address or their application led."""

from __future__ import annotations

import contextlib
import json
import secrets
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection
from websockets.sync.server import serve as serve_sockets

from auroraview import Bridge, Server, serve
from tests.e2e.browsers import Context, Tab
from tests.e2e.helpers import PATIENCE, wait_for
from tests.e2e.pages import EVENTS, BrowserEnd, open_tab
from tests.e2e.pages import run as run_in
from tests.e2e.served import token_of
from tests.e2e.servers import Server as Site
from tests.e2e.servers import silent_server

SCRIPT = Path(__file__).parents[2] / "crates/auroraview-server/src/auroraview.js"
DEFAULT_PORT = 8765
PAGE = f"""<!doctype html><meta charset=utf-8><title>A file</title>
<script>/* settings */</script><script src="ws-config.js"></script><script src="auroraview.js"></script><script>
var seen = [];
for (const name of {json.dumps(EVENTS)}) auroraview.on(name, (detail) => seen.push([name, detail]));
</script><body>A page in a file"""


@pytest.fixture
def bridge():
    bridge = Bridge()
    bridge.bind_call("echo", lambda value: value)
    return bridge


class Folder:
    """A directory with a page, its script, and perhaps ``ws-config.js``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "auroraview.js").write_bytes(SCRIPT.read_bytes())
        self.page()

    def page(self, settings: str = "") -> None:
        """Writes the page; the script of settings runs first."""
        (self.path / "panel.html").write_text(PAGE.replace("/* settings */", settings), encoding="utf-8")

    def config(self, port: Any, timestamp: str | None = None) -> None:
        """Writes the configuration; without a time, of now."""
        written = {"port": port, "timestamp": timestamp or moment(0)}
        (self.path / "ws-config.js").write_text(f"window.WS_CONFIG = {json.dumps(written)};")

    def url(self, port: object = None, token: str | None = None) -> str:
        """The page's address."""
        address = (self.path / "panel.html").as_uri()
        return address + ("" if port is None else f"?port={port}") + ("" if token is None else f"#token={token}")


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


def moment(seconds: float, zone: timezone = UTC) -> str:
    """The time in so many seconds, as ``ws-config.js`` has it."""
    return (datetime.now(zone) + timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


@contextlib.contextmanager
def program(bridge: Bridge, **options: Any) -> Iterator[Server]:
    """A program for pages of files: browsers call their origin ``null``."""
    with serve(bridge, allow_origins=("null",), **options) as server:
        yield server


@contextlib.contextmanager
def open_program(bridge: Bridge) -> Iterator[Server]:
    """A program that needs no secret."""
    with program(bridge, authenticate=lambda request: "anybody") as server:
        yield server


class Recorder:
    """A WebSocket server that hears everything and says nothing; or hangs up after the first message."""

    def __init__(self, port: int = 0, *, hangs_up: bool = False) -> None:
        self.heard: list[str] = []
        self._hangs_up = hangs_up
        self._server = wait_for(lambda: self._bound(port), f"the port {port}")
        self.port = self._server.socket.getsockname()[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def _bound(self, port: int) -> Any:
        with contextlib.suppress(OSError):
            return serve_sockets(self._listen, "127.0.0.1", port)

    def _listen(self, connection: ServerConnection) -> None:
        request = connection.request
        assert request is not None
        self.heard.append(f"{request.path} {request.headers}")
        with contextlib.suppress(ConnectionClosed):
            for message in connection:
                self.heard.append(str(message))
                if self._hangs_up:
                    break

    def greeted_by(self, page: str) -> bool:
        """A page at an address that ends so has said hello."""
        return any(text.startswith('{"type":"hello"') and page in text for text in list(self.heard))

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(PATIENCE)


@contextlib.contextmanager
def recorder(port: int = 0, *, hangs_up: bool = False) -> Iterator[Recorder]:
    """A recorder, closed at the end."""
    one = Recorder(port, hangs_up=hangs_up)
    try:
        yield one
    finally:
        one.close()


@contextlib.contextmanager
def closed_port() -> Iterator[int]:
    """A port where nobody listens, and nobody else can."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@contextlib.contextmanager
def something_else(kind: str) -> Iterator[int]:
    """A port that is not the program's."""
    with contextlib.ExitStack() as stack:
        if kind == "plain HTTP":
            site = Site()
            stack.callback(site.close)
            yield urlsplit(site.origin).port or 0
        elif kind == "silent":
            yield urlsplit(stack.enter_context(silent_server())).port or 0
        elif kind == "another WebSocket server":
            yield stack.enter_context(recorder()).port
        else:
            yield stack.enter_context(closed_port())


def tried(tab: Tab) -> list[int]:
    """The ports that the page has connected to, in order."""
    return [urlsplit(address).port or 0 for address in tab.sockets]


def check(end: BrowserEnd) -> None:
    """It is a page like any other: calls, events both ways, a reload."""
    assert end.call("echo", {"value": ["file", 1]}).result(PATIENCE) == ["file", 1]
    end.bridge.emit("tick", {"n": 1})
    end.tab.wait_for("seen.length === 1 && seen[0][1].n === 1")
    assert end.tab.errors == []


# Where it looks


def test_the_port_of_the_address_is_the_program_s_and_a_reload_goes_on_with_the_session(browser, bridge, folder):
    with program(bridge) as server:
        end = open_tab(bridge, browser.tab(), folder.url(server.port, token_of(server)))
        check(end)
        assert end.peer.info.origin == "null"
        assert end.tab.url == folder.url(server.port)
        assert token_of(server) not in str(end.peer.info)
        end.reload()
        assert bridge.peers == (end.peer,)
        check(end)
        assert tried(end.tab) == [server.port] * 2


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=-11, minutes=-30))], ids=str)
def test_a_fresh_configuration_beside_the_page_names_the_port(browser, bridge, folder, zone):
    with open_program(bridge) as server:
        tab = browser.tab("about:blank")
        folder.config(server.port, moment(0, zone))
        check(open_tab(bridge, tab, folder.url()))
        assert tried(tab) == [server.port]


@pytest.mark.parametrize(
    "kind", ["stale", "from the future", "without a zone", "of no time", "of no port", "nothing", "no script"]
)
def test_a_configuration_that_is_not_fresh_is_passed_over(browser, bridge, folder, kind):
    garbage = {"nothing": "window.WS_CONFIG = null;", "no script": "<html>404"}
    with recorder() as other, program(bridge) as server:
        times = {"stale": moment(-6), "from the future": moment(60), "of no time": "soon"}
        if kind in garbage:
            (folder.path / "ws-config.js").write_text(garbage[kind])
        elif kind == "of no port":
            folder.config("eight")
        elif kind == "without a zone":
            folder.config(other.port, datetime.now().isoformat())
        else:
            folder.config(other.port, times[kind])
        end = open_tab(bridge, browser.tab(), folder.url(server.port, token_of(server)))
        assert end.call("echo", [kind]).result(PATIENCE) == kind
        assert tried(end.tab) == [server.port]
        assert other.heard == []


@pytest.mark.parametrize(
    ("port", "name"),
    [(0, "AURORAVIEW_WS_PORT"), (65_536, "TAURI_WS_PORT"), (-1, "AURORAVIEW_WS_PORT"), ("0x50", "TAURI_WS_PORT")],
)
def test_ports_that_are_none_are_passed_over_and_an_application_names_another(browser, bridge, folder, name, port):
    with program(bridge) as server:
        folder.page(f"window.{name} = {json.dumps(str(server.port))};")
        folder.config(port)
        end = open_tab(bridge, browser.tab(), folder.url(port, token_of(server)))
        assert end.call("echo", [1]).result(PATIENCE) == 1
        assert tried(end.tab) == [server.port]
        assert end.tab.errors == []


@pytest.mark.parametrize("kind", ["plain HTTP", "silent", "another WebSocket server", "closed"])
def test_where_something_else_is_it_goes_on_to_the_next(browser, bridge, folder, kind):
    with something_else(kind) as port, program(bridge) as server:
        tab = browser.tab("about:blank")
        folder.config(port)
        started = time.monotonic()
        end = open_tab(bridge, tab, folder.url(server.port, token_of(server)))
        assert time.monotonic() - started < 15
        check(end)
        assert tried(tab) == [port, server.port]


def test_a_script_inside_a_page_of_another_server_looks_too(browser, bridge, server):
    with serve(bridge, allow_origins=(server.origin,)) as ours:
        address = server.page("/panel", f"<!doctype html><title>Inlined</title><script>{SCRIPT.read_text()}</script>")
        end = open_tab(bridge, browser.tab(), f"{address}?port={ours.port}#token={token_of(ours)}")
        assert end.call("echo", ["inlined"]).result(PATIENCE) == "inlined"
        assert tried(end.tab) == [ours.port]


# Until it has found it, and after


def test_the_program_may_come_later_and_come_back(browser, bridge, folder):
    token = secrets.token_urlsafe(16)
    with closed_port() as port:
        tab = browser.tab(folder.url(port, token))
        tab.wait_for("(auroraview.connection.reason ?? '').includes('no program answered')")
        assert port in tried(tab)
        call = tab.start("auroraview.call('echo', ['patient'], {timeout: 0})")
    with program(bridge, port=port, token=token):
        assert call.result(PATIENCE) == "patient"
        found = len(tab.sockets)
    tab.wait_for("auroraview.connection.state === 'reconnecting'")
    with program(bridge, port=port, token=token):
        tab.wait_for("auroraview.connection.state === 'open'")
        assert run_in(tab, "return await auroraview.call('echo', ['back'])") == "back"
    # It looked nowhere else any more.
    assert set(tried(tab)[found:]) == {port}


def test_refused_where_it_was_led_it_stops_and_says_what_to_do(browser, bridge, folder):
    with program(bridge) as server:
        tab = browser.tab(folder.url(server.port, "not-the-token-of-it"))
        tab.wait_for("auroraview.connection.state === 'closed'")
        assert "#token=" in tab.evaluate("auroraview.connection.reason")
        assert tab.evaluate("auroraview.call('echo', [1]).catch((error) => error.code)") == "closed"
        wait_for(lambda: any("the token was refused" in line for line in tab.console), f"a word: {tab.console}")
        # The right link in this very tab, which differs in the fragment alone.
        open_tab(bridge, tab, folder.url(server.port, token_of(server)))
        assert token_of(server) not in tab.url


# The secret


def test_the_secret_goes_where_the_address_leads_and_nowhere_else(browser: Context, bridge, folder):
    token = secrets.token_urlsafe(16)
    with contextlib.ExitStack() as stack:
        all_of_them = [stack.enter_context(recorder(port, hangs_up=True)) for port in (0, 0, 0, DEFAULT_PORT)]
        configured, asked, named, _ = all_of_them
        tab = browser.tab("about:blank")
        folder.page(f"window.AURORAVIEW_WS_PORT = {named.port};")
        folder.config(configured.port)
        tab.goto(folder.url(asked.port, token))
        # More than one pass; the configuration may be stale by then.
        wait_for(lambda: len(tab.sockets) > 8, "other passes")
        ports = [one.port for one in all_of_them]
        assert tried(tab)[:4] == ports
        assert set(tried(tab)) == set(ports)
        assert all(one.greeted_by(str(folder.path)) for one in all_of_them)
        told = [any(token in text for text in one.heard) for one in all_of_them]
        assert told == [False, True, True, False]


def test_what_a_tab_remembers_of_a_port_is_not_told_to_it_again_by_a_configuration(browser, bridge, folder):
    with program(bridge) as server:
        token = token_of(server)
        tab = open_tab(bridge, browser.tab(), folder.url(server.port, token)).tab
        port = server.port
    with recorder(port) as other:
        folder.config(port)
        tab.goto(folder.url())
        wait_for(lambda: other.greeted_by("panel.html"), "the hello")
        assert all(token not in text for text in other.heard)
