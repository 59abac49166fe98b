"""The clipboard's text, between views, processes and the page."""

import pytest

from auroraview import HostError, UsageError, ViewClosed, WebView
from tests.e2e.helpers import PATIENCE, ask, opened, wait_for
from tests.e2e.user import presses


def read(view):
    return view.window.read_clipboard().result(PATIENCE)


def write(view, text):
    return view.window.write_clipboard(text).result(PATIENCE)


@pytest.mark.parametrize("text", ["größe ✓ 🎈", "", "two\nlines\t", "x" * 1_000_000])
def test_what_is_written_is_read(isolation, text):
    with opened(isolation=isolation) as view:
        assert write(view, text) is None
        assert read(view) == text


def test_another_process_reads_it():
    with opened(title="Writer") as writer, opened(title="Reader", isolation="process") as reader:
        write(writer, "from one process to another")
        assert read(reader) == "from one process to another"


def test_the_page_pastes_it():
    with opened(title="Paste", html="<textarea autofocus></textarea>") as view:
        write(view, "pasted ü")
        view.window.focus()
        ask(view, "document.querySelector('textarea').focus()")
        presses("Paste", "ctrl+v")
        wait_for(lambda: ask(view, "document.querySelector('textarea').value") == "pasted ü", "the pasted text")


def test_what_is_no_text_is_refused():
    with opened() as view:
        with pytest.raises(UsageError, match="str"):
            view.window.write_clipboard(b"bytes")
        with pytest.raises(HostError, match="NUL"):
            write(view, "a\0b")


def test_without_a_window_there_is_no_clipboard():
    view = WebView()
    with pytest.raises(ViewClosed):
        read(view)
    with pytest.raises(ViewClosed):
        write(view, "x")
