"""Which application is found: the one with an event loop, one of the program's own before those that are known."""

import sys
import types

import pytest

from auroraview import Bridge, UsageError, hosts, main_thread
from auroraview.hosts import _registry
from auroraview.testing import MemoryPage
from tests.helpers import SECONDS, eventually
from tests.hosts.standins import Blender, Qt
from tests.hosts.test_adapters import in_thread


def put(monkeypatch, standin):
    for name, module in standin.modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return standin


class Editor(hosts.Host):
    """A program that calls what it is given once for each frame."""

    name = "editor"

    def __init__(self, version="1.0"):
        self.drain = None
        self._version = version

    def detect(self):
        return True

    def version(self):
        return self._version

    def start(self, drain):
        self.drain = drain
        return lambda: None


def test_a_script_is_plain_and_its_waits_serve_the_main_thread():
    info = hosts.attach()
    assert (info.name, info.version, info.toolkit, info.interactive) == ("plain", "", "none", False)
    assert info.python == sys.version.split()[0]
    bridge = Bridge()
    bridge.bind_call("f", lambda: 1)
    with MemoryPage(bridge) as page:
        assert page.call("f").result(SECONDS) == 1


def test_a_host_of_the_program_goes_before_those_that_are_known(monkeypatch):
    put(monkeypatch, Blender())
    editor = Editor()
    hosts.register_host(editor)
    assert (hosts.attach().name, hosts.detect().version) == ("editor", "1.0")
    seen = []
    in_thread(lambda: main_thread.call(seen.append, 1))
    assert editor.drain() == 1
    assert seen == [1]


def test_a_host_that_is_registered_again_replaces_itself():
    hosts.register_host(Editor("1.0"))
    hosts.register_host(Editor("2.0"))
    assert hosts.detect().version == "2.0"
    assert len(_registry._registered) == 1


def test_only_hosts_can_be_registered():
    with pytest.raises(UsageError, match=r"subclass of hosts\.Host"):
        hosts.register_host(Editor)


def test_an_application_with_a_loop_goes_before_one_that_is_only_a_module(monkeypatch):
    put(monkeypatch, Blender()).to_batch()
    assert (hosts.detect().name, hosts.detect().interactive) == ("blender", False)
    put(monkeypatch, Qt())
    assert hosts.detect().name == "qt"


def test_an_application_that_answers_no_questions_does_not_keep_the_tool_from_running(monkeypatch, caplog):
    monkeypatch.setitem(sys.modules, "hou", types.ModuleType("hou"))
    info = hosts.attach()
    assert (info.name, info.version, info.interactive) == ("houdini", "", False)
    assert any("isUIAvailable" in text for text in caplog.messages)


def test_what_fails_to_start_leaves_nothing_attached(monkeypatch):
    standin = put(monkeypatch, Blender())
    monkeypatch.setattr(standin.modules["bpy"].app.timers, "register", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        hosts.attach()
    assert _registry._attached is None
    assert Bridge()._default_thread == "worker"


@pytest.mark.parametrize("function", [hosts.detect, hosts.attach, hosts.detach])
def test_other_threads_are_told_to_use_the_main_one(function):
    def refused():
        with pytest.raises(UsageError, match="main thread"):
            function()
        return True

    assert in_thread(refused)


def test_once_attached_any_thread_may_ask_where_it_is():
    info = hosts.attach()
    assert in_thread(hosts.detect) is info


@pytest.mark.parametrize("budget", [0, -1, "8 ms", float("nan")])
def test_a_budget_that_is_no_time_is_refused(budget):
    with pytest.raises(UsageError, match="budget"):
        hosts.attach(budget=budget)


def test_a_busy_application_is_named_when_something_has_waited_long(monkeypatch, caplog):
    from auroraview import _main_thread as internals

    main_thread.pump()
    if internals._watcher is not None:
        internals._watcher.cancel()
    monkeypatch.setattr(internals, "_watcher", None)
    monkeypatch.setattr(internals, "_warned", False)
    monkeypatch.setattr(internals, "_PATIENCE_SECONDS", 0.05)
    hosts.register_host(Editor())
    hosts.attach()
    in_thread(lambda: main_thread.call(lambda: None))
    eventually(lambda: caplog.messages)
    assert "editor is busy" in caplog.messages[0]
