"""What opens and closes many things, and counts what is left. Each scenario runs in a process of its own, by name, from
``test_leaks.py``: there nothing of other tests comes or goes meanwhile.
"""

from __future__ import annotations

import gc
import logging
import tempfile
import threading
from pathlib import Path
from typing import Any

from auroraview import Bridge, WebView
from tests.e2e import desktop, lanes
from tests.e2e.helpers import PATIENCE, ask, opened, wait_for
from tests.e2e.lane_ends import segments
from tests.e2e.processes import descendants, native_threads, open_files, web_processes
from tests.e2e.shells import crash, crashes_of

_FOLDER = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)


def new_view(**options: Any) -> WebView:
    view = WebView("Leak", html="<p>page", width=200, height=150, **options)
    view.bind_call("answer", lambda: 42)
    return view


def cycle(view: WebView) -> None:
    """Opens, uses and closes a view."""
    with opened(view):
        assert ask(view, "auroraview.call('answer')") == 42
        view.emit("event", 1)


def counts() -> dict[str, int]:
    """What a leak would raise."""
    gc.collect()
    return {
        "threads": len(native_threads()),
        "python threads": threading.active_count(),
        "files": open_files(),
        "windows": len([title for title in desktop.titles() if title == "Leak"]),
        "processes": len(descendants()),
        "shared memory": segments(),
    }


def steady_counts() -> dict[str, int]:
    """Counts once nothing more goes away."""
    least = counts()

    def steady() -> bool:
        nonlocal least
        now = counts()
        done = all(now[name] >= least[name] for name in now)
        least = {name: min(now[name], least[name]) for name in now}
        return done

    wait_for(steady, "counts that stay")
    return least


def check(name: str) -> None:
    """Warms up, runs a scenario, and waits until all counts are no higher than before it."""
    scenario = globals()[name]
    scenario(5)
    for _ in range(5):
        cycle(new_view())
    wait_for(lambda: not web_processes(), "the end of the web processes")
    before = steady_counts()
    scenario(100)

    def back() -> bool:
        now = counts()
        return all(now[name] <= before[name] for name in before)

    try:
        # Threads and processes of the engine take a moment to end.
        wait_for(back, "the counts of before")
    except AssertionError:
        raise AssertionError(f"before {before}, now {counts()}, threads {sorted(native_threads())}") from None


def openings(count: int) -> None:
    kept = new_view()
    for _ in range(count // 2):
        cycle(kept)
        cycle(new_view())


def openings_with_a_data_directory(count: int) -> None:
    for _ in range(count // 2):
        cycle(new_view(data_directory=_FOLDER.name))


def openings_on_the_ordinary_lane(count: int) -> None:
    with lanes.chosen(lanes.ORDINARY):
        openings(count // 4)


def openings_with_large_data(count: int) -> None:
    kept = new_view()
    for number in range(count // 4):
        view = kept if number % 2 else new_view()
        view.bind_call("echo", lambda value: value)
        with opened(view):
            script = "auroraview.call('echo', [new Uint8Array(3_000_000)]).then(({length}) => length)"
            assert ask(view, script) == 3_000_000
            view.emit("event", bytes(5_000_000))


def openings_in_processes_of_their_own(count: int) -> None:
    kept = new_view(isolation="process")
    for _ in range(count // 4):
        cycle(kept)
        cycle(new_view(isolation="process"))


def processes_that_crash(count: int) -> None:
    view = new_view(isolation="process")
    heard = crashes_of(view)
    logging.getLogger("auroraview").setLevel(logging.ERROR)
    for _ in range(count // 20):
        with opened(view):
            crash(view, heard)
            assert ask(view, "auroraview.call('answer')") == 42


def bridges_that_are_forgotten(count: int) -> None:
    for _ in range(count):
        bridge = Bridge(workers=2)
        bridge.bind_call("plain", print)
        bridge.bind_call("pool", print, thread="pool")

        @bridge.bind_call("async")
        async def coroutine() -> None:
            """Starts a loop."""

        WebView(bridge=bridge).on_ready(print)


def reloads(count: int) -> None:
    with opened(new_view()) as view:
        for number in range(count // 4):
            view.load_html(f"<p>page {number}")
            assert ask(view, "document.body.innerText") == f"page {number}"
            view.reload()
            assert ask(view, "auroraview.call('answer')") == 42
        assert len(web_processes()) <= 2


def windows_that_close_at_once(count: int) -> None:
    view = new_view()
    for _ in range(count // 4):
        view.show(wait=False)
        view.close()
        assert view.wait(PATIENCE)


def handlers_that_wait_for_each_other(count: int) -> None:
    view = new_view()

    @view.bind_call("deep")
    def deep(level: int) -> int:
        return 0 if level == 0 else ask(view, f"auroraview.call('deep', [{level - 1}])") + 1

    with opened(view):
        for _ in range(count // 20):
            assert ask(view, "auroraview.call('deep', [10])") == 10


def check_memory() -> None:
    """Resident memory stays flat once the engine's caches are filled."""

    def resident() -> float:
        lines = Path("/proc/self/status").read_text().splitlines()
        (line,) = (line for line in lines if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    rounds = []
    for _ in range(3):
        openings(10)
        rounds.append(resident())
    assert rounds[2] - rounds[1] < 20, f"{rounds} MB"
