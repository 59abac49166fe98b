"""Listeners: what the library itself reports."""

import pytest

from auroraview import UsageError
from auroraview._listeners import Listeners
from auroraview.testing import MemoryPage
from tests.helpers import eventually


@pytest.fixture
def listeners(bridge):
    return Listeners(("opened", "closed"), bridge, 1)


def test_listeners_are_told_in_order_where_handlers_run(listeners):
    seen = []
    listeners.add("opened", lambda *args: seen.append(("first", *args)))
    listeners.add("opened", None)(lambda *args: seen.append(("second", *args)))
    listeners.tell("opened", 1, 2)
    eventually(lambda: len(seen) == 2)
    assert seen == [("first", 1, 2), ("second", 1, 2)]


def test_a_listener_that_on_connect_adds_hears_what_happens_next(bridge):
    seen = []

    @bridge.on_connect
    def came(peer):
        for event in ("document", "ready", "gone"):
            peer.on(event, lambda event=event: seen.append(event))

    pages = [MemoryPage(bridge) for _ in range(20)]
    for page in pages:
        page.close()
    eventually(lambda: len(seen) == 60)
    assert sorted(seen) == ["document"] * 20 + ["gone"] * 20 + ["ready"] * 20


def test_one_that_fails_does_not_stop_the_next(listeners, caplog):
    seen = []
    listeners.add("opened", lambda: 1 / 0)
    listeners.add("opened", lambda: seen.append(1))
    listeners.tell("opened")
    eventually(lambda: seen)
    assert caplog.messages == ["a callback raised ZeroDivisionError: division by zero"]


def test_listeners_may_be_coroutines(listeners):
    seen = []

    @listeners.add("opened", None)
    async def listener():
        seen.append(1)

    listeners.tell("opened")
    eventually(lambda: seen)


def test_removing_one_or_all_says_how_many(listeners):
    for func in (print, print, repr):
        listeners.add("closed", func)
    assert listeners.remove("closed", print) == 2
    assert listeners.remove("closed", print) == 0
    assert listeners.remove("closed", None) == 1
    assert listeners.of("closed") == []


def test_a_change_is_announced(bridge):
    changes = []
    listeners = Listeners(("e",), bridge, 1, lambda: changes.append(len(listeners.of("e"))))
    listeners.add("e", print)
    listeners.remove("e", print)
    assert changes == [1, 0]


def test_what_cannot_listen_is_refused(listeners):
    with pytest.raises(UsageError, match="'opened', 'closed'"):
        listeners.add("moved", print)
    with pytest.raises(UsageError, match="callable"):
        listeners.add("opened", 3)
    assert listeners.add("opened", print) is print


def test_a_destructor_may_come_back(listeners):
    class Panel:
        def closed(self):
            pass

        def __del__(self):
            listeners.remove("opened", None)

    listeners.add("opened", print)
    listeners.add("closed", Panel().closed)
    assert listeners.remove("closed", None) == 1
    assert listeners.of("opened") == []
