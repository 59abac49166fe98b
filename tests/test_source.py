"""What a view shows."""

from pathlib import Path

import pytest

from auroraview import UsageError, WebView, _source


def test_nothing_given_shows_what_to_pass():
    kind, text, _ = _source.choose(None, None, None)
    assert kind == "html"
    assert "path=" in text


def test_an_empty_text_is_a_text():
    assert _source.choose(None, "", None) == ("html", "", "")


def test_more_than_one_source_is_refused():
    with pytest.raises(UsageError, match="not url and html"):
        _source.choose("https://example.com", "<p>", None)
    with pytest.raises(UsageError, match="not url and html and path"):
        WebView(url="https://example.com", html="<p>", path=".")


@pytest.mark.parametrize("url", ["https://example.com", "http://127.0.0.1:8000/a?b#c"])
def test_an_address_is_taken_as_it_is(url):
    assert _source.of_url(url) == ("url", url, "")


@pytest.mark.parametrize("url", ["example.com", "file:///etc", "javascript:1", "http://", "", "/tmp"])
def test_other_addresses_are_refused_with_the_remedy(url):
    with pytest.raises(UsageError, match="path="):
        _source.of_url(url)


def test_html_is_a_str():
    with pytest.raises(UsageError, match="bytes"):
        _source.of_html(b"<p>")


def test_a_directory_and_a_file_are_served_from_their_directory(tmp_path, monkeypatch):
    (tmp_path / "a.html").write_text("<p>")
    assert _source.of_path(tmp_path) == ("directory", str(tmp_path), "")
    assert _source.of_path(str(tmp_path / "a.html")) == ("directory", str(tmp_path), "a.html")
    monkeypatch.chdir(tmp_path)
    assert _source.of_path("a.html") == ("directory", str(tmp_path), "a.html")


def test_a_path_that_does_not_exist_is_told_at_construction():
    with pytest.raises(FileNotFoundError, match="nowhere"):
        WebView(path=Path("nowhere/at/all"))


def test_text_that_is_no_unicode_is_refused_before_anything_changes(tmp_path):
    (tmp_path / "\udcff.html").touch()
    for make, what in [
        (lambda: _source.of_html("a\ud800"), "html must be Unicode"),
        (lambda: _source.of_url("http://a/\ud800"), "url must be Unicode"),
        (lambda: _source.of_path(tmp_path / "\udcff.html"), "the path of a page must be Unicode"),
    ]:
        with pytest.raises(UsageError, match=what):
            make()
