"""The window around the page, under a window manager: what it looks like, and what is told about it."""

import time

import pytest

from auroraview import UsageError, WebView, WindowOptions
from tests.e2e import desktop
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for

SIZE = "[innerWidth, innerHeight]"


def page_size(view):
    return tuple(ask(view, SIZE))


def has_state(title, name):
    return f"_NET_WM_STATE_{name}" in desktop.states(title)


def test_the_page_area_has_the_size_that_was_asked_for():
    with opened(width=517, height=333) as view:
        assert page_size(view) == (517, 333)
        assert view.window.size == (517, 333)


def test_a_new_size_reaches_the_page_and_the_listeners(isolation):
    resized = Record()
    view = WebView(width=500, height=300, isolation=isolation)
    view.window.on("resized", resized)
    with opened(view):
        view.window.size = (640, 360)
        wait_for(lambda: (640, 360) in resized.seen, "the event")
        wait_for(lambda: page_size(view) == (640, 360), "the page's new size")
        assert view.window.size == (640, 360)


def test_a_position_is_where_the_page_area_is(isolation):
    moved = Record()
    view = WebView(width=300, height=200, window=WindowOptions(position=(120, 90)), isolation=isolation)
    view.window.on("moved", moved)
    with opened(view):
        wait_for(lambda: view.window.position == (120, 90), "the first position")
        view.window.position = (260, 170)
        wait_for(lambda: (260, 170) in moved.seen, "the event")
        assert view.window.position == (260, 170)


def test_the_title_is_that_of_the_window():
    with opened(title="A title of its own ä") as view:
        wait_for(lambda: "A title of its own ä" in desktop.titles(), "the title")
        view.window.title = "Another title"
        wait_for(lambda: "Another title" in desktop.titles(), "the new title")
        assert "A title of its own ä" not in desktop.titles()
        assert view.window.title == "Another title"


def test_properties_set_before_show_hold_when_it_opens(isolation):
    view = WebView("Too early", isolation=isolation)
    view.window.title = "Set before"
    view.window.size = (432, 234)
    view.window.position = (50, 60)
    view.window.always_on_top = True
    with opened(view):
        assert page_size(view) == (432, 234)
        wait_for(lambda: view.window.position == (50, 60), "the position")
        assert has_state("Set before", "ABOVE")


def test_fullscreen_fills_the_screen_and_comes_back(isolation):
    with opened(title="Full", width=400, height=300, isolation=isolation) as view:
        screen = tuple(ask(view, "[screen.width, screen.height]"))
        view.window.fullscreen = True
        wait_for(lambda: page_size(view) == screen, "full screen")
        wait_for(lambda: has_state("Full", "FULLSCREEN"), "the state")
        assert view.window.fullscreen is True
        view.window.fullscreen = False
        wait_for(lambda: page_size(view) == (400, 300), "the old size")
        assert view.window.fullscreen is False


def test_a_page_cannot_fill_the_screen_by_itself():
    # WebKit crashes the process when such a view closes; see the settings in crates/auroraview-host/src/page.rs.
    with opened(width=400, height=300) as view:
        assert ask(view, "document.fullscreenEnabled ?? false") is False
        assert (
            ask(view, "typeof document.body.requestFullscreen") == "undefined"
            or ask(view, "document.body.requestFullscreen().then(() => 'filled', () => 'refused')") == "refused"
        )


def test_always_on_top_is_a_state_of_the_window():
    with opened(title="Top") as view:
        assert not has_state("Top", "ABOVE")
        view.window.always_on_top = True
        wait_for(lambda: has_state("Top", "ABOVE"), "the state")
        view.window.always_on_top = False
        wait_for(lambda: not has_state("Top", "ABOVE"), "its end")


def test_a_hidden_window_is_off_the_screen_and_its_page_goes_on(isolation):
    shown = Record()
    view = WebView("Hides", html="<p>goes on", window=WindowOptions(visible=False), isolation=isolation)
    view.window.on("shown", shown)
    with opened(view):
        assert "Hides" not in desktop.titles()
        assert not view.window.visible
        assert ask(view, "document.body.innerText") == "goes on"
        assert shown.seen == []
        view.window.visible = True
        shown.wait(1)
        wait_for(lambda: "Hides" in desktop.titles(), "the shown window")
        view.window.visible = False
        wait_for(lambda: "Hides" not in desktop.titles(), "the hidden window")
        view.window.visible = True
        shown.wait(2)
        wait_for(lambda: "Hides" in desktop.titles(), "the window")
        assert view.window.visible


def test_minimize_and_restore():
    with opened(title="Small") as view:
        view.window.minimize()
        wait_for(lambda: has_state("Small", "HIDDEN"), "the minimized window")
        assert ask(view, "1") == 1
        view.window.restore()
        wait_for(lambda: not has_state("Small", "HIDDEN"), "the window")


def test_maximize_and_restore():
    with opened(title="Large", width=400, height=300) as view:
        view.window.maximize()
        wait_for(lambda: has_state("Large", "MAXIMIZED_VERT"), "the maximized window")
        wait_for(lambda: page_size(view)[0] > 400, "the large page")
        view.window.restore()
        wait_for(lambda: page_size(view) == (400, 300), "the old size")


def test_a_focus_is_told_to_both_windows():
    focused, blurred = Record(), Record()
    with opened(title="First") as first:
        wait_for(lambda: desktop.active() == "First", "the focus")
        first.window.on("focused", focused)
        first.window.on("blurred", blurred)
        with opened(title="Second") as second:
            second.window.focus()
            blurred.wait()
            first.window.focus()
            focused.wait()
            wait_for(lambda: desktop.active() == "First", "the focus")


def test_focus_brings_a_minimized_window_back():
    with opened(title="Back") as view:
        view.window.minimize()
        wait_for(lambda: has_state("Back", "HIDDEN"), "the minimized window")
        view.window.focus()
        wait_for(lambda: not has_state("Back", "HIDDEN"), "the window")


def test_show_on_an_open_view_brings_its_window_to_the_front():
    with opened(title="Once") as view:
        view.window.minimize()
        wait_for(lambda: has_state("Once", "HIDDEN"), "the minimized window")
        document = view.info["document"]
        view.show(wait=False)
        wait_for(lambda: not has_state("Once", "HIDDEN"), "the window")
        assert desktop.titles().count("Once") == 1
        assert view.info["document"] == document


def test_a_window_opens_maximized_or_full_screen():
    with opened(title="Max", window=WindowOptions(maximized=True)):
        wait_for(lambda: has_state("Max", "MAXIMIZED_HORZ"), "the maximized window")
    with opened(title="Full", window=WindowOptions(fullscreen=True)) as view:
        wait_for(lambda: has_state("Full", "FULLSCREEN"), "the full screen")
        wait_for(lambda: view.window.fullscreen, "the property")


def test_a_window_that_cannot_be_resized_has_one_size():
    with opened(title="Fixed", width=320, height=210, window=WindowOptions(resizable=False)) as view:
        assert page_size(view) == (320, 210)
        hints = desktop.property_of("Fixed", "WM_NORMAL_HINTS")
        assert hints[5:7] == hints[7:9] == [320, 210]
        view.window.size = (400, 250)
        wait_for(lambda: page_size(view) == (400, 250), "the program's new size")


def test_a_window_has_a_smallest_size():
    with opened(title="Least", window=WindowOptions(min_size=(350, 250))):
        assert desktop.property_of("Least", "WM_NORMAL_HINTS")[5:7] == [350, 250]


def test_a_window_without_decorations_asks_for_none():
    with opened(title="Bare", window=WindowOptions(decorations=False)):
        assert desktop.property_of("Bare", "_MOTIF_WM_HINTS")[2] == 0


def test_a_user_agent_of_its_own_is_what_the_page_sees():
    with opened(window=WindowOptions(user_agent="Tool/1.0")) as view:
        assert ask(view, "navigator.userAgent") == "Tool/1.0"


@pytest.mark.parametrize("value", [(0, 10), (10,), "10x10", (10.5, 10), None, (10**9, 1), (True, 5)])
def test_a_bad_size_is_a_usage_error(value):
    view = WebView()
    with pytest.raises(UsageError, match="size"):
        view.window.size = value
    assert view.window.size == (800, 600)


def test_a_bad_title_or_event_is_a_usage_error():
    view = WebView()
    with pytest.raises(UsageError, match="title"):
        view.window.title = 5
    with pytest.raises(UsageError, match="'resized'"):
        view.window.on("rezised", print)
    with pytest.raises(UsageError, match="callable"):
        view.window.on("resized", 5)


def test_listeners_hear_a_window_s_life_in_order(isolation):
    heard = Record()
    view = WebView("Life", isolation=isolation)
    for event in ("shown", "closing", "closed"):
        view.window.on(event, lambda event=event: heard(event))
    with opened(view):
        wait_for(lambda: ("shown",) in heard.seen, "the event")
        desktop.close_as_user("Life")
        assert view.wait(PATIENCE)
        assert heard.wait(3) == [("shown",), ("closing",), ("closed",)]


def test_a_listener_that_was_removed_hears_nothing():
    heard, other = Record(), Record()
    view = WebView("Off")
    view.window.on("shown", heard)
    view.window.on("shown", other)
    assert view.window.off("shown", heard) == 1
    with opened(view):
        other.wait()
        assert heard.seen == []


def test_a_user_s_close_closes_where_nobody_objects():
    with opened(title="Plain") as view:
        desktop.close_as_user("Plain")
        assert view.wait(PATIENCE)
        assert not view.is_open
        wait_for(lambda: "Plain" not in desktop.titles(), "the window manager to notice")


def test_a_closing_listener_that_returns_false_keeps_the_window():
    asked = Record(False)
    view = WebView("Stays")
    view.window.on("closing", asked)
    with opened(view):
        for count in (1, 2):
            desktop.close_as_user("Stays")
            asked.wait(count)
            assert ask(view, "'still here'") == "still here"
            assert view.is_open
        view.window.off("closing")
        desktop.close_as_user("Stays")
        assert view.wait(PATIENCE)


@pytest.mark.parametrize("answer", [True, None, 0])
def test_a_closing_listener_that_returns_anything_else_lets_it_close(answer):
    asked = Record(answer)
    view = WebView("Goes")
    view.window.on("closing", asked)
    with opened(view):
        desktop.close_as_user("Goes")
        assert view.wait(PATIENCE)
        assert len(asked.seen) == 1


def test_one_objection_of_several_listeners_is_enough():
    view = WebView("Several")
    answers = [Record(True), Record(False), Record(True)]
    for answer in answers:
        view.window.on("closing", answer)
    with opened(view):
        desktop.close_as_user("Several")
        for answer in answers:
            answer.wait()
        assert ask(view, "1") == 1
        assert view.is_open


def test_a_closing_listener_that_raises_does_not_keep_the_window(caplog):
    view = WebView("Raises")
    view.window.on("closing", lambda: 1 / 0)
    with opened(view):
        desktop.close_as_user("Raises")
        assert view.wait(PATIENCE)
        wait_for(lambda: "ZeroDivisionError" in caplog.text, "the error in the log")


def test_a_closing_listener_may_ask_the_page(isolation):
    view = WebView("Asks", html="<p>unsaved", isolation=isolation)
    asked = Record()

    @view.window.on("closing")
    def is_saved():
        text = ask(view, "document.body.innerText")
        asked(text)
        return text == "saved"

    with opened(view):
        desktop.close_as_user("Asks")
        asked.wait()
        ask(view, "document.body.innerText = 'saved'")
        assert view.is_open
        desktop.close_as_user("Asks")
        assert view.wait(PATIENCE)
        assert asked.seen == [("unsaved",), ("saved",)]


def test_a_closing_listener_that_never_answers_delays_the_close_by_three_seconds():
    view = WebView("Hangs")
    asked, answer = Record(), Record()

    @view.window.on("closing")
    def never():
        asked()
        answer.wait(1, 60)

    with opened(view):
        began = time.monotonic()
        desktop.close_as_user("Hangs")
        asked.wait()
        assert ask(view, "'responsive'") == "responsive"
        view.window.title = "Hangs on"
        wait_for(lambda: "Hangs on" in desktop.titles(), "a window that responds")
        assert view.wait(PATIENCE)
        assert time.monotonic() - began > 2
        answer()


def test_no_closing_listener_can_keep_a_window_that_the_program_closes():
    asked = Record(False)
    view = WebView("Veto")
    view.window.on("closing", asked)
    with opened(view):
        view.close()
        assert view.wait(PATIENCE)
        assert asked.seen == []


def test_a_page_that_closes_itself_closes_the_window(isolation):
    closed = Record()
    view = WebView("Self", isolation=isolation)
    view.window.on("closed", closed)
    with opened(view):
        ask(view, "setTimeout(() => window.close(), 0); null")
        assert view.wait(PATIENCE)
        closed.wait()
