"""A port on a user's machine: who is let in, who is not, and what a stranger can see. Real requests, byte by byte."""

from __future__ import annotations

import logging
import os

import pytest

from auroraview import Bridge
from tests.e2e.raw_http import (
    SOCKET_PATH,
    exchange,
    get,
    request_bytes,
    upgrade,
    upgrade_status,
)
from tests.e2e.served import served, token_of

SECRET = "the secret beside the folder"


@pytest.fixture(scope="module")
def bridge():
    bridge = Bridge()
    bridge.bind_call("echo", lambda value: value)
    return bridge


@pytest.fixture(scope="module")
def server(bridge):
    with served(bridge, files={"sub/page.html": "<p>sub"}) as server:
        yield server


def own_host(server):
    return ("Host", f"127.0.0.1:{server.port}")


# Host and Origin

HOSTS = [
    ("127.0.0.1:{port}", 200),
    ("localhost:{port}", 200),
    ("[::1]:{port}", 200),
    ("evil.example", 403),
    ("evil.example:{port}", 403),
    ("127.0.0.1", 403),
    ("127.0.0.1:1", 403),
    ("127.0.0.1:{port}.evil.example", 403),
    ("localhost.evil.example:{port}", 403),
    ("127.0.0.1.evil.example:{port}", 403),
    ("user@127.0.0.1:{port}", 403),
    ("127.0.0.1:{port}@evil.example", 403),
    ("0.0.0.0:{port}", 403),
    ("", 403),
]


@pytest.mark.parametrize(("host", "status"), HOSTS)
@pytest.mark.parametrize("path", ["/", "/auroraview.js", "/nothing"])
def test_only_the_own_hosts_are_served(server, host, status, path):
    answer = exchange(
        server.port, request_bytes("GET", path, {"Host": host.format(port=server.port), "Connection": "close"})
    )
    expected = 404 if status == 200 and path == "/nothing" else status
    # What is no host at all may also be a bad request.
    assert answer.status == expected or (status == 403 and answer.status == 400)
    assert (b"A served page" in answer.body) == (status == 200 and path == "/")


@pytest.mark.parametrize(("host", "status"), HOSTS)
def test_only_the_own_hosts_get_a_socket(server, host, status):
    found = upgrade_status(server.port, [("Host", host.format(port=server.port))])
    assert found == 101 if status == 200 else found in (400, 403)


def test_a_request_without_a_host_or_with_two_is_refused(server):
    evil = ("Host", "evil.example")
    for headers in ([], [own_host(server), evil], [evil, own_host(server)]):
        assert upgrade_status(server.port, headers) in (400, 403)
        data = request_bytes("GET", "/", [*headers, ("Connection", "close")])
        assert exchange(server.port, data).status in (400, 403)
    assert exchange(server.port, request_bytes("GET", "/", [], "1.0")).status in (400, 403)


def test_the_address_in_the_request_line_is_no_way_around_the_host(server):
    for target in ("http://evil.example/", f"http://evil.example:{server.port}/index.html"):
        answer = exchange(server.port, request_bytes("GET", target, [own_host(server), ("Connection", "close")]))
        assert b"A served page" not in answer.body or answer.status == 200
        headers = [("Host", "evil.example"), ("Connection", "close")]
        own = f"http://127.0.0.1:{server.port}/"
        assert exchange(server.port, request_bytes("GET", own, headers)).status in (400, 403)


ORIGINS = [
    (None, 101),
    ("http://127.0.0.1:{port}", 101),
    ("http://localhost:{port}", 101),
    ("http://[::1]:{port}", 101),
    ("http://evil.example", 403),
    ("http://evil.example:{port}", 403),
    ("https://evil.example:{port}", 403),
    ("http://127.0.0.1", 403),
    ("http://127.0.0.1:1", 403),
    ("http://127.0.0.1:{port}.evil.example", 403),
    ("http://127.0.0.1:{port}@evil.example", 403),
    ("null", 403),
    ("file://", 403),
    ("chrome-extension://abcdefghijklmnop", 403),
    ("", 403),
]


@pytest.mark.parametrize(("origin", "status"), ORIGINS)
def test_a_foreign_page_gets_no_socket(server, origin, status):
    headers = [own_host(server)]
    if origin is not None:
        headers.append(("Origin", origin.format(port=server.port)))
    assert upgrade_status(server.port, headers) == status


def test_two_origins_are_one_too_many(server):
    own = ("Origin", f"http://127.0.0.1:{server.port}")
    for headers in ([own, ("Origin", "http://evil.example")], [("Origin", "http://evil.example"), own]):
        assert upgrade_status(server.port, [own_host(server), *headers]) in (400, 403)


def test_hosts_and_origins_that_are_named_are_let_in(bridge):
    with served(bridge, allow_hosts=("studio.example",), allow_origins=("https://studio.example",)) as server:
        headers = [("Host", "studio.example"), ("Origin", "https://studio.example")]
        assert upgrade_status(server.port, headers) == 101
        assert upgrade_status(server.port, [headers[0], ("Origin", "https://other.example")]) == 403
        assert upgrade_status(server.port, [("Host", "other.example"), headers[1]]) == 403
        assert upgrade_status(server.port, [own_host(server)]) == 101


# What a stranger can see

TRAVERSALS = [
    "/../secret.txt",
    "/../../secret.txt",
    "/sub/../../secret.txt",
    "/%2e%2e/secret.txt",
    "/%2e%2e%2fsecret.txt",
    "/..%2fsecret.txt",
    "/..%5csecret.txt",
    "/..\\secret.txt",
    "/%252e%252e/secret.txt",
    "/.%2e/secret.txt",
    "/....//secret.txt",
    "//../secret.txt",
    "/./../secret.txt",
    "/sub/%2e%2e/%2e%2e/secret.txt",
    "/link.txt",
    "/folder/secret.txt",
    "/secret.txt%00.html",
    "/../secret.txt%00",
    "{secret}",
    "/{secret}",
    "/%2f{secret}",
    "http://127.0.0.1:{port}/../secret.txt",
]


@pytest.fixture(scope="module")
def guarded(bridge, tmp_path_factory):
    """A served folder with a secret beside it and links that lead there."""
    outside = tmp_path_factory.mktemp("outside")
    folder = outside / "site"
    (folder / "sub").mkdir(parents=True)
    (folder / "index.html").write_text("fine")
    secret = outside / "secret.txt"
    secret.write_text(SECRET)
    os.symlink(secret, folder / "link.txt")
    os.symlink(outside, folder / "folder")
    with served(bridge, folder=folder) as server:
        yield server, secret


@pytest.mark.parametrize("path", TRAVERSALS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_nothing_outside_the_folder_is_served(guarded, path, method):
    server, secret = guarded
    target = path.format(port=server.port, secret=secret)
    answer = exchange(server.port, request_bytes(method, target, [own_host(server), ("Connection", "close")]))
    assert answer.status in (400, 403, 404), answer
    assert SECRET.encode() not in answer.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"])
def test_other_methods_than_reading_are_refused(server, method):
    answer = get(server.port, "/", method)
    assert answer.status in (400, 403, 404, 405, 501)
    assert answer.header("access-control-allow-origin") is None
    assert token_of(server).encode() not in answer.body


@pytest.mark.parametrize("path", ["/", "/auroraview.js", "/nothing", "/sub/page.html"])
def test_answers_have_the_usual_headers_and_no_cookie(server, path):
    answer = get(server.port, path)
    assert answer.header("x-content-type-options") == "nosniff"
    assert answer.header("referrer-policy") == "no-referrer"
    assert answer.header("set-cookie") is None
    assert answer.header("access-control-allow-origin") is None
    if path != "/auroraview.js":
        policy = answer.header("content-security-policy") or ""
        for part in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert part in policy


def test_no_answer_and_no_line_of_the_log_tells_the_token(bridge, caplog):
    caplog.set_level(logging.DEBUG)
    with served(bridge) as server:
        token = token_of(server)
        assert token not in server.url
        for path in ("/", "/auroraview.js", "/nothing", SOCKET_PATH, "/?x=1", f"/?token={token}"):
            answer = get(server.port, path)
            said = str(answer.headers).encode() + answer.body
            assert token.encode() not in said, path
        connection, _ = upgrade(server.port, [own_host(server)])
        connection.close()
    assert token not in caplog.text


def test_a_token_in_the_query_is_refused_even_when_it_is_good(server):
    for query in (f"?token={token_of(server)}", "?a=1&token=x", "?token"):
        assert upgrade_status(server.port, [own_host(server)], SOCKET_PATH + query) == 400
