"""A front end that is not ours, run as a program: the standard library alone, with a WebSocket client written by hand.

``launched.py [MODE...] --ws-port=N`` (or ``--ws-port N``) connects, says that it is ready and then does what events
named ``do`` tell it, until its stdin ends. It reports to the program with events: ``environment`` once, ``heard`` for
each event. Modes:

``plain``: speaks the plain dialect. ``mute``: never connects. ``unready``: connects and never says ready. ``late``:
neither, but says all else. ``deaf``: goes on when its stdin ends, and heeds no SIGTERM. ``crash``: says its last words
and exits with 3. ``quit``: exits with 0. ``junk``: sends what nobody understands before it is ready. ``twice``: says
ready twice. ``parent``: has a child of its own, which holds its pipes and whose process id it reports. ``careful``:
acknowledges what it was sent once it has answered.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import socket
import struct
import subprocess
import sys
import threading
from typing import Any


class Socket:
    """A WebSocket, as far as it is needed here."""

    def __init__(self, port: int, path: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        key = base64.b64encode(secrets.token_bytes(16)).decode()
        self.socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.file = self.socket.makefile("rb")
        status = self.file.readline()
        while self.file.readline() not in (b"\r\n", b""):
            pass
        if b" 101 " not in status:
            sys.exit(f"refused: {status.decode().strip()}")

    def send(self, data: str | bytes, kind: int = 1) -> None:
        payload = data.encode() if isinstance(data, str) else data
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x80 | kind, 0x80 | size)
        elif size < 65_536:
            head = struct.pack("!BBH", 0x80 | kind, 0xFE, size)
        else:
            head = struct.pack("!BBQ", 0x80 | kind, 0xFF, size)
        mask = secrets.token_bytes(4)
        self.socket.sendall(head + mask + bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload)))

    def receive(self) -> str | bytes | None:
        """The next message; ``None`` at the end."""
        parts, of = [], 0
        while len(head := self.file.read(2)) == 2:
            kind, size = head[0] & 15, head[1] & 127
            if size == 126:
                (size,) = struct.unpack("!H", self.file.read(2))
            elif size == 127:
                (size,) = struct.unpack("!Q", self.file.read(8))
            payload = self.file.read(size)
            if kind < 3:
                of = kind or of
                parts.append(payload)
                if head[0] & 0x80:
                    whole = b"".join(parts)
                    return whole.decode() if of == 1 else whole
            if kind == 8:
                print("closed with", struct.unpack("!H", payload[:2])[0] if payload else "nothing", flush=True)
                return None
            if kind == 9:
                self.send(payload, 10)
        return None


class Plain:
    """The plain dialect."""

    def __init__(self, port: int, secret: str | None) -> None:
        self.socket = Socket(port, "/")
        if secret is not None:
            self.socket.send(json.dumps({"type": "hello", "token": secret}))

    def ready(self) -> None:
        self.send("ready")

    def send(self, name: str, /, **rest: Any) -> None:
        self.socket.send(json.dumps({"type": name, **rest}))

    def events(self) -> Any:
        while (text := self.socket.receive()) is not None:
            message = json.loads(text)
            yield message["type"], message["data"]


class Framed:
    """The protocol."""

    def __init__(self, port: int, secret: str | None, careful: bool) -> None:
        self.careful = careful
        self.socket = Socket(port, "/auroraview.ws")
        self.document = secrets.token_urlsafe(8)
        self.sent = 0
        hello = {"type": "hello", "protocol": 1, "document": self.document, "token": secret}
        self.socket.send(json.dumps({name: value for name, value in hello.items() if value is not None}))

    def post(self, message: dict[str, Any]) -> None:
        self.sent += 1
        frame = {"v": 1, "doc": self.document, "msgs": [message]}
        self.socket.send(f'{{"seq":{self.sent},' + json.dumps(frame, separators=(",", ":"))[1:])

    def ready(self) -> None:
        self.post({"type": "ready"})

    def send(self, name: str, /, **rest: Any) -> None:
        self.post({"type": "event", "event": name, "detail": rest})

    def events(self) -> Any:
        while (text := self.socket.receive()) is not None:
            if text.startswith('{"type":"ping"'):
                self.socket.send('{"type":"pong"}')
            if text.startswith('{"type":'):
                continue
            frame = json.loads(text)
            if not self.careful:
                self.acknowledge(frame["seq"])
            for message in frame["msgs"]:
                if not message["event"].startswith("__auroraview_"):
                    yield message["event"], message["detail"]
            if self.careful:
                self.acknowledge(frame["seq"])

    def acknowledge(self, number: int) -> None:
        ack = {"v": 1, "doc": self.document, "ack": number, "msgs": []}
        self.socket.send(json.dumps(ack, separators=(",", ":")))


def do(order: dict[str, Any]) -> None:
    for what, value in order.items():
        if what == "exit":
            os._exit(value)
        elif what == "die":
            os.kill(os.getpid(), value)
        elif what == "print":
            print(value, flush=True)
        elif what == "complain":
            print(value, file=sys.stderr, flush=True)


def end_with_stdin() -> None:
    sys.stdin.read()
    os._exit(0)


def main() -> None:
    modes = sys.argv[1:]
    form, _, port = modes.pop().rpartition("=")
    assert (form or modes.pop()) == "--ws-port", sys.argv
    secret = os.environ.get("AURORAVIEW_SECRET")
    if os.environ.get("AURORAVIEW_SECRET_VIA") == "stdin":
        secret = sys.stdin.readline().strip()
    if "deaf" in modes:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        threading.Thread(target=end_with_stdin, daemon=True).start()
    if "crash" in modes:
        print("the last words", file=sys.stderr, flush=True)
        os._exit(3)
    if "quit" in modes:
        os._exit(0)
    if "mute" in modes:
        signal.pause()
    child = None
    if "parent" in modes:
        child = subprocess.Popen(["sleep", "1000"], stdin=subprocess.DEVNULL).pid
    client = Plain(int(port), secret) if "plain" in modes else Framed(int(port), secret, "careful" in modes)
    if "junk" in modes:
        for junk in ("", "junk", "[]", "{}", '{"type": 3}', '{"type": null}', '"ready"', '{"type": "__auroraview_x"}'):
            client.socket.send(junk)
        client.socket.send(b"\0\xff", 2)
    if "unready" not in modes and "late" not in modes:
        client.ready()
    if "twice" in modes:
        client.ready()
    if "unready" not in modes:
        # Those of a test run are not the launcher's.
        names = [
            name
            for name in os.environ
            if not name.startswith(("AURORAVIEW_REQUIRE_", "AURORAVIEW_TEST_", "AURORAVIEW_QT_"))
        ]
        found = {name: os.environ[name] for name in names if "AURORAVIEW" in name or name.endswith("_WS_PORT")}
        client.send(
            "environment",
            pid=os.getpid(),
            child=child,
            cwd=os.getcwd(),
            argv=sys.argv[1:],
            variables=found,
            secret=secret,
        )
    for event, detail in client.events():
        if event == "do":
            do(detail)
        else:
            client.send("heard", name=event, value=detail)
    if "deaf" in modes:
        signal.pause()
    sys.stdin.read()  # The connection is gone; whoever started us says when it is time.


main()
