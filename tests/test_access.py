"""Tokens, requests, and what is checked before a server starts."""

import pytest

from auroraview import Bridge, Request, ServerOptions, UsageError, asgi, serve
from auroraview._access import checked_hosts, checked_origins, identity_of, is_loopback


def request_of(*headers):
    return Request.of({"address": "127.0.0.1:5", "path": "/auroraview.ws", "query": "a=1", "headers": list(headers)})


def test_a_request_tells_what_was_asked():
    request = request_of(("Host", "localhost:1"), ("X-User", "ann"), ("x-user", "bob"))
    assert (request.path, request.query, request.address) == ("/auroraview.ws", "a=1", "127.0.0.1:5")
    assert request.headers == {"host": "localhost:1", "x-user": "ann, bob"}
    assert request.cookies == {}


def test_cookies_are_read_and_bad_ones_are_left_out():
    request = request_of(("Cookie", 'session=abc; quoted="x y"; bad name=1; =2; empty='), ("cookie", "more=1"))
    assert request.cookies == {"session": "abc", "quoted": "x y", "empty": "", "more": "1"}


def test_a_request_does_not_show_its_secrets():
    assert "abc" not in repr(request_of(("cookie", "session=abc"), ("authorization", "Bearer abc")))


#: Every way to begin to serve refuses the same things in the same words.
BEGINNINGS = {"serve": serve, "asgi": asgi}


@pytest.fixture(params=BEGINNINGS.values(), ids=BEGINNINGS)
def begin(request):
    return request.param


@pytest.mark.parametrize("token", ["", "short", "x" * 15, "x" * 15 + "#", "x" * 15 + "é", 1234567890123456, b"x" * 16])
def test_a_token_is_long_and_fits_into_a_link(begin, token):
    with pytest.raises(UsageError, match="at least 16 characters") as caught:
        begin(Bridge(), token=token)
    assert repr(token) not in str(caught.value)


def test_a_token_and_a_login_exclude_each_other(begin):
    with pytest.raises(UsageError, match="not both"):
        begin(Bridge(), token="x" * 16, authenticate=lambda request: None)


@pytest.mark.parametrize("authenticate", ["ann", 3, True])
def test_a_login_is_a_function(begin, authenticate):
    with pytest.raises(UsageError, match="function of a request"):
        begin(Bridge(), authenticate=authenticate)


@pytest.mark.parametrize("answer", ["ann", 3, 0, "", True, {"name": "ann"}], ids=repr)
def test_a_login_says_who_asks(answer):
    assert identity_of(answer) is answer


@pytest.mark.parametrize("answer", [None, False])
def test_a_login_that_says_no_names_nobody(answer):
    assert identity_of(answer) is None


def test_a_login_that_was_not_awaited_names_nobody():
    async def login():
        return None

    with pytest.raises(UsageError, match="at once"):
        identity_of(login())


@pytest.mark.parametrize("bridge", [None, "bridge", 3])
def test_what_is_served_is_a_bridge(begin, bridge):
    with pytest.raises(UsageError, match="is a Bridge"):
        begin(bridge)


@pytest.mark.parametrize("options", [{}, 3, ServerOptions])
def test_options_are_server_options(begin, options):
    with pytest.raises(UsageError, match="ServerOptions"):
        begin(Bridge(), options=options)


@pytest.mark.parametrize("csp", ["", " ", "a\nb", "a\rb", "é", 3, True])
def test_a_policy_is_one_line_of_text_or_none(begin, csp):
    with pytest.raises(UsageError, match="csp"):
        begin(Bridge(), csp=csp)


def test_a_directory_must_be_one(begin, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        begin(Bridge(), path=tmp_path / "nowhere")
    (tmp_path / "file.html").write_text("x")
    with pytest.raises(UsageError, match=r"directory with an index\.html"):
        begin(Bridge(), path=tmp_path / "file.html")


@pytest.mark.parametrize("host", ["", "http://a.example", "a.example/", "a b", "*", "a.example:port", 3, None])
def test_a_host_is_a_name_with_or_without_port(begin, host):
    with pytest.raises(UsageError, match="a host is a name"):
        begin(Bridge(), allow_hosts=[host])


@pytest.mark.parametrize("origin", ["", "a.example", "http://a.example/path", "http://*", "*", 3, None, "data:x"])
def test_an_origin_is_scheme_host_and_port(begin, origin):
    with pytest.raises(UsageError, match="an origin is"):
        begin(Bridge(), allow_origins=[origin])


@pytest.mark.parametrize("name", ["allow_hosts", "allow_origins"])
def test_a_text_is_no_list(begin, name):
    with pytest.raises(UsageError, match=rf"{name}=\['http://a\.example'\]"):
        begin(Bridge(), **{name: "http://a.example"})


def test_hosts_and_origins_are_kept_as_browsers_write_them():
    assert checked_hosts(["Panel.Example", "[::1]:80", "a.example:8000"]) == [
        "panel.example",
        "[::1]:80",
        "a.example:8000",
    ]
    origins = [
        "HTTPS://A.Example",
        "http://a.example/",
        "null",
        "file://",
        "chrome-extension://abc",
        "http://a.example:8000",
    ]
    assert checked_origins(origins) == [
        "https://a.example",
        "http://a.example",
        "null",
        "file://",
        "chrome-extension://abc",
        "http://a.example:8000",
    ]


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", True),
        ("127.3.2.1", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.168.1.2", False),
        ("localhost.example", False),
    ],
)
def test_what_only_this_machine_reaches(host, expected):
    assert is_loopback(host) is expected
