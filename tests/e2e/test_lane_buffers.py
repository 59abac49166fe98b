"""Live buffers in a window, on either lane: one array that the page keeps, filled in place with each version."""

from __future__ import annotations

import threading

import numpy
import pytest

from auroraview import Bridge, UsageError
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.pages import run
from tests.e2e.shells import crash, crashes_of

pytestmark = pytest.mark.each_lane

#: Keeps the versions it was told of, with the first and the last item at that moment.
WATCH = """
  window.picture = auroraview.buffer(...args);
  window.first = picture.array;
  window.told = [];
  const last = () => picture.array[picture.array.length - 1];
  window.off = picture.on(() => told.push([picture.version, picture.array[0], last()]));
"""

MEBIBYTE = 2**20


def told(view):
    return ask(view, "told")


def wait_version(view, version):
    wait_for(lambda: ask(view, "picture.version") == version, f"version {version}")


@pytest.fixture
def view(webview):
    return webview(html="<p>buffers")


def test_the_page_has_the_last_version_in_the_array_it_keeps(view, isolation):
    with opened(html="<p>buffers", isolation=isolation) as view:
        buffer = view.buffer("picture", (4, 8, 4))
        run(view, WATCH, "picture", [4, 8, 4], "uint8")
        pixels = numpy.asarray(buffer)
        assert (pixels.shape, pixels.dtype, pixels.flags.writeable) == ((4, 8, 4), "uint8", True)
        versions = []
        for value in (1, 2, 3):
            pixels[:] = value
            versions.append(buffer.publish())
            wait_version(view, versions[-1])
            assert ask(view, "[...new Set(picture.array)]") == [value]
        assert versions == sorted(set(versions))
        assert ask(view, "picture.array === first && picture.array.length") == 128
        assert ask(view, "[picture.name, [...picture.shape], picture.dtype]") == ["picture", [4, 8, 4], "uint8"]
        assert [entry[0] for entry in told(view)][-1] == versions[-1]


@pytest.mark.parametrize(
    ("dtype", "array"),
    [
        *(("int8", "Int8Array"), ("uint8", "Uint8Array"), ("int16", "Int16Array"), ("uint16", "Uint16Array")),
        *(("int32", "Int32Array"), ("uint32", "Uint32Array"), ("float32", "Float32Array"), ("float64", "Float64Array")),
        *(("int64", "BigInt64Array"), ("uint64", "BigUint64Array")),
    ],
)
def test_all_types_arrive_as_they_are(view, dtype, array):
    values = numpy.array([0, 1, 100, 7, 5, 6], dtype)
    buffer = view.buffer(dtype, (6,), dtype)
    run(view, WATCH, dtype, [6], dtype)
    buffer.publish(values)
    wait_version(view, 1)
    found = ask(view, "[picture.array.constructor.name, Array.from(picture.array, Number), picture.dtype]")
    assert found == [array, values.tolist(), dtype]


def test_data_that_is_given_is_published_and_the_buffer_stays_as_it_is(view):
    buffer = view.buffer("picture", (3, 2), "int16")
    run(view, WATCH, "picture", [3, 2], "int16")
    buffer.publish(numpy.arange(6, dtype="int16").reshape(3, 2))
    wait_version(view, 1)
    assert ask(view, "Array.from(picture.array)") == list(range(6))
    assert numpy.asarray(buffer).tolist() == [[0, 0]] * 3
    for wrong in (numpy.zeros((2, 2), "int16"), numpy.zeros((3, 2), "float32"), b"\0" * 11, 5):
        with pytest.raises((UsageError, ValueError, TypeError)):
            buffer.publish(wrong)
    assert buffer.publish() == 2


def test_the_page_need_not_say_what_it_expects(view):
    buffer = view.buffer("picture", (2, 3), "float32")
    run(view, WATCH, "picture")
    numpy.asarray(buffer)[:] = 0.5
    buffer.publish()
    wait_version(view, 1)
    found = ask(view, "[picture.array.constructor.name, [...picture.array], [...picture.shape], picture.dtype]")
    assert found == ["Float32Array", [0.5] * 6, [2, 3], "float32"]


def test_what_the_page_did_not_expect_changes_nothing_there(webview):
    view = webview(html="<p>buffers")
    run(view, WATCH, "picture", [4], "uint8")
    view.buffer("picture", (5,), "uint8").publish(b"\1" * 5)
    wait_for(lambda: [line for line in webview.console if "picture" in line.text], "the error in the page's console")
    assert ask(view, "[picture.version, ...picture.array]") == [0, 0, 0, 0, 0]
    assert told(view) == []


def test_whoever_listens_late_is_told_of_the_version_that_is_there(view):
    view.buffer("picture", (2,)).publish(b"\5\6")
    view.emit("here")
    script = """
      const kept = auroraview.buffer('picture', [2], 'uint8');
      while (kept.version !== 1) await new Promise((resolve) => setTimeout(resolve, 0));
      const heard = await new Promise((resolve) => kept.on(() => resolve([...kept.array])));
      return [heard, auroraview.buffer('picture').array === kept.array];
    """
    assert run(view, script) == [[5, 6], True]


def test_whoever_has_stopped_listening_hears_no_more(view):
    buffer = view.buffer("picture", (1,))
    run(view, WATCH, "picture", [1], "uint8")
    buffer.publish(b"\1")
    wait_version(view, 1)
    heard = told(view)
    run(view, "off()")
    buffer.publish(b"\2")
    wait_version(view, 2)
    assert told(view) == heard == [[1, 1, 1]]


def test_the_last_of_many_versions_always_arrives_and_they_only_grow(view):
    buffer = view.buffer("picture", (1080, 480, 4))
    run(view, WATCH, "picture", [1080, 480, 4], "uint8")
    pixels = numpy.asarray(buffer)
    for number in range(500):
        pixels[:] = number % 251
        version = buffer.publish()
    wait_version(view, version)
    assert ask(view, "[picture.array[0], picture.array[picture.array.length - 1]]") == [499 % 251] * 2
    heard = told(view)
    assert [entry[0] for entry in heard] == sorted({entry[0] for entry in heard})
    assert all(first == last == (version - 1) % 251 for version, first, last in heard), "each is whole"


def test_any_thread_publishes(view):
    run(view, WATCH, "picture", [1000], "uint8")
    buffer = view.buffer("picture", (1000,))
    versions = Record()

    def publish(value):
        for _ in range(50):
            versions(buffer.publish(bytes([value]) * 1000))

    threads = [threading.Thread(target=publish, args=(value,)) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(version for (version,) in versions.wait(200)) == list(range(1, 201))
    wait_version(view, 200)
    assert all(first == last for _, first, last in told(view))


def test_the_next_document_has_the_last_version(view):
    buffer = view.buffer("picture", (3,))
    buffer.publish(b"\1\2\3")
    for load in (view.reload, lambda: view.load_html("<p>another")):
        before = view.peer.generation
        load()
        wait_for(lambda before=before: view.peer.generation > before and view.is_ready, "the document")
        run(view, WATCH, "picture", [3], "uint8")
        wait_version(view, 1)
        assert ask(view, "[...picture.array]") == [1, 2, 3]


def test_a_window_that_comes_back_has_the_last_version(webview):
    view = webview(html="<p>isolated", isolation="process")
    heard = crashes_of(view)
    view.buffer("picture", (3,)).publish(b"\1\2\3")
    crash(view, heard)
    run(view, WATCH, "picture", [3], "uint8")
    wait_version(view, 1)
    assert ask(view, "[...picture.array]") == [1, 2, 3]


def test_a_buffer_of_a_bridge_reaches_every_page_and_that_of_a_view_its_own(webview):
    bridge = Bridge()
    one, two = (webview(title, html="<p>", bridge=bridge) for title in ("One", "Two"))
    for view in (one, two):
        run(view, WATCH, "picture", [2], "uint8")
        run(view, "window.own = auroraview.buffer('own', [1], 'uint8')")
    bridge.buffer("picture", (2,)).publish(b"\3\4")
    one.buffer("own", (1,)).publish(b"\7")
    for view in (one, two):
        wait_version(view, 1)
        assert ask(view, "[...picture.array]") == [3, 4]
    wait_for(lambda: ask(one, "own.version") == 1, "its own")
    assert ask(two, "own.version") == 0


def test_buffers_events_and_calls_do_not_mix(view):
    view.bind_call("echo", lambda value: value)
    buffers = [view.buffer(f"buffer {n}", (n + 1, 1000), "uint16") for n in range(5)]
    run(view, "window.kept = args.map((name) => auroraview.buffer(name))", *(f"buffer {n}" for n in range(5)))
    calls = view.eval_js(
        "Promise.all(Array.from({length: 200}, (_, n) => auroraview.call('echo', [new Uint8Array(n * 500).fill(n)])))"
        ".then((all) => all.every((data, n) => data.length === n * 500 && data.every((item) => item === n % 256)))"
    )
    for turn in range(20):
        for n, buffer in enumerate(buffers):
            numpy.asarray(buffer)[:] = 100 * n + turn
            buffer.publish()
    assert calls.result(PATIENCE) is True
    wait_for(lambda: ask(view, "kept.every(({version}) => version === 20)"), "the last versions")
    assert ask(view, "kept.map(({array}) => [array.length, ...new Set(array)])") == [
        [(n + 1) * 1000, 100 * n + 19] for n in range(5)
    ]
