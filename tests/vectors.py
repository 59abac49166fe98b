"""Runs the protocol's test cases against a real session, through the bridge that Python programs use.

The bridge answers ``hello`` by itself and hands frames out at once, where a bare session would wait to be asked. So a
few cases cannot be observed from here, and in others (``grouped``) the same messages come in more frames. The Rust
suite runs them all, to the letter.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from pathlib import Path
from typing import Any

from auroraview import Backpressure, Limits, _core, _lifecycle
from tests.helpers import SECONDS

VECTORS = Path(__file__).parent.parent / "protocol" / "vectors"
WELCOME, RESULT = "__auroraview_welcome", "__auroraview_call_result"
ABSENT: Any = object()


def cases(file: str) -> list[dict[str, Any]]:
    """The cases of a file."""
    found: list[dict[str, Any]] = json.loads((VECTORS / file).read_text(encoding="utf-8"))["cases"]
    return found


def arguments(params: Any = ABSENT) -> tuple[tuple[Any, ...], dict[str, Any] | None]:
    """What a handler is called with for these parameters, as PROTOCOL.md maps them."""
    if params is ABSENT:
        return (), None
    if isinstance(params, dict):
        return (), params
    return (tuple(params), None) if isinstance(params, list) else ((params,), None)


def matches(found: Any, expected: Any) -> bool:
    """Equal, where the text ``*`` in what is expected stands for any text. ``1`` is not ``1.0`` and not ``True``."""
    if expected == "*" and isinstance(found, str):
        return True
    if isinstance(expected, dict) and isinstance(found, dict):
        return found.keys() == expected.keys() and all(matches(found[key], expected[key]) for key in expected)
    if isinstance(expected, list) and isinstance(found, list):
        return len(found) == len(expected) and all(map(matches, found, expected))
    return type(found) is type(expected) and found == expected


class Program:
    """A bridge whose handlers are never run: the test takes their calls from the pool's lane, and answers by hand."""

    def __init__(self, case: dict[str, Any], methods: set[str], events: set[str]) -> None:
        _lifecycle.ensure_notice_thread()
        limits = Limits(**case.get("limits", {}))
        self.core = _core.Bridge(dataclasses.astuple(limits), 1)
        self.core.bind([(name, print, "pool", None, False) for name in sorted(methods)], None)
        for name in events:
            self.core.add_listener(name, print, "pool", None)
        self._lane = self.core.pool
        self._frames: list[str] = []
        self.notices: list[tuple[Any, ...]] = []
        self.memory = _core.Memory(
            self.core, lambda text, _: self._frames.append(text), lambda *args: self.notices.append(args)
        )
        self.peer = self.memory.peer
        #: Taken and not looked at yet: ``("call", id, method, args, kwargs)`` and ``("event", name, detail)``.
        self.work: list[tuple[Any, ...]] = []
        self.jobs: dict[tuple[str | None, int], _core.Job] = {}
        self.answered: set[tuple[str | None, int]] = set()
        self.cancelled: set[tuple[str | None, int]] = set()

    def post(self, text: str) -> None:
        """The page sends; what it asks for is taken at once."""
        self.memory.post(text)
        while (work := self._lane.take_nowait()) is not None:
            job, _, args, kwargs = work
            assert job is not None
            if job.id is None:
                self.work.append(("event", job.method, args[0]))
            else:
                self.work.append(("call", job.id, job.method, args, kwargs))
                self.jobs[self.peer.document, job.id] = job

    def settle(self) -> None:
        """Waits until the notice thread has handed over all there is."""
        done = threading.Event()
        _core.notice_lane().put(done.set, ())
        assert done.wait(SECONDS)

    def take_frames(self) -> list[dict[str, Any]]:
        """The frames received since the last time."""
        self.settle()
        frames = [json.loads(text) for text in self._frames]
        self._frames.clear()
        return frames

    def refused(self) -> dict[str, int]:
        """Counters so far."""
        counters: dict[str, int] = self.peer.stats()["refused"]
        return counters


class Transcript(Program):
    """Goes through the steps of a case."""

    def __init__(self, case: dict[str, Any], *, grouped: bool) -> None:
        incoming = [one for step in case["steps"] for one in step.get("incoming", ())]
        methods = {one["call"][1] for one in incoming if "call" in one}
        events = {one["event"][0] for one in incoming if "event" in one}
        super().__init__(case, methods, events)
        self._steps = case["steps"]
        self._grouped = grouped
        #: Number of a frame in the case, and of the frame that carried its last message here.
        self._seqs: dict[tuple[str, int], int] = {}

    def run(self) -> None:
        for number, step in enumerate(self._steps):
            qualifiers = {key: step[key] for key in ("retain", "raises", "broadcast") if key in step}
            ((verb, value),) = ((key, step[key]) for key in step if key not in qualifiers)
            try:
                getattr(self, f"step_{verb}")(value, **qualifiers)
            except AssertionError as error:
                error.add_note(f"in step {number}: {json.dumps(step)}")
                raise

    def step_page(self, frame: Any) -> None:
        if isinstance(frame, dict) and "ack" in frame:
            seq = self._seqs.get((str(frame.get("doc")), frame["ack"]), frame["ack"])
            frame = {**frame, "ack": seq}
        self.post(frame if isinstance(frame, str) else json.dumps(frame))

    def step_welcome(self, _: Any) -> None:
        """The bridge has sent it by itself."""

    def step_incoming(self, expected: list[dict[str, Any]]) -> None:
        self.settle()
        work: list[tuple[Any, ...]] = []
        notices: list[tuple[Any, ...]] = []
        cancelled = set()
        for one in expected:
            ((kind, value),) = one.items() if len(one) == 1 else [("document", one["document"])]
            if kind == "call":
                work.append(("call", value[0], value[1], *arguments(*value[2:])))
            elif kind == "event":
                work.append(("event", *value))
            elif kind == "cancel":
                cancelled.add((self.peer.document, value))
            elif kind == "document":
                notices.append(("document", one["url"]))
                assert self.peer.document == value
            else:
                notices.append((kind,))
        assert self.work == work
        assert self.notices == notices
        now = {
            key
            for key, job in self.jobs.items()
            if job.cancelled and key[0] == self.peer.document and key not in self.answered
        }
        assert now - self.cancelled == cancelled
        self.cancelled |= now
        self.work.clear()
        self.notices.clear()

    def step_emit(self, event: list[Any], retain: bool = False, raises: str = "", broadcast: bool = False) -> None:
        if broadcast:
            assert self.core.emit(*event, retain) == 1, "one page had to be reset"
            return
        try:
            self.peer.emit(*event, retain)
        except Backpressure:
            assert raises == "backpressure"
        else:
            assert not raises

    def step_respond(self, answer: list[Any]) -> None:
        self.step_respond_old([self.peer.document, *answer])

    def step_respond_old(self, answer: list[Any]) -> None:
        document, number, result = answer
        self.answered.add((document, number))
        job = self.jobs.get((document, number))
        if job is not None:  # Else nobody called, and there is nothing to answer.
            assert job.succeed(result) is None

    def step_fail(self, answer: list[Any]) -> None:
        number, error = answer
        assert error["code"] == "handler_error", "the only one that a program can answer with"
        self.answered.add((self.peer.document, number))
        job = self.jobs[self.peer.document, number]
        job.fail(error["name"], error["message"], error.get("traceback"))

    def step_gone(self, _: Any) -> None:
        self.memory.document_gone()

    def step_close(self, reason: str) -> None:
        self.peer.close(reason)

    def step_sends(self, expected: list[dict[str, Any]]) -> None:
        found = self.take_frames()
        wanted = sum(len(frame["msgs"]) for frame in expected)
        while self._grouped and found and sum(len(frame["msgs"]) for frame in found) < wanted:
            self.post(json.dumps({"v": 1, "doc": found[-1]["doc"], "ack": found[-1]["seq"], "msgs": []}))
            more = self.take_frames()
            assert more, f"only {found} came"
            found += more
        for frame in (*found, *expected):
            for message in frame["msgs"]:
                if message["event"] == WELCOME:
                    message["detail"] = "what is bound here"
        if self._grouped:
            left, right = ([message for frame in frames for message in frame["msgs"]] for frames in (found, expected))
            assert matches(left, right), f"{left} instead of {right}"
            if expected and found:
                self._seqs[expected[-1]["doc"], expected[-1]["seq"]] = found[-1]["seq"]
        else:
            assert matches(found, expected), f"{found} instead of {expected}"

    def step_refused(self, expected: dict[str, int]) -> None:
        assert self.refused() == expected
