"""Documents and processes come and go: each is on the lane, and what is under way ends as on the ordinary one."""

from __future__ import annotations

import os
import signal

import pytest

from auroraview import RemoteError, ViewClosed, WebView
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.lane_ends import lanes_open, segments
from tests.e2e.lanes import check
from tests.e2e.pages import RECORDING_PAGE, outcome, run, run_async
from tests.e2e.processes import open_files, web_processes
from tests.e2e.shells import crash, crashes_of, isolated, kill_web_process
from tests.e2e.test_documents import LEAVING, check_that_it_works, next_document

pytestmark = [pytest.mark.each_lane, pytest.mark.timeout(120)]

#: Sends numbers and data without a pause, and counts what comes. What it said last is known to the program.
STREAMING_PAGE = (
    """<!doctype html><meta charset=utf-8><script>
var restored = false, came = [], sent = 0;
addEventListener('pageshow', (event) => { restored ||= event.persisted });
auroraview.on('stream', ({n, data}) => came.push(n));
const me = Math.random();
const send = () => {
  for (let n = 0; n < 5; n++) {
    const at = sent++;
    auroraview.send_event('streamed', {me, at, data: at % 7 ? null : new Uint8Array(at * 7 % 20_000)});
    auroraview.call('echo', [at]).catch(() => {});
  }
};
var streaming = setInterval(send, 2);
</script>"""
    + RECORDING_PAGE
)


class Streamed:
    """What the pages of a view send, by document."""

    def __init__(self, view):
        self.pages = {}
        view.bind_call("echo", lambda value: value)
        view.on("streamed", self._note)

    def _note(self, detail):
        numbers = self.pages.setdefault(detail["me"], [])
        numbers.append(detail["at"])
        assert len(detail["data"]) == detail["at"] * 7 % 20_000 if detail["at"] % 7 == 0 else detail["data"] is None

    def check(self, at_least):
        """Each document's events came in order, from the first one on, without a gap."""
        assert len(self.pages) >= at_least
        for numbers in self.pages.values():
            assert numbers == list(range(len(numbers)))


def check_that_it_goes_on(view):
    """The page that streams now does what any page does."""
    ask(view, "clearInterval(streaming); null")
    check_that_it_works(view)


@pytest.mark.parametrize("how", LEAVING)
def test_streams_both_ways_end_with_their_document_and_the_next_one_has_the_lane(webview, server, how):
    server.page("/other", STREAMING_PAGE)
    view = WebView(url=server.page("/", STREAMING_PAGE))
    streamed = Streamed(view)
    webview(view)
    for turn in range(5):
        wait_for(lambda turn=turn: len(streamed.pages) > turn, "the stream of this document")
        for n in range(100):
            view.emit("stream", {"n": n, "data": bytes(n * 1_000)})
        if how.startswith("another"):
            next_document(view, lambda: view.load_html(STREAMING_PAGE))
        else:
            next_document(view, lambda: LEAVING[how](view))
        check(view)
    check_that_it_goes_on(view)
    streamed.check(5)


def test_the_back_forward_cache_brings_pages_back_to_the_lane(webview, server):
    first = server.page("/", STREAMING_PAGE, Cache_Control="max-age=60")
    server.page("/other", STREAMING_PAGE, Cache_Control="max-age=60")
    view = WebView(url=first)
    streamed = Streamed(view)
    webview(view)
    next_document(view, lambda: ask(view, "setTimeout(() => { location.href = '/other' }, 0); 0"))
    for turn in range(4):
        where = "back" if turn % 2 == 0 else "forward"
        next_document(view, lambda where=where: ask(view, f"setTimeout(() => history.{where}(), 0); 0"))
        assert ask(view, "restored") is True, "it did not come out of the cache"
        check(view)
        check_that_it_goes_on(view)
    assert len(streamed.pages) == 2


def test_a_load_that_crosses_another_and_traffic_leaves_one_page_that_works(webview):
    view = WebView(html=STREAMING_PAGE)
    Streamed(view)
    webview(view)
    for n in range(30):
        view.emit("stream", {"n": n, "data": bytes(200_000)})
        (view.reload, lambda: view.load_html(STREAMING_PAGE))[n % 2]()
    view.wait_ready(PATIENCE)
    wait_for(lambda: ask(view, "sent > 100"), "the last page")
    check_that_it_goes_on(view)
    check(view)


def test_a_crash_in_the_middle_of_streams_and_the_reload_after_it(webview):
    view, heard = WebView(html=STREAMING_PAGE), Record()
    streamed = Streamed(view)
    view.window.on("crashed", heard)
    webview(view)
    for turn in range(3):
        wait_for(lambda turn=turn: len(streamed.pages) > turn, "the stream of this page")
        waiting = view.eval_js("new Promise((resolve) => { window.kept = resolve })")
        for n in range(50):
            view.emit("stream", {"n": n, "data": bytes(1_500_000)})
        for pid in web_processes():
            os.kill(pid, signal.SIGKILL)
        heard.wait(turn + 1)
        with pytest.raises(ViewClosed):
            waiting.result(PATIENCE)
        next_document(view, view.reload)
        check(view)
    check_that_it_goes_on(view)
    streamed.check(3)
    wait_for(lambda: lanes_open() <= 1, "the end of the former lanes")


def test_an_isolated_window_that_crashes_in_the_middle_of_streams_comes_back_on_its_lane():
    view = isolated(STREAMING_PAGE)
    heard, streamed = crashes_of(view), Streamed(view)
    with opened(view):
        wait_for(lambda: streamed.pages, "the stream")
        for n in range(50):
            view.emit("stream", {"n": n, "data": bytes(1_500_000)})
        crash(view, heard)
        check(view)
        generation = view.peer.generation
        kill_web_process()
        wait_for(lambda: view.peer.generation > generation and view.is_ready, "the page of the new web process")
        check(view)
        check_that_it_goes_on(view)
    streamed.check(2)


def test_closing_in_the_middle_of_streams_gives_everything_back(webview):
    view = WebView(html=STREAMING_PAGE)
    streamed = Streamed(view)
    webview(view)
    view.close()
    assert view.wait(PATIENCE)
    files = open_files()
    for _ in range(5):
        streamed.pages.clear()
        webview(view)
        check(view)
        wait_for(lambda: streamed.pages, "the stream")
        for n in range(30):
            view.emit("stream", {"n": n, "data": bytes(1_500_000)})
        view.close()
        assert view.wait(PATIENCE)
    wait_for(lambda: lanes_open() == 0 and segments() == 0 and open_files() <= files, "the end of lanes and segments")


def test_what_waits_for_a_large_answer_when_the_page_goes_hangs_nobody(webview):
    view = webview(html=RECORDING_PAGE)
    view.bind_call("large", lambda: bytes(50_000_000))
    for _ in range(3):
        calls = run_async(view, "return (await Promise.all([1, 2, 3].map(() => auroraview.call('large')))).length")
        next_document(view, view.reload)
        with pytest.raises((ViewClosed, RemoteError), match=r"document|the page was left"):
            outcome(calls.result(PATIENCE))
    wait_for(lambda: view.stats["calls_in_flight"] == 0, "the end of all calls")
    assert run(view, "return (await auroraview.call('large')).length") == 50_000_000
    check(view)
