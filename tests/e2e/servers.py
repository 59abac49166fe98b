"""Loopback servers: one that answers what a test tells it to, one that never answers, and uvicorn."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import uvicorn

from tests.e2e.helpers import PATIENCE, wait_for


class Server:
    """Pages by path. ``/report?name=value`` is how a page without a bridge says what it found."""

    def __init__(self) -> None:
        #: Status, headers, body.
        self.pages: dict[str, tuple[int, dict[str, str], str]] = {}
        self.requests: list[str] = []
        self.reports: list[dict[str, str]] = []
        self._gates: dict[str, threading.Event] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                site.requests.append(parts.path)
                if parts.path == "/report":
                    values = parse_qs(parts.query, keep_blank_values=True)
                    site.reports.append({name: found[0] for name, found in values.items()})
                gate = site._gates.get(parts.path)
                if gate is not None:
                    gate.wait(PATIENCE)
                status, headers, body = site.pages.get(parts.path, (404, {}, "nothing here"))
                if parts.path == "/report":
                    status, body = 200, ""
                text = body.encode()
                self.send_response(status)
                headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store", **headers}
                headers["Access-Control-Allow-Origin"] = "*"
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(text)

            def log_message(self, *_: Any) -> None:
                """Tests look at ``requests`` instead."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.origin = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def page(self, path: str, body: str, status: int = 200, **headers: str) -> str:
        """Serves a page; returns its address. Header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = (status, named, body)
        return self.origin + path

    def redirect(self, path: str, target: str) -> str:
        """Redirects a path; returns its address."""
        return self.page(path, "", 302, Location=target)

    def hold(self, path: str, body: str = "", **headers: str) -> threading.Event:
        """Serves a page, but not before the event that is returned is set."""
        gate = self._gates[path] = threading.Event()
        self.page(path, body, **headers)
        return gate

    def wait_report(self, **wanted: str) -> dict[str, str]:
        """Waits until a page has reported these values (among others)."""

        def find() -> dict[str, str] | None:
            for report in list(self.reports):
                if wanted.items() <= report.items():
                    return report
            return None

        report: dict[str, str] = wait_for(find, f"a report with {wanted}", PATIENCE)
        return report

    def close(self) -> None:
        """Stops listening."""
        self._server.shutdown()
        self._server.server_close()


@contextlib.contextmanager
def silent_server() -> Iterator[str]:
    """An address that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listening:
        accepted: list[socket.socket] = []

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    accepted.append(listening.accept()[0])

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        finally:
            # Closing alone does not wake a thread in accept.
            with contextlib.suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            thread.join(PATIENCE)
            for connection in accepted:
                connection.close()


@contextlib.contextmanager
def under_uvicorn(app: Any, **options: Any) -> Iterator[str]:
    """The application under uvicorn on a thread of its own; its address."""
    config = uvicorn.Config(app, host="127.0.0.1", port=0, log_level="warning", **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="uvicorn")
    thread.start()
    try:
        wait_for(lambda: server.started or not thread.is_alive(), "the start of uvicorn")
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        assert not thread.is_alive(), "uvicorn did not end"
