"""A panel where no application is: a window, made once for each key, that is where it was."""

import gc
import json
import threading
import weakref

import pytest

from auroraview import Bridge, HostError, UsageError, hosts
from auroraview.hosts import _memory, _panel, _x11
from tests.hosts.panels import PAGE, pumped, value


@pytest.fixture(autouse=True)
def _state_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


def test_a_script_gets_a_window_whose_handlers_run_on_its_main_thread():
    class Tool:
        def where(self):
            return threading.current_thread().name

    panel = hosts.panel("A tool", html=PAGE, api=Tool(), width=300, height=200)
    assert (panel.place, panel.dock, panel.widget, panel.host.name) == ("window", None, None, "plain")
    assert (panel.is_open, panel.title, panel.view.window.title) == (True, "A tool", "A tool")
    assert panel.view.window.size == (300, 200)
    assert value(panel, "auroraview.api.where()") == "MainThread"
    assert hosts.panels() == (panel,)


def test_what_a_panel_binds_and_emits_is_its_pages():
    panel = hosts.panel("T", html=PAGE)
    panel.bind_call("double", lambda x: 2 * x)
    heard = []
    panel.on("heard", heard.append)
    assert (
        value(panel, "auroraview.on('say', x => auroraview.send_event('heard', x)); auroraview.call('double', [4])")
        == 8
    )
    panel.emit("say", "hello")
    pumped(lambda: heard == ["hello"])


def test_the_same_key_is_the_same_panel_and_its_page_stays():
    panel = hosts.panel("One", key="k", html=PAGE)
    value(panel, "window.mark = 7")
    assert hosts.panel("Two", key="k", html=PAGE) is panel
    assert hosts.panel("Two", key="other", html=PAGE) is not panel
    assert (panel.title, panel.view.window.title) == ("Two", "Two")
    assert value(panel, "window.mark") == 7


def test_without_a_key_there_is_another_one_each_time():
    one, two = hosts.panel("T", html=PAGE), hosts.panel("T", html=PAGE)
    assert hosts.panels() == (one, two)
    one.close()
    pumped(lambda: not one.is_open)
    assert hosts.panels() == (two,)


def test_what_is_open_without_a_key_stays_though_the_program_forgets_it():
    hosts.panel("T", html=PAGE).bind_call("f", lambda: "served")
    gc.collect()
    (panel,) = hosts.panels()
    assert value(panel, "auroraview.call('f')") == "served"
    closed = weakref.ref(panel)
    panel.close()
    pumped(lambda: not panel.is_open)
    panel.show()
    assert hosts.panels() == (panel,)
    panel.close()
    pumped(lambda: not panel.is_open)
    panel = None
    pumped(lambda: gc.collect() is not None and closed() is None)


def test_another_source_is_loaded_into_the_same_panel():
    panel = hosts.panel("T", key="k", html=PAGE)
    value(panel, "window.mark = 7")
    hosts.panel("T", key="k", html=PAGE + " that is new")
    assert value(panel, "document.body.textContent") == "A page that is new"


def test_a_panel_that_was_closed_opens_again_with_its_page():
    panel = hosts.panel("T", key="k", html=PAGE)
    panel.bind_call("f", lambda: "served")
    value(panel, "1")
    panel.close()
    panel.close()
    pumped(lambda: not panel.is_open)
    assert hosts.panels() == (panel,)
    panel.show()
    assert value(panel, "auroraview.call('f')") == "served"
    panel.view.close()  # as the user does
    pumped(lambda: not panel.is_open)
    assert hosts.panel("T", key="k") is panel
    assert value(panel, "document.body.textContent") == "A page"


def test_hiding_tells_the_page_and_keeps_it():
    panel = hosts.panel("T", html=PAGE)
    value(panel, "window.mark = 7")
    panel.hide()
    pumped(lambda: value(panel, "document.visibilityState") == "hidden")
    assert panel.is_open
    panel.show()
    pumped(lambda: value(panel, "document.visibilityState") == "visible")
    assert value(panel, "window.mark") == 7


def test_detach_closes_panels_for_good_and_attach_makes_new_ones():
    panel = hosts.panel("T", key="k", html=PAGE)
    hosts.detach()
    pumped(lambda: not panel.is_open)
    assert hosts.panels() == ()
    with pytest.raises(UsageError, match=r"hosts\.panel\(\) again"):
        panel.show()
    again = hosts.panel("T", key="k", html=PAGE)
    assert again is not panel
    assert value(again, "1 + 1") == 2


def test_other_threads_may_use_a_panel_but_not_make_one():
    panel = hosts.panel("T", key="k", html=PAGE)
    problems = []

    def work():
        panel.hide()
        panel.show()
        try:
            hosts.panel("T", key="k")
        except UsageError as error:
            problems.append(str(error))
        panel.close()

    thread = threading.Thread(target=work)
    thread.start()
    pumped(lambda: not thread.is_alive())
    assert problems == ["hosts.panel() must be called on the main thread: main_thread.run(hosts.panel, ...)"]
    pumped(lambda: not panel.is_open)


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"area": "middle"}, "area"),
        ({"key": ""}, "key"),
        ({"key": 7}, "key"),
        ({"width": 0}, "width"),
        ({"height": "600"}, "height"),
        ({"title": None}, "title"),
        ({"html": "", "url": "http://localhost"}, "one of"),
        ({"isolation": "thread"}, "isolation"),
        ({"allow_origins": ["no origin"]}, "origin"),
    ],
)
def test_what_cannot_work_is_refused_and_nothing_is_made(wrong, text):
    with pytest.raises(UsageError, match=text):
        hosts.panel(**{"title": "T", "key": "k", **wrong})
    assert hosts.panels() == ()


def test_a_page_that_is_not_there_is_said_and_leaves_nothing(tmp_path):
    with pytest.raises(FileNotFoundError):
        hosts.panel("T", key="k", path=tmp_path / "none")
    assert hosts.panels() == ()


def test_a_page_that_cannot_open_is_said_and_can_be_tried_again(monkeypatch):
    def refuse(_):
        raise HostError("no display")

    with monkeypatch.context() as broken:
        broken.setattr("auroraview.view.WebView._begin", refuse)
        with pytest.raises(HostError, match=r"^no display$"):
            hosts.panel("T", key="k", html=PAGE)
    assert hosts.panels() == ()
    assert value(hosts.panel("T", key="k", html=PAGE), "1") == 1


def test_what_cannot_live_in_this_process_lives_in_its_own(monkeypatch):
    monkeypatch.setattr("auroraview.hosts._glib.loop_mode", lambda: "foreign")
    panel = hosts.panel("T", html=PAGE)
    panel.bind_call("f", lambda: "served")
    assert panel.view.info["transport"] == "isolated"
    assert value(panel, "auroraview.call('f')") == "served"


def test_what_fails_in_this_process_is_tried_in_its_own_and_keeps_its_listeners(monkeypatch):
    from auroraview import _host

    ready = []
    panel = hosts.panel("T", html=PAGE, visible=False)
    assert not panel.is_open
    panel.view.on_ready(lambda: ready.append(threading.current_thread().name))

    def refuse():
        raise HostError("not here")

    monkeypatch.setattr(_host, "start", refuse)
    panel.show()
    assert panel.view.info["transport"] == "isolated"
    pumped(lambda: ready == ["MainThread"])


def test_other_options_load_the_page_anew_with_the_handlers_there_are():
    panel = hosts.panel("T", key="k", html=PAGE)
    panel.bind_call("f", lambda: 1 / 0)
    value(panel, "window.mark = 7")
    before = panel.view
    hosts.panel("T", key="k", html=PAGE, debug=True)
    assert panel.view is not before
    assert value(panel, "window.mark") is None
    assert "ZeroDivisionError" in value(panel, "auroraview.call('f').catch(error => error.name)")
    pumped(lambda: not before.is_open)


def test_a_bridge_of_the_program_is_used_and_another_one_loads_the_page_anew():
    one, two = Bridge(), Bridge()
    one.bind_call("f", lambda: "one")
    two.bind_call("f", lambda: "two")
    panel = hosts.panel("T", key="k", html=PAGE, bridge=one)
    assert value(panel, "auroraview.call('f')") == "one"
    before = panel.view
    hosts.panel("T", key="k", bridge=one)
    assert panel.view is before
    hosts.panel("T", key="k", bridge=two)
    assert panel.bridge is two
    assert value(panel, "auroraview.call('f')") == "two"


def test_size_and_position_are_remembered_from_run_to_run(tmp_path):
    panel = hosts.panel("T", key="k", html=PAGE, width=300, height=200)
    value(panel, "1")
    panel.view.window.position, panel.view.window.size = (120, 90), (350, 250)
    pumped(lambda: panel.view.window.size == (350, 250) and panel.view.window.position == (120, 90))
    hosts.detach()  # as at the end of a run
    kept = json.loads((tmp_path / "auroraview" / "panels" / "plain" / "k.json").read_text())
    assert kept["window"] == [120, 90, 350, 250]
    again = hosts.panel("T", key="k", html=PAGE, width=300, height=200)
    pumped(lambda: again.view.window.size == (350, 250) and again.view.window.position == (120, 90))
    hosts.detach()
    other = hosts.panel("T", key="k", html=PAGE, width=310, height=200)
    pumped(lambda: other.view.window.size == (310, 200))


def test_what_the_user_closed_stays_closed_when_the_program_leaves_it_to_him():
    def run():
        hosts.detach()
        return hosts.panel("T", key="k", html=PAGE, visible=None)

    panel = run()
    assert panel.is_open, "the first time"
    value(panel, "1")
    panel = run()
    assert panel.is_open, "it was open when the program ended"
    panel.view.close()  # as the user does
    pumped(lambda: not panel.is_open)
    pumped(lambda: panel._look().visible is False)
    panel = run()
    assert not panel.is_open
    panel.show()
    assert value(panel, "1") == 1


def test_a_position_off_all_screens_is_dropped(monkeypatch):
    where = _memory.path_of("plain", "k")
    _memory.write(
        where, _memory.Remembered(("right", 300, 200), "right", False, True, None, (90_000, 90_000, 350, 250))
    )
    panel = hosts.panel("T", key="k", html=PAGE, width=300, height=200)
    value(panel, "1")
    assert panel.view.window.size == (300, 200)
    assert panel.view.window.position != (90_000, 90_000)


def test_a_window_of_an_application_is_above_its_and_over_the_side_that_is_wished(monkeypatch):
    main = hosts.panel("Stands for the application", html=PAGE, width=900, height=600)
    value(main, "1")
    main.view.window.position = (100, 80)
    above = main.view.window.native_id
    pumped(lambda: 100 <= _x11.geometry(above)[0] < 120, "the window is where it was put, but for its frame")
    monkeypatch.setattr(_panel.Panel, "_asked", lambda _, question: above if question == "window_id" else None)
    x, y, width, height = _x11.geometry(above)
    assert (width, height) == (900, 600)
    for area in ("left", "right", "top", "bottom", "floating"):
        panel = hosts.panel("T", html=PAGE, area=area, width=300, height=200)
        assert panel.view.window.transient_for == above
        value(panel, "1")
        native = panel.view.window.native_id

        def lies_there(native=native, area=area):
            left, top, wide, high = _x11.geometry(native)
            inside = left >= x and left + wide <= x + width and top >= y - 60 and top + high <= y + height
            return (
                inside
                and {
                    "left": left < x + 100,
                    "right": left > x + width - 300 - 100,
                    "top": top < y + 100,
                    "bottom": top > y + height - 200 - 100,
                    "floating": x + 250 < left < x + 350,
                }[area]
            )

        pumped(lies_there, f"the place at the {area} of the application's window")


def test_the_largest_window_of_a_process_is_its_main_window():
    import os

    small, large = (hosts.panel("T", html=PAGE, width=n, height=n) for n in (200, 500))
    value(small, "1")
    value(large, "1")
    ours = {panel.view.window.native_id for panel in (small, large)}
    pumped(lambda: _x11.window_of(os.getpid()) == large.view.window.native_id)
    assert _x11.window_of(os.getpid(), {large.view.window.native_id}) == small.view.window.native_id
    assert _x11.window_of(os.getpid(), ours) is None
    assert _x11.window_of(1) is None
    screens = _x11.screens()
    assert screens
    assert all(width > 0 and height > 0 for _, _, width, height in screens)


def test_without_an_x_server_nothing_is_known_and_nothing_breaks(monkeypatch):
    panel = hosts.panel("T", html=PAGE)
    value(panel, "1")
    native = panel.view.window.native_id
    panel.close()
    pumped(lambda: _x11.geometry(native) is None)
    assert _x11.geometry(0xFFFFFFF) is None
    monkeypatch.setenv("DISPLAY", ":9999")
    assert (_x11.geometry(native), _x11.screens(), _x11.window_of(1)) == (None, None, None)
