"""What a call brings, over every transport: a table of parameters, a table of errors."""

from __future__ import annotations

import asyncio
import copy
from datetime import datetime

import pytest

from auroraview import RemoteError
from tests.e2e.helpers import PATIENCE
from tests.e2e.pages import ABSENT, bound


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
