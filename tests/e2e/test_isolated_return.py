"""What a window in a process of its own is like when it comes back."""

from __future__ import annotations

import time

import pytest

from auroraview import Backpressure, Bridge, HostError, UsageError, ViewClosed, WindowOptions
from auroraview.options import Limits
from tests.e2e import desktop
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.pages import RECORDING_PAGE
from tests.e2e.shells import crash, crashes_of, isolated, kill_shell, stop_shell_and_page

pytestmark = [pytest.mark.each_lane, pytest.mark.timeout(120)]


class Api:
    """Keeps what it was told."""

    def __init__(self) -> None:
        self.values: list[object] = []

    def keep(self, value: object) -> int:
        self.values.append(value)
        return len(self.values)


# What is there again


def test_handlers_and_proxies_are_those_of_before_and_so_is_their_state():
    api = Api()
    view = isolated(api=api)
    heard, ready, connected, gone = crashes_of(view), Record(), Record(), Record()
    view.on_ready(ready)
    view.bridge.on_connect(connected)
    view.bridge.on_disconnect(gone)
    with opened(view):
        assert ask(view, "auroraview.api.keep('one')") == 1
        document, peers = view.info["document"], view.bridge.peers
        crash(view, heard)
        assert ask(view, "auroraview.api.keep('two')") == 2
        view.bind_call("late", lambda: "bound later")
        assert ask(view, "auroraview.call('late')") == "bound later"
        assert view.unbind("late")
        ready.wait(2)
        assert (view.bridge.peers, gone.seen) == (peers, []), "the same peer"
        assert view.peer.connected
        assert view.info["document"] not in (None, document)
    assert (api.values, heard.seen, len(ready.seen), len(connected.seen)) == (["one", "two"], [()], 2, 1)


def test_info_tells_of_the_window_that_is_there(server):
    view = isolated(None, url=server.page("/one", "<p>one"))
    heard = crashes_of(view)
    with opened(view):
        before = view.info
        crash(view, heard)
        after = view.info
        same = ("transport", "lane", "url")
        assert [after[name] for name in same] == [before[name] for name in same]
        assert after["transport"] == view.peer.info.transport == "isolated"
        assert view.peer.info.url == server.origin + "/one"


def test_the_window_looks_as_the_last_one_did():
    view = isolated(width=500, height=300, window=WindowOptions(position=(60, 70), user_agent="Its own"))
    heard = crashes_of(view)
    with opened(view):
        view.window.title = "Renamed"
        view.window.size = (432, 321)
        view.window.position = (150, 110)
        view.window.always_on_top = True
        wait_for(lambda: ask(view, "[innerWidth, innerHeight]") == [432, 321], "the size")
        wait_for(lambda: view.window.position == (150, 110), "the position")
        crash(view, heard)
        wait_for(lambda: desktop.titles().count("Renamed") == 1, "the window")
        wait_for(lambda: ask(view, "[innerWidth, innerHeight]") == [432, 321], "the size")
        wait_for(lambda: view.window.position == (150, 110), "the position")
        wait_for(lambda: "_NET_WM_STATE_ABOVE" in desktop.states("Renamed"), "the state")
        assert ask(view, "navigator.userAgent") == "Its own"
        assert "Isolated" not in desktop.titles()


@pytest.mark.parametrize(("state", "name"), [("fullscreen", "FULLSCREEN"), ("maximized", "MAXIMIZED_VERT")])
def test_a_window_that_filled_the_screen_does_so_again(state, name):
    view = isolated(width=400, height=300)
    heard = crashes_of(view)
    with opened(view):
        if state == "fullscreen":
            view.window.fullscreen = True
        else:
            view.window.maximize()
        wait_for(lambda: f"_NET_WM_STATE_{name}" in desktop.states("Isolated"), "the state")
        crash(view, heard)
        wait_for(lambda: "Isolated" in desktop.titles(), "the window")
        wait_for(lambda: f"_NET_WM_STATE_{name}" in desktop.states("Isolated"), "the state")


def test_a_window_that_was_hidden_comes_back_hidden():
    view = isolated()
    heard = crashes_of(view)
    with opened(view):
        wait_for(lambda: "Isolated" in desktop.titles(), "the window")
        view.window.visible = False
        wait_for(lambda: "Isolated" not in desktop.titles(), "its end")
        crash(view, heard)
        assert ask(view, "auroraview.call('add', [1, 2])") == 3
        assert not view.window.visible
        assert "Isolated" not in desktop.titles()
        view.window.visible = True
        wait_for(lambda: "Isolated" in desktop.titles(), "the window")


def test_what_a_page_stored_in_its_data_directory_is_there_again(server, tmp_path):
    view = isolated(None, url=server.page("/", "<p>stores"), data_directory=tmp_path)
    heard = crashes_of(view)
    with opened(view):
        ask(view, "document.cookie = 'kept=yes; max-age=1000'")
        wait_for(lambda: any(path.is_file() for path in tmp_path.rglob("*ookie*")), "the file")
        view.reload()
        assert ask(view, "document.cookie") == "kept=yes"
        crash(view, heard)
        wait_for(lambda: ask(view, "document.cookie") == "kept=yes", "the cookie")


def test_the_page_is_the_one_that_python_loaded_last(server):
    view = isolated("<p>first")
    heard = crashes_of(view)
    target = server.page("/", "<p>loaded")
    server.page("/elsewhere", "<p>elsewhere")
    with opened(view):
        view.load_url(target)
        assert ask(view, "document.body.innerText") == "loaded"
        generation = view.peer.generation
        ask(view, "setTimeout(() => { location.href = '/elsewhere' }, 0); null")
        wait_for(lambda: view.peer.generation > generation and view.is_ready, "the page the user went to")
        assert ask(view, "document.body.innerText") == "elsewhere"
        crash(view, heard)
        assert ask(view, "document.body.innerText") == "loaded"
        assert ask(view, "auroraview.call('add', [1, 2])") == 3


def test_listeners_and_watchers_serve_the_new_window(server, monkeypatch):
    outside, closing, sizes, seen = Record(True), Record(answer=False), Record(), Record()
    monkeypatch.setattr("webbrowser.open", outside)
    view = isolated()
    heard = crashes_of(view)
    view.window.on("closing", closing)
    view.window.on("resized", sizes)
    view.on_navigate(lambda navigation: seen(navigation.url))
    with opened(view):
        crash(view, heard)
        wait_for(lambda: "Isolated" in desktop.titles(), "the window")
        desktop.close_as_user("Isolated")
        closing.wait()
        view.window.size = (345, 234)
        wait_for(lambda: (345, 234) in sizes.seen, "the size")
        ask(view, f"setTimeout(() => {{ location.href = '{server.origin}/there' }}, 0); null")
        assert outside.wait() == [(f"{server.origin}/there",)]
        assert (f"{server.origin}/there",) in seen.seen
        assert view.is_open


# Events


def test_retained_events_come_first_then_what_was_not_acknowledged_then_what_came_meanwhile(away):
    view, heard = away
    view.emit("settings", "first", retain=True)
    for number in range(50):
        view.emit("tick", number)
    view.emit("settings", "second", retain=True)
    view.emit_batch([("tock", 1), ("tock", 2)])
    view.bridge.emit("done", None)
    expected = [*(["tick", number] for number in range(50)), ["tock", 1], ["tock", 2], ["done", None]]
    heard.wait(2)
    wait_for(lambda: any(name == "done" for name, _ in ask(view, "seen")), "the last event")
    seen = ask(view, "seen")
    assert [event for event in seen if event[0] != "settings"] == expected
    assert seen[0] == ["settings", "second"], "a page hears the value that holds, before all else"


def test_every_event_arrives_though_the_process_dies_again_and_again():
    view = isolated("<script>auroraview.on('tick', (number) => auroraview.send_event('got', number))</script>")
    heard, got = crashes_of(view), Record()
    view.on("got", got)
    number = 0
    with opened(view):
        for round_ in range(3):
            for _ in range(100):
                view.emit("tick", number)
                number += 1
            got.wait(round_ * 100 + 10)
            crash(view, heard)
        view.emit("tick", number)
        wait_for(lambda: (number,) in got.seen, "the last event")
        wait_for(lambda: {value for (value,) in got.seen} == set(range(number + 1)), "all events")
    # One that was acknowledged is never sent again; one that was not is, in its place.
    for value, later in zip(got.seen, got.seen[1:], strict=False):
        assert later[0] <= value[0] + 1, "in order, but for what is sent again"


def test_what_coalesces_has_its_last_value(away):
    view, _ = away
    for number in range(1000):
        view.emit("tick", number, keep="latest")
    view.emit("done")
    wait_for(lambda: ["done", None] in ask(view, "seen"), "the last event")
    ticks = [detail for name, detail in ask(view, "seen") if name == "tick"]
    assert ticks[-1] == 999
    assert len(ticks) < 10


def test_what_waits_for_the_next_window_is_bounded():
    view = isolated(RECORDING_PAGE, bridge=Bridge(limits=Limits(queue_messages=100)))
    heard = crashes_of(view)
    taken: list[int] = []

    def emit_all() -> None:
        for number in range(10_000):
            view.emit("tick", number)
            taken.append(number)

    with opened(view):
        # Stopped, they take what fits into the socket and acknowledge nothing.
        kill = stop_shell_and_page()
        with pytest.raises(Backpressure):
            emit_all()
        assert len(taken) <= 1000
        kill()
        heard.wait()
        wait_for(lambda: len(ask(view, "seen")) >= len(taken), "all that was taken")
        assert ask(view, "seen") == [["tick", number] for number in taken]
        view.emit("done")
        wait_for(lambda: ask(view, "seen[seen.length - 1][0]") == "done", "an event after it")


# Where it cannot come back, or not as it was


def test_a_view_that_cannot_come_back_gives_up_in_time(tmp_path, monkeypatch):
    view = isolated()
    heard = crashes_of(view)
    with opened(view):
        monkeypatch.setenv("DISPLAY", ":987")
        began = time.monotonic()
        kill_shell()
        assert view.wait(PATIENCE), "it tries five times, less and less soon"
        assert time.monotonic() - began < PATIENCE
        with pytest.raises(ViewClosed, match="6th crash"):
            ask(view, "1")
        assert len(heard.wait(6)) == 6
    with pytest.raises(HostError, match="DISPLAY"):
        view.show(wait=False)
    monkeypatch.undo()
    with opened(view):
        assert ask(view, "auroraview.call('add', [1, 2])") == 3


def test_a_title_that_was_refused_is_none_of_the_next_window():
    view = isolated()
    heard = crashes_of(view)
    with opened(view):
        view.window.title = "the title"
        with pytest.raises(UsageError, match="lone surrogates"):
            view.window.title = "\ud800"
        crash(view, heard)
        assert view.window.title == "the title"


def test_a_view_closes_whose_window_cannot_be_asked_for(monkeypatch, caplog):
    view = isolated()
    with opened(view):

        def broken():
            raise OSError("there is no directory any more")

        monkeypatch.setattr(view.window, "opening", broken)
        kill_shell()
        assert view.wait(PATIENCE)
    assert "cannot open again: there is no directory any more; the view closes" in caplog.text
