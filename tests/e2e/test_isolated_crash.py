"""The process of a window dies in the middle of something: whoever waits gets an answer, and the window comes back."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import threading

import pytest

from auroraview import HostError, RemoteError, ViewClosed, WebView, current_call
from tests.e2e import desktop
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.processes import wait_gone
from tests.e2e.shells import (
    crash,
    crashes_of,
    isolated,
    kill_shell,
    kill_web_process,
    shell,
    shells,
    stop_shell_and_page,
    wait_back,
)

pytestmark = [pytest.mark.each_lane, pytest.mark.timeout(120)]

SIZE = 20 << 20


def assert_works(view: WebView) -> None:
    assert ask(view, "auroraview.call('add', [20, 22])") == 42


def test_each_of_a_thousand_scripts_ends_with_its_value_or_with_view_closed():
    view = isolated()
    heard, ended = crashes_of(view), []
    with opened(view):
        futures = [view.eval_js(f"auroraview.call('add', [{number}, 1])") for number in range(1000)]
        assert futures[20].result(PATIENCE) == 21
        kill_shell()
        for future in futures:
            try:
                ended.append(future.result(PATIENCE))
            except ViewClosed:
                ended.append(None)
        answered = ended[: ended.index(None)] if None in ended else ended
        assert answered == list(range(1, len(answered) + 1))
        assert set(ended[len(answered) :]) <= {None}, "what the dead page did not answer nobody did"
        heard.wait()
        assert_works(view)


def test_the_handlers_of_the_dead_page_s_calls_learn_of_its_end_wherever_they_run():
    view = isolated()
    heard, cancelled = crashes_of(view), Record()
    begun = threading.Semaphore(0)

    def blocking() -> None:
        begun.release()
        wait_for(lambda: current_call().cancelled, "the cancellation")
        cancelled("pool")

    async def coroutine() -> None:
        begun.release()
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            cancelled("async")
            raise

    view.bind_call("blocking", blocking, thread="pool")
    view.bind_call("coroutine", coroutine)
    with opened(view):
        view.eval_js("for (const name of ['blocking', 'coroutine']) auroraview.call(name).catch(() => {}); null")
        for _ in range(2):
            assert begun.acquire(timeout=PATIENCE)
        crash(view, heard)
        assert sorted(cancelled.wait(2)) == [("async",), ("pool",)]
        wait_for(lambda: view.stats["calls_in_flight"] == 0, "the end of the calls")
        assert_works(view)


def test_a_page_that_is_loading_when_the_process_dies_loads_in_the_next(server):
    gate = server.hold("/slow", "<p>slow")
    view = isolated("<p>first")
    heard = crashes_of(view)
    with opened(view):
        view.load_url(server.origin + "/slow")
        script = view.eval_js("document.body.innerText")
        wait_for(lambda: server.requests.count("/slow") == 1, "the request")
        kill_shell()
        heard.wait()
        # It waited for a page that now never comes.
        with pytest.raises(ViewClosed, match="SIGKILL"):
            script.result(PATIENCE)
        wait_for(lambda: server.requests.count("/slow") == 2, "the request of the next process")
        gate.set()
        assert ask(view, "document.body.innerText") == "slow"
        assert ask(view, "location.origin") == server.origin
        assert_works(view)


def test_a_process_that_dies_before_there_is_a_window_is_a_host_error():
    view = isolated()
    heard, problems = crashes_of(view), []

    def show() -> None:
        try:
            view.show(wait=False)
        except HostError as error:
            problems.append(str(error))

    showing = threading.Thread(target=show)
    showing.start()
    # Its name is that of our thread until it runs the program.
    (pid,) = wait_for(shells, "the process")
    os.kill(pid, signal.SIGKILL)
    showing.join(PATIENCE)
    if problems:
        assert "killed by signal 9 (SIGKILL) before there was a window" in problems[0]
        assert not view.is_open
        assert heard.seen == []
    else:
        heard.wait()  # The machine was quick, and it was a crash like any other.
        view.close()
        assert view.wait(PATIENCE)
    with opened(view):
        assert_works(view)


def test_the_next_process_dies_before_it_has_a_window_too():
    view = isolated()
    heard = crashes_of(view)
    with opened(view):
        generation = view.peer.generation
        first = kill_shell()
        (second,) = wait_for(lambda: shells() - {first}, "the second process")
        os.kill(second, signal.SIGKILL)
        heard.wait(2)
        wait_back(view, generation)
        assert_works(view)
        assert shell() not in (first, second)
    assert heard.seen == [(), ()]


@pytest.mark.parametrize("way", ["to the page", "from the page"])
def test_the_process_dies_in_the_middle_of_twenty_megabytes(way):
    view = isolated()
    heard, got = crashes_of(view), Record()
    data = bytes(range(256)) * (SIZE // 256)
    view.bind_call("take", lambda value: len(value))
    view.bind_call("give", lambda: data)
    view.on("got", got)
    take = f"auroraview.call('take', [new Uint8Array({SIZE})])"
    give = "auroraview.call('give').then((value) => value.length)"
    with opened(view):
        future = view.eval_js(take if way == "from the page" else give)
        if way == "to the page":
            wait_for(lambda: view.stats["calls"] == 1, "the call")
        kill_shell()
        with contextlib.suppress(ViewClosed):
            assert future.result(PATIENCE) == SIZE
        heard.wait()
        assert ask(view, take) == ask(view, give) == SIZE
        assert view.stats["refused"] == {}, "half a message was thrown away with its process"


def test_an_event_of_twenty_megabytes_that_the_dead_page_did_not_get_reaches_the_next():
    view = isolated("<script>var sizes = []; auroraview.on('data', (value) => sizes.push(value.length))</script>")
    heard = crashes_of(view)
    with opened(view):
        kill = stop_shell_and_page()  # They take what fits into the socket, and no more.
        for size in (1, SIZE, 2):
            view.emit("data", bytes(size))
        kill()
        heard.wait()
        wait_for(lambda: len(ask(view, "sizes")) >= 3, "all three")
        assert ask(view, "sizes") == [1, SIZE, 2]


def test_the_process_dies_while_a_closing_listener_thinks_about_it():
    view = isolated()
    asked, answer = Record(), threading.Event()

    def closing() -> bool:
        asked()
        answer.wait(PATIENCE)
        return True

    view.window.on("closing", closing)
    with opened(view):
        wait_for(lambda: "Isolated" in desktop.titles(), "the window")
        generation = view.peer.generation
        desktop.close_as_user("Isolated")
        asked.wait()
        kill_shell()
        wait_back(view, generation)
        answer.set()  # That was about a window that is gone.
        assert_works(view)
        view.window.off("closing")
        view.window.on("closing", asked)
        wait_for(lambda: "Isolated" in desktop.titles(), "the window")
        desktop.close_as_user("Isolated")
        asked.wait(2)
        assert view.wait(PATIENCE)


def test_scripts_and_pictures_that_wait_end_with_how_it_died():
    view = isolated()
    heard, problems = crashes_of(view), []

    def picture() -> None:
        try:
            view.screenshot()
        except ViewClosed as error:
            problems.append(str(error))

    with opened(view):
        os.kill(pid := shell(), signal.SIGSTOP)
        waiting = [view.eval_js(script) for script in ("1", "new Promise(() => {})")]
        thread = threading.Thread(target=picture)
        thread.start()
        kill_shell()
        for future in waiting:
            with pytest.raises(ViewClosed, match=rf"the window's process \({pid}\) was killed by signal 9 \(SIGKILL\)"):
                future.result(PATIENCE)
        thread.join(PATIENCE)
        heard.wait()
        assert view.screenshot().startswith(b"\x89PNG")
    # The picture was asked for before the crash, or after it and taken of the new page.
    assert all("SIGKILL" in text for text in problems)


def test_only_the_view_whose_process_died_notices():
    one, two = isolated(), isolated()
    heard = [crashes_of(one), crashes_of(two)]
    with opened(one):
        pid = shell()
        with opened(two):
            waiting = two.eval_js("new Promise((resolve) => window.go = resolve)")
            generation = one.peer.generation
            os.kill(pid, signal.SIGKILL)
            wait_back(one, generation)
            assert ask(two, "go(5)") is None
            assert waiting.result(PATIENCE) == 5
            assert_works(one)
            assert_works(two)
    assert [record.seen for record in heard] == [[()], []]


def test_a_process_that_is_asked_to_end_closes_its_window_in_order():
    view = isolated()
    heard = crashes_of(view)
    with opened(view):
        pid = shell()
        os.kill(pid, signal.SIGTERM)
        assert view.wait(PATIENCE)
        wait_gone(pid)
        with pytest.raises(ViewClosed, match="the window was closed"):
            ask(view, "1")
    assert heard.seen == []


def test_a_script_that_the_page_answered_with_an_error_stays_that_error():
    view = isolated()
    heard = crashes_of(view)
    with opened(view):
        failed = view.eval_js("null.x")
        assert ask(view, "1") == 1
        crash(view, heard)
        with pytest.raises(RemoteError, match="null"):
            failed.result(PATIENCE)


# The process of the page


def test_calls_end_when_the_web_process_dies_in_the_middle_of_a_thousand():
    view = isolated()
    heard, begun = crashes_of(view), Record()
    view.bind_call("work", lambda number: begun(number))
    with opened(view):
        before = shell()
        calls = view.eval_js("Promise.all(Array.from({length: 1000}, (_, n) => auroraview.call('work', [n])))")
        begun.wait(10)
        generation = view.peer.generation
        kill_web_process()
        with contextlib.suppress(ViewClosed):
            calls.result(PATIENCE)
        wait_back(view, generation)
        wait_for(lambda: view.stats["calls_in_flight"] == 0, "the end of the calls")
        assert_works(view)
        assert shell() == before
    assert heard.seen == [()]


def test_crashes_of_the_page_count_with_those_of_the_window():
    view = isolated()
    heard = crashes_of(view)
    with opened(view):
        for kill in (kill_shell, kill_web_process, kill_web_process, kill_shell, kill_web_process):
            generation = view.peer.generation
            kill()
            wait_back(view, generation)
        assert_works(view)
        kill_web_process()
        assert view.wait(PATIENCE)
        with pytest.raises(ViewClosed, match=r"the web process died .*the 6th crash within 60 s"):
            ask(view, "1")
    assert len(heard.wait(6)) == 6
    assert shells() == set()
