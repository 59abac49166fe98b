"""Bridge.bind_api: which members of an object a page can reach, and whose a namespace is."""

import functools
import threading

import pytest

from auroraview import UsageError
from tests.helpers import SECONDS, code_of


class Api:
    """One member of every kind."""

    plain = "a value"
    hidden_callable = staticmethod(print)

    def __init__(self):
        self.evaluated = []
        self.attribute = lambda: "an attribute of the object"

    def get(self, key="k"):
        return [key]

    async def get_later(self):
        return "later"

    @staticmethod
    def static(x):
        return x

    @classmethod
    def of_class(cls):
        return cls.__name__

    add_two = functools.partialmethod(lambda self, a, b: a + b, 2)

    @functools.lru_cache  # noqa: B019 - the object lives as long as the test
    def cached(self):
        return "cached"

    @functools.singledispatchmethod
    def kind(self, value):
        return "other"

    @kind.register
    def _(self, value: int):
        return "int"

    @property
    def prop(self):
        self.evaluated.append("prop")
        return lambda: "a property"

    @functools.cached_property
    def lazy(self):
        self.evaluated.append("lazy")
        return lambda: "a lazy property"

    class Nested:
        pass

    def _private(self):
        return "private"

    def __dunder__(self):
        return "dunder"


class Child(Api):
    def own(self):
        return "own"


def test_public_methods_of_every_kind_are_reachable(bridge, page):
    bridge.bind_api(Child())
    expected = {
        ("get", ("x",)): ["x"],
        ("get_later", ()): "later",
        ("static", (1,)): 1,
        ("of_class", ()): "Child",
        ("add_two", (3,)): 5,
        ("cached", ()): "cached",
        ("kind", (1,)): "int",
        ("own", ()): "own",
    }
    for (name, params), result in expected.items():
        assert page.call(f"api.{name}", list(params)).result(SECONDS) == result
    assert set(bridge.methods) == {f"api.{name}" for name, _ in expected} | {"api.hidden_callable"}


@pytest.mark.parametrize(
    "name",
    "plain attribute prop lazy Nested _private __dunder__ __init__ __class__ evaluated "
    "get.__call__ __dict__ get.__func__".split(),
)
def test_everything_else_is_out_of_reach(bridge, page, name):
    api = Api()
    bridge.bind_api(api)
    assert code_of(page.call(f"api.{name}")) == "method_not_found"
    assert api.evaluated == []


def test_binding_evaluates_no_property(bridge):
    api = Api()
    bridge.bind_api(api)
    assert api.evaluated == []


def test_the_same_object_again_changes_nothing(bridge, page):
    api = Api()
    bridge.bind_api(api)
    bridge.bind_call("api.get", lambda: "mine")
    bridge.bind_api(api)
    assert page.call("api.get").result(SECONDS) == "mine"


def test_another_object_needs_replace(bridge, page):
    bridge.bind_api(Child())
    with pytest.raises(UsageError, match="replace=True"):
        bridge.bind_api(Api())
    bridge.bind_api(Api(), replace=True)
    assert code_of(page.call("api.own")) == "method_not_found"
    assert page.call("api.of_class").result(SECONDS) == "Api"


def test_a_namespace_is_unbound_as_a_whole(bridge, page):
    bridge.bind_api(Child(), "tools.files")
    bridge.bind_call("tools.other", lambda: 1)
    assert bridge.unbind("tools.files") is True
    assert bridge.methods == ("tools.other",)
    assert code_of(page.call("tools.files.own")) == "method_not_found"
    assert bridge.unbind("tools.files") is False
    bridge.bind_api(Api(), "tools.files")
    assert page.call("tools.files.of_class").result(SECONDS) == "Api"


@pytest.mark.parametrize("namespace", ["call", "on.x", "then", "buffer", "callSync.x", "whenReady", "send_event"])
def test_a_namespace_must_not_hide_what_the_page_has(bridge, namespace):
    with pytest.raises(UsageError, match=r"window\.auroraview"):
        bridge.bind_api(Api(), namespace)


def test_a_class_instead_of_an_object_is_refused_with_the_remedy(bridge):
    with pytest.raises(UsageError, match=r"bind_api\(Api\(\)\)"):
        bridge.bind_api(Api)


@pytest.mark.parametrize("thing", [object(), None, threading])
def test_an_object_without_public_methods_is_refused(bridge, thing):
    with pytest.raises(UsageError, match="no public methods"):
        bridge.bind_api(thing)


def test_a_page_learns_what_is_bound_while_it_is_open(bridge, page):
    bridge.bind_api(Child())
    bridge.bind_call("f", lambda: None)
    page.call("f").result(SECONDS)
    assert "api.own" in page.methods
    bridge.unbind("api")
    page.call("f").result(SECONDS)
    assert page.methods == {"f"}


def test_the_same_object_again_binds_what_was_unbound(bridge):
    api = Api()
    bridge.bind_api(api)
    bound = set(bridge.methods)
    assert bridge.unbind("api.get")
    bridge.bind_api(api)
    assert set(bridge.methods) == bound
