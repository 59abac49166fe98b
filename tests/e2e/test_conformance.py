"""What holds over every transport: parameters, errors, events, bindings. One table of cases, run over each page end."""

from __future__ import annotations

import asyncio
import copy
import itertools
from datetime import datetime

import pytest

from auroraview import Bridge, RemoteError, UsageError, ViewClosed, current_call
from tests.e2e.helpers import PATIENCE, Record, wait_for
from tests.e2e.pages import ABSENT, wait_events

_names = (f"method{number}" for number in itertools.count())


def bound(page, func, **options):
    """Binds a function under a name of its own."""
    name = next(_names)
    page.bridge.bind_call(name, func, **options)
    return name


def no_parameters():
    return "none"


def one(a):
    return [a]


def two(a, b):
    return [a, b]


def with_default(a, b="default"):
    return [a, b]


def named_only(*, a, b=2):
    return [a, b]


def positional_only(a, b=5, /):
    return [a, b]


def any_positional(*items):
    return list(items)


def any_named(**items):
    return items


def everything(a, *rest, b=0, **others):
    return [a, list(rest), b, others]


async def awaited(a, b=1):
    await asyncio.sleep(0)
    return [a, b]


class Callable:
    def __call__(self, a):
        return [a]

    def method(self, a, b):
        return [a, b]


ACCEPTED = [
    (no_parameters, ABSENT, "none"),
    (no_parameters, {}, "none"),
    (no_parameters, [], "none"),
    (one, [1], [1]),
    (one, {"a": 1}, [1]),
    (one, 5, [5]),
    (one, "text", ["text"]),
    (one, None, [None]),
    (one, False, [False]),
    (one, [[1, 2]], [[1, 2]]),
    (one, [{"x": 1}], [{"x": 1}]),
    (two, [1, 2], [1, 2]),
    (two, {"b": 2, "a": 1}, [1, 2]),
    (with_default, 1, [1, "default"]),
    (with_default, {"a": 1}, [1, "default"]),
    (with_default, [1, None], [1, None]),
    (named_only, {"a": 1}, [1, 2]),
    (positional_only, [1], [1, 5]),
    (positional_only, [1, 2], [1, 2]),
    (any_positional, ABSENT, []),
    (any_positional, [1, [2], None], [1, [2], None]),
    (any_positional, "x", ["x"]),
    (any_named, ABSENT, {}),
    (any_named, {"x": 1, "self": 2, "not a name": 3}, {"x": 1, "self": 2, "not a name": 3}),
    (everything, [1, 2, 3], [1, [2, 3], 0, {}]),
    (everything, {"a": 1, "b": 2, "c": 3}, [1, [], 2, {"c": 3}]),
    (awaited, {"a": 1}, [1, 1]),
    (awaited, [1, 2], [1, 2]),
    (Callable(), [1], [1]),
    (Callable().method, {"a": 1, "b": 2}, [1, 2]),
    (max, [3, 8], 8),
    (len, [[1, 2, 3]], 3),
]


@pytest.mark.parametrize(("func", "params", "result"), ACCEPTED)
def test_parameters_are_mapped_to_the_handler(page, func, params, result):
    assert page.call(bound(page, func), params).result(PATIENCE) == result


REFUSED = [
    (no_parameters, [1], "no parameters"),
    (no_parameters, None, "no parameters"),
    (no_parameters, {"a": 1}, "'a'"),
    (one, ABSENT, "'a' is missing"),
    (one, [], "'a' is missing"),
    (one, [1, 2], "[list]"),
    (one, {"b": 1}, "[object]"),
    (one, {"a": 1, "b": 2}, "'b'"),
    (two, 1, "'b' is missing"),
    (two, {"a": 1}, "'b' is missing"),
    (two, [1, 2, 3], "3 were given"),
    (named_only, [1], "named_only"),
    (positional_only, {"a": 1}, "'a' is missing"),
    (any_positional, {"a": 1}, "'a'"),
    (any_named, [1], "no parameters"),
    (awaited, ABSENT, "'a' is missing"),
    (Callable(), [1, 2], "[list]"),
]


@pytest.mark.parametrize(("func", "params", "text"), REFUSED)
def test_parameters_that_do_not_fit_are_refused_with_what_was_expected(page, func, params, text):
    ran = []

    if func is one:  # Seen from within, once: the handler does not run.

        def func(a):
            ran.append(a)

    name = bound(page, func)
    with pytest.raises(RemoteError) as raised:
        page.call(name, params).result(PATIENCE)
    assert raised.value.code == "invalid_params"
    assert raised.value.name == "InvalidParams"
    if text != "named_only":
        assert text in raised.value.message
    assert name in raised.value.message
    assert not ran


def test_a_type_error_within_the_handler_is_not_a_parameter_error(page):
    def fails(a):
        return a + "text"

    with pytest.raises(RemoteError) as raised:
        page.call(bound(page, fails), [1]).result(PATIENCE)
    assert (raised.value.code, raised.value.name) == ("handler_error", "TypeError")


def test_a_callable_without_a_signature_is_called_as_it_is(page):
    assert page.call(bound(page, datetime.fromisoformat), "2024-05-06").result(PATIENCE) == "2024-05-06T00:00:00"


def test_a_call_of_an_unknown_method_is_rejected_at_once(page):
    with pytest.raises(RemoteError) as raised:
        page.call("there.is.no.such").result(PATIENCE)
    assert raised.value.code == "method_not_found"
    assert "there.is.no.such" in raised.value.message


class Odd(BaseException):
    """An error that is no Exception."""


class OwnError(ValueError):
    """An error of the program."""


ERRORS = [
    (ValueError("bad value"), "ValueError", "bad value", "handler_error"),
    (OwnError("of our own"), "OwnError", "of our own", "handler_error"),
    (KeyError("k"), "KeyError", "'k'", "handler_error"),
    (SystemExit(3), "SystemExit", "3", "handler_error"),
    (KeyboardInterrupt(), "KeyboardInterrupt", "", "handler_error"),
    (GeneratorExit(), "GeneratorExit", "", "handler_error"),
    (Odd("odd"), "Odd", "odd", "handler_error"),
    (StopIteration(4), None, None, "handler_error"),
    (ValueError("a lone \ud800 surrogate"), "ValueError", None, "handler_error"),
    (asyncio.CancelledError(), None, None, "cancelled"),
]


@pytest.mark.parametrize("place", ["worker", "pool", "asyncio"])
@pytest.mark.parametrize(("error", "name", "message", "code"), ERRORS, ids=lambda value: type(value).__name__)
def test_whatever_a_handler_raises_answers_the_call_and_the_next_call_works(page, place, error, name, message, code):
    def fails():
        raise copy.copy(error)

    async def fails_later():
        await asyncio.sleep(0)
        raise copy.copy(error)

    def works():
        return "fine"

    async def works_later():
        return "fine"

    if place == "asyncio":
        method, next_method = bound(page, fails_later), bound(page, works_later)
    else:
        method, next_method = bound(page, fails, thread=place), bound(page, works, thread=place)
    with pytest.raises(RemoteError) as raised:
        page.call(method).result(PATIENCE)
    assert raised.value.code == code
    if name is not None:
        assert raised.value.name == name
    if message is not None:
        assert raised.value.message == message
    assert page.call(next_method).result(PATIENCE) == "fine"


def test_binding_a_bound_name_again_replaces_the_handler(page):
    first, second = Record(), Record("new")
    name = bound(page, first)
    page.bridge.bind_call(name, second)
    assert page.call(name, [1]).result(PATIENCE) == "new"
    assert (first.seen, second.seen) == ([], [(1,)])


def test_an_unbound_method_is_not_found_and_can_be_bound_again(page):
    name = bound(page, no_parameters)
    assert page.call(name).result(PATIENCE) == "none"
    assert page.bridge.unbind(name)
    assert not page.bridge.unbind(name)
    with pytest.raises(RemoteError, match="MethodNotFound"):
        page.call(name).result(PATIENCE)
    page.bridge.bind_call(name, lambda: "again")
    assert page.call(name).result(PATIENCE) == "again"


def test_event_handlers_run_in_order_of_registration_and_one_that_fails_stops_nobody(open_page):
    page = open_page()
    order = []
    done = Record()

    @page.bridge.on("news")
    def first(data):
        order.append(("first", data))

    @page.bridge.on("news")
    def second():
        order.append(("second",))
        raise SystemExit("fails")

    page.bridge.on("news", lambda data: order.append(("third", data)))
    page.bridge.on("news", done)
    page.send_event("news", {"n": 1})
    done.wait()
    assert order == [("first", {"n": 1}), ("second",), ("third", {"n": 1})]
    page.send_event("news", 2)
    assert done.wait(2)[1] == (2,)


@pytest.mark.parametrize("detail", [0, "", False, None, [], {}, 1.5, "text", [1, [2]], {"a": {"b": None}}, ABSENT])
def test_an_events_detail_arrives_as_itself(page, detail):
    seen = Record()
    page.bridge.on("detail", seen)
    try:
        page.send_event("detail", detail)
        assert seen.wait() == [(None if detail is ABSENT else detail,)]
    finally:
        assert page.bridge.off("detail") == 1


def test_off_removes_one_handler_or_all(open_page):
    page = open_page()
    kept, removed, marker = Record(), Record(), Record()
    page.bridge.on("news", removed)
    page.bridge.on("news", kept)
    page.bridge.on("marker", marker)
    assert page.bridge.off("news", removed) == 1
    page.send_event("news", 1)
    kept.wait()
    assert page.bridge.off("news") == 1
    assert page.bridge.off("news") == 0
    page.send_event("news", 2)
    page.send_event("marker")
    marker.wait()
    assert (removed.seen, kept.seen) == ([], [(1,)])


def test_emits_arrive_in_order_and_payloads_unwrapped(open_page):
    page = open_page()
    payloads = [None, 0, "", False, [1], {"a": 1}, "text"]
    for payload in payloads:
        page.peer.emit("tick", payload)
    page.peer.emit_batch([("tock", 1), ("tick", 2)])
    expected = [["tick", payload] for payload in payloads] + [["tock", 1], ["tick", 2]]
    assert wait_events(page, len(expected)) == expected


def test_what_a_handler_emits_arrives_before_its_result(open_page):
    page = open_page()

    def work():
        for step in range(50):
            current_call().peer.emit("tick", step)
        return "done"

    assert page.call(bound(page, work)).result(PATIENCE) == "done"
    assert page.events() == [["tick", step] for step in range(50)]


def test_a_retained_event_reaches_the_next_document_with_its_last_value(open_page):
    page = open_page()
    for value in range(3):
        page.peer.emit("settings", value, retain=True)
    page.peer.emit("tick", 1)
    assert wait_events(page, 4)[-1] == ["tick", 1]
    page.reload()
    page.peer.emit("tick", 2)
    wait_for(lambda: ["tick", 2] in page.events(), "the event after the reload")
    assert [event for event in page.events() if event[0] == "settings"] == [["settings", 2]]


def test_a_shared_bridge_reaches_every_page_and_a_peer_one(open_page):
    bridge = Bridge()
    first, second = open_page(bridge), open_page(bridge)
    bridge.bind_call("who", lambda: current_call().peer is first.peer)
    assert first.call("who").result(PATIENCE) is True
    assert second.call("who").result(PATIENCE) is False
    first.peer.emit("tick", "first only")
    bridge.emit("tock", "both")
    assert wait_events(first, 2) == [["tick", "first only"], ["tock", "both"]]
    assert wait_events(second, 1) == [["tock", "both"]]


def test_what_waits_when_the_page_closes_ends(open_page):
    page = open_page()
    started, cancelled = Record(), Record()

    async def waits():
        started()
        try:
            await asyncio.sleep(PATIENCE * 4)
        except asyncio.CancelledError:
            cancelled()
            raise

    answer = page.call(bound(page, waits))
    started.wait()
    page.close()
    with pytest.raises(ViewClosed):
        answer.result(PATIENCE)
    cancelled.wait()


@pytest.mark.parametrize("name", ["", "__auroraview_welcome", None, 5])
def test_names_that_cannot_be_are_refused_at_once(page, name):
    for act in (
        lambda: page.bridge.bind_call(name, no_parameters),
        lambda: page.bridge.on(name, no_parameters),
        lambda: page.peer.emit(name, 1),
        lambda: page.bridge.emit(name, 1),
        lambda: page.peer.emit_batch([("tick", 1), (name, 1)]),
    ):
        with pytest.raises((UsageError, TypeError)):
            act()
