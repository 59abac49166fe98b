"""record and replay: what a page and the program said becomes a test."""

from __future__ import annotations

import array
import asyncio
import itertools
import json
import stat
import threading

import pytest

from auroraview import Bridge, RemoteError, UsageError, WebView, __version__, _waiting
from auroraview.testing import MemoryPage, record, replay
from tests.helpers import SECONDS, eventually


def shop(price: int = 3) -> Bridge:
    """A program: what it answers depends on what it was asked before."""
    bridge = Bridge()
    bought: list[str] = []

    @bridge.bind_call("buy")
    def buy(name: str, count: int = 1):
        if count < 1:
            raise ValueError("buy at least one")
        bought.extend([name] * count)
        bridge.emit("bought", {"name": name, "total": len(bought)})
        return price * count

    @bridge.bind_call("echo")
    def echo(value):
        return value

    @bridge.on("clear")
    def clear():
        bought.clear()
        bridge.emit("cleared")

    return bridge


def go_shopping(page: MemoryPage) -> None:
    assert page.call("buy", {"name": "bolt", "count": 2}).result(SECONDS) == 6
    assert page.call("echo", [b"bytes"]).result(SECONDS) == b"bytes"
    assert page.call("echo", [array.array("f", [1.5, 2.5])]).result(SECONDS).shape == (2,)
    assert isinstance(page.call("buy", ["nut", 0]).exception(SECONDS), RemoteError)
    page.send_event("clear")
    page.wait_for("cleared", SECONDS)
    page.reload()
    assert page.call("buy", ["nut"]).result(SECONDS) == 3
    assert page.call("sell").exception(SECONDS).code == "method_not_found"


@pytest.fixture
def recording(tmp_path):
    """The recording of a session."""
    file = tmp_path / "session.jsonl"
    with MemoryPage(shop()) as page, record(page, file):
        go_shopping(page)
        eventually(lambda: len(page.events) == 3)
    return file


def lines_of(file):
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_the_same_program_does_the_same_again(recording):
    again = replay(recording, shop())
    assert again.differences == []
    assert [call.method for call in again.calls] == ["buy", "echo", "echo", "buy", "buy", "sell"]
    assert [str(call.replayed) for call in again.calls[:2]] == ["6", "b'bytes'"]
    assert str(again.calls[3].replayed) == "ValueError: buy at least one (handler_error)"
    assert again.calls[0].params == {"name": "bolt", "count": 2}
    assert again.calls[1].params == [b"bytes"]
    assert [name for name, _ in again.events] == ["bought", "cleared", "bought"]
    assert again.events == again.recorded_events


def test_a_view_can_be_replayed_to_without_its_window(recording):
    assert replay(recording, WebView(bridge=shop())).differences == []


def test_another_result_is_a_difference_that_names_the_call(recording):
    assert replay(recording, shop(price=4)).differences == [
        "call 1, of 'buy' with {'count': 2, 'name': 'bolt'}: recorded 6, now 8",
        "call 5, of 'buy' with ['nut']: recorded 3, now 4",
    ]


def test_an_error_instead_of_a_result_is_a_difference(recording):
    bridge = shop()
    bridge.unbind("echo")
    first, second = replay(recording, bridge).differences
    assert first == (
        "call 2, of 'echo' with [b'bytes']: recorded b'bytes', "
        "now MethodNotFound: nothing is bound to 'echo' (method_not_found)"
    )
    assert second.startswith("call 3, of 'echo'")


def test_an_event_that_is_other_or_missing_is_a_difference(recording):
    bridge = shop()
    bridge.off("clear")
    assert replay(recording, bridge).differences == [
        "event 'bought', number 2: recorded {'name': 'nut', 'total': 1}, now {'name': 'nut', 'total': 3}",
        "event 'cleared': recorded once, now never",
    ]


def test_an_event_that_comes_more_often_is_a_difference(recording):
    bridge = shop()
    bridge.on("clear", lambda: bridge.emit("cleared"))
    assert replay(recording, bridge).differences == ["event 'cleared': recorded once, now twice"]


def test_what_is_different_each_time_can_be_ignored(tmp_path):
    numbers = itertools.count()

    def clock() -> Bridge:
        bridge = Bridge()

        @bridge.bind_call("now")
        def now():
            bridge.emit("asked", next(numbers))
            return next(numbers)

        return bridge

    with MemoryPage(clock()) as page, record(page, tmp_path / "r"):
        page.call("now").result(SECONDS)
    assert len(replay(tmp_path / "r", clock()).differences) == 2
    assert replay(tmp_path / "r", clock(), ignore=["now", "asked"]).differences == []


def test_a_call_is_made_only_after_the_answers_that_the_page_had(tmp_path):
    def slow_start() -> Bridge:
        bridge = Bridge()
        started = threading.Event()

        @bridge.bind_call("start", thread="pool")
        def start():
            threading.Event().wait(0.05)
            started.set()

        bridge.bind_call("status", started.is_set)
        return bridge

    with MemoryPage(slow_start()) as page, record(page, tmp_path / "r"):
        page.call("start").result(SECONDS)
        assert page.call("status").result(SECONDS) is True
    assert replay(tmp_path / "r", slow_start()).differences == []


def test_an_answer_that_does_not_come_is_a_difference(recording):
    bridge, leave = shop(), threading.Event()
    bridge.bind_call("echo", lambda value: leave.wait(SECONDS), thread="pool")
    first, *_ = replay(recording, bridge, timeout=0.1).differences
    leave.set()
    assert first == "call 2, of 'echo' with [b'bytes']: recorded b'bytes', now no answer within 0.1 s"


def test_a_call_that_was_not_answered_is_made_and_not_compared(tmp_path):
    entered, leave = threading.Event(), threading.Event()
    bridge = Bridge()

    @bridge.bind_call("hang")
    def hang():
        entered.set()
        leave.wait(SECONDS)

    with MemoryPage(bridge) as page:
        with record(page, tmp_path / "r"):
            page.call("hang")
            assert entered.wait(SECONDS)
        leave.set()
    later = Bridge()
    later.bind_call("hang", lambda: "done")
    again = replay(tmp_path / "r", later)
    assert again.differences == []
    assert again.calls[0].recorded is None
    assert str(again.calls[0].replayed) == "'done'"


def test_a_call_that_the_page_gave_up_is_given_up_again(tmp_path):
    def patient() -> Bridge:
        bridge = Bridge()

        @bridge.bind_call("wait")
        async def wait():
            await asyncio.sleep(SECONDS)

        return bridge

    with MemoryPage(patient()) as page, record(page, tmp_path / "r"):
        call = page.call("wait")
        page.call("no").exception(SECONDS)
        call.cancel()
        eventually(lambda: page.peer.stats["cancels"] == 1)
    again = replay(tmp_path / "r", patient())
    assert again.differences == []
    assert [call.method for call in again.calls] == ["wait", "no"]
    assert again.calls[0].replayed is None


def test_what_a_faulty_page_sent_is_sent_again(tmp_path):
    bridge = shop()
    with MemoryPage(bridge) as page, record(page, tmp_path / "r"):
        page.post("{no json")
        page.post('{"type":"event","event":"clear"}')
        page.wait_for("cleared", SECONDS)
    again = replay(tmp_path / "r", shop())
    assert again.differences == []
    assert [name for name, _ in again.events] == ["cleared"]


def test_events_that_a_reload_brings_again_count_once(tmp_path):
    bridge = Bridge()
    bridge.bind_call("f", lambda: bridge.emit_batch([("e", n) for n in range(3)]))
    with MemoryPage(bridge) as page, record(page, tmp_path / "r"):
        held, released = threading.Event(), threading.Event()
        page.on("e", lambda _: (held.set(), released.wait(SECONDS)))
        page.call("f")
        assert held.wait(SECONDS)
        page.reload()  # Before it could acknowledge them: they come again.
        released.set()
        eventually(lambda: page.events.count(("e", 2)) == 2)
    bridge = Bridge()
    bridge.bind_call("f", lambda: bridge.emit_batch([("e", n) for n in range(3)]))
    again = replay(tmp_path / "r", bridge)
    assert again.recorded_events == [("e", 0), ("e", 1), ("e", 2)]


def test_the_file_is_text_that_says_what_it_is(recording):
    head, *frames = lines_of(recording)
    assert head.pop("document") in frames[0]["frame"]
    assert head == {"auroraview": __version__, "recording": 1, "transport": "memory"}
    assert {frame["from"] for frame in frames} == {"page", "python"}
    assert [frame["at"] for frame in frames] == sorted(frame["at"] for frame in frames)
    assert stat.S_IMODE(recording.stat().st_mode) == 0o600


def test_it_can_be_read_while_it_grows(tmp_path):
    with MemoryPage(shop()) as page, record(page, tmp_path / "r") as recording:
        page.call("echo", [1]).result(SECONDS)
        eventually(lambda: any('"result":1' in line["frame"] for line in lines_of(tmp_path / "r")[1:]))
        assert recording.frames >= 2
        assert str(recording.frames) in repr(recording)


def test_after_the_end_nothing_is_written(tmp_path):
    with MemoryPage(shop()) as page:
        recording = record(page, tmp_path / "r")
        page.call("echo", [1]).result(SECONDS)
        recording.stop()
        before = (tmp_path / "r").read_bytes()
        recording.stop()
        page.call("echo", [2]).result(SECONDS)
        assert (tmp_path / "r").read_bytes() == before
        with record(page.peer, tmp_path / "r"):
            page.call("echo", [3]).result(SECONDS)
    assert len(lines_of(tmp_path / "r")) >= 3


def test_one_page_is_recorded_once_at_a_time(tmp_path):
    with MemoryPage(shop()) as page, record(page, tmp_path / "a"):
        with pytest.raises(UsageError, match=r"is being recorded already, into .*/a"):
            record(page, tmp_path / "b")
        assert not (tmp_path / "b").exists()


def test_a_place_that_cannot_be_written_raises_at_once(tmp_path):
    with MemoryPage(shop()) as page:
        with pytest.raises(FileNotFoundError):
            record(page, tmp_path / "no" / "such")
        with record(page, tmp_path / "r"):
            pass


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is empty"),
        ("hello\n", "line 1: this is no recording"),
        ("[]\n", "line 1: this is no recording"),
        ('{"recording": "1"}\n', "line 1: this is no recording"),
        ('{"recording": 2, "auroraview": "9.0"}\n', "was recorded by auroraview 9.0, in a form that this version"),
        ('{"recording": 1}\n{"from": "nobody", "frame": ""}\n', "line 2: this is no recording"),
        ('{"recording": 1}\n{"from": "page"}\n', "line 2"),
    ],
)
def test_what_is_no_recording_is_refused_with_the_line(tmp_path, text, why):
    (tmp_path / "r").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=why):
        replay(tmp_path / "r", Bridge())


def test_a_last_line_that_was_cut_off_is_left_out(recording):
    with recording.open("a", encoding="utf-8") as file:
        file.write('{"at": 3, "fro')
    assert replay(recording, shop()).differences == []


def test_an_empty_recording_has_no_calls(tmp_path):
    with MemoryPage(Bridge()) as page, record(page, tmp_path / "r"):
        pass
    again = replay(tmp_path / "r", Bridge())
    assert (again.calls, again.events, again.differences) == ([], [], [])


def test_a_file_that_is_there_becomes_private(tmp_path):
    (tmp_path / "r").write_text("old")
    (tmp_path / "r").chmod(0o644)
    with MemoryPage(Bridge()) as page, record(page, tmp_path / "r"):
        assert (tmp_path / "r").stat().st_mode & 0o777 == 0o600


def test_what_is_no_text_is_no_recording(tmp_path):
    (tmp_path / "r").write_bytes(b"\x89PNG\r\n\xff\xfe")
    with pytest.raises(ValueError, match="line 1: this is no recording"):
        replay(tmp_path / "r", Bridge())


def test_where_nothing_can_be_written_the_page_can_be_recorded_elsewhere(tmp_path):
    with MemoryPage(Bridge()) as page:
        with pytest.raises(OSError, match="No space"):
            record(page, "/dev/full")
        with record(page, tmp_path / "r") as recording:
            page.call("missing").exception(SECONDS)
        assert recording.frames > 0


def test_a_disk_that_is_full_ends_the_recording_and_nothing_else(tmp_path, caplog):
    with MemoryPage(shop()) as page:
        recording = record(page, tmp_path / "r")
        full = open("/dev/full", "w", buffering=1)  # noqa: SIM115 - the recording closes it
        recording._file.close()
        recording._file = full
        page.call("missing").exception(SECONDS)
        _waiting.hear_what_happened(SECONDS)
        assert full.closed
        recording.stop()
        assert page.call("missing").exception(SECONDS).code == "method_not_found"
    assert "the recording" in caplog.text
