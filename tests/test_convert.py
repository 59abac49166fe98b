"""Python values to JSON text and back."""

import collections
import dataclasses
import datetime
import decimal
import enum
import json
import math
import pathlib
import types
import uuid

import pytest

from auroraview import Limits, _core
from auroraview.bridge import Bridge
from auroraview.testing import MemoryPage
from tests.helpers import SECONDS, eventually


def dumps(value, root="result", depth=200):
    text, attachments, escaped = _core.dumps(value, root, depth)
    assert not attachments
    assert not escaped
    return text


class Colour(enum.Enum):
    RED = "red"
    BOTH = (1, 2)


class Level(enum.IntEnum):
    HIGH = 3


class Word(enum.StrEnum):
    YES = "yes"


class Flags(enum.Flag):
    A = 1
    B = 2


@dataclasses.dataclass
class Point:
    x: int
    y: object = None


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    points: tuple


class Hooked:
    def __init__(self, plain):
        self.plain = plain

    def __auroraview_json__(self):
        return self.plain


class HookedDict(dict):
    def __auroraview_json__(self):
        return "hooked"


class Text(str):
    pass


class Number(int):
    pass


class Fraction(float):
    pass


class Items(list):
    pass


Pair = collections.namedtuple("Pair", "a b")

SAFE = 2**53 - 1

SENDABLE = [
    (None, "null"),
    (True, "true"),
    (False, "false"),
    (0, "0"),
    (-1, "-1"),
    (SAFE, "9007199254740991"),
    (-SAFE, "-9007199254740991"),
    (0.5, "0.5"),
    (1.0, "1.0"),
    (-0.0, "-0.0"),
    (1e300, "1e+300"),
    (5e-324, "5e-324"),
    (math.nan, "null"),
    (math.inf, "null"),
    (-math.inf, "null"),
    ("", '""'),
    ("é\U0001f600", '"é\U0001f600"'),
    ('"\\\n\t\x00\x1f\x7f', '"\\"\\\\\\n\\t\\u0000\\u001f\x7f"'),
    ("</script>", '"</script>"'),
    ([], "[]"),
    ({}, "{}"),
    ((), "[]"),
    ([1, [2, (3,)]], "[1,[2,[3]]]"),
    ({"a": {"b": []}}, '{"a":{"b":[]}}'),
    ({"": 1, "__proto__": 2, "\x00": 3}, '{"":1,"__proto__":2,"\\u0000":3}'),
    ({1}, "[1]"),
    (frozenset({2}), "[2]"),
    (collections.OrderedDict(b=1, a=2), '{"b":1,"a":2}'),
    (collections.defaultdict(int, a=1), '{"a":1}'),
    (collections.ChainMap({"a": 1}), '{"a":1}'),
    (types.MappingProxyType({"a": 1}), '{"a":1}'),
    (collections.Counter("aab"), '{"a":2,"b":1}'),
    (Pair(1, 2), "[1,2]"),
    (datetime.date(2024, 2, 29), '"2024-02-29"'),
    (datetime.datetime(2024, 2, 29, 12, 30), '"2024-02-29T12:30:00"'),
    (datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC), '"2024-02-29T00:00:00+00:00"'),
    (datetime.time(1, 2, 3), '"01:02:03"'),
    (pathlib.PurePosixPath("/a/b"), '"/a/b"'),
    (pathlib.Path("a"), '"a"'),
    (uuid.UUID(int=1), '"00000000-0000-0000-0000-000000000001"'),
    (decimal.Decimal("1.10"), '"1.10"'),
    (Colour.RED, '"red"'),
    (Colour.BOTH, "[1,2]"),
    (Level.HIGH, "3"),
    (Word.YES, '"yes"'),
    (Flags.A | Flags.B, "3"),
    (Point(1, Point(2)), '{"x":1,"y":{"x":2,"y":null}}'),
    (Frozen(({"a"},)), '{"points":[["a"]]}'),
    (Text("sub"), '"sub"'),
    (Number(7), "7"),
    (Fraction(0.5), "0.5"),
    (Items([1]), "[1]"),
    (Hooked({"a": Hooked(1)}), '{"a":1}'),
    (HookedDict(a=1), '"hooked"'),
    ({"when": [datetime.date(2024, 1, 1)]}, '{"when":["2024-01-01"]}'),
    ({Text("key"): 1}, '{"key":1}'),
    ({Word.YES: 1}, '{"yes":1}'),
]


@pytest.mark.parametrize(("value", "text"), SENDABLE, ids=lambda value: repr(value)[:40])
def test_a_value_is_written_in_its_plain_form(value, text):
    assert dumps(value) == text


def test_line_separators_come_back_as_themselves():
    assert json.loads(dumps("\u2028\u2029")) == "\u2028\u2029"


def test_numpy_scalars_are_numbers():
    numpy = pytest.importorskip("numpy")
    values = [numpy.float32(0.5), numpy.int64(3), numpy.bool_(True), numpy.float64("nan"), numpy.str_("s")]
    assert dumps(values) == '[0.5,3,true,null,"s"]'
    with pytest.raises(TypeError, match=r"result\[0\]: the int is outside"):
        dumps([numpy.int64(2**60)])


LOOP = []
LOOP.append({"again": LOOP})


class Raises:
    def __auroraview_json__(self):
        raise LookupError("no form")


class Itself:
    def __auroraview_json__(self):
        return self


UNSENDABLE = [
    (object(), "result: a value of type object cannot be sent"),
    ({"items": [0, 1, 2, {"mesh": object()}]}, "result.items[3].mesh: a value of type object"),
    ({"a b": [object()], "c": 1}, 'result["a b"][0]: '),
    ({"1st": object()}, 'result["1st"]: '),
    ({"": object()}, 'result[""]: '),
    (1j, "result: a value of type complex"),
    (print, "result: a value of type builtin_function_or_method"),
    (Point, "result: a value of type type"),
    (datetime.timedelta(1), "result: a value of type datetime.timedelta"),
    (range(3), "result: a value of type range"),
    (iter([]), "result: a value of type list_iterator"),
    (SAFE + 1, "result: the int is outside ±(2**53 - 1)"),
    ([-SAFE - 1], "result[0]: the int is outside"),
    (10**30, "result: the int is outside"),
    (Number(2**60), "result: the int is outside"),
    ({1: 2}, "result: the key 1 is a value of type int, and JSON has only string keys"),
    ({"a": {None: 2}}, "result.a: the key None is a value of type NoneType"),
    ({("a",): 2}, "result: the key ('a',) is a value of type tuple"),
    ("lone \ud800", "result: the string holds a lone surrogate"),
    ({"\udc00": 1}, "the string holds a lone surrogate"),
    (LOOP, "result[0].again: the value contains itself"),
    (Raises(), "result: LookupError: no form"),
    ([Itself()], "result[0]: the value contains itself"),
    (Point(1, object()), "result.y: a value of type object"),
    (Hooked({"a": [object()]}), "result.a[0]: a value of type object"),
    (collections.ChainMap({"a": object()}), "result.a: a value of type object"),
]


@pytest.mark.parametrize(("value", "message"), UNSENDABLE, ids=lambda value: type(value).__name__)
def test_what_cannot_be_sent_is_a_type_error_with_the_path(value, message):
    with pytest.raises(TypeError) as caught:
        dumps(value)
    assert message in str(caught.value)


def nested(depth, make=lambda inner: [inner]):
    value = 1
    for _ in range(depth):
        value = make(value)
    return value


@pytest.mark.parametrize(
    "make",
    [lambda v: [v], lambda v: {"a": v}, lambda v: (v,), lambda v: Point(v), lambda v: collections.ChainMap({"a": v})],
    ids=["list", "dict", "tuple", "dataclass", "mapping"],
)
def test_depth_is_bounded_whatever_it_is_made_of(make):
    assert dumps(nested(5, make), depth=5)
    with pytest.raises(ValueError, match="result is nested deeper than 5"):
        dumps(nested(6, make), depth=5)


def test_a_stand_in_is_no_level_of_its_own():
    assert dumps(nested(5, lambda inner: Hooked([inner])), depth=5) == "[[[[[1]]]]]"


def test_depth_100_000_is_refused_without_harm():
    with pytest.raises(ValueError, match="deeper"):
        dumps(nested(100_000))


def test_the_same_value_twice_is_no_cycle():
    shared = {"a": [1]}
    assert dumps([shared, shared]) == '[{"a":[1]},{"a":[1]}]'


def test_a_list_that_a_hook_changes_is_written_without_harm():
    items = []

    class Grows:
        def __auroraview_json__(self):
            items.clear()
            return 1

    items.extend([Grows() for _ in range(100)])
    assert dumps(items) == "[1]"


def test_a_dict_that_a_hook_changes_is_an_error():
    changing = {}

    class Grows:
        def __auroraview_json__(self):
            changing[str(len(changing))] = 1
            return 1

    changing.update({"a": Grows(), "b": 1})
    with pytest.raises(TypeError, match="changed"):
        dumps(changing)


def test_a_set_that_a_hook_changes_is_sent_as_it_was():
    changing = set()

    class Grows:
        def __auroraview_json__(self):
            changing.add("new")
            return 1

    changing.add(Grows())
    assert dumps(changing) == "[1]"


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        -1,
        2**53,
        10**30,
        0.5,
        "",
        "é\U0001f600\x00\u2028",
        [],
        {},
        [[1], {"a": None}],
        {"": {"__proto__": 1}},
    ],
    ids=repr,
)
def test_json_text_is_read_back(value):
    assert _core.loads(json.dumps(value)) == value


@pytest.mark.parametrize("text", ["", "{", "[1,]", "nul", '"\\ud800"', "'a'", '{"a" 1}', "1 2", "\x00"])
def test_bad_text_is_a_value_error(text):
    with pytest.raises(ValueError, match=r"."):
        _core.loads(text)


def test_a_large_text_goes_both_ways():
    text = "é\U0001f600\x00x" * 500_000
    assert _core.loads(dumps(text)) == text


# Through a call


def test_results_arrive_and_errors_name_the_path(bridge, page, caplog):
    bridge.bind_call("fine", lambda: {"when": datetime.date(2024, 1, 1), "level": Level.HIGH})
    bridge.bind_call("bad", lambda: {"items": [object()]})
    assert page.call("fine").result(SECONDS) == {"when": "2024-01-01", "level": 3}
    error = page.call("bad").exception(SECONDS)
    assert (error.name, error.code) == ("TypeError", "handler_error")
    assert error.message.startswith("result.items[0]: a value of type object cannot be sent")
    eventually(lambda: caplog.messages)
    assert caplog.messages == [f"the result of 'bad' cannot be sent: {error.message}"]


def test_a_result_that_is_too_deep_or_too_long_is_too_large(caplog):
    bridge = Bridge(limits=Limits(depth=3, message_bytes=1000))
    bridge.bind_call("deep", lambda: nested(4))
    bridge.bind_call("long", lambda: "x" * 2000)
    with MemoryPage(bridge) as page:
        for method in ("deep", "long"):
            assert page.call(method).exception(SECONDS).code == "too_large"


def test_parameters_that_are_too_deep_are_too_large(bridge, page):
    bridge.bind_call("f", lambda value: value)
    assert page.call("f", [nested(199)]).result(SECONDS) == nested(199)
    assert page.call("f", [nested(200)]).exception(SECONDS).code == "too_large"


def test_an_emit_that_cannot_be_sent_names_the_payload(bridge, page):
    with pytest.raises(TypeError, match=r"payload\.mesh: a value of type object"):
        bridge.emit("e", {"mesh": object()})
    with pytest.raises(ValueError, match="payload is nested deeper than 200"):
        bridge.emit("e", nested(201))
    bridge.emit("end")
    page.wait_for("end", SECONDS)
    assert page.events == [("end", None)]


def test_values_that_stand_for_each_other_without_end_are_an_error():
    class Endless:
        def __auroraview_json__(self):
            return Endless()

    with pytest.raises(TypeError, match="stand for each other"):
        dumps(Endless())


def test_an_interrupt_in_a_conversion_hook_is_not_swallowed():
    class Interrupts:
        def __auroraview_json__(self):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dumps([Interrupts()])
