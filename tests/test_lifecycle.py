"""The end of the program: it comes, at once and quietly, whatever is going on."""

import functools

import pytest

from tests.helpers import run_program

PRELUDE = """
import asyncio, sys, threading, time
from auroraview import Bridge, WebView
from auroraview.testing import MemoryPage
bridge = Bridge()
page = MemoryPage(bridge)
entered = threading.Event()
def ask():
    page.call('f').add_done_callback(lambda done: done.exception())
def sleep():
    entered.set()
    time.sleep(60)
async def sleep_async():
    entered.set()
    await asyncio.sleep(60)
"""

PROGRAMS = {
    "nothing happened": "",
    "a handler ran": "bridge.bind_call('f', lambda: 1); print(page.call('f').result(20))",
    "a plain handler runs": "bridge.bind_call('f', sleep); ask(); entered.wait(20)",
    "a pool handler runs": "bridge.bind_call('f', sleep, thread='pool'); ask(); entered.wait(20)",
    "a coroutine runs": "bridge.bind_call('f', sleep_async); ask(); entered.wait(20)",
    "a main thread handler waits": "bridge.bind_call('f', sleep, thread='main'); ask()",
    "a daemon thread emits": """
        def emit():
            while True: bridge.emit('e', 1); entered.set()
        threading.Thread(target=emit, daemon=True).start()
        entered.wait(20)
        """,
    "a daemon thread waits for an answer": """
        bridge.bind_call('f', sleep)
        threading.Thread(target=lambda: page.call('f').result(), daemon=True).start()
        entered.wait(20)
        """,
    "a loop has ended": """
        async def main():
            bridge.bind_call('f', sleep_async)
            ask()
            while not entered.is_set(): await asyncio.sleep(0)
        asyncio.run(main())
        """,
    "a view was never shown": "view = WebView(html=''); view.bind_call('f', sleep); view.emit('e', 1, retain=True)",
}


run = functools.partial(run_program, PRELUDE)


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_program_ends_quietly_although(program):
    done = run(program)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_program_ends_after_an_exception_with_that_exception():
    done = run("bridge.bind_call('f', sleep); ask(); entered.wait(20); raise ValueError('mine')")
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith("ValueError: mine")


def test_sys_exit_keeps_its_status():
    done = run("bridge.bind_call('f', sleep); ask(); entered.wait(20); sys.exit(7)")
    assert (done.returncode, done.stderr) == (7, "")
