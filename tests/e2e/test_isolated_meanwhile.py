"""What the program may do while the process of a window is gone and the next has not come yet."""

from __future__ import annotations

import threading

import pytest

from auroraview import ViewClosed
from tests.e2e import desktop
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.shells import isolated, kill_shell, shells, wait_back

pytestmark = [pytest.mark.each_lane, pytest.mark.timeout(120)]


def test_all_that_a_window_can_be_set_to_holds_for_the_next(away):
    view, _ = away
    view.window.title = "Set meanwhile"
    view.window.position = (200, 150)
    view.window.size = (456, 345)
    view.window.always_on_top = True
    view.window.focus()
    view.window.minimize()
    view.window.restore()
    wait_for(lambda: "Set meanwhile" in desktop.titles(), "the window")
    assert "Isolated" not in desktop.titles()
    wait_for(lambda: ask(view, "[innerWidth, innerHeight]") == [456, 345], "the size")
    wait_for(lambda: "_NET_WM_STATE_ABOVE" in desktop.states("Set meanwhile"), "the state")
    wait_for(lambda: view.window.position == (200, 150), "the position")


@pytest.mark.parametrize("way", ["load_html", "load_url", "load_path"])
def test_what_is_loaded_meanwhile_is_what_it_shows(away, way, server, tmp_path):
    view, _ = away
    (tmp_path / "page.html").write_text("<p>load_path")
    if way == "load_html":
        view.load_html("<p>load_html")
    elif way == "load_url":
        view.load_url(server.page("/", "<p>load_url"))
    else:
        view.load_path(tmp_path / "page.html")
    assert ask(view, "document.body.innerText") == way
    assert ask(view, "auroraview.call('add', [1, 2])") == 3


def test_what_is_asked_meanwhile_waits_for_the_page(away):
    view, _ = away
    script = view.eval_js("auroraview.call('add', [1, 2])")
    waited = []
    thread = threading.Thread(target=lambda: waited.append(view.wait_ready(PATIENCE)))
    thread.start()
    assert view.screenshot().startswith(b"\x89PNG")
    assert script.result(PATIENCE) == 3
    thread.join(PATIENCE)
    assert waited == [None]


def test_show_finds_the_view_open_and_waits_for_its_end(away):
    view, _ = away
    generation = view.peer.generation
    view.show(wait=False)
    showing = threading.Thread(target=view.show)
    showing.start()
    wait_back(view, generation)
    assert len(shells()) == 1, "one window, not two"
    assert showing.is_alive()
    view.close()
    showing.join(PATIENCE)
    assert not showing.is_alive()


def test_listeners_that_are_added_meanwhile_are_asked_by_the_next_window(away):
    view, _ = away
    generation, asked = view.peer.generation, Record(answer=False)
    view.window.on("closing", asked)
    wait_back(view, generation)
    wait_for(lambda: "Isolated" in desktop.titles(), "the window")
    desktop.close_as_user("Isolated")
    asked.wait()
    assert view.is_open


def test_a_closed_view_stays_closed_though_its_window_was_on_its_way_back(away):
    view, _ = away
    script, closed = view.eval_js("1"), Record()
    view.window.on("closed", closed)
    view.close()
    assert view.wait(PATIENCE)
    with pytest.raises(ViewClosed):
        script.result(PATIENCE)
    closed.wait()
    with opened(view):
        assert ask(view, "auroraview.call('add', [1, 2])") == 3
        assert len(shells()) == 1
    assert len(closed.wait(2)) == 2


def test_a_view_may_be_closed_and_shown_at_once_meanwhile(away):
    view, _ = away
    view.close()
    with opened(view):
        assert ask(view, "auroraview.call('add', [1, 2])") == 3
        assert len(shells()) == 1


def test_a_listener_of_the_crash_may_close_the_view():
    view = isolated()
    view.window.on("crashed", view.close)
    with opened(view):
        kill_shell()
        assert view.wait(PATIENCE)
        wait_for(lambda: not shells(), "the end of its processes")


def test_a_listener_of_the_crash_may_load_another_page():
    view = isolated("<p>crashes")
    view.window.on("crashed", lambda: view.load_html("<p>a page instead"))
    with opened(view):
        generation = view.peer.generation
        kill_shell()
        wait_for(
            lambda: view.peer.generation > generation and view.is_ready and ask(view, "document.body.innerText"),
            "a page",
        )
        wait_for(lambda: ask(view, "document.body.innerText") == "a page instead", "the other page")
        assert ask(view, "auroraview.call('add', [1, 2])") == 3
