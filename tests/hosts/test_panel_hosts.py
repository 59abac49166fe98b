"""Panels in all applications that the library knows: what their adapters tell of windows, and what becomes of it."""

import sys

import pytest

from auroraview import hosts
from auroraview.hosts import _binding, _panel, _registry
from tests.hosts.panels import PAGE

WIDGETS = ("maya", "houdini", "nuke", "max3ds", "freecad", "krita", "qt")


@pytest.fixture(autouse=True)
def _state_home(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))


@pytest.fixture
def adapter(application):
    hosts.attach()
    return _registry.attached_host()[0]


def test_its_main_window_is_found_by_its_own_way(application, adapter):
    has_docks = application.name in WIDGETS
    assert adapter.main_window() is (application.main_window if has_docks else None)
    if has_docks:
        assert adapter.window_id() == 0x600002
        assert _binding.binding_of(adapter.main_window()) == "PySide6"


def test_a_main_window_without_docks_is_none(application, adapter):
    if application.name not in ("houdini", "max3ds", "freecad", "krita", "maya"):
        pytest.skip("it tells none, or looks for one with docks")
    application.main_window.kind = "QWidget"
    assert adapter.main_window() is None
    if application.name == "houdini":
        assert adapter.window_id() == 0x600002


def test_an_application_without_a_window_yet_tells_none(application, adapter, monkeypatch):
    if application.name not in ("houdini", "max3ds", "freecad", "maya"):
        pytest.skip("it looks among all windows")
    application.main_window = None
    assert adapter.main_window() is None
    assert adapter.window_id() is None


def test_a_main_window_that_was_deleted_is_none(application, adapter, monkeypatch):
    if application.name not in WIDGETS:
        pytest.skip("it has none")

    def deleted(*_):
        raise RuntimeError("Internal C++ object already deleted.")

    monkeypatch.setattr(type(application.main_window), "inherits", deleted)
    assert adapter.main_window() is None


def test_a_panel_that_is_a_window_is_served_by_its_main_thread(application, until, monkeypatch):
    """As where Qt's windows cannot hold others; the page goes on over new scenes and plug-ins that come and go."""
    monkeypatch.setattr(_panel.Panel, "_main_window", lambda self: None)
    monkeypatch.setattr(_panel.Panel, "_ways", lambda self, window: ["none"])
    monkeypatch.setattr(_binding, "window_id", lambda widget: None)
    panel = hosts.panel("T", key="k", html=PAGE)
    panel.bind_call("f", lambda: "served")

    def served():
        future = panel.view.eval_js("auroraview.call('f')")
        until(future.done)
        return future.result(0)

    assert (panel.place, panel.host.name) == ("window", application.name)
    assert served() == "served"
    application.drop()  # a new scene
    assert served() == "served"
    hosts.panel("Again", key="k").bind_call("f", lambda: "served again")
    until(lambda: panel._rerun is None)
    assert served() == "served again"
    hosts.detach()
    again = hosts.panel("T", key="k", html=PAGE)
    assert again is not panel
    panel = again
    panel.bind_call("f", lambda: "served after all")
    assert served() == "served after all"


def test_an_application_that_answers_nothing_gets_a_window(application, until, monkeypatch, caplog):
    def broken(self):
        raise AttributeError("another version")

    for kind in {type(host) for host in _registry._built_in()}:
        monkeypatch.setattr(kind, "main_window", broken)
        monkeypatch.setattr(kind, "window_id", broken)
    panel = hosts.panel("T", html=PAGE)
    assert panel.place == "window"
    assert panel.is_open
    said = [text for text in caplog.messages if f"{application.name} could not be asked for its main_window" in text]
    assert len(said) == 1


def test_an_application_whose_qt_is_not_there_gets_a_window(application, monkeypatch, caplog):
    if application.name not in WIDGETS:
        pytest.skip("it has no Qt")
    monkeypatch.setitem(sys.modules, "auroraview.qt", None)
    panel = hosts.panel("T", html=PAGE)
    assert (panel.place, panel.dock, panel.is_open) == ("window", None, True)
    assert any("is a window, not a dock" in text for text in caplog.messages)
