"""Handlers that a page waits for without going on: how they are bound, and what they may not wait for. The page's side,
``auroraview.callSync``: tests/e2e."""

import functools
from types import SimpleNamespace

import pytest

from auroraview import Bridge, CallTimeout, UsageError, WebView
from auroraview._evaluation import Evaluations
from auroraview._running import call_context, run
from auroraview.futures import Future
from auroraview.testing import MemoryPage
from tests.helpers import SECONDS


@pytest.fixture
def view():
    return WebView(html="<p>")


@pytest.fixture
def serving(view):
    """As in a handler that the page of ``view`` stands still for."""
    token = call_context.set(SimpleNamespace(sync=True, method="save", peer=view.peer))
    yield
    call_context.reset(token)


# Binding


def test_a_handler_bound_with_sync_also_serves_ordinary_calls(bridge, page):
    @bridge.bind_call("double", sync=True)
    def double(number):
        return number * 2

    bridge.bind_call("half", lambda number: number / 2, thread="pool", sync=True)
    assert page.call("double", [21]).result(SECONDS) == 42
    assert page.call("half", [42]).result(SECONDS) == 21


class Called:
    async def __call__(self): ...


async def later(): ...


@pytest.mark.parametrize("func", [later, functools.partial(later), Called()], ids=["function", "partial", "object"])
def test_an_async_function_cannot_serve_a_page_that_stands_still(bridge, func):
    with pytest.raises(UsageError, match=r"'save' is an async function: .*without sync=True"):
        bridge.bind_call("save", func, sync=True)
    with pytest.raises(UsageError, match="async function"):
        bridge.bind_call("save", sync=True)(func)
    assert bridge.methods == ()


def test_what_binds_handlers_takes_sync():
    view = WebView(html="<p>")
    view.bind_call("one", lambda: 1, sync=True)
    assert view.bridge.methods == ("one",)


# What is returned


class SyncJob:
    """A call of ``callSync``, which remembers its answer."""

    sync, method, cancelled, debug = True, "save", False, False

    def succeed(self, value):
        self.value = value

    def fail(self, name, message, traceback):
        self.error = (name, message)


def never(*_):
    raise AssertionError("it was given to the loop")


def test_a_plain_value_answers():
    job = SyncJob()
    assert run((job, lambda: 7, (), None), never) is None
    assert job.value == 7


@pytest.mark.parametrize("value", [later, lambda: Future()], ids=["coroutine", "future"])
def test_what_is_to_be_awaited_is_refused_in_the_answer(value, caplog):
    job = SyncJob()
    assert isinstance(run((job, value, (), None), never), UsageError)
    name, message = job.error
    assert name == "UsageError"
    assert "'save' returned what is to be awaited" in message
    assert "await auroraview.call('save', ...)" in message


# What is waited for


def evaluations_of(view):
    """Questions to the page of a view whose window is open and whose page is not ready."""
    page = SimpleNamespace(is_open=True, peer=SimpleNamespace(is_ready=False), new_request=iter(range(99)).__next__)
    return Evaluations(page, page=view.peer._core.id)


@pytest.mark.parametrize("ask", ["evaluate", "screenshot", "when_ready"])
@pytest.mark.usefixtures("serving")
def test_the_answer_of_that_page_is_not_waited_for(view, ask):
    evaluations = evaluations_of(view)
    asks = {
        "evaluate": lambda: evaluations.evaluate("1"),
        "screenshot": evaluations.screenshot,
        "when_ready": lambda: evaluations.when_ready("the matches", Future),
    }
    future = asks[ask]()
    for wait in (future.result, future.exception, lambda: future.result(timeout=5)):
        with pytest.raises(UsageError, match=r"stands still until 'save' has answered its callSync") as raised:
            wait()
        assert "future.add_done_callback(func)" in str(raised.value)
        assert "await auroraview.call('save', ...)" in str(raised.value)
    with pytest.raises(CallTimeout):
        future.result(timeout=0)


@pytest.mark.usefixtures("serving")
def test_an_answer_that_is_there_is_given(view):
    future = evaluations_of(view).evaluate("1")
    future.settle(3)
    assert future.result() == 3


@pytest.mark.usefixtures("serving")
def test_that_the_page_becomes_ready_is_not_waited_for(view):
    with pytest.raises(UsageError, match="stands still until 'save' has answered"):
        view.wait_ready()


@pytest.mark.usefixtures("serving")
def test_other_pages_and_the_rest_of_the_world_are_waited_for():
    other = WebView(html="<p>")
    with pytest.raises(CallTimeout):
        evaluations_of(other).evaluate("1").result(timeout=0.01)
    with pytest.raises(CallTimeout):
        other.wait_ready(timeout=0.01)
    with MemoryPage(Bridge()) as page:
        page.peer.bridge.bind_call("one", lambda: 1)
        assert page.call("one").result(SECONDS) == 1


def test_an_ordinary_call_waits_for_its_page(view):
    token = call_context.set(SimpleNamespace(sync=False, method="save", peer=view.peer))
    try:
        with pytest.raises(CallTimeout):
            evaluations_of(view).evaluate("1").result(timeout=0.01)
    finally:
        call_context.reset(token)
