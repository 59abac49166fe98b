"""A window as the application around it needs it: its id, the window it stays above, what it takes; in this process
and in one of its own."""

from __future__ import annotations

import pytest

from auroraview import HostError, ViewClosed, WebView, WindowOptions
from tests.e2e import desktop
from tests.e2e.helpers import PAGE, PATIENCE, Record, ask, opened, wait_for
from tests.e2e.shells import crash, crashes_of, isolated


def test_the_id_is_that_of_the_window(webview, isolation):
    view = WebView("Named by its id", html=PAGE, isolation=isolation)
    heard = Record()
    view.window.on("opened", heard)
    assert view.window.native_id is None
    with opened(view):
        assert desktop.title_of(view.window.native_id) == "Named by its id"
        assert heard.wait() == [()]
    wait_for(lambda: not view.is_open, "the end of the window")
    assert view.window.native_id is None
    with opened(view):
        assert desktop.title_of(view.window.native_id) == "Named by its id"
        heard.wait(2)


def test_a_window_stays_above_the_one_that_it_is_told(webview, isolation):
    below = webview(html=PAGE)
    options = WindowOptions(transient_for=below.window.native_id)
    view = webview(html=PAGE, isolation=isolation, window=options)
    assert desktop.transient_for(view.window.native_id) == below.window.native_id
    view.window.transient_for = None
    wait_for(lambda: desktop.transient_for(view.window.native_id) is None, "the window on its own")
    view.window.transient_for = below.window.native_id
    wait_for(lambda: desktop.transient_for(view.window.native_id) == below.window.native_id, "above it again")


def test_a_page_is_zoomed_from_its_first_document_on(isolation):
    view = WebView(html=PAGE, isolation=isolation, width=600)
    view.window.zoom = 2
    with opened(view):
        wait_for(lambda: ask(view, "innerWidth") == 300, "the zoom")
        view.load_html("<p>another")
        wait_for(lambda: ask(view, "innerWidth") == 300, "the zoom of the next document")
        view.window.zoom = 0.5
        wait_for(lambda: ask(view, "innerWidth") == 1200, "another zoom")


def test_what_was_painted_last_can_be_had(webview, isolation):
    view = webview(html=PAGE, isolation=isolation)
    assert view._painted().startswith(b"\x89PNG")
    view.close()
    view.wait(PATIENCE)
    with pytest.raises((ViewClosed, HostError)):
        view._painted()


@pytest.mark.timeout(120)
def test_a_window_that_comes_back_is_the_one_of_before_with_another_id(webview):
    below = webview(html=PAGE)
    view = isolated(width=600, window=WindowOptions(transient_for=below.window.native_id))
    view.window.zoom = 2
    crashes, told = crashes_of(view), Record()
    view.window.on("opened", lambda: told(view.window.native_id))
    with opened(view):
        wait_for(lambda: ask(view, "innerWidth") == 300, "the zoom")
        first = view.window.native_id
        crash(view, crashes)
        second = view.window.native_id
        assert told.wait(2) == [(first,), (second,)]
        assert desktop.transient_for(second) == below.window.native_id
        wait_for(lambda: ask(view, "innerWidth") == 300, "the zoom of the new window")
        assert view._painted().startswith(b"\x89PNG")


def test_an_embedded_window_is_not_one_of_the_window_manager(webview, isolation):
    view = webview(html=PAGE, isolation=isolation, window=WindowOptions(embedded=True, visible=False))
    assert view.window.native_id
    assert desktop.transient_for(view.window.native_id) is None
    view.window.position = (50, 60)
    view.window.fullscreen = True
    view.window.maximize()
    assert ask(view, "1 + 1") == 2
    assert view.window.native_id not in desktop.managed()
