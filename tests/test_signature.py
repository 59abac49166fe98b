"""How parameters meet a handler's signature, and what is said where they do not fit."""

import functools

import pytest

from auroraview.testing._memory_page import _ABSENT as ABSENT
from tests.helpers import SECONDS, eventually


def none():
    return []


def one(a):
    return [a]


def two(a, b):
    return [a, b]


def default(a, b=2):
    return [a, b]


def positional_only(a, /, b=2):
    return [a, b]


def named_only(*, a, b=2):
    return [a, b]


def any_positional(*args):
    return [*args]


def any_named(**kwargs):
    return kwargs


def mixed(a, *rest, b=2, **more):
    return [a, rest, b, more]


class Bound:
    def method(self, a):
        return [a]


@functools.wraps(two)
def wrapped(*args, **kwargs):
    return two(*args, **kwargs)


FITS = [
    (none, ABSENT, []),
    (none, {}, []),
    (none, [], []),
    (one, {"a": 1}, [1]),
    (one, [1], [1]),
    (one, 1, [1]),
    (one, None, [None]),
    (one, 0, [0]),
    (one, "", [""]),
    (one, False, [False]),
    (one, "text", ["text"]),
    (one, [[1, 2]], [[1, 2]]),
    (one, [{"x": 1}], [{"x": 1}]),
    (one, [None], [None]),
    (two, {"b": 2, "a": 1}, [1, 2]),
    (two, [1, 2], [1, 2]),
    (default, {"a": 1}, [1, 2]),
    (default, 1, [1, 2]),
    (default, [1, 3], [1, 3]),
    (positional_only, [1, 3], [1, 3]),
    (positional_only, 1, [1, 2]),
    (named_only, {"a": 1}, [1, 2]),
    (any_positional, ABSENT, []),
    (any_positional, [1, 2, 3], [1, 2, 3]),
    (any_positional, "x", ["x"]),
    (any_named, {"x": 1, "": 2, "not a name": 3, "self": 4}, {"x": 1, "": 2, "not a name": 3, "self": 4}),
    (any_named, ABSENT, {}),
    (mixed, [1, 2, 3], [1, [2, 3], 2, {}]),
    (mixed, {"a": 1, "b": 3, "c": 4}, [1, [], 3, {"c": 4}]),
    (Bound().method, {"a": 1}, [1]),
    (wrapped, {"a": 1, "b": 2}, [1, 2]),
    (functools.partial(two, 1), [2], [1, 2]),
    (functools.partial(two, b=2), {"a": 1}, [1, 2]),
    (max, [3, 1, 2], 3),
    (dict, {"a": 1}, {"a": 1}),
    (len, ["four"], 4),
]

OBJECT = '; to pass one object as the parameter: call("f", [object])'
LIST = '; to pass one list as the parameter: call("f", [list])'

MISFITS = [
    (none, 1, "f(): it takes no parameters"),
    (none, None, "f(): it takes no parameters"),
    (none, {"a": 1}, "f(): it has no parameter 'a'"),
    (one, ABSENT, "f(a): the parameter 'a' is missing"),
    (one, [], "f(a): the parameter 'a' is missing"),
    (one, {}, "f(a): the parameter 'a' is missing" + OBJECT),
    (one, {"x": 1}, "f(a): the parameter 'a' is missing" + OBJECT),
    (one, {"a": 1, "x": 1}, "f(a): it has no parameter 'x'" + OBJECT),
    (one, [1, 2], "f(a): it takes 1 parameter, and 2 were given" + LIST),
    (two, 1, "f(a, b): the parameter 'b' is missing"),
    (two, [1, 2, 3], "f(a, b): it takes 2 parameters, and 3 were given"),
    (two, {"a": 1}, "f(a, b): the parameter 'b' is missing"),
    (two, {"a": 1, "b": 2, "c": 3}, "f(a, b): it has no parameter 'c'"),
    (default, {"b": 1}, "f(a, b=...): the parameter 'a' is missing"),
    (positional_only, {"a": 1}, "f(a, /, b=...): the parameter 'a' is missing"),
    (named_only, [1], "f(*, a, b=...): it takes no parameters"),
    (named_only, ABSENT, "f(*, a, b=...): the parameter 'a' must be given by name"),
    (any_positional, {"a": 1}, "f(*args): it has no parameter 'a'"),
    (any_named, [1], "f(**kwargs): it takes no parameters"),
    (mixed, ABSENT, "f(a, *rest, b=..., **more): the parameter 'a' is missing"),
    (wrapped, [1], "f(a, b): the parameter 'b' is missing"),
    (Bound().method, [1, 2], "f(a): it takes 1 parameter, and 2 were given" + LIST),
]


@pytest.mark.parametrize(("func", "params", "result"), FITS)
def test_parameters_that_fit_are_mapped(bridge, page, func, params, result):
    bridge.bind_call("f", func)
    assert page.call("f", params).result(SECONDS) == result


@pytest.mark.parametrize(("func", "params", "message"), MISFITS)
def test_parameters_that_do_not_fit_are_refused_with_the_remedy(bridge, page, caplog, func, params, message):
    bridge.bind_call("f", func)
    error = page.call("f", params).exception(SECONDS)
    assert (error.name, error.code) == ("InvalidParams", "invalid_params")
    assert error.message.startswith(message)
    assert caplog.messages == []


def test_the_remedy_for_named_parameters_is_an_object(bridge, page):
    bridge.bind_call("f", named_only)
    assert 'call("f", {a: ...})' in page.call("f").exception(SECONDS).message


def test_a_type_error_inside_the_handler_is_the_handlers_own(bridge, page):
    bridge.bind_call("f", lambda a: two(a))
    error = page.call("f", [1]).exception(SECONDS)
    assert (error.name, error.code) == ("TypeError", "handler_error")


def test_a_callable_without_a_signature_is_called_as_it_is(bridge, page):
    class Strange:
        __signature__ = "nonsense"

        def __call__(self, a=1):
            return a

    bridge.bind_call("f", Strange())
    assert page.call("f").result(SECONDS) == 1
    assert page.call("f", [2]).result(SECONDS) == 2
    assert page.call("f", [1, 2]).exception(SECONDS).code == "handler_error"


@pytest.mark.parametrize("text", ['{"a": "\\ud800"}', '["\\udc00"]', '"\\ud800"', '{"\\ud800": 1}'])
def test_a_lone_surrogate_from_the_page_is_refused(bridge, page, text):
    bridge.bind_call("f", any_named)
    future = page.call("f")
    future.result(SECONDS)
    frames = []
    take = page._take
    page._take = lambda message: (frames.append(message), take(message))
    page.post(f'{{"type":"call","id":77,"method":"f","params":{text}}}')
    bridge.emit("end")
    page.wait_for("end", SECONDS)
    page.call("f").result(SECONDS)
    (answer,) = [one["detail"] for one in frames if one["detail"] and one["detail"].get("id") == 77]
    assert answer["error"]["code"] == "invalid_params"


@pytest.mark.parametrize(
    ("func", "details"),
    [
        (lambda: ["none"], ["none"]),
        (lambda detail: [detail], [{"a": 1}]),
        (lambda detail=None: [detail], [{"a": 1}]),
        (lambda *args: list(args), [{"a": 1}]),
        (lambda **kwargs: [kwargs], [{}]),
    ],
    ids=["nothing", "one", "optional", "any", "named only"],
)
def test_an_events_handler_gets_the_detail_or_nothing(bridge, page, func, details):
    seen = []

    def handler(*args, **kwargs):
        seen.extend(func(*args, **kwargs))
        bridge.emit("done")

    handler.__wrapped__ = func
    bridge.on("e", handler)
    page.send_event("e", {"a": 1})
    page.wait_for("done", SECONDS)
    assert seen == details


def test_an_event_that_no_handler_can_take_is_counted_and_told(bridge, page, caplog):
    bridge.on("e", lambda a, b: None)
    seen = []
    bridge.on("e", seen.append)
    page.send_event("e", 1)
    eventually(lambda: seen == [1])
    assert page.peer.stats["refused"] == {"malformed": 1}
    eventually(lambda: caplog.messages)
    assert caplog.messages[0] == "the event \"e\" was not handled: e(a, b): the parameter 'b' is missing"


def test_the_page_does_not_see_defaults(bridge, page):
    def handler(a, key="secret"):
        return [a, key]

    bridge.bind_call("f", handler)
    assert page.call("f").exception(SECONDS).message.startswith("f(a, key=...): ")
