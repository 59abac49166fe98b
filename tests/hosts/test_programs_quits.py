"""The end of each application with a panel open: status 0, no question asked, and no process left."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.helpers import eventually
from tests.hosts.running import Program

#: So many at the same time: on two cores that takes half the time of one after another.
AT_ONCE = 2


def test_after_all_that_it_ends_well(program):
    assert program.main("boxes") == []
    assert program.main("complaints") == []
    program.end()


def quit_under_load(kind, failed):
    """Starts it, opens the panel, and ends it while the page calls without pause; not any more after a failure."""
    if failed.is_set():
        return
    try:
        quit_once(kind)
    except BaseException:
        failed.set()
        raise


def quit_once(kind):
    program = Program(kind)
    try:
        program.open_tool()
        program.worker("begin", "storm()")
        eventually(lambda: program.main("served") > 200, "calls")
        program.end()
    finally:
        program.kill()


@pytest.mark.timeout(900)
def test_it_ends_well_while_the_page_calls_without_pause(kind):
    failed = threading.Event()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = [pool.submit(quit_under_load, kind, failed) for _ in range(kind.quits)]
    for end in ends:
        end.result()
