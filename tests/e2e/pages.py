"""The page's end of the bridge, driven from Python: one interface over every transport.

What holds for all transports is tested once, against :class:`PageEnd`. A new transport joins by a class here and a line
in ``ENDS``.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from auroraview import Bridge, Peer, RemoteError, ViewClosed, WebView
from auroraview.testing import MemoryPage
from tests.e2e import lanes
from tests.e2e.browsers import Tab, browser_context
from tests.e2e.helpers import PATIENCE, opened, wait_for
from tests.e2e.served import link, served, served_html

ABSENT: Any = object()

#: The events that a page end records.
EVENTS = ("tick", "tock", "settings", "late", "done")

#: Records events from its first line on, as ``[name, detail]``.
RECORDING_PAGE = f"""<!doctype html><meta charset=utf-8><title>Recorder</title><script>
var seen = [];
for (const name of {json.dumps(EVENTS)}) auroraview.on(name, (detail) => seen.push([name, detail]));
</script><body>A page that records"""

_REPORT_ERRORS = """(error) => JSON.stringify({error: {
  name: error.name, message: error.message, code: error.code, data: error.data, traceback: error.traceback}})"""


def js(value: Any) -> str:
    """A value as a JavaScript expression; keys such as ``__proto__`` stay keys, which they do not in a literal."""
    return f"JSON.parse({json.dumps(json.dumps(value))})"


def run_async(page: WebView | Tab, body: str, *arguments: Any) -> Any:
    """Starts the body of an async function, with ``args``, in the page; the future of what it returns, as JSON text.

    Text, since what the page has is to be compared, not what became of it on its way back.
    """
    script = (
        f"(async (...args) => {{ {body} }})(...{js(list(arguments))})"
        ".then((value) => JSON.stringify({value: value === undefined ? null : value}),"
        f" {_REPORT_ERRORS})"
    )
    return page.start(script) if isinstance(page, Tab) else page.eval_js(script)


def outcome(text: str) -> Any:
    """What :func:`run_async` brought; an error of the page is raised as ``RemoteError``."""
    answer = json.loads(text)
    if "error" in answer:
        error = answer["error"]
        raised = RemoteError(error.get("name"), error.get("message"), error.get("code", ""), error.get("data"))
        raised.traceback_text = error.get("traceback")  # type: ignore[attr-defined]
        raise raised
    return answer["value"]


def run(page: WebView | Tab, body: str, *arguments: Any, seconds: float = PATIENCE) -> Any:
    """Runs the body of an async function, with ``args``, in the page; returns its value."""
    return outcome(run_async(page, body, *arguments).result(seconds))


class Answer(Protocol):
    """Something to wait for."""

    def result(self, timeout: float | None = None) -> Any: ...


class PageEnd(Protocol):
    """A page, whatever it runs in."""

    peer: Peer
    bridge: Bridge

    def call(self, method: str, params: Any = ABSENT) -> Answer: ...
    def send_event(self, event: str, detail: Any = ABSENT) -> None: ...
    def events(self) -> list[list[Any]]: ...
    def reload(self) -> None: ...
    def close(self) -> None: ...


_names = (f"method{number}" for number in itertools.count())


def bound(page: PageEnd, func: Callable[..., Any], **options: Any) -> str:
    """Binds a function under a name of its own, which is returned."""
    name = next(_names)
    page.bridge.bind_call(name, func, **options)
    return name


def wait_events(page: PageEnd, count: int) -> list[list[Any]]:
    """Waits until the page has received so many events; all it has."""
    events: list[list[Any]] = wait_for(
        lambda: (found := page.events()) and len(found) >= count and found, f"{count} events"
    )
    return events


class MemoryEnd:
    """A page without a browser."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self._page = MemoryPage(bridge)
        self._skip = 0
        self.peer = self._page.peer

    def call(self, method: str, params: Any = ABSENT) -> Answer:
        return self._page.call(method) if params is ABSENT else self._page.call(method, params)

    def send_event(self, event: str, detail: Any = ABSENT) -> None:
        self._page.send_event(event, *([] if detail is ABSENT else [detail]))

    def events(self) -> list[list[Any]]:
        return [[name, detail] for name, detail in self._page.events[self._skip :] if name in EVENTS]

    def reload(self) -> None:
        self._skip = len(self._page.events)
        self._page.reload()

    def close(self) -> None:
        self._page.close()


class ScriptAnswer:
    """The answer to a call that a page with JavaScript made."""

    def __init__(self, future: Any) -> None:
        self._future = future

    def result(self, timeout: float | None = None) -> Any:
        try:
            return outcome(self._future.result(timeout))
        except RemoteError as error:
            if error.code == "closed":
                raise ViewClosed(error.message) from error
            raise


class WindowEnd:
    """A page in a window, in this process or one of its own."""

    def __init__(self, bridge: Bridge, view: WebView) -> None:
        self.bridge = bridge
        self.view = self.target = view
        self.peer = view.peer

    def call(self, method: str, params: Any = ABSENT) -> Answer:
        arguments = [method] if params is ABSENT else [method, params]
        return ScriptAnswer(run_async(self.view, "return await auroraview.call(...args)", *arguments))

    def send_event(self, event: str, detail: Any = ABSENT) -> None:
        run(self.view, "auroraview.send_event(...args)", *([event] if detail is ABSENT else [event, detail]))

    def events(self) -> list[list[Any]]:
        found: list[list[Any]] = run(self.view, "return seen")
        return found

    def reload(self) -> None:
        generation = self.peer.generation
        self.view.reload()
        wait_for(lambda: self.peer.generation > generation and self.view.is_ready, "the reloaded page")

    def close(self) -> None:
        self.view.close()


class BrowserEnd:
    """A page in a tab of a browser."""

    def __init__(self, bridge: Bridge, tab: Tab, peer: Peer) -> None:
        self.bridge = bridge
        self.tab = self.target = tab
        self.peer = peer

    def call(self, method: str, params: Any = ABSENT) -> Answer:
        arguments = [method] if params is ABSENT else [method, params]
        return ScriptAnswer(run_async(self.tab, "return await auroraview.call(...args)", *arguments))

    def send_event(self, event: str, detail: Any = ABSENT) -> None:
        run(self.tab, "auroraview.send_event(...args)", *([event] if detail is ABSENT else [event, detail]))

    def events(self) -> list[list[Any]]:
        found: list[list[Any]] = run(self.tab, "return seen")
        return found

    def reload(self) -> None:
        generation = self.peer.generation
        self.tab.reload()
        wait_for(lambda: self.peer.generation > generation and self.peer.is_ready, "the reloaded page")

    def close(self) -> None:
        self.peer.close("the program closed it")


def open_tab(bridge: Bridge, tab: Tab, address: str) -> BrowserEnd:
    """Goes to a served page with a new session; its end, ready."""
    known = set(bridge.peers)
    tab.goto(address)
    peers = wait_for(
        lambda: [peer for peer in bridge.peers if peer not in known and peer.is_ready],
        f"the page's session (console: {tab.console}, errors: {tab.errors})",
    )
    assert len(peers) == 1, "one page, one session"
    return BrowserEnd(bridge, tab, peers[0])


def session_of(tab: Tab) -> str:
    """The session's id as the tab keeps it."""
    found: str = tab.evaluate(
        """() => Object.entries(sessionStorage).filter(([key]) => key.startsWith("auroraview:"))
               .map(([, value]) => JSON.parse(value).session)[0]"""
    )
    return found


@contextlib.contextmanager
def memory_end(bridge: Bridge) -> Iterator[PageEnd]:
    """A page without a browser, closed at the end."""
    page = MemoryEnd(bridge)
    try:
        yield page
    finally:
        page.close()


@contextlib.contextmanager
def window_end(bridge: Bridge) -> Iterator[PageEnd]:
    """A page in a window, closed at the end."""
    with opened(html=RECORDING_PAGE, bridge=bridge) as view:
        yield WindowEnd(bridge, view)


@contextlib.contextmanager
def isolated_end(bridge: Bridge) -> Iterator[PageEnd]:
    """A page in a window with a process of its own, closed at the end."""
    with opened(html=RECORDING_PAGE, bridge=bridge, isolation="process") as view:
        yield WindowEnd(bridge, view)


@contextlib.contextmanager
def browser_end(bridge: Bridge) -> Iterator[PageEnd]:
    """A page in a browser of its own, served by a server of its own, both closed at the end."""
    with served(bridge, served_html(RECORDING_PAGE)) as server, browser_context() as context:
        yield open_tab(bridge, context.tab(), link(server))


def ordinary(end: Callable[[Bridge], contextlib.AbstractContextManager[PageEnd]]) -> Any:
    """The same end without the fast lane."""

    @contextlib.contextmanager
    def ordinary_end(bridge: Bridge) -> Iterator[PageEnd]:
        with lanes.chosen(lanes.ORDINARY), end(bridge) as page:
            yield page

    return ordinary_end


ENDS = {
    "memory": memory_end,
    "window": window_end,
    "window, ordinary lane": ordinary(window_end),
    "isolated": isolated_end,
    "isolated, ordinary lane": ordinary(isolated_end),
    "browser": browser_end,
}
