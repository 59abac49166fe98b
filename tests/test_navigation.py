"""Origins, as a browser writes them."""

import pytest

from auroraview import UsageError, WebView
from auroraview.navigation import origin_of


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://example.com/a/b?c#d", "https://example.com"),
        ("HTTPS://User:Secret@Example.COM:443/", "https://example.com"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("http://[::1]:80/", "http://[::1]"),
        ("http://example.com:8080", "http://example.com:8080"),
        ("auroraview://view/index.html", "auroraview://view"),
        ("about:blank", "null"),
        ("file:///etc/passwd", "null"),
        ("data:text/html,x", "null"),
        ("javascript:alert(1)", "null"),
        ("", "null"),
    ],
)
def test_the_origin_of_an_address(url, origin):
    assert origin_of(url) == origin


@pytest.mark.parametrize(
    "origin", ["example.com", "https://example.com/path", "*", "https://*.example.com/", "null", ""]
)
def test_an_allowed_origin_is_an_origin_and_nothing_more(origin):
    with pytest.raises(UsageError, match="an origin is"):
        WebView(allow_origins=[origin])


def test_an_allowed_origin_may_end_with_a_slash():
    assert WebView(allow_origins=["https://example.com/"])._allow_origins == ["https://example.com"]
