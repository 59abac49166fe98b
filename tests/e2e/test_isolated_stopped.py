"""A process that is there and does nothing: the program goes on, and what it sent arrives when the process does."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from auroraview import Backpressure, Bridge, ViewClosed, WebView
from auroraview.options import Limits
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.pages import RECORDING_PAGE
from tests.e2e.processes import wait_gone
from tests.e2e.shells import crashes_of, isolated, shell, shell_threads, shells

pytestmark = [pytest.mark.each_lane, pytest.mark.timeout(120)]

#: Seconds in which what does not wait is done on a busy machine; alone it takes milliseconds.
SOON = 8.0


@contextlib.contextmanager
def stopped(pid: int) -> Iterator[None]:
    """The process stands still meanwhile."""
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_for(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T", "its stop")
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def at_once() -> Iterator[None]:
    """Nothing in it waits for the process."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SOON


def use(view: WebView) -> None:
    """All that a program may do without an answer of the page."""
    for number in range(2000):
        view.emit("tick", number)
    view.emit("settings", bytes(4 << 20), retain=True)
    view.emit_batch([("tock", 1), ("tock", 2)])
    view.window.title = "Set while it stands"
    view.window.size = (420, 310)
    view.window.position = (90, 80)
    view.bind_call("late", lambda: "late")


def test_nothing_that_the_program_does_waits_for_it_and_all_of_it_is_done_later():
    view = isolated(RECORDING_PAGE)
    heard = crashes_of(view)
    with opened(view):
        with stopped(shell()), at_once():
            use(view)
            assert (view.is_open, view.window.title) == (True, "Set while it stands")
            script = view.eval_js("auroraview.call('late')")
        assert script.result(PATIENCE) == "late"
        wait_for(lambda: ask(view, "seen.length") == 2003, "all events")
        assert ask(view, "seen.filter(([name]) => name === 'tick').every(([, number], n) => number === n)")
        assert ask(view, "[innerWidth, innerHeight]") == [420, 310]
    assert heard.seen == []


def test_scripts_have_the_time_that_who_asks_gives_them():
    with opened(isolated()) as view:
        with stopped(shell()):
            script = view.eval_js("6 * 7")
            with pytest.raises(TimeoutError):
                script.result(0.2)
        assert script.result(PATIENCE) == 42


def resident() -> int:
    """Memory of this process, in bytes."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


def test_what_waits_for_it_is_bounded():
    limit = 8 << 20
    view = isolated(
        "<script>var got = 0; auroraview.on('data', (value) => got += value.length)</script>",
        bridge=Bridge(limits=Limits(queue_bytes=limit)),
    )
    taken = 0

    def flood() -> None:
        nonlocal taken
        for _ in range(2000):
            view.emit("data", bytes(100_000))
            taken += 100_000

    with opened(view):
        with stopped(shell()):
            before = resident()
            with at_once(), pytest.raises(Backpressure):
                flood()
            assert taken < 4 * limit
            assert resident() - before < 8 * limit
        wait_for(lambda: ask(view, "got") == taken, "all that was taken")
        view.emit("data", b"more")
        wait_for(lambda: ask(view, "got") == taken + 4, "more")


def test_the_last_value_of_what_coalesces_arrives_and_little_else():
    view = isolated(RECORDING_PAGE)
    with opened(view):
        with stopped(shell()), at_once():
            for number in range(20_000):
                view.emit("tick", number, keep="latest")
        wait_for(lambda: ask(view, "(seen[seen.length - 1] ?? [])[1]") == 19_999, "the last value")
        assert ask(view, "seen.length") < 1000


def test_other_windows_go_on():
    bridge = Bridge()
    bridge.bind_call("add", lambda a, b: a + b)
    one, two = (WebView(html=RECORDING_PAGE, isolation="process", bridge=bridge) for _ in range(2))
    with opened(one):
        first = shell()
        with opened(two):
            with stopped(first), at_once():
                bridge.emit("tick", 1)
                assert ask(two, "auroraview.call('add', [20, 22])") == 42
                wait_for(lambda: ask(two, "seen") == [["tick", 1]], "the event")
            wait_for(lambda: ask(one, "seen") == [["tick", 1]], "the event")


def test_closing_ends_it_though_much_waits_for_it():
    view = isolated()
    heard, pid = crashes_of(view), 0
    with opened(view), stopped(pid := shell()), at_once():
        # More than the socket takes: a thread waits with it.
        view.emit("data", bytes(8 << 20))
        script = view.eval_js("1")
        view.close()
        assert view.wait(PATIENCE)
        with pytest.raises(ViewClosed):
            script.result(PATIENCE)
        wait_gone(pid)
        wait_for(lambda: not shell_threads(), "the end of the threads")
    assert heard.seen == []


def test_a_view_closes_again_and_again_while_it_stands_still():
    view = isolated()
    closed = Record()
    view.window.on("closed", closed)
    with opened(view), stopped(shell()), at_once():
        for _ in range(3):
            view.close()
        assert view.wait(PATIENCE)
        closed.wait()
    assert closed.seen == [()]


def test_a_stop_while_it_starts_only_delays_the_window():
    view = isolated()
    opening = threading.Thread(target=view.show, kwargs={"wait": False})
    opening.start()
    (pid,) = wait_for(shells, "the process")
    with stopped(pid):
        script = view.eval_js("auroraview.call('add', [1, 2])")
        view.emit("tick", 1)
    with opened(view):
        assert script.result(PATIENCE) == 3
    opening.join(PATIENCE)


def test_a_page_that_never_rests_does_not_keep_the_view():
    with opened(isolated()) as view:
        view.eval_js("setTimeout(() => { for (;;); }, 0); null").result(PATIENCE)
        with at_once():
            view.emit("tick", bytes(1 << 20))
            waiting = view.eval_js("1")
            view.window.title = "Set meanwhile"
            view.close()
            assert view.wait(PATIENCE)
        with pytest.raises(ViewClosed):
            waiting.result(PATIENCE)


def test_a_page_that_floods_its_program_is_heard_in_order_and_closes():
    view = isolated()
    got = Record()
    view.on("n", got)
    with opened(view):
        view.eval_js(
            "var n = 0; setInterval(() => { for (let i = 0; i < 500; i++) auroraview.send_event('n', n++) }, 1); null"
        )
        got.wait(5000)
        view.close()
        assert view.wait(PATIENCE)
    seen = [number for (number,) in got.seen]
    assert seen == list(range(len(seen)))
