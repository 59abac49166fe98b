"""HTTP as bytes on a socket, so that nothing on the way makes a bad request a good one."""

from __future__ import annotations

import contextlib
import socket
from dataclasses import dataclass

from tests.e2e.helpers import PATIENCE

#: A WebSocket handshake's own headers; the key is the one of RFC 6455, section 1.3.
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
SOCKET_PATH = "/auroraview.ws"


@dataclass
class Answer:
    """What a server said."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """A header's value."""
        return next((value for key, value in self.headers if key == name), None)


def connected(port: int, seconds: float = PATIENCE) -> socket.socket:
    """A connection."""
    return socket.create_connection(("127.0.0.1", port), timeout=seconds)


def until_closed(connection: socket.socket) -> bytes:
    """All that arrives until the other end closes."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := connection.recv(65_536):
            received += chunk
    return received


def request_bytes(
    method: str, path: str, headers: dict[str, str] | list[tuple[str, str]], version: str = "1.1"
) -> bytes:
    """A request, with exactly these headers."""
    pairs = headers.items() if isinstance(headers, dict) else headers
    lines = [f"{method} {path} HTTP/{version}", *(f"{name}: {value}" for name, value in pairs), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def parsed(data: bytes) -> Answer:
    """A response."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Answer(int(first.split()[1]), [(name.lower(), value.strip()) for name, _, value in pairs], body)


def exchange(port: int, data: bytes) -> Answer:
    """Sends bytes, and reads until the server closes."""
    with connected(port) as connection:
        connection.sendall(data)
        received = until_closed(connection)
    assert received, "no answer"
    return parsed(received)


def get(port: int, path: str = "/", method: str = "GET", **headers: str) -> Answer:
    """An ordinary request, with the right host; header names are written with underscores."""
    named = {"Host": f"127.0.0.1:{port}", "Connection": "close"}
    named.update({name.replace("_", "-"): value for name, value in headers.items()})
    return exchange(port, request_bytes(method, path, named))


def upgrade(port: int, headers: list[tuple[str, str]], path: str = SOCKET_PATH) -> tuple[socket.socket, Answer]:
    """Asks for a WebSocket with these headers besides the handshake's own; the connection and the answer's head."""
    connection = connected(port)
    connection.sendall(request_bytes("GET", path, [*UPGRADE.items(), *headers]))
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(1)
        if not chunk:
            break
        received += chunk
    assert received, "no answer"
    return connection, parsed(received)


def upgrade_status(port: int, headers: list[tuple[str, str]], path: str = SOCKET_PATH) -> int:
    """The status of a WebSocket handshake."""
    connection, answer = upgrade(port, headers, path)
    connection.close()
    return answer.status


def ws_frame(payload: bytes, opcode: int = 1, *, final: bool = True, masked: bool = True) -> bytes:
    """A WebSocket frame as a client sends it, masked with zeros."""
    first = (0x80 if final else 0) | opcode
    mask = 0x80 if masked else 0
    if len(payload) < 126:
        head = bytes([first, mask | len(payload)])
    elif len(payload) < 65_536:
        head = bytes([first, mask | 126]) + len(payload).to_bytes(2, "big")
    else:
        head = bytes([first, mask | 127]) + len(payload).to_bytes(8, "big")
    return head + (b"\0\0\0\0" if masked else b"") + payload


def close_code(data: bytes) -> int | None:
    """The code of the close frame in what a server sent; ``None`` when there is none."""
    at = 0
    while at + 2 <= len(data):
        opcode, length = data[at] & 0x0F, data[at + 1] & 0x7F
        at += 2
        if length >= 126:
            width = 2 if length == 126 else 8
            length = int.from_bytes(data[at : at + width], "big")
            at += width
        if opcode == 8:
            return int.from_bytes(data[at : at + 2], "big") if length >= 2 else None
        at += length
    return None
