"""Openings, closings and loads that cross each other, or come to nothing."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest

from auroraview import RemoteError, ViewClosed, WebView
from tests.e2e.helpers import PATIENCE, ask, opened
from tests.e2e.servers import silent_server

pytestmark = [pytest.mark.each_lane, pytest.mark.timeout(90)]


def test_show_right_after_close_opens_a_new_window():
    with opened(html="<p>again") as view:
        first = view.peer.generation
        view.close()
        view.show(wait=False)
        view.wait_ready(PATIENCE)
        assert view.is_open
        assert view.peer.generation > first
        assert ask(view, "document.body.innerText") == "again"


def test_waiting_for_a_page_that_never_comes_ends_with_its_window():
    with silent_server() as address:
        view = WebView(url=address)
        view.show(wait=False)
        closing = threading.Timer(0.2, view.close)
        closing.start()
        with pytest.raises(ViewClosed):
            view.wait_ready(PATIENCE)
        closing.join()


def test_a_cancelled_show_async_leaves_no_window():
    view = WebView(html="<p>gone")

    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(view.show_async(), 0.01)

    asyncio.run(main())
    assert view.wait(PATIENCE)


def test_a_load_without_a_document_keeps_the_page_and_its_bridge(server):
    with opened(html="<p>stays") as view:
        view.bind_call("ping", lambda: "pong")
        view.load_url(server.page("/nothing", "", status=204))
        assert view.eval_js("auroraview.call('ping')").result(PATIENCE) == "pong"
        assert ask(view, "document.body.innerText") == "stays"
        assert view.stats["refused"] == {}


def test_a_script_for_a_page_that_cannot_be_loaded_has_an_end():
    view = WebView(url="http://127.0.0.1:1/")
    try:
        future = view.eval_js("1")
        view.show(wait=False)
        with contextlib.suppress(ViewClosed, RemoteError):
            assert future.result(PATIENCE) == 1  # asked of the engine's error page
    finally:
        view.close()
        assert view.wait(PATIENCE)
