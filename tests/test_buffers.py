"""Live buffers: what a program writes and publishes, and what a page without a browser has of it."""

import array
import gc
import threading

import numpy
import pytest

from auroraview import Array, Bridge, Buffer, CallTimeout, Limits, UsageError, WebView
from auroraview.testing import Clock, MemoryPage
from tests.helpers import SECONDS, eventually

DTYPES = "int8 uint8 int16 uint16 int32 uint32 int64 uint64 float16 float32 float64 bool".split()


def arrived(page, name, version):
    """The array of this version at the page."""
    return numpy.asarray(page.buffer(name).wait_for(version, SECONDS))


# What a program writes


@pytest.mark.parametrize("dtype", DTYPES)
def test_what_numpy_writes_arrives_at_the_page(bridge, page, dtype):
    buffer = bridge.buffer("numbers", (2, 3), dtype)
    written = numpy.asarray(buffer)
    assert (written.shape, written.dtype, buffer.dtype, buffer.shape) == ((2, 3), numpy.dtype(dtype), dtype, (2, 3))
    written[:] = [[0, 1, 0], [1, 0, 1]]
    assert buffer.publish() == 1
    found = arrived(page, "numbers", 1)
    assert (found.dtype, found.tolist()) == (written.dtype, written.tolist())
    assert (page.buffer("numbers").dtype, page.buffer("numbers").shape) == (dtype, (2, 3))


def test_without_numpy_a_memoryview_writes(bridge, page):
    buffer = bridge.buffer("bytes", 4)
    memoryview(buffer)[:] = b"abcd"
    memoryview(buffer)[1] = 0
    buffer.publish()
    found = page.buffer("bytes").wait_for(1, SECONDS)
    assert type(found) is Array
    assert bytes(found) == b"a\0cd"


def test_a_new_buffer_holds_zeros_and_is_not_sent(bridge, page):
    buffer = bridge.buffer("zeros", 1_000, "float64")
    assert (len(buffer), buffer.version, numpy.asarray(buffer).any()) == (1_000, 0, False)
    bridge.emit("later")
    page.wait_for("later", SECONDS)
    assert (page.buffer("zeros").version, page.buffer("zeros").array) == (0, None)
    buffer.publish()
    assert not arrived(page, "zeros", 1).any()


def test_what_is_written_after_publishing_is_not_in_that_version(bridge, page):
    seen = []
    page.buffer("frame").on(lambda one: seen.append(numpy.array(one.array).tolist()))
    buffer = bridge.buffer("frame", 2)
    written = numpy.asarray(buffer)
    for value in (1, 2):
        written[:] = value
        buffer.publish()
        written[:] = 99
        arrived(page, "frame", value)
    assert seen == [[1, 1], [2, 2]]


def test_numpy_arrays_of_a_buffer_outlive_it():
    written = numpy.asarray(Bridge().buffer("gone", 1_000_000))
    gc.collect()
    written[:] = 7
    assert written.sum() == 7_000_000


# Data that is given


@pytest.mark.parametrize(
    "data",
    [
        numpy.arange(6, dtype="int16").reshape(2, 3),
        numpy.arange(6, dtype=">i2").reshape(2, 3),
        numpy.arange(6, dtype="int16").reshape(3, 2, order="F").T.copy(order="F").reshape(2, 3),
        numpy.arange(12, dtype="int16").reshape(2, 6)[:, ::2] // 2,
        numpy.arange(24, dtype="int16").reshape(2, 12)[:, ::4] // 4,
        numpy.arange(6, dtype="<i2").tobytes(),
        bytearray(numpy.arange(6, dtype="<i2").tobytes()),
    ],
    ids=["array", "big endian", "columns first", "every second", "a part", "bytes", "bytearray"],
)
def test_an_array_or_bytes_can_be_published_instead(bridge, page, data):
    buffer = bridge.buffer("numbers", (2, 3), "int16")
    numpy.asarray(buffer)[:] = 77
    assert buffer.publish(data) == 1
    found = arrived(page, "numbers", 1)
    expected = numpy.frombuffer(data, "<i2").reshape(2, 3) if not isinstance(data, numpy.ndarray) else data
    assert found.tolist() == expected.tolist()
    assert (numpy.asarray(buffer) == 77).all(), "what the buffer holds stays"


@pytest.mark.parametrize("view", [numpy.s_[::2], numpy.s_[:, ::-1]], ids=["rows", "mirrored"])
def test_views_into_other_arrays_are_published_in_their_order(bridge, page, view):
    whole = numpy.arange(24, dtype="float32").reshape(4, 6)
    part = whole[view]
    bridge.buffer("part", part.shape, "float32").publish(part)
    assert arrived(page, "part", 1).tolist() == part.tolist()


def test_a_buffer_can_be_published_as_another(bridge, page):
    one, other = bridge.buffer("one", 3), bridge.buffer("other", 3)
    memoryview(one)[:] = b"abc"
    other.publish(one)
    assert bytes(page.buffer("other").wait_for(1, SECONDS)) == b"abc"


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (numpy.zeros((3, 2), "int16"), UsageError, r"is \(2, 3\) of int16: \(3, 2\) of int16 cannot be published"),
        (numpy.zeros((2, 3), "float32"), UsageError, r"\(2, 3\) of float32 cannot"),
        (numpy.zeros((2, 3), "complex64"), UsageError, 'format "Zf" cannot'),
        (b"12345", UsageError, r"\(5,\) of uint8 cannot"),
        (array.array("i", [1, 2, 3]), UsageError, "of int32 cannot"),
        ([1, 2, 3, 4, 5, 6], TypeError, "publish takes an array or bytes, not list"),
        ("text", TypeError, "not str"),
    ],
    ids=["shape", "dtype", "complex", "too short", "other numbers", "list", "text"],
)
def test_data_that_do_not_fit_are_refused_and_nothing_is_sent(bridge, page, data, error, said):
    buffer = bridge.buffer("numbers", (2, 3), "int16")
    with pytest.raises(error, match=said):
        buffer.publish(data)
    assert buffer.version == 0
    assert buffer.publish() == 1


# Names, shapes, types


def test_the_same_again_is_the_same_buffer(bridge):
    buffer = bridge.buffer("one", (2, 3), "float32")
    assert bridge.buffer("one", [2, 3], numpy.float32) is buffer
    assert bridge.buffer("one", numpy.zeros((2, 3)).shape, numpy.dtype("float32")) is buffer
    assert bridge.buffer("two", (2, 3), "float32") is not buffer
    assert type(buffer) is Buffer
    assert repr(buffer) == "Buffer('one', shape=(2, 3), dtype='float32')"


def test_another_shape_takes_the_name_and_versions_go_on(bridge, page):
    small = bridge.buffer("picture", (2, 2))
    small.publish()
    large = bridge.buffer("picture", (4, 4))
    assert (large is small, large.version) == (False, 1)
    assert large.publish() == 2
    assert arrived(page, "picture", 2).shape == (4, 4)
    with pytest.raises(UsageError, match="another buffer has taken the name"):
        small.publish()


@pytest.mark.parametrize("shape", [(), 0, -1, (2, 0), (2, -1), "22", (2.0, 2), None, True, (1,) * 33])
def test_shapes_that_cannot_be_are_refused(bridge, shape):
    with pytest.raises(UsageError, match="the shape of a buffer is a positive int or up to 32 of them"):
        bridge.buffer("x", shape)


@pytest.mark.parametrize("dtype", ["uint4", "complex64", "", ">f4", numpy.complex64, None, 8])
def test_types_that_cannot_be_are_refused(bridge, dtype):
    with pytest.raises(UsageError, match=r"element type|elements is a name"):
        bridge.buffer("x", 4, dtype)


@pytest.mark.parametrize("name", ["", None, 7, "half \ud800"])
def test_a_buffer_needs_a_name_that_can_be_told(bridge, name):
    with pytest.raises(UsageError):
        bridge.buffer(name, 4)


def test_a_buffer_longer_than_a_message_is_refused_with_the_remedy():
    bridge = Bridge(limits=Limits(message_bytes=10_000))
    with pytest.raises(UsageError, match=r"of 10000 bytes goes in one message.*Limits\(message_bytes=...\)"):
        bridge.buffer("long", 10_000)
    with pytest.raises(UsageError, match="one message"):
        bridge.buffer("longer", (2**40, 2**40))
    assert bridge.buffer("fits", 9_000).publish() == 1


def test_nobody_makes_buffers_by_hand():
    with pytest.raises(TypeError, match="cannot create"):
        Buffer()


# Who gets them, and when


def test_a_page_that_comes_later_gets_the_last_version(bridge):
    buffer = bridge.buffer("numbers", 3)
    buffer.publish(b"abc")
    buffer.publish(b"xyz")
    with MemoryPage(bridge) as page:
        assert bytes(page.buffer("numbers").wait_for(2, SECONDS)) == b"xyz"


def test_a_new_document_gets_the_last_version_again(bridge, page):
    bridge.buffer("numbers", 3).publish(b"abc")
    kept = page.buffer("numbers")
    kept.wait_for(1, SECONDS)
    page.reload()
    assert bytes(kept.wait_for(1, SECONDS)) == b"abc"
    assert page.buffer("numbers") is kept


def test_the_buffer_of_a_view_or_a_peer_is_for_its_page_alone(bridge, page):
    with MemoryPage(bridge) as other:
        buffer = page.peer.buffer("mine", 2)
        assert page.peer.buffer("mine", 2) is buffer
        buffer.publish()
        page.buffer("mine").wait_for(1, SECONDS)
        bridge.emit("later")
        other.wait_for("later", SECONDS)
        assert other.buffer("mine").version == 0
    view = WebView(html="<p>")
    assert view.buffer("one", 2) is view.peer.buffer("one", 2)


def test_of_many_versions_the_last_one_always_arrives_and_the_others_need_not():
    clock = Clock()
    bridge = Bridge(clock=clock)
    with MemoryPage(bridge) as page:
        seen = []
        page.buffer("frame").on(lambda one: seen.append(one.version))
        buffer = bridge.buffer("frame", 4)
        for number in range(1, 101):
            assert buffer.publish(bytes([number] * 4)) == number
        clock.advance(1.0)
        assert bytes(page.buffer("frame").wait_for(100, SECONDS)) == bytes([100] * 4)
        assert seen == [1, 100]


def test_many_threads_publish_and_the_versions_are_theirs(bridge, page):
    buffer = bridge.buffer("frame", (300, 1000))  # copied without the interpreter's lock
    versions, most = [], 40

    def publish(value):
        data = numpy.full((300, 1000), value, "uint8")
        for _ in range(most):
            versions.append((buffer.publish(data), value))

    threads = [threading.Thread(target=publish, args=[value]) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert sorted(number for number, _ in versions) == list(range(1, 4 * most + 1))
    found = arrived(page, "frame", 4 * most)
    assert (found == dict(versions)[4 * most]).all()


def test_buffers_of_a_closed_view_are_published_for_its_next_window():
    view = WebView(html="<p>")
    assert view.buffer("numbers", 2).publish() == 1


# What the page has


def test_listeners_are_told_of_the_version_that_is_there_and_of_each_that_comes(bridge, page, caplog):
    buffer = bridge.buffer("numbers", 1)
    buffer.publish(b"\1")
    kept = page.buffer("numbers")
    kept.wait_for(1, SECONDS)
    seen = []

    def fail(_):
        raise ValueError("of a listener")

    kept.on(fail)
    off = kept.on(lambda one: seen.append((one.version, bytes(one.array))))
    assert seen == [(1, b"\1")]
    buffer.publish(b"\2")
    eventually(lambda: len(seen) == 2)
    off()
    off()
    buffer.publish(b"\3")
    kept.wait_for(3, SECONDS)
    assert seen == [(1, b"\1"), (2, b"\2")]
    assert "a listener of the page's buffer 'numbers' raised" in caplog.text


def test_a_version_that_does_not_come_is_told(page):
    with pytest.raises(CallTimeout, match=r"version 1 of the buffer 'none' did not come within 0\.01 s"):
        page.buffer("none").wait_for(timeout=0.01)


def test_buffers_are_no_events_of_the_program(bridge, page):
    bridge.buffer("numbers", 1).publish()
    page.buffer("numbers").wait_for(1, SECONDS)
    assert page.events == []
