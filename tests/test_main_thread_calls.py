"""Functions of other threads on the main thread: ``main_thread.run``, ``.call``, and ``@main_thread``."""

import asyncio
import inspect
import signal
import threading

import pytest

from auroraview import Future, UsageError, current_call, main_thread
from tests.helpers import SECONDS, eventually, run_program


def here():
    return threading.current_thread() is threading.main_thread()


def served(func):
    """What a function returns that runs on a thread of its own, while the main thread pumps."""
    outcome = Future("the thread")

    def work():
        try:
            outcome.settle(func())
        except BaseException as error:  # noqa: BLE001 - told to whoever waits
            outcome.settle(error=error)

    thread = threading.Thread(target=work)
    thread.start()
    eventually(lambda: main_thread.pump() is not None and outcome.done())
    thread.join(SECONDS)
    return outcome.result(0)


def test_run_returns_what_the_function_returns_on_the_main_thread():
    assert served(lambda: main_thread.run(lambda a, *, b: (a, b, here()), 1, b=2)) == (1, 2, True)


def test_run_raises_what_the_function_raises():
    with pytest.raises(ZeroDivisionError):
        served(lambda: main_thread.run(lambda: 1 / 0))


def test_a_decorated_function_runs_on_the_main_thread_whoever_calls_it():
    @main_thread
    def add(a: int, b: int = 1) -> tuple[int, bool]:
        """Adds."""
        return a + b, here()

    assert add(1) == (2, True)
    assert served(lambda: add(1, b=2)) == (3, True)
    assert (add.__name__, add.__doc__) == ("add", "Adds.")
    assert list(inspect.signature(add).parameters) == ["a", "b"]


def test_on_the_main_thread_a_function_runs_at_once_and_before_what_waits(page, bridge):
    seen = []
    bridge.bind_call("f", lambda: seen.append("waited"), thread="main")
    waiting = page.call("f")
    assert main_thread.run(lambda: seen.append("run")) is None
    assert main_thread.call(lambda: seen.append("call")).done()
    assert seen == ["run", "call"]
    waiting.result(SECONDS)


def test_calls_and_handlers_run_in_order_of_arrival(page, bridge):
    seen = []
    bridge.bind_call("f", seen.append, thread="main")

    def ask():
        futures = []
        for n in range(0, 20, 2):
            futures.append(main_thread.call(seen.append, n))
            futures.append(page.call("f", [n + 1]))
        return futures

    for future in in_thread(ask):
        future.result(SECONDS)
    assert seen == list(range(20))


def in_thread(func):
    """What a function returns on another thread, which waits for nothing of the main one."""
    values = []
    thread = threading.Thread(target=lambda: values.append(func()))
    thread.start()
    thread.join(SECONDS)
    return values[0]


def test_the_future_of_a_call_has_its_error():
    future = in_thread(lambda: main_thread.call(lambda: 1 / 0))
    assert isinstance(future.exception(SECONDS), ZeroDivisionError)
    assert isinstance(main_thread.call(lambda: 1 / 0).exception(0), ZeroDivisionError)


def test_a_call_that_is_cancelled_before_it_starts_never_runs():
    seen = []
    future = in_thread(lambda: main_thread.call(seen.append, 1))
    assert future.cancel()
    main_thread.pump()
    assert seen == []


def test_a_call_that_takes_too_long_is_a_timeout_error():
    def wait():
        future = main_thread.call(lambda: None)
        with pytest.raises(TimeoutError, match=r"did not come within 0\.01 s"):
            future.result(0.01)
        return True

    assert in_thread(wait)
    main_thread.pump()


def test_the_function_sees_whom_its_caller_serves(page, bridge):
    bridge.bind_call("outer", lambda: main_thread.run(lambda: [current_call().method, here()]))
    assert page.call("outer").result(SECONDS) == ["outer", True]


def test_on_an_asyncio_loop_a_wait_is_refused_before_anything_runs():
    seen = []

    async def main():
        with pytest.raises(UsageError, match=r"await main_thread\.call"):
            main_thread.run(seen.append, "run")
        return await main_thread.call(lambda: here())

    assert served(lambda: asyncio.run(main())) is True
    assert seen == []


@pytest.mark.parametrize("use", [main_thread, main_thread.run, main_thread.call])
def test_an_async_function_is_refused(use):
    async def func():
        pass

    with pytest.raises(UsageError, match="async"):
        use(func)


def test_ctrl_c_in_a_function_reaches_its_caller_and_who_pumps():
    future = in_thread(lambda: main_thread.call(signal.raise_signal, signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        main_thread.pump()
    assert isinstance(future.exception(0), KeyboardInterrupt)


def test_who_waits_for_a_main_thread_that_has_ended_is_told():
    done = run_program(
        "",
        """
        import threading
        from auroraview import HostError, main_thread

        def work():
            threading.main_thread().join()
            try:
                main_thread.run(print, "never")
            except HostError as error:
                print(error)

        threading.Thread(target=work).start()
        """,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "the main thread has ended: nothing runs there any more\n"
