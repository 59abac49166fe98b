"""Bytes and arrays beside the JSON, both ways through a page without a browser."""

import array
import copy
import datetime
import pickle

import numpy
import pytest

from auroraview import Array, Bridge, Limits
from auroraview.testing import MemoryPage
from tests.helpers import SECONDS, code_of, eventually

DTYPES = (
    "int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64 bool".split()  # those of PROTOCOL.md
)


@pytest.fixture
def echo(bridge, page):
    """What a value becomes on its way to the page, back, and to the page again; handlers see it in ``echo.seen``."""
    seen = []

    def back_and_forth(value):
        seen.append(value)
        return value

    bridge.bind_call("echo", back_and_forth)

    def echo(value):
        return page.call("echo", [value]).result(SECONDS)

    echo.seen = seen
    return echo


def same(found, expected):
    """An ``Array`` that numpy takes for what was sent, in the layout of the wire."""
    assert type(found) is Array
    as_numpy = numpy.asarray(found)
    assert as_numpy.dtype == expected.dtype.newbyteorder("=")
    assert as_numpy.shape == found.shape == expected.shape
    assert numpy.array_equal(as_numpy, expected, equal_nan=expected.dtype.kind == "f")
    assert found.dtype == expected.dtype.newbyteorder("=").name
    return True


# Bytes


@pytest.mark.parametrize(
    "value",
    [b"", b"\0\xff", bytearray(b"abc"), memoryview(b"abc"), memoryview(b"abcdef")[::2], memoryview(b"ab").cast("c")],
    ids=["empty", "bytes", "bytearray", "memoryview", "every second", "chars"],
)
def test_bytes_arrive_as_bytes(echo, value):
    found = echo(value)
    assert type(found) is bytes
    assert found == bytes(value)
    assert type(echo.seen[0]) is bytes


def test_bytes_stand_anywhere_in_a_value(echo):
    value = {"a": [b"one", {"b": b"two"}], "c": b"one", "d": "text", "e": None}
    assert echo(value) == value


def test_one_value_sent_twice_arrives_twice(echo):
    data = b"shared" * 1000
    assert echo([data, data]) == [data, data]


def test_many_attachments_keep_their_order(echo):
    many = [bytes([n % 256]) * (n % 7) for n in range(2_000)]
    assert echo(many) == many


def test_megabytes_arrive_unchanged(echo):
    data = bytes(range(256)) * 40_000
    assert echo(data) == data


def test_what_is_changed_after_emit_was_sent_as_it_was(page, bridge):
    data = bytearray(b"before")
    numbers = numpy.arange(3)
    bridge.emit("e", [data, numbers])
    data[:] = b"after!"
    numbers[:] = 9
    sent, array_sent = page.wait_for("e", SECONDS)
    assert sent == b"before"
    assert list(numpy.asarray(array_sent)) == [0, 1, 2]


# Arrays


@pytest.mark.parametrize("order", ["<", ">"], ids=["little-endian", "big-endian"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_of_every_type_arrive_as_they_were(echo, dtype, order):
    values = [0, 1, 1, 0] if dtype == "bool" else [0, 1, 100, 2]
    sent = numpy.array(values, dtype=numpy.dtype(dtype).newbyteorder(order))
    assert same(echo(sent), sent)
    assert same(echo.seen[0], sent)


@pytest.mark.parametrize("dtype", ["int64", "uint64", "float16", "float32", "float64"])
def test_extreme_numbers_are_not_rounded(echo, dtype):
    info = numpy.iinfo(dtype) if dtype.endswith("int64") else numpy.finfo(dtype)
    sent = numpy.array([info.min, info.max], dtype)
    assert same(echo(sent), sent)


def test_nan_and_infinities_in_an_array_stay_what_they_are(echo):
    sent = numpy.array([numpy.nan, numpy.inf, -numpy.inf, -0.0])
    assert same(echo(sent), sent)


LAYOUTS = {
    "two dimensions": lambda: numpy.arange(12).reshape(3, 4),
    "columns first": lambda: numpy.asfortranarray(numpy.arange(12.0).reshape(3, 4)),
    "transposed": lambda: numpy.arange(12).reshape(3, 4).T,
    "every second": lambda: numpy.arange(12)[::2],
    "reversed": lambda: numpy.arange(12)[::-1],
    "a column": lambda: numpy.arange(12).reshape(3, 4)[:, 1],
    "repeated": lambda: numpy.broadcast_to(numpy.arange(3), (4, 3)),
    "big-endian and strided": lambda: numpy.arange(12, dtype=">i4").reshape(3, 4)[:, ::2],
    "five dimensions": lambda: numpy.arange(32, dtype="u1").reshape(2, 2, 2, 2, 2),
    "empty": lambda: numpy.zeros(0, "f4"),
    "empty, two dimensions": lambda: numpy.zeros((0, 3), "f4"),
    "read-only": lambda: numpy.frombuffer(b"abcd", "u2"),
    "a masked view of a picture": lambda: numpy.arange(48, dtype="u1").reshape(4, 4, 3)[1:3, 1:3, ::-1],
}


@pytest.mark.parametrize("make", LAYOUTS.values(), ids=LAYOUTS)
def test_arrays_of_every_layout_arrive_in_rows(echo, make):
    sent = make()
    found = echo(sent)
    assert same(found, sent)
    assert numpy.asarray(found).flags.c_contiguous
    assert same(echo(found), sent)  # an Array can be sent on


@pytest.mark.parametrize("code", "bBhHiIlLqQfd")
def test_arrays_of_the_standard_library_arrive_too(echo, code):
    sent = array.array(code, [1, 2, 3])
    found = echo(sent)
    if code in "bB":
        assert found == sent.tobytes()
    else:
        assert list(memoryview(found)) == [1, 2, 3]


def test_a_numpy_scalar_is_a_number(echo):
    assert echo([numpy.float32(0.5), numpy.int64(3), numpy.bool_(True)]) == [0.5, 3, True]


# What an Array is


@pytest.fixture
def received(echo):
    echo(numpy.array([[1, 2, 3], [4, 5, 6]], "i2"))
    return echo.seen[0]


def test_an_array_tells_its_type_and_shape(received):
    assert (received.dtype, received.shape, len(received)) == ("int16", (2, 3), 2)
    assert "int16" in repr(received)
    assert "(2, 3)" in repr(received)


def test_an_array_is_a_read_only_buffer_without_a_copy(received):
    view = memoryview(received)
    assert (view.format, view.shape, view.readonly) == ("h", (2, 3), True)
    assert view.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert bytes(received) == b"\1\0\2\0\3\0\4\0\5\0\6\0"
    first, second = numpy.asarray(received), numpy.asarray(received)
    assert numpy.shares_memory(first, second)
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 9


def test_an_array_outlives_the_page_and_its_buffers_outlive_the_array(bridge):
    seen = []
    bridge.on("e", seen.append)
    with MemoryPage(bridge) as page:
        page.send_event("e", numpy.arange(1000))
        eventually(lambda: seen)
    view = memoryview(seen.pop())
    assert view.tolist() == list(range(1000))


def test_arrays_are_equal_when_type_shape_and_numbers_are(echo):
    def sent(*args):
        return echo(numpy.array(*args))

    assert sent([1, 2], "i4") == sent([1, 2], "i4")
    assert sent([1, 2], "i4") != sent([1, 3], "i4")
    assert sent([1, 2], "i4") != sent([1, 2], "u4")
    assert sent([1, 2], "i4") != sent([[1, 2]], "i4")
    assert sent([1, 2], "i4") != [1, 2]


# A user's own objects with our key


@pytest.mark.parametrize(
    "value",
    [
        {"$av": 0},
        {"$av": [0]},
        {"$av": {"$av": 1}},
        {"$av": None},
        [{"$av": b"data"}, b"other"],
        {"$av": 0, "more": b"data"},
        {"deep": [{"$av": numpy.uint8(3)}, {"x": b"data"}]},
    ],
    ids=repr,
)
def test_a_users_own_key_is_not_taken_for_a_reference(echo, value):
    expected = {"deep": [{"$av": 3}, {"x": b"data"}]} if isinstance(value, dict) and "deep" in value else value
    assert echo(value) == expected
    assert echo.seen[0] == expected


# Events


def test_events_carry_attachments_both_ways(bridge, page):
    seen = []
    bridge.on("from page", seen.append)
    page.send_event("from page", {"data": b"up", "more": numpy.arange(2)})
    eventually(lambda: seen)
    assert seen[0]["data"] == b"up"
    assert list(numpy.asarray(seen[0]["more"])) == [0, 1]
    bridge.emit("to page", [b"down"])
    assert page.wait_for("to page", SECONDS) == [b"down"]


def test_one_array_reaches_every_page(bridge):
    with MemoryPage(bridge) as one, MemoryPage(bridge) as other:
        bridge.emit("e", numpy.arange(5, dtype="f4"))
        for page in (one, other):
            assert list(numpy.asarray(page.wait_for("e", SECONDS))) == [0, 1, 2, 3, 4]


def test_a_retained_array_is_there_after_a_reload(bridge, page):
    bridge.emit("picture", {"pixels": b"\1\2\3"}, retain=True)
    page.wait_for("picture", SECONDS)
    page.events.clear()
    page.reload()
    assert page.wait_for("picture", SECONDS) == {"pixels": b"\1\2\3"}


def test_a_typed_array_alone_is_one_argument(bridge, page):
    bridge.bind_call("sum", lambda numbers: int(numpy.asarray(numbers).sum()))
    bridge.bind_call("size", lambda data: len(data))
    assert page.call("sum", numpy.arange(5)).result(SECONDS) == 10
    assert page.call("sum", {"numbers": numpy.arange(6)}).result(SECONDS) == 15
    assert page.call("size", b"four").result(SECONDS) == 4


# What is refused

REFUSED = {
    "objects": ({"a": numpy.array([object()])}, r"result\.a"),
    "complex numbers": ([0, numpy.zeros(2, complex)], r"result\[1\]"),
    "records": (numpy.zeros(2, [("x", "i4")]), "result"),
    "times": ({"t": [numpy.array(["2024-01-01"], "M8[D]")]}, r"result\.t\[0\]"),
    "durations": (numpy.array([1], "m8[s]"), "result"),
    "text": ({"a": numpy.array(["text"])}, r"result\.a"),
    "long floats": (numpy.zeros(2, "g"), "result"),
}


@pytest.mark.parametrize(("value", "path"), REFUSED.values(), ids=REFUSED)
def test_what_has_no_form_on_the_wire_is_refused_with_its_place(bridge, page, value, path):
    bridge.bind_call("f", lambda: value)
    error = page.call("f").exception(SECONDS)
    assert error.name == "TypeError"
    with pytest.raises(TypeError, match=path.replace("result", "payload")):
        bridge.emit("e", value)
    assert code_of(page.call("f")) == "handler_error"


def test_a_date_is_text_and_not_an_array(echo):
    assert echo(datetime.date(2024, 5, 17)) == "2024-05-17"


def test_attachments_count_towards_the_size_of_a_message():
    bridge = Bridge(limits=Limits(message_bytes=1000))
    bridge.bind_call("take", len)
    bridge.bind_call("give", lambda: bytes(2000))
    with MemoryPage(bridge) as page:
        assert page.call("take", [bytes(500)]).result(SECONDS) == 500
        assert code_of(page.call("take", [bytes(2000)])) == "too_large"
        assert code_of(page.call("give")) == "too_large"
        with pytest.raises(ValueError, match="message_bytes"):
            bridge.emit("e", bytes(2000))
        assert page.call("take", [bytes(3)]).result(SECONDS) == 3


# A faulty page

HEAD = '"type":"event","event":"e"'
FAULTS = {
    "fewer than announced": ('{"att":2,"v":1,"msgs":[{%s,"detail":{"$av":0},"att":[{"bytes":1}]}]}', [b"1"]),
    "more than announced": ('{"att":1,"v":1,"msgs":[{%s,"detail":{"$av":0},"att":[{"bytes":1}]}]}', [b"1", b"2"]),
    "a wrong length": ('{"att":1,"v":1,"msgs":[{%s,"detail":{"$av":0},"att":[{"bytes":2}]}]}', [b"1"]),
    "a reference too far": ('{"att":1,"v":1,"msgs":[{%s,"detail":{"$av":1},"att":[{"bytes":1}]}]}', [b"1"]),
    "a negative reference": ('{"att":1,"v":1,"msgs":[{%s,"detail":{"$av":-1},"att":[{"bytes":1}]}]}', [b"1"]),
    "a type that there is not": (
        '{"att":1,"v":1,"msgs":[{%s,"detail":{"$av":0},"att":[{"bytes":1,"dtype":"x"}]}]}',
        [b"1"],
    ),
    "a shape that does not fit": (
        '{"att":1,"v":1,"msgs":[{%s,"detail":{"$av":0},"att":[{"bytes":2,"dtype":"int16","shape":[2]}]}]}',
        [b"12"],
    ),
    "a shape past all bounds": (
        '{"att":1,"v":1,"msgs":[{%s,"detail":{"$av":0},"att":[{"bytes":0,"dtype":"int8","shape":[0,1e99]}]}]}',
        [b""],
    ),
    "an escape that is none": ('{"v":1,"msgs":[{%s,"detail":{"$av":"x"},"att":[]}]}', []),
}


@pytest.mark.parametrize(("frame", "attachments"), FAULTS.values(), ids=FAULTS)
def test_attachments_that_do_not_fit_are_refused_and_the_page_goes_on(bridge, page, frame, attachments):
    seen = []
    bridge.on("e", seen.append)
    bridge.bind_call("f", lambda: "fine")
    page.call("f").result(SECONDS)
    document = page.peer.document
    page.post(frame.replace("%s", HEAD).replace('"v":1,', f'"v":1,"doc":"{document}",'), attachments)
    assert page.call("f").result(SECONDS) == "fine"
    assert sum(page.peer.stats["refused"].values()) >= 1
    assert seen == []


@pytest.mark.parametrize("sent", [numpy.arange(6, dtype="float32").reshape(2, 3), numpy.zeros(0, "uint8")])
def test_an_array_can_be_copied_and_goes_to_other_processes(echo, sent):
    echo(sent)
    (found,) = echo.seen
    assert copy.copy(found) is found
    assert copy.deepcopy([found])[0] is found
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    same(again, sent)


def test_a_masked_array_is_refused_rather_than_unmasked(bridge):
    masked = numpy.ma.masked_array([1, 2, 3], [0, 1, 0])
    with pytest.raises(TypeError, match=r"payload\.values: .*filled"):
        bridge.emit("values", {"values": masked})
    bridge.emit("values", {"values": masked.filled(0)})


def test_an_array_is_not_equal_to_what_was_released(echo):
    echo(numpy.arange(3))
    released = memoryview(bytes(8))
    released.release()
    assert echo.seen[0] != released
