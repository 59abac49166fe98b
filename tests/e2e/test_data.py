"""Values on their way: every kind of JSON both ways, what Python types become, and what is refused, with the path."""

from __future__ import annotations

import collections
import ctypes
import dataclasses
import datetime
import decimal
import enum
import pathlib
import uuid
from typing import Any

import pytest

from auroraview import RemoteError
from tests.e2e.helpers import PATIENCE, Record
from tests.e2e.pages import wait_events

ECHOED = [
    None,
    True,
    False,
    0,
    -1,
    2**53 - 1,
    -(2**53 - 1),
    0.5,
    -1.25e-7,
    1.7976931348623157e308,
    5e-324,
    "",
    "text",
    "Grüße, 世界",
    "astral 𝄞 😀 \U0010ffff",
    "separators \u2028 \u2029 \x85",
    "</script><!-- <script> ]]>",
    "nul \0 and \x01\x1f\x7f",
    "quotes \" ' ` \\ ${x} \n\r\t\b\f",
    "\ufeff bom \ufffe\uffff",
    [],
    {},
    [[], {}, [None]],
    [1, "two", 3.5, None, True, {"k": [1]}],
    {"0": 5, "": 0, " ": 1, "a.b": 2, "ключ": 3, "\0": 4},
    {"__proto__": {"polluted": True}, "constructor": {"prototype": {"polluted": True}}, "toString": 1},
    {"type": "event", "event": "__auroraview_closed", "v": 1, "doc": "x", "msgs": [], "id": 1, "ok": False},
    {"$av": 0},
]


@pytest.fixture(scope="module")
def echo(page):
    """A function that sends a value to Python and back; it returns what both saw."""
    received: list[Any] = []

    def keep(value):
        received.append(value)
        return value

    page.bridge.bind_call("echo", keep)

    def send(value):
        received.clear()
        back = page.call("echo", [value]).result(PATIENCE)
        return received[0], back

    return send


def same(one: object, other: object) -> bool:
    """Equal, and of equal types: 1, 1.0 and True differ."""
    return repr(one) == repr(other)


@pytest.mark.parametrize("value", ECHOED, ids=range(len(ECHOED)))
def test_a_json_value_is_the_same_there_and_back(echo, value):
    there, back = echo(value)
    assert same(there, value)
    assert same(back, value)


@pytest.mark.parametrize(
    "text", ["x" * 20_000, "é" * 20_000, "世" * 20_000, "😀" * 20_000, "\ufeff\0\u2028x" * 9_000, "x" * 99_999 + "é"]
)
def test_a_long_text_is_the_same_there_and_back(echo, text):
    assert echo(text) == (text, text)
    assert echo({text[:5_000]: [text, "short"]})[1] == {text[:5_000]: [text, "short"]}


@pytest.mark.parametrize("value", ECHOED, ids=range(len(ECHOED)))
def test_an_event_carries_a_json_value_both_ways(page, value):
    seen = Record()
    page.bridge.on("data", seen)
    try:
        page.send_event("data", value)
        assert same(seen.wait()[0][0], value)
    finally:
        page.bridge.off("data")
    before = len(page.events())
    page.peer.emit("tick", value)
    assert same(wait_events(page, before + 1)[before], ["tick", value])


@pytest.mark.parametrize("depth", [1, 100, 200])
def test_a_value_as_deep_as_the_limit_passes(page, depth):
    value: Any = []
    for _ in range(depth - 2):
        value = [value]
    page.bridge.bind_call("deep", lambda given: given)
    # The list of parameters is a level of its own.
    assert page.call("deep", [value]).result(PATIENCE) == value


@dataclasses.dataclass
class Point:
    x: float
    y: float
    tags: set[str] = dataclasses.field(default_factory=set)


@dataclasses.dataclass(slots=True, frozen=True)
class Slotted:
    inner: Point


class Colour(enum.Enum):
    RED = "red"
    MIX = (1, 2)


class Level(enum.IntEnum):
    HIGH = 3


class Mode(enum.StrEnum):
    EDIT = "edit"


class WithHook:
    def __auroraview_json__(self):
        return {"hook": Point(1, 2)}


class Text(str):
    __slots__ = ()


class Pair(collections.namedtuple("Pair", "left right")):
    __slots__ = ()


SENT = [
    (float("nan"), None),
    (float("inf"), None),
    ([-float("inf"), 1.0], [None, 1]),
    (-0.0, 0),
    (1e21, 1e21),
    ((1, (2,)), [1, [2]]),
    ({7}, [7]),
    (frozenset({"a"}), ["a"]),
    (Point(1.5, -2), {"x": 1.5, "y": -2, "tags": []}),
    (Slotted(Point(0, 0, {"t"})), {"inner": {"x": 0, "y": 0, "tags": ["t"]}}),
    (datetime.datetime(2024, 5, 6, 7, 8, 9), "2024-05-06T07:08:09"),
    (datetime.datetime(2024, 5, 6, 7, 8, 9, 10, tzinfo=datetime.UTC), "2024-05-06T07:08:09.000010+00:00"),
    (datetime.date(2024, 5, 6), "2024-05-06"),
    (Colour.RED, "red"),
    (Colour.MIX, [1, 2]),
    (Level.HIGH, 3),
    (Mode.EDIT, "edit"),
    (pathlib.PurePosixPath("/a/b c"), "/a/b c"),
    (uuid.UUID("12345678123456781234567812345678"), "12345678-1234-5678-1234-567812345678"),
    (decimal.Decimal("1.10"), "1.10"),
    (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
    (collections.ChainMap({"a": 1}, {"b": 2}), {"a": 1, "b": 2}),
    (Pair("l", "r"), ["l", "r"]),
    (Text("sub"), "sub"),
    (WithHook(), {"hook": {"x": 1, "y": 2, "tags": []}}),
    ({"deep": [{"hook": WithHook()}]}, {"deep": [{"hook": {"hook": {"x": 1, "y": 2, "tags": []}}}]}),
]


@pytest.mark.parametrize(("value", "arrives"), SENT, ids=lambda value: type(value).__name__)
def test_a_python_value_arrives_in_its_plain_form(page, value, arrives):
    page.bridge.bind_call("give", lambda: value)
    assert page.call("give").result(PATIENCE) == arrives
    before = len(page.events())
    page.peer.emit("tock", value)
    assert wait_events(page, before + 1)[before] == ["tock", arrives]


def test_numpy_scalars_arrive_as_numbers(page):
    numpy = pytest.importorskip("numpy")
    values = [numpy.float32(0.5), numpy.int64(-7), numpy.bool_(True), numpy.uint8(255), numpy.float64("nan")]
    page.bridge.bind_call("give", lambda: values)
    assert page.call("give").result(PATIENCE) == [0.5, -7, True, 255, None]


def cycle() -> list[Any]:
    value: list[Any] = [1]
    value.append({"again": value})
    return value


class HookToItself:
    def __auroraview_json__(self):
        return [self]


class Mesh:
    pass


def mesh() -> Any:
    return {"items": [1, 2, 3, {"mesh": Mesh()}]}


REFUSED = [
    (mesh, ".items[3].mesh", "Mesh"),
    (lambda: Mesh(), "", "Mesh"),
    (lambda: [0, 2**53], "[1]", "2**53"),
    (lambda: {"n": -(2**70)}, ".n", "2**53"),
    (lambda: {"a": {1: 2}}, ".a", "string keys"),
    (lambda: {"a b": object()}, '["a b"]', "object"),
    (lambda: {"t": ("x", (ctypes.c_void_p * 1)())}, ".t[1]", "c_void_p_Array_1"),
    (lambda: Point(1, complex(2)), ".y", "complex"),
    (cycle, "[1].again", "contains itself"),
    (lambda: HookToItself(), "[0]", "contains itself"),
    (lambda: ["a lone \ud800 surrogate"], "[0]", "surrogate"),
    (lambda: {"\udc00": 1}, "", "surrogate"),
    (lambda: [Exception("no value")], "[0]", "Exception"),
    (lambda: (n for n in range(3)), "", "generator"),
]


@pytest.mark.parametrize(("make", "path", "text"), REFUSED, ids=range(len(REFUSED)))
def test_a_result_that_cannot_be_sent_is_a_type_error_that_names_the_path(page, make, path, text):
    page.bridge.bind_call("give", make)
    with pytest.raises(RemoteError) as raised:
        page.call("give").result(PATIENCE)
    assert (raised.value.name, raised.value.code) == ("TypeError", "handler_error")
    assert raised.value.message.startswith(f"result{path}")
    assert text in raised.value.message


@pytest.mark.parametrize(("make", "path", "text"), REFUSED, ids=range(len(REFUSED)))
def test_a_payload_that_cannot_be_sent_raises_in_emit_and_sends_nothing(page, make, path, text):
    before = len(page.events())
    for act in (
        lambda: page.peer.emit("tick", make()),
        lambda: page.bridge.emit("tick", make()),
        lambda: page.peer.emit_batch([("tick", 1), ("tick", make())]),
        lambda: page.bridge.emit_batch([("tick", 1), ("tick", make())]),
    ):
        with pytest.raises(TypeError) as raised:
            act()
        assert path in str(raised.value)
        assert text in str(raised.value)
    page.peer.emit("tock", "only this")
    assert wait_events(page, before + 1)[before:] == [["tock", "only this"]]
