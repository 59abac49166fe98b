"""What is opened is given back: threads, files, windows and processes, after a hundred openings and after reloads."""

import gc
import threading

import pytest

from auroraview import Bridge, WebView
from tests.e2e import desktop
from tests.e2e.helpers import PATIENCE, ask, opened, wait_for
from tests.e2e.processes import native_threads, open_files, run, web_processes


def cycle(view):
    """Opens, uses and closes a view."""
    with opened(view):
        assert ask(view, "auroraview.call('answer')") == 42
        view.emit("event", 1)


def new_view():
    view = WebView("Leak", html="<p>page", width=200, height=150)
    view.bind_call("answer", lambda: 42)
    return view


def counts():
    """What a leak would raise."""
    gc.collect()
    return {
        "threads": len(native_threads()),
        "python threads": threading.active_count(),
        "files": open_files(),
        "windows": len([title for title in desktop.titles() if title == "Leak"]),
        "web processes": len(web_processes()),
    }


def assert_back(before):
    """Waits until all counts are no higher than before: threads and processes of the engine take a moment to end."""

    def back():
        now = counts()
        return all(now[name] <= before[name] for name in before)

    try:
        wait_for(back, "the counts of before")
    except AssertionError:
        pytest.fail(f"before {before}, now {counts()}, threads {sorted(native_threads())}")


@pytest.fixture(scope="module")
def warm():
    """A few openings, after which the engine's own pools are filled."""
    view = new_view()
    for _ in range(5):
        cycle(view)
        cycle(new_view())


@pytest.fixture
def before(warm):
    """Counts once nothing more goes away."""
    wait_for(lambda: not web_processes(), "the end of the web processes")
    least = counts()

    def steady():
        nonlocal least
        now = counts()
        done = all(now[name] >= least[name] for name in now)
        least = {name: min(now[name], least[name]) for name in now}
        return done

    wait_for(steady, "counts that stay")
    return least


@pytest.mark.timeout(300)
def test_a_hundred_openings_leave_nothing_behind(before):
    kept = new_view()
    for _ in range(50):
        cycle(kept)
        cycle(new_view())
    del kept
    assert_back(before)


def test_views_and_bridges_that_are_forgotten_leave_no_threads(before):
    for _ in range(50):
        bridge = Bridge(workers=2)
        bridge.bind_call("plain", print)
        bridge.bind_call("pool", print, thread="pool")

        @bridge.bind_call("async")
        async def coroutine():
            """Starts a loop."""

        WebView(bridge=bridge).on_ready(print)
    del bridge, coroutine
    assert_back(before)


def test_reloads_and_pages_leave_nothing_behind(before):
    with opened(new_view()) as view:
        for number in range(30):
            view.load_html(f"<p>page {number}")
            assert ask(view, "document.body.innerText") == f"page {number}"
            view.reload()
            assert ask(view, "auroraview.call('answer')") == 42
        assert len(web_processes()) <= 2
    del view
    assert_back(before)


def test_windows_that_fail_to_open_or_close_at_once_leave_nothing_behind(before):
    view = new_view()
    for _ in range(10):
        view.show(wait=False)
        view.close()
        assert view.wait(PATIENCE)
    del view
    assert_back(before)


def test_threads_that_wait_in_handlers_are_not_kept(before):
    view = new_view()

    @view.bind_call("deep")
    def deep(level):
        return 0 if level == 0 else ask(view, f"auroraview.call('deep', [{level - 1}])") + 1

    with opened(view):
        for _ in range(5):
            assert ask(view, "auroraview.call('deep', [10])") == 10
    del view, deep
    assert_back(before)


@pytest.mark.timeout(120)
def test_memory_of_the_program_stays_flat_over_openings():
    # In a fresh process, where nothing else grows; the engine's caches fill in the first rounds.
    ended = run(
        """
        from pathlib import Path
        from auroraview import WebView
        from tests.e2e.helpers import ask, opened

        def resident():
            line, = [line for line in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in line]
            return int(line.split()[1]) / 1024

        def round():
            for _ in range(8):
                with opened(WebView(html="<p>page", width=200, height=150)) as view:
                    assert ask(view, "1") == 1
            return resident()

        print(*[f"{round():.0f}" for _ in range(3)])
        """,
        seconds=100,
    )
    ended.assert_clean()
    _, second, third = map(int, ended.out.split())
    assert third - second < 20, ended.out
