"""One turn of an application's loop: its budget, and its waits for more."""

import threading
import time

import pytest

from auroraview import main_thread
from auroraview.hosts._draining import Turn
from tests.helpers import SECONDS
from tests.hosts.test_adapters import in_thread


@pytest.fixture
def sequence():
    """Starts threads that ask for one function after the other, each when the last one is answered."""
    threads = []

    def start(functions):
        def work():
            for func in functions:
                main_thread.run(func)

        threads.append(threading.Thread(target=work, daemon=True))
        threads[0].start()
        return threads[0]

    yield start
    deadline = time.monotonic() + SECONDS
    while any(thread.is_alive() for thread in threads):
        assert time.monotonic() < deadline
        main_thread.pump()


def later(*functions):
    return in_thread(lambda: [main_thread.call(func) for func in functions])


def test_a_turn_with_nothing_to_do_is_over_at_once():
    assert Turn()(SECONDS, SECONDS) == 0


def test_a_lingering_turn_serves_a_whole_sequence_of_calls(sequence):
    turn = Turn(budget=SECONDS)
    seen = []
    later(lambda: None)
    sequence([*(lambda n=n: seen.append(n) for n in range(20)), turn.stop])
    assert turn(SECONDS, SECONDS) == 22
    assert seen == list(range(20))


def test_no_turn_lingers_longer_than_it_may(sequence):
    leave = threading.Event()

    def endless():
        while not leave.is_set():
            yield lambda: leave.wait(0.001)

    thread = sequence(endless())
    while not Turn(budget=SECONDS)(0.05, 0.1):
        pass
    assert thread.is_alive()
    leave.set()


def test_the_budget_counts_for_a_lingering_turn_too():
    turn, now = Turn(budget=0.01), threading.Event()
    later(*[lambda: now.wait(0.02)] * 3)
    assert [turn(SECONDS, SECONDS) for _ in range(3)] == [1, 1, 1]
    assert turn() == 0


def test_a_turn_that_is_stopped_from_within_starts_nothing_more_later():
    turn = Turn()
    later(turn.stop)
    assert turn() == 1
    later(lambda: None)
    assert turn() == 0
    assert main_thread.pump() == 1


def test_a_thread_that_is_not_pythons_main_one_is_told_once(caplog):
    turn = Turn()
    assert in_thread(lambda: [turn(), turn()]) == [0, 0]
    assert ["not Python's" in text for text in caplog.messages] == [True]
