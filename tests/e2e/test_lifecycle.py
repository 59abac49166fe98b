"""Opening, waiting, closing and the end of the program, each in a process of its own where the end matters."""

import asyncio
import logging
import os
import signal
import threading
import time

import pytest

from auroraview import CallTimeout, UsageError, ViewClosed, WebView
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.processes import Program, run, wait_gone, web_processes

pytestmark = pytest.mark.each_lane

#: Seconds from the wish to end to the end, on a busy machine; alone it takes a fraction of one.
SOON = 10.0

START = """
import asyncio, os, sys, threading, time
from auroraview import Bridge, WebView
from tests.e2e.processes import web_processes

def say(*words):
    # One line at once, whatever other threads say.
    os.write(1, (" ".join(map(str, words)) + "\\n").encode())

view = WebView(html="<p>page")
view.on_ready(lambda: say("ready"))
"""


# Ctrl-C


@pytest.mark.parametrize(
    "waits",
    [
        "view.show()",
        "view.show(wait=False); view.wait()",
        "view.show(wait=False); view.eval_js('new Promise(() => {})').result()",
        "asyncio.run(view.show_async())",
    ],
)
def test_ctrl_c_ends_a_wait_with_keyboard_interrupt_at_once(waits):
    program = Program(
        START
        + f"""
try:
    {waits}
except KeyboardInterrupt:
    say("interrupted")
view.close()
say("gone", view.wait(10))
"""
    )
    program.wait_line("ready")
    web = web_processes(program.pid)
    began = time.monotonic()
    os.kill(program.pid, signal.SIGINT)
    program.wait_line("interrupted")
    ended = program.end()
    assert time.monotonic() - began < SOON
    ended.assert_clean()
    assert ended.out.splitlines()[-1] == "gone True"
    wait_gone(*web)


def test_ctrl_c_that_nobody_catches_ends_the_program_as_python_does():
    program = Program(START + "view.show()")
    program.wait_line("ready")
    web = web_processes(program.pid)
    os.kill(program.pid, signal.SIGINT)
    ended = program.end(SOON)
    assert ended.code == -signal.SIGINT
    assert ended.err.rstrip().endswith("KeyboardInterrupt")
    assert ended.err.count("Traceback") == 1
    wait_gone(*web)


def test_ctrl_c_while_a_handler_runs_on_the_main_thread_ends_show():
    program = Program(
        START
        + """
@view.bind_call("busy", thread="main")
def busy():
    say("busy")
    time.sleep(60)

view.on_ready(lambda: view.eval_js("auroraview.call('busy').catch(() => {}); null"))
try:
    view.show()
except KeyboardInterrupt:
    say("interrupted")
"""
    )
    program.wait_line("busy")
    os.kill(program.pid, signal.SIGINT)
    ended = program.end(SOON)
    assert ended.code == 0
    assert "interrupted" in ended.out


def test_ctrl_c_while_another_thread_shows_reaches_the_main_thread():
    program = Program(
        START
        + """
thread = threading.Thread(target=view.show, daemon=True)
thread.start()
try:
    while True:
        time.sleep(0.1)
except KeyboardInterrupt:
    say("interrupted")
"""
    )
    program.wait_line("ready")
    os.kill(program.pid, signal.SIGINT)
    ended = program.end(SOON)
    ended.assert_clean()
    assert "interrupted" in ended.out


# The end of the program


BUSY = {
    "a window": "",
    "three windows": """
others = [WebView(html="<p>") for _ in range(2)]
for other in others:
    other.show(wait=False)
""",
    "a daemon thread that emits": """
def emit():
    while True:
        view.emit("tick", 1)
        time.sleep(0.0005)
threading.Thread(target=emit, daemon=True).start()
""",
    "daemon threads that wait": """
for wait in (view.wait, view.eval_js("new Promise(() => {})").exception, lambda: view.peer.emit_batch([("a", 1)])):
    threading.Thread(target=wait, daemon=True).start()
""",
    "a plain handler that runs": """
started = threading.Event()
@view.bind_call("busy")
def busy():
    started.set()
    time.sleep(600)
view.eval_js("auroraview.call('busy').catch(() => {}); null")
started.wait(30)
""",
    "handlers of the pool that run": """
started = threading.Barrier(4)
@view.bind_call("busy", thread="pool")
def busy():
    started.wait(30)
    time.sleep(600)
view.eval_js("for (let i = 0; i < 3; i++) auroraview.call('busy').catch(() => {}); null")
started.wait(30)
""",
    "coroutine handlers that run": """
started = threading.Event()
@view.bind_call("busy")
async def busy():
    started.set()
    await asyncio.sleep(600)
view.eval_js("auroraview.call('busy').catch(() => {}); null")
started.wait(30)
""",
    "a handler that waits for the page": """
started = threading.Event()
@view.bind_call("busy")
def busy():
    started.set()
    view.eval_js("new Promise(() => {})").result()
view.eval_js("auroraview.call('busy').catch(() => {}); null")
started.wait(30)
""",
    "a page that calls without end": """
calls = threading.Semaphore(0)
view.bind_call("count", lambda: calls.release())
view.eval_js("(async () => { for (;;) await auroraview.call('count') })().catch(() => {}); null")
view.eval_js("(async () => { for (;;) { await Promise.all(Array.from({length: 100}, "
             "() => auroraview.call('count'))) } })().catch(() => {}); null")
for _ in range(1000):
    calls.acquire(timeout=30)
""",
    "a main-thread handler that nobody pumps": """
view.bind_call("main", print, thread="main")
view.eval_js("auroraview.call('main').catch(() => {}); null").result(30)
""",
}


@pytest.mark.parametrize("what", list(BUSY))
def test_the_program_ends_at_once_and_quietly_with(what):
    program = Program(
        START + "view.show(wait=False)\nview.wait_ready(30)\n" + BUSY[what] + "\nsay('web', *web_processes())"
    )
    web = wait_for(lambda: web_of(program), "the program's last line")
    program.end(SOON).assert_clean()
    wait_gone(*web)


def web_of(program):
    """The web processes that the program named."""
    return [int(pid) for line in program.lines if line.startswith("web ") for pid in line.split()[1:]]


def test_an_exception_ends_the_program_with_its_own_traceback_only():
    ended = run(START + "view.show(wait=False)\nview.wait_ready(30)\nraise ValueError('of the program')")
    assert ended.code == 1
    assert ended.err.rstrip().endswith("ValueError: of the program")
    assert ended.err.count("Traceback") == 1


def test_sys_exit_keeps_its_status():
    ended = run(START + "view.show(wait=False)\nview.wait_ready(30)\nsys.exit(3)")
    assert (ended.code, ended.err) == (3, "")


@pytest.mark.parametrize("way", ["os._exit(7)", "os.kill(os.getpid(), 9)", "os.kill(os.getpid(), 15)"])
def test_an_end_without_any_cleaning_leaves_no_web_process(way):
    program = Program(START + f"view.show(wait=False)\nview.wait_ready(30)\nsay('web', *web_processes())\n{way}")
    web = wait_for(lambda: web_of(program), "the program's last line")
    ended = program.end(SOON)
    assert ended.code in (7, -9, -15)
    wait_gone(*web)


def test_a_program_that_never_shows_its_view_just_ends():
    run(START + "view.bind_call('a', print)\nview.emit('x', 1, retain=True)\nview.eval_js('1')").assert_clean()


def test_show_may_be_called_again_after_a_close():
    ended = run(
        START
        + """
view.bind_call("close", view.close)
view.on_ready(lambda: view.eval_js("auroraview.call('close').catch(() => {}); null"))
for _ in range(3):
    view.show()
    say("closed", view.is_open)
"""
    )
    ended.assert_clean()
    assert ended.out.split().count("closed") == 3
    assert "True" not in ended.out


def test_handlers_of_the_main_thread_run_inside_show():
    ended = run(
        START
        + """
@view.bind_call("where", thread="main")
def where():
    view.close()
    say("main" if threading.current_thread() is threading.main_thread() else "other")

view.on_ready(lambda: view.eval_js("auroraview.call('where').catch(() => {}); null"))
view.show()
"""
    )
    ended.assert_clean()
    assert "main" in ended.out.split()


def test_show_async_returns_when_the_window_has_closed_and_handlers_share_its_loop():
    ended = run(
        START
        + """
def ask_to_quit():
    view.eval_js("auroraview.call('quit').catch(() => {}); null")

view.on_ready(ask_to_quit)

async def main():
    loop = asyncio.get_running_loop()

    @view.bind_call("quit")
    async def quit():
        say("same loop", asyncio.get_running_loop() is loop)
        view.close()

    await view.show_async()
    say("open", view.is_open)

asyncio.run(main())
asyncio.run(main())
"""
    )
    ended.assert_clean()
    assert ended.out.count("same loop True") == 2
    assert ended.out.count("open False") == 2


def test_cancelling_show_async_closes_the_window():
    view = WebView()

    async def main():
        task = asyncio.create_task(view.show_async())
        while not view.is_ready:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert view.wait(PATIENCE)


# In this process


def test_show_from_another_thread_waits_there():
    view = WebView()
    returned = Record()
    thread = threading.Thread(target=lambda: returned(view.show()))
    thread.start()
    wait_for(lambda: view.is_ready, "the window")
    assert returned.seen == []
    view.close()
    assert returned.wait() == [(None,)]
    thread.join(PATIENCE)
    assert not view.is_open


def test_many_threads_may_show_the_same_view():
    view = WebView()
    threads = [threading.Thread(target=view.show) for _ in range(5)]
    for thread in threads:
        thread.start()
    wait_for(lambda: view.is_ready, "the window")
    document = view.info["document"]
    assert ask(view, "1") == 1
    assert view.info["document"] == document
    for _ in threads:
        view.close()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_show_on_a_running_loop_names_show_async():
    async def main():
        with pytest.raises(UsageError, match="show_async"):
            WebView().show()

    asyncio.run(main())


def test_close_is_idempotent_and_may_come_before_show():
    view = WebView()
    view.close()
    assert view.wait(0)
    with opened(view):
        for _ in range(3):
            view.close()
        assert view.wait(PATIENCE)
    view.close()


def test_wait_says_whether_the_window_is_gone():
    with opened() as view:
        assert view.wait(0.05) is False
        assert view.is_open
        view.close()
        assert view.wait(PATIENCE) is True
        assert not view.is_open


def test_close_right_after_show_never_hangs():
    view = WebView()
    for _ in range(5):
        view.show(wait=False)
        future = view.eval_js("new Promise(() => {})")
        view.close()
        with pytest.raises(ViewClosed):
            future.result(PATIENCE)
        assert view.wait(PATIENCE)


def test_wait_ready_raises_when_time_is_up_or_the_window_closes():
    view = WebView()
    with pytest.raises(CallTimeout):
        view.wait_ready(0.05)
    raised = Record()

    def wait():
        try:
            view.wait_ready(PATIENCE)
            view.wait(PATIENCE)
            raised("ready")
        except ViewClosed:
            raised("closed")

    thread = threading.Thread(target=wait)
    thread.start()
    view.show(wait=False)
    view.close()
    assert raised.wait()[0][0] in ("ready", "closed")
    thread.join(PATIENCE)
    assert view.wait(PATIENCE)


def test_on_ready_is_called_for_every_document_and_at_once_when_ready():
    view = WebView(html="<p>")
    early, late = Record(), Record()
    view.on_ready(early)
    with opened(view):
        early.wait(1)
        view.on_ready(late)
        late.wait(1)
        view.reload()
        early.wait(2)
        late.wait(2)


def test_emits_to_a_closed_view_are_dropped_with_one_line_and_retained_ones_kept(caplog):
    caplog.set_level(logging.INFO, "auroraview")
    view = WebView(
        html="<script>var seen = []; for (const name of ['a', 'b']) auroraview.on(name, x => seen.push(x))</script>"
    )
    with opened(view):
        assert ask(view, "seen") == []
    caplog.clear()
    for number in range(10):
        view.emit("a", number)
    view.emit("b", "kept", retain=True)
    with opened(view):
        wait_for(lambda: ask(view, "seen") == ["kept"], "the retained event alone")
    assert len([line for line in caplog.messages if "dropped" in line]) == 1
