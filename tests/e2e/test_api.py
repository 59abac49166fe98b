"""Namespaces: what `bind_api` shows to a page, what it keeps from it, and how both follow changes."""

from __future__ import annotations

import functools

import pytest

from auroraview import Bridge, RemoteError, UsageError
from tests.e2e.helpers import PAGE, PATIENCE, Record, opened, wait_for
from tests.e2e.pages import run

pytestmark = pytest.mark.each_lane

LOOK = "return [Object.keys(auroraview.api).sort(), 'get_data' in auroraview.api, 'nothing' in auroraview.api]"


class Base:
    def inherited(self):
        return "from the base"


class Api(Base):
    attribute = "an attribute"

    def __init__(self, name="api"):
        self.name = name
        self.callback = lambda: "an attribute that can be called"
        self.looked = []

    def get_data(self):
        return {"name": self.name}

    def positional(self, *items):
        return list(items)

    def named(self, first=0, second=0):
        return [first, second]

    async def later(self, value):
        return value

    @staticmethod
    def static(value):
        return value

    @classmethod
    def of_class(cls):
        return cls.__name__

    @property
    def secret(self):
        self.looked.append("secret")
        return lambda: "a property"

    @functools.cached_property
    def cached(self):
        self.looked.append("cached")
        return lambda: "a cached property"

    def _private(self):
        return "private"

    def __call__(self):
        return "called"


PUBLIC = ["get_data", "inherited", "later", "named", "of_class", "positional", "static"]


@pytest.fixture(scope="module")
def shared(lane):
    api = Api()
    with opened(html=PAGE, api=api) as view:
        yield view, api


def test_the_public_methods_are_there(shared):
    view, _ = shared
    assert run(view, LOOK) == [PUBLIC, True, False]


@pytest.mark.parametrize(
    ("script", "value"),
    [
        ("api.get_data()", {"name": "api"}),
        ("api.inherited()", "from the base"),
        ("api.later('x')", "x"),
        ("api.static([1])", [1]),
        ("api.of_class()", "Api"),
        ("api.named({second: 2})", [0, 2]),
        ("api.named(1)", [1, 0]),
        ("api.named(1, 2)", [1, 2]),
        ("api.named(undefined)", [0, 0]),
        ("api.named(undefined, 2)", [None, 2]),
        ("api.positional()", []),
        ("api.positional([1, 2])", [[1, 2]]),
        ("api.positional(null)", [None]),
        ("api.positional({a: 1}, 2)", [{"a": 1}, 2]),
        ("call('api.positional', [{a: 1}])", [{"a": 1}]),
        ("api.static(false)", False),
        ("api.static('')", ""),
    ],
)
def test_arguments_of_a_namespace_call(shared, script, value):
    view, _ = shared
    assert run(view, f"return await auroraview.{script}") == value


@pytest.mark.parametrize(
    "name",
    [
        *("_private", "__init__", "__class__", "__call__", "__dict__", "constructor", "toString"),
        *("secret", "cached", "attribute", "callback", "name", "looked"),
        *("get_data.__globals__", "get_data.__func__", "__class__.__mro__"),
    ],
)
def test_private_methods_properties_and_attributes_are_out_of_reach(shared, name):
    view, api = shared
    with pytest.raises(RemoteError) as raised:
        run(view, "return await auroraview.call(...args)", f"api.{name}")
    assert raised.value.code == "method_not_found"
    assert api.looked == []


def test_namespaces_are_not_thenable_and_are_the_same_object_each_time(shared):
    view, _ = shared
    script = """
      return [(await auroraview.api) === auroraview.api, auroraview.api.get_data === auroraview.api.get_data,
              auroraview.api.then === undefined, typeof auroraview.api[Symbol.iterator]]
    """
    assert run(view, script) == [True, True, True, "undefined"]


def test_a_page_cannot_replace_members_by_accident(shared):
    view, _ = shared
    script = """
      const before = [auroraview.call, auroraview.api, auroraview];
      const tried = [
        () => { auroraview.call = 1 }, () => { auroraview.api = {} }, () => { auroraview.api.get_data = 1 },
        () => { window.auroraview = 1 }, () => { delete auroraview.call }, () => { delete window.auroraview },
      ];
      for (const one of tried) { try { one() } catch {} }
      return [before[0] === auroraview.call, before[1] === auroraview.api, before[2] === window.auroraview,
              (await auroraview.api.get_data()).name];
    """
    assert run(view, script) == [True, True, True, "api"]


def test_the_api_is_there_after_a_reload(webview):
    view = webview(api=Api())
    ready = Record()
    view.on_ready(ready)
    ready.wait()
    for count in (2, 3):
        view.reload()
        ready.wait(count)
        assert run(view, "return (await auroraview.api.get_data()).name") == "api"
        assert run(view, LOOK)[0] == PUBLIC


def test_another_object_needs_replace_and_then_only_its_methods_are_there(webview):
    view = webview(api=Api("first"))

    class Other:
        def get_data(self):
            return {"name": "other"}

        def only_here(self):
            return True

    with pytest.raises(UsageError, match="replace=True"):
        view.bind_api(Other())
    assert run(view, "return (await auroraview.api.get_data()).name") == "first"
    view.bind_api(Other(), replace=True)
    assert run(view, "return (await auroraview.api.get_data()).name") == "other"
    assert run(view, "return await auroraview.api.only_here()") is True
    assert run(view, LOOK)[0] == ["get_data", "only_here"]
    with pytest.raises(RemoteError, match="MethodNotFound"):
        run(view, "return await auroraview.api.inherited()")


def test_the_same_object_again_changes_nothing(webview):
    api = Api()
    view = webview(api=api)
    view.bind_api(api)
    assert run(view, "return (await auroraview.api.get_data()).name") == "api"
    assert view.stats["handlers"]["api.get_data"]["runs"] == 1


def test_a_namespace_that_is_bound_while_the_page_is_open_appears(view):
    assert run(view, "return typeof auroraview.scene") == "undefined"
    view.bind_api(Api("scene"), "scene")
    wait_for(lambda: run(view, "return typeof auroraview.scene") == "object", "the namespace")
    assert run(view, "return (await auroraview.scene.get_data()).name") == "scene"
    view.bind_api(Api("nested"), "scene.tools")
    wait_for(lambda: "tools" in run(view, "return Object.keys(auroraview.scene)"), "the nested namespace")
    assert run(view, "return (await auroraview.scene.tools.get_data()).name") == "nested"


def test_unbinding_reaches_the_open_page_and_its_proxies(webview):
    view = webview(api=Api())
    assert run(view, LOOK)[1] is True
    view.unbind("api.get_data")
    wait_for(lambda: run(view, LOOK)[1] is False, "the change")
    with pytest.raises(RemoteError, match="MethodNotFound"):
        run(view, "return await auroraview.api.get_data()")
    assert view.unbind("api")
    wait_for(lambda: run(view, LOOK)[0] == [], "the change")
    view.bind_api(Api("new"))
    assert run(view, "return (await auroraview.api.get_data()).name") == "new"


def test_calls_through_the_api_wait_for_the_welcome(webview):
    bridge = Bridge()
    bridge.bind_api(Api("early"))
    page = """<script>
      var before = auroraview.isReady, early = auroraview.api.get_data(), heard = false;
      addEventListener('auroraviewready', () => { heard = auroraview.isReady });
    </script><body>"""
    view = webview(html=page, bridge=bridge)
    script = "await auroraview.whenReady(); return [before, (await early).name, heard, auroraview.isReady]"
    assert run(view, script, seconds=PATIENCE) == [False, "early", True, True]


@pytest.mark.parametrize("namespace", ["call", "on", "then", "whenReady.x", "isReady", "", "__auroraview_x"])
def test_a_namespace_that_could_not_be_reached_is_refused(namespace):
    with pytest.raises(UsageError):
        Bridge().bind_api(Api(), namespace)


def test_what_has_no_public_methods_is_refused():
    with pytest.raises(UsageError, match="no public methods"):
        Bridge().bind_api(object())
    with pytest.raises(UsageError, match=r"Api\(\)"):
        Bridge().bind_api(Api)
