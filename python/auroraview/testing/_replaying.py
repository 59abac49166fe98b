"""A recording said again: the page's part to a bridge, whose answers are compared with those of then.

The page's frames go to a :class:`MemoryPage` as they are, but for their numbers and acknowledgements, which belong to
the connection of then. None goes before the answers that the page had when it was sent.
"""

from __future__ import annotations

import json
import re
import reprlib
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auroraview import _core, _waiting
from auroraview.errors import RemoteError
from auroraview.futures import Future
from auroraview.testing._memory_page import MemoryPage, resolve
from auroraview.testing._recording import Frame, read

if TYPE_CHECKING:
    from auroraview.bridge import Bridge
    from auroraview.options import StrPath
    from auroraview.view import WebView

__all__ = ["Answer", "Replay", "ReplayedCall", "replay"]

#: How long events may come after the last answer, in seconds.
_EVENTS_SECONDS = 1.0

_REMEDY = "call `replay` on a thread of its own"

_NUMBERS = re.compile(r'"(?:seq|ack)":\s*\d+,')

_shown = reprlib.Repr()
_shown.maxstring, _shown.maxother = 80, 120
_shown.maxdict = _shown.maxlist = 8
_shown.maxlevel = 4


@dataclass(frozen=True)
class Answer:
    """How a call ended.

    Attributes:
        value: the result; ``None`` for an error.
        error: what went wrong; ``None`` for a result.
    """

    value: Any = None
    error: RemoteError | None = None

    def __str__(self) -> str:
        if self.error is None:
            return _shown.repr(self.value)
        return f"{self.error.name}: {self.error.message} ({self.error.code})"

    def agrees(self, other: Answer) -> bool:
        """Whether it says the same; of errors name, message, code and data."""
        if self.error is None or other.error is None:
            return (self.error is None) == (other.error is None) and bool(self.value == other.value)
        return self.error.args == other.error.args


@dataclass
class ReplayedCall:
    """A call of the page.

    Attributes:
        method, params: what it called; ``params`` is ``None`` where there were none.
        recorded: its answer then; ``None`` when none was recorded.
        replayed: its answer now; ``None`` when there was none in time.
    """

    method: str
    params: Any = None
    recorded: Answer | None = None
    replayed: Answer | None = None


@dataclass
class Replay:
    """What came of a replay.

    Attributes:
        calls: the page's calls, in order.
        recorded_events, events: what the page received then and now, as ``(name, detail)`` in order.
        differences: what is not as it was recorded, each a line of text; empty when all is.
    """

    calls: list[ReplayedCall] = field(default_factory=list)
    recorded_events: list[tuple[str, Any]] = field(default_factory=list)
    events: list[tuple[str, Any]] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)


def replay(file: StrPath, bridge: Bridge | WebView, *, timeout: float = 10.0, ignore: Iterable[str] = ()) -> Replay:
    """Says the page's part of a recording to a bridge, and compares its answers and events with those of then.

        def test_the_reported_bug_is_gone():
            assert replay("tests/bug.jsonl", make_bridge()).differences == []

    It takes no longer than the answers do: pauses of the page are left out. Answers are compared one by one, events
    name by name, each in order. A call whose answer was not recorded, since the page went away or the recording ended,
    is made, and not compared.

    Args:
        file: what :func:`record` wrote.
        bridge: the handlers, or a view that has them, in the state in which the recording found them.
        timeout: how long to wait for an answer, in seconds.
        ignore: names of methods and events whose answers and details are not compared, as those that tell the time.

    Raises:
        ValueError: the file is no recording.
        OSError: it cannot be read.
        UsageError: called where nothing may wait, as on an asyncio loop.
    """
    document, frames = read(Path(file))
    with _Page(bridge) as page:
        return _Replaying(page, timeout, frozenset(ignore)).run(document, frames)


class _Page(MemoryPage):
    """A page that says only what it is told."""

    def _say_hello(self) -> None:
        pass

    def becomes(self, document: str) -> None:
        """The frames to come are of this document."""
        with self._lock:
            calls, self._calls = self._calls, {}
            self._document = document
            self._retained.clear()
        self._end(calls, "the document was reloaded")

    def expects(self, number: int, method: str) -> Future:
        """The answer to a call that is about to be posted."""
        future = Future(f"the answer to {method!r}")
        with self._lock:
            self._calls[number] = future
        return future

    def gives_up(self, number: int) -> None:
        with self._lock:
            future = self._calls.pop(number, None)
        if future is not None:
            future.cancel()


class _Replaying:
    def __init__(self, page: _Page, timeout: float, ignored: frozenset[str]) -> None:
        self._page = page
        self._timeout = timeout
        self._ignored = ignored
        self._replay = Replay()
        self._document: str | None = None
        self._calls: dict[tuple[str, int], tuple[ReplayedCall, Future]] = {}
        #: Answered then, and not looked at yet.
        self._answered: list[tuple[str, int]] = []
        #: Frames that came twice, over two connections, took effect once.
        self._seen: set[tuple[str, str, int]] = set()
        #: Events sent then and not acknowledged yet, with the number of their frame: they may come again.
        self._sent: list[tuple[int, str, Any]] = []

    def run(self, document: str | None, frames: Iterable[Frame]) -> Replay:
        if document is not None:
            self._begin(document, [])
        for frame in frames:
            if frame.source == "python":
                self._note(frame)
            else:
                self._hear_answers()
                self._say(frame)
        self._hear_answers()
        self._acknowledge(None)
        self._hear_handlers()
        self._hear_events()
        for call, future in self._calls.values():
            if call.replayed is None and future.done() and not future.cancelled():
                call.replayed = _answer_of(future)
        self._replay.events = list(self._page.events)
        self._compare()
        return self._replay

    # Then

    def _note(self, frame: Frame) -> None:
        head = json.loads(frame.text)
        if self._came_before("python", head):
            return
        rest = iter(frame.attachments)
        for message in head["msgs"]:
            described = message.get("att")
            if described is not None:
                resolve(message, [(data, one) for one, data in zip(described, rest, strict=False)])
            name, detail = message["event"], message["detail"]
            if name == "__auroraview_call_result":
                known = self._calls.get((head["doc"], detail["id"]))
                if known is not None:
                    known[0].recorded = _recorded_answer(detail)
                    self._answered.append((head["doc"], detail["id"]))
            elif not name.startswith("__auroraview_"):
                self._sent.append((head["seq"], name, detail))

    def _acknowledge(self, number: int | None) -> None:
        """The page had received so many frames of the program; ``None``: all of them."""
        while self._sent and (number is None or self._sent[0][0] <= number):
            _, name, detail = self._sent.pop(0)
            self._replay.recorded_events.append((name, detail))

    def _came_before(self, source: str, head: dict[str, Any]) -> bool:
        number = head.get("seq")
        if not isinstance(number, int):
            return False
        key = (source, str(head.get("doc")), number)
        known = key in self._seen
        self._seen.add(key)
        return known

    # Now

    def _say(self, frame: Frame) -> None:
        messages: list[Any] = []
        try:
            head = json.loads(frame.text)
        except ValueError:
            head = None  # A faulty page: it is to be refused now as then.
        if isinstance(head, dict):
            if self._came_before("page", head):
                return
            if isinstance(head.get("ack"), int):
                self._acknowledge(head["ack"])
            document = head.get("doc")
            messages = head["msgs"] if isinstance(head.get("msgs"), list) else [head]
            messages = [message for message in messages if isinstance(message, dict)]
            if isinstance(document, str) and document != self._document:
                self._begin(document, messages)
        text = frame.text
        before, found, after = text.partition('"msgs":')
        if found and "{" not in before[1:]:
            text = _NUMBERS.sub("", before) + found + after
        if found and not messages:
            return  # An acknowledgement alone.
        for message in messages:
            self._expect(message, frame)
        self._page.post(text, frame.attachments)

    def _begin(self, document: str, messages: list[dict[str, Any]]) -> None:
        if self._document is not None:
            self._hear_events()
            # What the document before did not acknowledge comes again.
            self._sent.clear()
        self._document = document
        self._page.becomes(document)
        if messages and messages[0].get("type") == "hello":
            return
        # The recording began in the middle of the document.
        hello = {"type": "hello", "protocol": 1, "document": document, "url": "memory:"}
        for message in (hello, {"type": "ready"}):
            self._page.post(json.dumps({"v": 1, "doc": document, "msgs": [message]}))

    def _expect(self, message: dict[str, Any], frame: Frame) -> None:
        kind, number = message.get("type"), message.get("id")
        if self._document is None or not isinstance(number, int):
            return
        if kind == "call":
            method = str(message.get("method"))
            call = ReplayedCall(method, _params_of(message, frame))
            self._replay.calls.append(call)
            self._calls[self._document, number] = call, self._page.expects(number, method)
        elif kind == "cancel":
            self._page.gives_up(number)

    def _hear_answers(self) -> None:
        """Waits for what had been answered at this point."""
        answered, self._answered = self._answered, []
        deadline = time.monotonic() + self._timeout
        for key in answered:
            call, future = self._calls[key]
            left = max(0.0, deadline - time.monotonic())
            if _waiting.wait_until(future.done, left, remedy=_REMEDY):
                call.replayed = _answer_of(future)

    def _hear_handlers(self) -> None:
        """Waits for the plain handlers of what was sent last."""
        handled = Future("the end of the handlers")
        self._page.peer.bridge.submit(self._page.peer._core.id, handled.settle)
        _waiting.wait_until(handled.done, self._timeout, remedy=_REMEDY)

    def _hear_events(self) -> None:
        """Waits, for a moment, for events that are missing, and for answers that were not recorded."""
        expected = Counter(name for name, _ in self._replay.recorded_events)

        def all_came() -> bool:
            answered = all(future.done() for _, future in self._calls.values())
            return answered and Counter(name for name, _ in list(self._page.events)) >= expected

        _waiting.wait_until(all_came, _EVENTS_SECONDS, remedy=_REMEDY)

    # Comparing

    def _compare(self) -> None:
        for number, call in enumerate(self._replay.calls, start=1):
            if call.recorded is None or call.method in self._ignored:
                continue
            what = f"call {number}, of {call.method!r} with {_shown.repr(call.params)}"
            if call.replayed is None:
                self._differs(what, call.recorded, f"no answer within {self._timeout:g} s")
            elif not call.recorded.agrees(call.replayed):
                self._differs(what, call.recorded, call.replayed)
        before, now = _by_name(self._replay.recorded_events), _by_name(self._replay.events)
        for name in dict.fromkeys([*before, *now]):
            if name not in self._ignored:
                self._compare_events(name, before.get(name, []), now.get(name, []))

    def _compare_events(self, name: str, before: list[Any], now: list[Any]) -> None:
        for number, (then, value) in enumerate(zip(before, now, strict=False), start=1):
            if then != value:
                self._differs(f"event {name!r}, number {number}", _shown.repr(then), _shown.repr(value))
        if len(before) != len(now):
            self._differs(f"event {name!r}", _times(len(before)), _times(len(now)))

    def _differs(self, what: str, then: object, now: object) -> None:
        self._replay.differences.append(f"{what}: recorded {then}, now {now}")


def _params_of(message: dict[str, Any], frame: Frame) -> Any:
    """The parameters for people to read: where a frame has several messages, its attachments are not looked for."""
    described = message.get("att")
    if isinstance(described, list) and len(described) == len(frame.attachments):
        plain = [
            (data, one.get("dtype"), one.get("shape")) for one, data in zip(described, frame.attachments, strict=True)
        ]
        return _core.loads(json.dumps(message.get("params")), plain)
    return message.get("params")


def _recorded_answer(detail: dict[str, Any]) -> Answer:
    if detail["ok"]:
        return Answer(detail["result"])
    error = detail["error"]
    return Answer(error=RemoteError(error["name"], error["message"], error["code"], error.get("data")))


def _answer_of(future: Future) -> Answer | None:
    error = future.exception(0)
    if error is None:
        return Answer(future.result(0))
    return Answer(error=error) if isinstance(error, RemoteError) else None


def _by_name(events: list[tuple[str, Any]]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for name, detail in events:
        found.setdefault(name, []).append(detail)
    return found


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")
