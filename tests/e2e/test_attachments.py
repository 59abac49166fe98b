"""Bytes and arrays beside the JSON, over every transport: what goes in comes out, both ways, of every kind."""

from __future__ import annotations

import array
import hashlib
import random

import numpy
import pytest

from auroraview import Array, Bridge, RemoteError
from tests.e2e.helpers import PATIENCE, Record
from tests.e2e.pages import ENDS, MemoryEnd, bound, run, wait_events

DTYPES = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float32", "float64"]
JS_ARRAYS = {
    **{name: name.capitalize() + "Array" for name in DTYPES},
    "uint8": "Uint8Array",
    "uint16": "Uint16Array",
    "uint32": "Uint32Array",
    "int64": "BigInt64Array",
    "uint64": "BigUint64Array",
}

#: What a page sees of a value, as JSON: class, shape, dtype property, elements as text.
LOOK = """
  const look = (value) => {
    if (ArrayBuffer.isView(value)) {
      return {is: value.constructor.name, shape: value.shape ? [...value.shape] : null,
              items: Array.from(value, (item) => String(item))};
    }
    if (Array.isArray(value)) return value.map(look);
    if (value && typeof value === "object") {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, look(item)]));
    }
    return value;
  };
"""


@pytest.fixture(scope="module", params=[name for name in ENDS if name != "memory"])
def scripted(request):
    """A page that has JavaScript."""
    with ENDS[request.param](Bridge()) as end:
        yield end


def script(page, body, *arguments):
    """Runs a script in a page that has JavaScript; ``look`` tells what a value is."""
    return run(page.target, LOOK + body, *arguments)


def samples(dtype):
    """Values of a type, its extremes among them."""
    if dtype.startswith("float"):
        info = numpy.finfo(dtype)
        return numpy.array([0, -0.0, 1.5, info.max, info.min, info.tiny, numpy.inf, -numpy.inf, numpy.nan], dtype)
    info = numpy.iinfo(dtype)
    return numpy.array([0, 1, info.max, info.min], dtype)


# From Python to the page


@pytest.mark.parametrize("data", [b"", b"\x00", bytes(range(256)), b"\xff" * 1000], ids=len)
@pytest.mark.parametrize("make", [bytes, bytearray, memoryview])
def test_bytes_of_python_arrive_as_they_are(page, data, make):
    name = bound(page, lambda: make(data))
    if isinstance(page, MemoryEnd):
        assert page.call(name).result(PATIENCE) == data
    else:
        found = script(page, "return look(await auroraview.call(args[0]))", name)
        assert found == {"is": "Uint8Array", "shape": None, "items": [str(byte) for byte in data]}


@pytest.mark.parametrize("dtype", DTYPES)
def test_arrays_of_python_arrive_as_typed_arrays(page, dtype):
    values = samples(dtype)
    name = bound(page, lambda: values)
    if isinstance(page, MemoryEnd):
        found = page.call(name).result(PATIENCE)
        assert found.dtype == dtype
        assert numpy.asarray(found).tobytes() == values.tobytes()
        return
    found = script(
        page,
        """const value = await auroraview.call(args[0]);
           const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
           return [value.constructor.name, Array.from(bytes)]""",
        name,
    )
    assert found == [JS_ARRAYS[dtype], list(values.tobytes())]


GRID = numpy.arange(24, dtype="int16").reshape(2, 3, 4)
LAYOUTS = {
    "C order": GRID,
    "Fortran order": numpy.asfortranarray(GRID),
    "transposed": GRID.T,
    "every second": GRID[:, ::2, ::-1],
    "big-endian": GRID.astype(">i2"),
    "broadcast": numpy.broadcast_to(numpy.int16(7), (3, 2)),
    "empty": GRID[:0],
    "one row": GRID[0, 0],
    "read-only": numpy.frombuffer(GRID.tobytes(), "int16").reshape(4, 6),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_arrays_of_any_layout_arrive_in_c_order_with_their_shape(page, layout):
    values = LAYOUTS[layout]
    name = bound(page, lambda: values)
    if isinstance(page, MemoryEnd):
        found = page.call(name).result(PATIENCE)
        assert found.shape == values.shape
        assert numpy.array_equal(numpy.asarray(found), values)
    else:
        found = script(page, "return look(await auroraview.call(args[0]))", name)
        shape = list(values.shape) if values.ndim > 1 else None
        assert found == {"is": "Int16Array", "shape": shape, "items": [str(item) for item in values.ravel()]}


def test_bools_and_half_floats_arrive_as_what_the_page_has_for_them(page):
    name = bound(page, lambda: [numpy.array([True, False]), numpy.array([1.5, -2.0], "float16")])
    if isinstance(page, MemoryEnd):
        flags, halves = page.call(name).result(PATIENCE)
        assert (flags.dtype, halves.dtype) == ("bool", "float16")
        assert numpy.asarray(flags).tolist() == [True, False]
        assert numpy.asarray(halves).tolist() == [1.5, -2.0]
        return
    flags, halves = script(page, "return look(await auroraview.call(args[0]))", name)
    assert flags == {"is": "Uint8Array", "shape": None, "items": ["1", "0"]}
    if halves["is"] == "Float16Array":
        assert halves["items"] == ["1.5", "-2"]
    else:
        assert halves["is"] == "Uint16Array"
        assert [int(item) for item in halves["items"]] == [0x3E00, 0xC000]


def test_arrays_of_the_standard_library_arrive_too(page):
    name = bound(page, lambda: array.array("d", [1.5, -2.5]))
    if isinstance(page, MemoryEnd):
        assert numpy.asarray(page.call(name).result(PATIENCE)).tolist() == [1.5, -2.5]
    else:
        found = script(page, "return look(await auroraview.call(args[0]))", name)
        assert found == {"is": "Float64Array", "shape": None, "items": ["1.5", "-2.5"]}


@pytest.mark.parametrize(
    "value",
    [numpy.array([object()]), numpy.array([1j]), numpy.array(["2024-05-06"], "datetime64[D]"), numpy.zeros(2, "i4,f4")],
    ids=lambda value: str(value.dtype),
)
def test_arrays_that_no_page_has_are_refused_with_the_path(page, value):
    name = bound(page, lambda: {"items": [1, value]})
    with pytest.raises(RemoteError) as raised:
        page.call(name).result(PATIENCE)
    assert raised.value.name == "TypeError"
    assert "result.items[1]" in raised.value.message


def test_events_carry_bytes_and_keep_their_order(page):
    page.bridge.emit("tick", {"n": 1, "data": b"one"})
    page.bridge.emit("tick", {"n": 2, "data": [b"two", b"", {"deep": b"three"}]})
    page.bridge.emit("tick", {"n": 3})
    if isinstance(page, MemoryEnd):
        found = [detail for _, detail in wait_events(page, 3)]
        assert found[-3:] == [{"n": 1, "data": b"one"}, {"n": 2, "data": [b"two", b"", {"deep": b"three"}]}, {"n": 3}]
        return
    wait_events(page, 3)
    found = script(page, "return look(seen.slice(-3).map(([, detail]) => detail))")
    text = lambda value: bytes(int(item) for item in value["items"])  # noqa: E731
    assert [detail["n"] for detail in found] == [1, 2, 3]
    assert text(found[0]["data"]) == b"one"
    assert [text(found[1]["data"][0]), text(found[1]["data"][1])] == [b"two", b""]
    assert text(found[1]["data"][2]["deep"]) == b"three"


# From the page to Python


@pytest.mark.parametrize("dtype", DTYPES)
def test_typed_arrays_of_a_page_arrive_as_arrays(scripted, dtype):
    values = samples(dtype)
    seen = Record()
    name = bound(scripted, seen)
    make = f"new {JS_ARRAYS[dtype]}(Uint8Array.from(args[1]).buffer)"
    script(scripted, f"await auroraview.call(args[0], [{make}])", name, list(values.tobytes()))
    ((found,),) = seen.wait()
    assert isinstance(found, Array)
    assert (found.dtype, found.shape, len(found)) == (dtype, values.shape, len(values))
    assert bytes(found) == values.tobytes()
    view = numpy.asarray(found)
    assert view.dtype == values.dtype
    assert view.tobytes() == values.tobytes()
    assert not view.flags.owndata
    assert not view.flags.writeable


@pytest.mark.parametrize(
    ("expression", "data"),
    [
        ("Uint8Array.from([1, 2, 3]).buffer", b"\x01\x02\x03"),
        ("new ArrayBuffer(0)", b""),
        ("new DataView(Uint8Array.from([1, 2, 3]).buffer, 1)", b"\x02\x03"),
    ],
)
def test_buffers_of_a_page_arrive_as_bytes(scripted, expression, data):
    seen = Record()
    script(scripted, f"await auroraview.call(args[0], [{expression}])", bound(scripted, seen))
    ((found,),) = seen.wait()
    assert type(found) is bytes
    assert found == data


def test_a_part_of_a_buffer_is_sent_without_the_rest(scripted):
    seen = Record()
    name = bound(scripted, seen)
    script(
        scripted,
        """const all = Uint16Array.from([1, 2, 3, 4]);
           await auroraview.call(args[0], [all.subarray(1, 3), new Uint8ClampedArray([255, 7])])""",
        name,
    )
    ((part, clamped),) = seen.wait()
    assert (part.dtype, numpy.asarray(part).tolist()) == ("uint16", [2, 3])
    assert (clamped.dtype, bytes(clamped)) == ("uint8", b"\xff\x07")


def test_named_parameters_events_and_nested_values_carry_buffers(scripted):
    seen, heard = Record(), Record()

    def save(name, data, *, extra):
        seen(name, data, extra)

    scripted.bridge.on("upload", heard)
    method = bound(scripted, save)
    script(
        scripted,
        """const data = Uint8Array.from([1, 2]).buffer, list = [new Float32Array([0.5])];
           await auroraview.call(args[0], {name: "x", data, extra: {list}});
           auroraview.send_event("upload", {data, again: data})""",
        method,
    )
    name, data, extra = seen.wait()[0]
    assert (name, data) == ("x", b"\x01\x02")
    assert numpy.asarray(extra["list"][0]).tolist() == [0.5]
    assert heard.wait() == [({"data": b"\x01\x02", "again": b"\x01\x02"},)]
    scripted.bridge.off("upload", heard)


def test_what_the_page_changes_after_the_call_is_not_sent(scripted):
    seen = Record()
    script(
        scripted,
        "const data = Uint8Array.from([1]); const done = auroraview.call(args[0], [data]); data[0] = 9; await done",
        bound(scripted, seen),
    )
    assert bytes(seen.wait()[0][0]) == b"\x01"


def test_an_array_goes_through_python_and_back_unchanged(scripted):
    """Shape included, though a page's own typed array has none."""
    give, take = bound(scripted, lambda: GRID), bound(scripted, lambda value: [value.shape, value])
    shape, back = script(
        scripted,
        "const value = await auroraview.call(args[0]); return look(await auroraview.call(args[1], [value]))",
        give,
        take,
    )
    assert shape == [2, 3, 4]
    assert back == {"is": "Int16Array", "shape": [2, 3, 4], "items": [str(n) for n in range(24)]}


# Both ways


@pytest.mark.parametrize(
    "value",
    [{"$av": 0}, {"$av": [1]}, {"$av": {"$av": 0}}, [{"$av": -1}], {"$av": 0, "more": 1}, {"$av": None}],
    ids=str,
)
def test_a_users_own_key_that_looks_like_a_reference_stays_what_it_is(page, value):
    seen = Record()

    def echo(given):
        seen(given)
        return given

    assert page.call(bound(page, echo), [value]).result(PATIENCE) == value
    assert seen.seen == [(value,)]
    with_bytes = bound(page, lambda given: [given, b"x"])
    if isinstance(page, MemoryEnd):
        assert page.call(with_bytes, [value]).result(PATIENCE) == [value, b"x"]
    else:
        found = script(page, "return look(await auroraview.call(args[0], [args[1]]))", with_bytes, value)
        assert found[0] == value
        assert found[1]["items"] == ["120"]


def test_twenty_megabytes_go_both_ways_unchanged(page):
    data = random.Random(1).randbytes(20_000_000)
    digests = Record()

    def echo(given):
        digests(hashlib.sha256(given).hexdigest())
        return given

    name = bound(page, echo)
    if isinstance(page, MemoryEnd):
        assert page.call(name, [data]).result(PATIENCE) == data
    else:
        give = bound(page, lambda: data)
        same = script(
            page,
            """const data = await auroraview.call(args[0]);
               const back = await auroraview.call(args[1], [data.buffer.slice(data.byteOffset,
                                                                               data.byteOffset + data.byteLength)]);
               if (data.length !== back.length) return [data.length, back.length];
               for (let n = 0; n < data.length; n++) if (data[n] !== back[n]) return n;
               return data.length""",
            give,
            name,
        )
        assert same == len(data)
    assert digests.seen == [(hashlib.sha256(data).hexdigest(),)]


def test_many_small_attachments_keep_to_their_messages(page):
    name = bound(page, lambda n, data: [n, bytes(data)])
    if isinstance(page, MemoryEnd):
        answers = [page.call(name, [n, bytes([n % 256]) * (n % 7)]) for n in range(500)]
        assert [answer.result(PATIENCE) for answer in answers] == [[n, bytes([n % 256]) * (n % 7)] for n in range(500)]
        return
    found = script(
        page,
        """const calls = Array.from({length: 500}, (_, n) =>
             auroraview.call(args[0], [n, new Uint8Array(n % 7).fill(n % 256)]));
           return (await Promise.all(calls)).map(([n, data]) => [n, Array.from(data)])""",
        name,
    )
    assert found == [[n, [n % 256] * (n % 7)] for n in range(500)]


def test_a_retained_event_with_bytes_reaches_the_next_document(open_page):
    page = open_page()
    page.peer.emit("settings", b"kept", retain=True)
    wait_events(page, 1)
    page.reload()
    events = wait_events(page, 1)
    if isinstance(page, MemoryEnd):
        assert events == [["settings", b"kept"]]
    else:
        assert script(page, "return look(seen[0][1])")["items"] == [str(byte) for byte in b"kept"]
