"""Several lanes at once: views with bridges of their own or one for all, of one data directory, of both kinds."""

from __future__ import annotations

import os
import signal

import pytest

from auroraview import Bridge, WebView
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.lane_ends import lanes_open, segments
from tests.e2e.lanes import check
from tests.e2e.pages import RECORDING_PAGE, WindowEnd, run, run_async, wait_events
from tests.e2e.processes import open_files, web_processes

pytestmark = pytest.mark.timeout(120)

#: Calls with all sorts of values; which answers were wrong.
TRAFFIC = """
  const wrong = [];
  const calls = Array.from({length: 600}, async (_, n) => {
    const value = n % 60 === 0 ? new Uint8Array(400_000).fill(args[0]) : [args[0], n];
    const found = await auroraview.call('echo', [value]);
    if (found.length !== value.length || found[0] !== args[0] || found[1] !== value[1]) wrong.push(n);
  });
  for (let n = 0; n < 600; n++) auroraview.send_event('said', [args[0], n]);
  await Promise.all(calls);
  return wrong;
"""


def bound(bridge):
    bridge.bind_call("echo", lambda value: value)
    return bridge


def check_traffic(views):
    """All of them at once, and each gets what is its own."""
    heard = [Record() for _ in views]
    for number, view in enumerate(views):
        view.on("said", lambda detail, number=number: heard[number](*detail))
    answers = [run_async(view, TRAFFIC, number + 1) for number, view in enumerate(views)]
    for n in range(100):
        for number, view in enumerate(views):
            view.emit("tick", [number, n])
    assert [answer.result(PATIENCE) for answer in answers] == ['{"value":[]}'] * len(views)
    for number, view in enumerate(views):
        events = wait_events(WindowEnd(view.bridge, view), 100)
        assert [detail for _, detail in events] == [[number, n] for n in range(100)]
        run(view, "seen.length = 0")
        view.off("said")
    return heard


@pytest.mark.parametrize("kinds", [["none"] * 4, ["none", "process", "none", "process"]], ids=["alike", "mixed"])
def test_views_with_bridges_of_their_own(webview, kinds):
    views = [
        webview(f"View {number}", html=RECORDING_PAGE, bridge=bound(Bridge()), isolation=kind)
        for number, kind in enumerate(kinds)
    ]
    assert lanes_open() == len(views)
    heard = check_traffic(views)
    for number, record in enumerate(heard):
        assert record.wait(600) == [(number + 1, n) for n in range(600)]


def test_views_with_one_bridge_and_one_data_directory(webview, tmp_path):
    bridge = bound(Bridge())
    views = [
        webview(f"View {number}", html=RECORDING_PAGE, bridge=bridge, data_directory=tmp_path / "data")
        for number in range(3)
    ]
    answers = [run_async(view, TRAFFIC, number + 1) for number, view in enumerate(views)]
    assert [answer.result(PATIENCE) for answer in answers] == ['{"value":[]}'] * 3
    for view in views:
        check(view)
    # One that goes leaves the others, and comes back.
    views[1].close()
    assert views[1].wait(PATIENCE)
    for view in (views[0], views[2]):
        assert run(view, TRAFFIC, 7) == []
    webview(views[1])
    assert run(views[1], TRAFFIC, 8) == []
    views[0].reload()
    views[0].wait_ready(PATIENCE)
    check(views[0])
    assert run(views[0], TRAFFIC, 9) == []


def test_a_crash_of_one_page_leaves_the_lanes_of_the_others(webview):
    one = webview("One", html=RECORDING_PAGE, bridge=bound(Bridge()))
    before = web_processes()
    two = webview("Two", html=RECORDING_PAGE, bridge=bound(Bridge()))
    crashed = Record()
    two.window.on("crashed", crashed)
    answer = run_async(one, TRAFFIC, 1)
    for pid in web_processes() - before:
        os.kill(pid, signal.SIGKILL)
    crashed.wait()
    assert answer.result(PATIENCE) == '{"value":[]}'
    two.reload()
    two.wait_ready(PATIENCE)
    check_traffic([one, two])
    for view in (one, two):
        check(view)


def test_a_dozen_views_come_and_go_and_leave_nothing(webview):
    bridge = bound(Bridge())
    with opened(html=RECORDING_PAGE, bridge=bridge) as first:
        assert run(first, TRAFFIC, 1) == []
    files = open_files()
    for _ in range(3):
        views = [WebView(f"View {n}", html=RECORDING_PAGE, bridge=bridge, width=200, height=150) for n in range(4)]
        for view in views:
            view.show(wait=False)
        for number, view in enumerate(views):
            view.wait_ready(PATIENCE)
            check(view)
            assert run(view, TRAFFIC, number + 1) == []
            view.emit("tick", bytes(5_000_000))
            wait_for(lambda view=view: ask(view, "seen.length") == 1, "the event")
        for view in views:
            view.close()
        for view in views:
            assert view.wait(PATIENCE)
    wait_for(
        lambda: lanes_open() == 0 and segments() == 0 and open_files() <= files,
        f"what is left: {lanes_open()} lanes, {segments()} bytes, {open_files() - files} files",
    )


def test_shared_memory_is_bounded_and_given_back_to_the_next_transfer(webview):
    view = webview(html=RECORDING_PAGE, bridge=bound(Bridge()))
    script = "return (await auroraview.call('echo', [new Uint8Array(args[0])])).length"
    most = 0
    for turn in range(100):
        size = (1, 3, 9)[turn % 3] * 1_000_000
        assert run(view, script, size) == size
        most = max(most, segments())
    files = open_files()
    for turn in range(100):
        size = (9, 1, 3)[turn % 3] * 1_000_000
        assert run(view, script, size) == size
    assert segments() <= most <= 200 * 2**20
    assert open_files() <= files + 2


@pytest.mark.timeout(180)
def test_a_hundred_megabytes_go_both_ways(webview):
    view = webview(html=RECORDING_PAGE, bridge=bound(Bridge()))
    view.bind_call("make", lambda size: bytes(range(256)) * (size // 256))
    script = """
      const right = (data) => {
        for (let n = 0; n < data.length; n++) if (data[n] !== n % 256) return false;
        return data.length;
      };
      const data = await auroraview.call('make', [args[0]], {timeout: 0});
      const first = right(data);
      const back = await auroraview.call('echo', [data], {timeout: 0});
      return [first, right(back)];
    """
    for _ in range(2):
        assert run(view, script, 100 * 2**20, seconds=80) == [100 * 2**20] * 2
    check(view)
