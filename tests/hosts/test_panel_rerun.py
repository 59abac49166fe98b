"""A tool that is run again, or whose module is reloaded, while its panel is open: new handlers, the same page."""

import importlib
import sys
import textwrap

import pytest

from auroraview import Bridge, UsageError, hosts, main_thread
from tests.hosts.panels import PAGE, pumped, value

TOOL = """
    from auroraview import hosts

    heard = []

    class Tool:
        def version(self):
            return {version}

        if {version} == 1:
            def old(self):
                return "old"

    panel = hosts.panel("Tool {version}", key="tool", html="<body>A page", api=Tool())

    @panel.bind_call("both")
    def both():
        return {version}

    @panel.bind_call("only{version}")
    def only():
        return {version}

    panel.on("say", lambda text: heard.append(({version}, text)))
    panel.view.on_ready(lambda: heard.append(({version}, "ready")))
    panel.view.window.on("focused", lambda: None)
    panel.view.on_navigate(lambda navigation: None)
    """


@pytest.fixture(autouse=True)
def _state_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture(params=["reload", "exec"])
def run(request, tmp_path, monkeypatch):
    """Runs a version of the tool, by either way in which applications do."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.syspath_prepend(str(tmp_path))
    file = tmp_path / "tool_that_is_run_again.py"
    loaded = []

    def one_run(version, text=TOOL):
        file.write_text(textwrap.dedent(text.format(version=version)))
        if request.param == "exec":
            names = {"__name__": "__main__"}
            exec(compile(file.read_text(), str(file), "exec"), names)
            return names["panel"], names["heard"]
        importlib.invalidate_caches()
        loaded[:] = [importlib.reload(loaded[0]) if loaded else importlib.import_module(file.stem)]
        return loaded[0].panel, loaded[0].heard

    yield one_run
    sys.modules.pop(file.stem, None)


def test_handlers_of_the_new_code_run_and_the_page_stays(run):
    panel, first = run(1)
    assert value(panel, "window.mark = 7") == 7
    assert value(panel, "auroraview.api.version()") == 1
    again, second = run(2)
    assert again is panel
    assert panel.title == "Tool 2"
    main_thread.pump()
    first.clear()
    second.clear()
    assert value(panel, "window.mark") == 7
    assert value(panel, "auroraview.api.version()") == 2
    assert value(panel, "auroraview.call('both')") == 2
    assert sorted(panel.bridge.methods) == ["api.version", "both", "only2"]
    for name in ("only1", "api.old"):
        assert value(panel, f"auroraview.call({name!r}).catch(error => error.code)") == "method_not_found"
    value(panel, "auroraview.send_event('say', 'hello')")
    pumped(lambda: second == [(2, "hello")])
    panel.view.reload()
    pumped(lambda: (2, "ready") in second)
    assert first == []


def test_a_tool_may_be_run_any_number_of_times(run):
    for version in range(1, 6):
        panel, heard = run(version)
        main_thread.pump()
        pumped(lambda heard=heard, version=version: heard.count((version, "ready")) == 1)
    view = panel.view
    assert (len(view._ready_functions), len(view._watchers)) == (1, 1)
    assert len(view.window._listeners.of("focused")) == 1
    assert sorted(panel.bridge.methods) == ["api.version", "both", "only5"]
    assert hosts.panels() == (panel,)


def test_a_tool_that_was_closed_is_run_again(run):
    panel, _ = run(1)
    value(panel, "1")
    panel.close()
    pumped(lambda: not panel.is_open)
    again, heard = run(2)
    assert again is panel
    pumped(lambda: (2, "ready") in heard)
    assert value(panel, "auroraview.api.version()") == 2


def test_a_tool_that_fails_half_way_keeps_what_it_has_bound(run):
    panel, _ = run(1)
    value(panel, "window.mark = 7")
    broken = TOOL[: TOOL.index('@panel.bind_call("only')] + "1 / 0\n"
    with pytest.raises(ZeroDivisionError):
        run(2, broken)
    main_thread.pump()
    assert value(panel, "auroraview.call('both')") == 2
    assert value(panel, "window.mark") == 7
    run(3)
    main_thread.pump()
    assert value(panel, "auroraview.call('only3')") == 3


def test_a_call_that_only_wants_to_see_the_panel_changes_nothing():
    panel = hosts.panel("T", key="k", html="<body>A page")
    panel.bind_call("f", lambda: 1)
    ready = []
    panel.view.on_ready(lambda: ready.append(1))
    for _ in range(3):
        hosts.panel("T", key="k")
        hosts.panel("T", key="k")
        main_thread.pump()
    assert value(panel, "auroraview.call('f')") == 1
    assert len(panel.view._ready_functions) == 1


def test_what_is_bound_between_two_calls_of_one_run_stays():
    panel = hosts.panel("T", key="k", html="<body>A page")
    panel.bind_call("old", lambda: 0)
    hosts.panel("T", key="k").bind_call("f", lambda: 1)
    hosts.panel("T", key="k").bind_call("g", lambda: 2)
    main_thread.pump()
    assert sorted(panel.bridge.methods) == ["f", "g"]


def test_a_bridge_that_the_program_brought_is_its_own_business():
    bridge = Bridge()
    bridge.bind_call("before", lambda: 1)
    panel = hosts.panel("T", key="k", html="<body>A page", bridge=bridge)
    hosts.panel("T", key="k", bridge=bridge).bind_call("after", lambda: 2)
    main_thread.pump()
    assert sorted(panel.bridge.methods) == ["after", "before"]


def test_another_object_takes_the_place_of_the_api_before():
    class One:
        def who(self):
            return "one"

    class Two:
        def who(self):
            return "two"

    panel = hosts.panel("T", key="k", html="<body>A page", api=One())
    hosts.panel("T", key="k", api=Two())
    assert value(panel, "auroraview.api.who()") == "two"
    with pytest.raises(UsageError, match="belongs to"):
        panel.bind_api(One())


@pytest.mark.parametrize("wrong", [{"isolation": "thread"}, {"bridge": 7}, {"allow_origins": ["no origin"]}])
def test_a_mistake_in_the_new_code_costs_neither_page_nor_panel(wrong):
    panel = hosts.panel("T", key="k", html=PAGE)
    value(panel, "window.mark = 7")
    with pytest.raises(UsageError):
        hosts.panel("T", key="k", html=PAGE, **wrong)
    assert value(panel, "window.mark") == 7
    assert hosts.panel("T", key="k", html=PAGE) is panel
    assert value(panel, "window.mark") == 7
