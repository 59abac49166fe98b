"""Who gets in at a launcher's port, and where its secret is not to be found."""

import contextlib
import http.client
import json
import logging
import os
import re
import signal
import socket
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from auroraview import Launcher
from tests.e2e.helpers import PATIENCE, wait_for
from tests.e2e.launchers import IDLE, panel, secret_of, write_page
from tests.e2e.processes import descendants


@pytest.fixture
def idle(bridge):
    """Starts launchers whose program never connects, so that all who come are strangers."""
    launchers = []

    def start(**options):
        launcher = Launcher(bridge, command=IDLE, **options)
        launchers.append(launcher)
        launcher.start(wait=False)
        return launcher

    yield start
    for launcher in launchers:
        launcher.stop()


def path_of(dialect):
    return "/" if dialect == "plain" else "/auroraview.ws"


def client(launcher, dialect, **headers):
    """A WebSocket, without a word said."""
    return connect(
        f"ws://127.0.0.1:{launcher.port}{path_of(dialect)}",
        proxy=None,
        open_timeout=PATIENCE,
        close_timeout=PATIENCE,
        additional_headers=headers,
    )


def status(launcher, dialect, **headers):
    """The status of a handshake; 101 for one that succeeds."""
    try:
        with client(launcher, dialect, **headers):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


def hello(dialect, token):
    if dialect == "plain":
        return {"type": "hello", "token": token}
    return {"type": "hello", "protocol": 1, "document": "stranger", "token": token}


def code_after(socket, *messages):
    """What the connection is closed with, after these were said."""
    try:
        for message in messages:
            socket.send(message if isinstance(message, (str, bytes)) else json.dumps(message))
        while True:
            socket.recv(PATIENCE)
    except ConnectionClosed as error:
        return error.rcvd and error.rcvd.code


# Without the secret


@pytest.mark.parametrize("dialect", ["auroraview", "plain"])
def test_without_the_secret_there_is_no_session(idle, bridge, dialect):
    heard = []
    bridge.on("ready", heard.append)
    bridge.on("event", heard.append)
    bridge.on_connect(heard.append)
    launcher = idle(dialect=dialect)
    launcher.emit("private", 1, retain=True)
    secret = secret_of(launcher)
    wrong = secret[:-1] + ("A" if secret[-1] != "A" else "B")
    for token in (None, "", wrong, secret + "A", secret.lower(), secret[:11]):
        with client(launcher, dialect) as socket:
            assert code_after(socket, hello(dialect, token)) == 4001
    for token in (7, [secret], {"token": secret}):
        with client(launcher, dialect) as socket:
            assert code_after(socket, hello(dialect, token)) in (4001, 4002)
    assert bridge.peers == (launcher.peer,)
    assert not launcher.peer.connected
    assert launcher.stats["sessions"] == 1
    assert heard == []


def test_a_plain_client_says_the_secret_before_anything_else(idle, bridge):
    heard = []
    bridge.on("event", heard.append)
    launcher = idle(dialect="plain")
    for first in ({"type": "ready"}, {"type": "event"}, "junk", b"\x81", "[]", {"type": "event", "token": "x"}):
        with client(launcher, "plain") as socket:
            assert code_after(socket, first, hello("plain", secret_of(launcher)), {"type": "event"}) == 4001
    assert heard == []
    assert not launcher.peer.connected


@pytest.mark.parametrize("dialect", ["auroraview", "plain"])
def test_the_secret_of_another_launcher_or_of_a_start_before_is_none(idle, dialect):
    one, other = idle(dialect=dialect), idle(dialect=dialect)
    before = [secret_of(one), secret_of(other)]
    one.stop()
    one.start(wait=False)
    secret = secret_of(one)
    assert secret not in before
    for wrong in before:
        with client(one, dialect) as socket:
            assert code_after(socket, hello(dialect, wrong)) == 4001
    with client(one, dialect) as socket:
        socket.send(json.dumps(hello(dialect, secret)))
        wait_for(lambda: one.peer.connected, "the session of who knows the secret")


# Whoever says it, and without one


OPTIONS = [
    {"dialect": "auroraview"},
    {"dialect": "plain"},
    {"dialect": "plain", "require_secret": False},
    {"dialect": "plain", "require_secret": False, "encoding": "msgpack"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda one: "-".join(map(str, one.values())))
def test_foreign_origins_and_hosts_are_refused(idle, tmp_path, options):
    page = tmp_path / "page.html"
    page.write_text("<p>page")
    launcher = idle(page=page, allow_origins=["https://panel.example"], **options)
    dialect, own = options["dialect"], f"127.0.0.1:{launcher.port}"
    for origin in (f"http://{own}", f"http://localhost:{launcher.port}", "null", "https://panel.example"):
        assert status(launcher, dialect, Origin=origin) == 101, origin
    for origin in ("https://evil.example", "http://127.0.0.1", "http://panel.example", "https://panel.example.evil"):
        assert status(launcher, dialect, Origin=origin) == 403, origin
    for host in ("evil.example", f"evil.example:{launcher.port}", "127.0.0.1", "127.0.0.1:1"):
        request = http.client.HTTPConnection("127.0.0.1", launcher.port, timeout=PATIENCE)
        request.request(
            "GET", path_of(dialect), headers={"Host": host, "Upgrade": "websocket", "Connection": "Upgrade"}
        )
        assert request.getresponse().status == 403, host
        request.close()
    assert not launcher.peer.is_ready


@pytest.mark.parametrize("options", OPTIONS[:3], ids=lambda one: "-".join(map(str, one.values())))
def test_there_are_no_more_connections_than_allowed(idle, options):
    launcher = idle(max_connections=3, **options)
    dialect = options["dialect"]
    with contextlib.ExitStack() as stack:
        first, *_ = [stack.enter_context(client(launcher, dialect)) for _ in range(3)]
        assert status(launcher, dialect) == 503
        first.close()
        wait_for(lambda: status(launcher, dialect) == 101, "a free place")


def test_without_a_secret_the_first_to_come_is_the_page_and_the_next_is_not(idle, bridge):
    heard = []
    bridge.on("event", heard.append)
    launcher = idle(dialect="plain", require_secret=False)
    launcher.emit("for the page", 1)
    with client(launcher, "plain") as first:
        first.send('{"type": "ready"}')
        assert json.loads(first.recv(PATIENCE)) == {"type": "for the page", "data": 1}
        with client(launcher, "plain") as second:
            second.send('{"type": "ready"}')
            second.send('{"type": "event", "from": 2}')
            wait_for(lambda: heard == [{"from": 2}], "its event")
            assert len(bridge.peers) == 2
            launcher.emit("for the page", 2)
            bridge.emit("for all", 3)
            assert json.loads(second.recv(PATIENCE)) == {"type": "for all", "data": 3}
        assert json.loads(first.recv(PATIENCE)) == {"type": "for the page", "data": 2}
        wait_for(lambda: bridge.peers == (launcher.peer,), "the end of the second")


def test_a_page_that_is_back_before_its_old_connection_ended_is_still_the_page(idle):
    launcher = idle(dialect="plain", require_secret=False)
    with client(launcher, "plain") as old, client(launcher, "plain") as new:
        old.send('{"type": "ready"}')
        new.send('{"type": "ready"}')
        old.close()
        launcher.emit("for the page", 1)
        assert json.loads(new.recv(10)) == {"type": "for the page", "data": 1}


def test_a_plain_client_that_floods_is_sent_away_and_may_come_back(idle, bridge):
    bridge.on("event", lambda _: None)
    launcher = idle(dialect="plain", require_secret=False)
    peer = launcher.peer
    with client(launcher, "plain") as socket:
        assert code_after(socket, *([{"type": "event"}] * 20_000)) == 4029
    wait_for(lambda: not peer.connected, "the end of its connection")
    launcher.emit("still", 1)
    with client(launcher, "plain") as socket:
        socket.send('{"type": "ready"}')
        assert json.loads(socket.recv(PATIENCE)) == {"type": "still", "data": 1}
    assert launcher.peer is peer


def test_the_port_is_that_of_this_machine_alone(idle):
    launcher = idle(dialect="plain", require_secret=False)
    for address in ("127.0.0.2", *addresses()):
        with pytest.raises(OSError, match=r"refused|unreachable|timed out"):
            socket.create_connection((address, launcher.port), timeout=PATIENCE).close()


def addresses():
    """This machine's other addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # Sends nothing.
        except OSError:
            return []
        return [probe.getsockname()[0]]


# Where the secret is not


@pytest.mark.parametrize("via", ["env", "stdin"])
def test_the_secret_is_in_no_argument_no_address_no_file_and_no_log(bridge, tmp_path, caplog, via):
    folder = write_page(tmp_path / "panel")
    with (
        caplog.at_level(logging.DEBUG),
        panel(bridge, folder, secret_via=via, respawn=True) as one,
    ):
        launcher = one.launcher
        secret = launcher._expected.secret
        assert re.fullmatch(r"[\w-]{22}", secret)
        assert one.ask("location.href") == launcher.url
        assert "token" not in one.ask("history.state === null ? document.referrer + location.hash : 'state'")
        pids = [launcher.process.pid, *descendants(launcher.process.pid)]
        assert len(pids) > 2, "the window, and the processes of the engine"
        for pid in pids:
            for name in ("cmdline", "comm"):
                assert secret.encode() not in Path(f"/proc/{pid}/{name}").read_bytes()
        environment = Path(f"/proc/{launcher.process.pid}/environ").read_bytes()
        assert (secret.encode() in environment) == (via == "env")
        assert secret not in os.environ.values()
        with client(launcher, "auroraview") as socket:
            assert code_after(socket, hello("auroraview", "wrong")) == 4001
        os.kill(launcher.process.pid, signal.SIGKILL)
        one.wait_told("ready", 2)
        texts = [launcher.url, repr(launcher), repr(launcher.process), repr(launcher.peer), repr(launcher.peer.info)]
        texts += [str(launcher.stats), str(launcher.peer.stats)]
        texts += [file.read_text() for file in folder.iterdir()]
        launcher.stop()
        texts += [record.getMessage() for record in caplog.records]
    assert [text for text in texts if secret in text] == []
    assert caplog.records


def test_the_errors_of_a_start_do_not_tell_the_secret(bridge, tmp_path, caplog):
    (tmp_path / "index.html").write_text("<p>a page that knows nothing")
    with caplog.at_level(logging.DEBUG), panel(bridge, tmp_path, start_timeout=2, start=False) as one:
        secret = one.launcher._expected.secret
        with pytest.raises(Exception, match="was not ready within") as raised:
            one.launcher.start()
    assert secret not in str(raised.value) + caplog.text
