"""A tool that runs again on the bridge of its last run."""

import gc
import weakref

import pytest

from auroraview import Bridge, UsageError
from auroraview.testing import MemoryPage
from tests.helpers import SECONDS, code_of, eventually


class Tool:
    """What a tool binds, in one version or the next."""

    def __init__(self, version):
        self.version = version

    def which(self):
        return self.version


@pytest.fixture
def heard():
    return []


def said(page, event):
    """Sends an event, and returns when its listeners have run."""
    page.send_event(event)
    page.call("done").result(SECONDS)


def bind(bridge, heard, version):
    bridge.bind_call("which", lambda: version)
    bridge.bind_call("done", lambda: None)
    bridge.bind_api(Tool(version))
    bridge.on("event", lambda: heard.append(version))
    bridge.on("event", lambda: heard.append(version * 10))
    bridge.on_connect(lambda _: heard.append(f"connect {version}"))
    bridge.on_disconnect(lambda *_: heard.append(f"disconnect {version}"))


def test_what_is_bound_again_replaces_what_was_bound_before(page, bridge, heard):
    bind(bridge, heard, 1)
    said(page, "event")
    with bridge.rebinding():
        bind(bridge, heard, 2)
    assert [page.call(name).result(SECONDS) for name in ("which", "api.which")] == [2, 2]
    said(page, "event")
    assert heard == [1, 10, 2, 20]
    second = MemoryPage(bridge)
    second.call("done").result(SECONDS)
    second.close()
    eventually(lambda: len(heard) == 6, "the functions of both ends")
    assert heard[4:] == ["connect 2", "disconnect 2"]


def test_what_is_not_bound_again_goes_at_the_end(page, bridge, heard):
    bind(bridge, heard, 1)
    bridge.bind_call("old", lambda: "old")
    bridge.on("old", lambda: heard.append("old"))
    again = bridge.rebinding()
    bridge.bind_call("done", lambda: None)
    bridge.on("event", lambda: heard.append(2))
    assert page.call("old").result(SECONDS) == "old", "until the end it stays"
    assert again.bound
    again.end()
    assert bridge.methods == ("done",)
    for name in ("old", "which", "api.which"):
        assert code_of(page.call(name)) == "method_not_found"
    said(page, "old")
    said(page, "event")
    assert heard == [2]
    bridge.bind_api(Tool(3))
    assert page.call("api.which").result(SECONDS) == 3, "the namespace is free"


def test_nothing_goes_when_nothing_was_bound(page, bridge, heard):
    bind(bridge, heard, 1)
    again = bridge.rebinding()
    assert not again.bound
    again.end()
    said(page, "event")
    assert (page.call("which").result(SECONDS), heard) == (1, [1, 10])
    bridge.on("event", lambda: heard.append("more"))
    said(page, "event")
    assert heard == [1, 10, 1, 10, "more"], "listeners add up again"


@pytest.mark.parametrize("how", ["cancel", "raise", "another"])
def test_what_does_not_end_keeps_all_that_was_bound(page, bridge, heard, how):
    bind(bridge, heard, 1)
    again = bridge.rebinding()
    bridge.bind_call("new", lambda: "new")
    if how == "cancel":
        again.cancel()
    elif how == "another":
        bridge.rebinding()
    else:
        again.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
    again.end()
    assert [page.call(name).result(SECONDS) for name in ("which", "new")] == [1, "new"]


def test_the_same_object_keeps_its_namespace(page, bridge):
    tool = Tool(1)
    bridge.bind_api(tool)
    with bridge.rebinding():
        bridge.bind_api(tool)
    assert page.call("api.which").result(SECONDS) == 1


def test_two_objects_of_one_run_do_not_share_a_namespace(bridge):
    bridge.bind_api(Tool(1))
    with bridge.rebinding():
        bridge.bind_api(Tool(2))
        with pytest.raises(UsageError, match="belongs to"):
            bridge.bind_api(Tool(3))


def test_an_event_that_comes_meanwhile_always_has_a_listener(bridge, heard):
    bridge.on("event", lambda: heard.append("heard"))
    page = MemoryPage(bridge)
    for n in range(200):
        page.send_event("event")
        with bridge.rebinding():
            bridge.on("event", lambda: heard.append("heard"))
        eventually(lambda n=n: len(heard) == n + 1, "the event")
    assert bridge.stats["unhandled_events"] == 0
    page.close()


def test_a_bridge_that_rebinds_is_freed():
    bridge = Bridge()
    again = bridge.rebinding()
    freed = weakref.ref(bridge)
    del bridge, again
    gc.collect()
    assert freed() is None
