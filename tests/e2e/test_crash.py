"""The web process dies: the window stays, what waited ends, a reload brings everything back."""

import asyncio
import os
import signal

import pytest

from auroraview import ViewClosed, WebView, current_call
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.processes import web_processes

pytestmark = pytest.mark.each_lane


def kill_web_processes():
    """Kills all web processes of this process; spare ones that the engine keeps are among them."""
    found = web_processes()
    assert found, "no web process"
    for pid in found:
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def crashed():
    """A view whose web process has died, and what its listeners heard."""
    view = WebView(html="<p id=text>the page")
    view.bind_call("add", lambda a, b: a + b)
    heard = Record()
    view.window.on("crashed", heard)
    with opened(view):
        assert ask(view, "auroraview.call('add', [1, 2])") == 3
        kill_web_processes()
        heard.wait()
        yield view, heard


def test_a_crash_is_told_once_and_the_view_stays_open(crashed, caplog):
    view, heard = crashed
    assert heard.seen == [()]
    assert view.is_open
    assert not view.is_ready
    lines = [record.getMessage() for record in caplog.get_records("setup")]
    assert len([line for line in lines if "view.reload() revives it" in line]) == 1


def test_reload_brings_the_page_back_with_its_bindings(crashed):
    view, _ = crashed
    view.reload()
    view.wait_ready(PATIENCE)
    assert ask(view, "document.getElementById('text').innerText") == "the page"
    assert ask(view, "auroraview.call('add', [20, 22])") == 42


def test_another_page_can_be_loaded_after_a_crash(crashed):
    view, _ = crashed
    view.load_html("<p>another")
    assert ask(view, "document.body.innerText") == "another"
    assert ask(view, "auroraview.call('add', {a: 1, b: 1})") == 2


def test_a_view_survives_several_crashes(crashed):
    view, heard = crashed
    for count in (2, 3):
        view.reload()
        assert ask(view, "auroraview.call('add', [1, 1])") == 2
        kill_web_processes()
        heard.wait(count)
    view.reload()
    assert ask(view, "auroraview.call('add', [1, 1])") == 2


def test_a_crashed_view_closes_and_opens_again(crashed):
    view, _ = crashed
    view.close()
    assert view.wait(PATIENCE)
    with opened(view):
        assert ask(view, "auroraview.call('add', [1, 1])") == 2


def test_events_emitted_while_the_page_is_dead_reach_the_next_one(crashed):
    view, _ = crashed
    view.emit("settings", "retained", retain=True)
    view.emit("news", 1)
    view.emit("news", 2)
    got = Record()
    view.on("got", got)
    view.load_html(
        "<script>for (const name of ['settings', 'news'])"
        " auroraview.on(name, detail => auroraview.send_event('got', detail))</script>"
    )
    assert [value for (value,) in got.wait(3)] == ["retained", 1, 2]


def test_scripts_that_wait_end_with_view_closed():
    with opened() as view:
        future = view.eval_js("new Promise(() => {})")
        assert ask(view, "1") == 1
        kill_web_processes()
        with pytest.raises(ViewClosed):
            future.result(PATIENCE)


def test_a_screenshot_asked_right_after_the_reload_waits_for_the_page(crashed):
    view, _ = crashed
    view.reload()
    assert view.screenshot().startswith(b"\x89PNG")


def test_a_handler_learns_that_nobody_waits_for_it():
    view = WebView(html="<p>")
    started, seen = Record(), Record()

    @view.bind_call("slow")
    def slow():
        started()
        wait_for(lambda: current_call().cancelled, "the cancellation")
        seen("cancelled")

    with opened(view):
        future = view.eval_js("auroraview.call('slow')")
        started.wait()
        kill_web_processes()
        assert seen.wait() == [("cancelled",)]
        with pytest.raises(ViewClosed):
            future.result(PATIENCE)


def test_a_coroutine_is_cancelled():
    view = WebView(html="<p>")
    started, seen = Record(), Record()

    @view.bind_call("slow")
    async def slow():
        started()
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            seen("cancelled")
            raise

    with opened(view):
        view.eval_js("auroraview.call('slow').catch(() => {}); null")
        started.wait()
        kill_web_processes()
        assert seen.wait() == [("cancelled",)]
