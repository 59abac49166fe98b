"""The protocol's test cases, as a Python program meets them."""

from __future__ import annotations

import collections
import json
import threading

import pytest

from auroraview import Bridge, Limits, _core
from tests.helpers import SECONDS
from tests.vectors import ABSENT, RESULT, Program, Transcript, arguments, cases

AT_ONCE = "the bridge sends at once what this case lets wait"
CONTROL = "programs send no internal events"

UNOBSERVABLE = {
    "events wait for ready, welcome does not": AT_ONCE,
    "nothing is sent before welcome": AT_ONCE,
    "results of an older document reach nobody": AT_ONCE,
    "early results of an older document reach nobody": AT_ONCE,
    "closing tells the page and ends its calls": AT_ONCE,
    "a retained event that still waits is not sent twice": AT_ONCE,
    "a broadcast past the bound resets the queue": AT_ONCE,
    "a retained broadcast that resets is sent once": AT_ONCE,
    "a reset drops events and keeps results": AT_ONCE,
    "what a reset dropped does not reach the next document": AT_ONCE,
    "control events go before what waits": CONTROL,
    "control events of an older document reach nobody": CONTROL,
    "the transport may see the document go first": CONTROL,
    "a closed session that is opened again starts with the retained values": "a memory page is closed for good",
    "a cancelled call is in flight until its handler ends": "a call that is cancelled at once is never taken",
    "an error is answered as it is": "exceptions have no data",
    "an ack for a frame that was never sent does not sink its frame": "the bridge has sent that frame: its welcome",
}

#: Cases in which one frame carries what several steps have queued; here every step sends what it may.
GROUPED = {
    "after ready results and events share one queue",
    "calls past the limit are busy until one is answered",
    "a page that does not acknowledge results cannot call on",
    "a result past the limit becomes an error",
}

TRANSCRIPTS = {
    f"{file}: {case['name']}": case
    for file in ("reload", "overflow", "cancel", "unknown", "numbered", "resume", "latest")
    for case in cases(f"{file}.json")
    if "python" in case.get("ends", ["python"])
}
OBSERVABLE = {name: case for name, case in TRANSCRIPTS.items() if case["name"] not in UNOBSERVABLE}

MESSAGES = {f"{file}: {case['name']}": case for file in ("messages", "frames") for case in cases(f"{file}.json")}
OBSERVABLE_MESSAGES = {name: case for name, case in MESSAGES.items() if case["name"] not in UNOBSERVABLE}

HELLO = '{"type":"hello","protocol":1,"document":"d1","url":""}'


@pytest.mark.parametrize("case", OBSERVABLE.values(), ids=OBSERVABLE)
def test_a_session_goes_as_the_transcript_says(case):
    Transcript(case, grouped=case["name"] in GROUPED).run()


def test_the_cases_that_are_treated_apart_are_still_there():
    names = {case["name"] for case in (*TRANSCRIPTS.values(), *MESSAGES.values())}
    assert UNOBSERVABLE.keys() | GROUPED <= names
    assert len(OBSERVABLE) >= 36


@pytest.mark.parametrize("case", OBSERVABLE_MESSAGES.values(), ids=OBSERVABLE_MESSAGES)
def test_a_frame_is_taken_as_the_vector_says(case):
    accepts = case["accepts"]
    methods = {one["method"] for one in accepts if one["type"] == "call"}
    events = {one["event"] for one in accepts if one["type"] == "event"}
    program = Program(case, methods, events)
    program.post(HELLO)
    program.take_frames()
    program.notices.clear()
    program.post(case["text"])
    frames = program.take_frames()

    work, notices = [], []
    refused = collections.Counter(case["refuses"])
    answers = [tuple(answer) for answer in case.get("answers", ())]
    cancels = {one["id"] for one in accepts if one["type"] == "cancel"}
    for one in accepts:
        match one["type"]:
            case "hello":
                notices += [("gone",), ("document", one["url"])]
            case "ready":
                notices.append(("ready",))
            case "call" if has_surrogate(value_of(one, "params")):
                answers.append((one["id"], "invalid_params"))
            case "call" if one["id"] not in cancels:
                work.append(("call", one["id"], one["method"], *arguments(value_of(one, "params"))))
            case "event" if has_surrogate(value_of(one, "detail")):
                refused["malformed"] += 1
            case "event":
                work.append(("event", one["event"], value_of(one, "detail")))
    assert repr(program.work) == repr(work)  # 1 is not 1.0 and not True
    assert program.notices == notices
    assert program.peer.stats()["cancels"] >= len(cancels)
    assert program.refused() == refused
    assert answered(program, frames) == answers


def value_of(message, key):
    if f"{key}_text" in message:
        return json.loads(message[f"{key}_text"])
    return message.get(key, ABSENT)


def has_surrogate(value):
    """The session hands a lone surrogate on; a Python program never sees it."""
    try:
        json.dumps(None if value is ABSENT else value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return True
    return False


def answered(program, frames):
    """``(id, code)`` of every answer, in order."""
    found = []
    while frames:
        for frame in frames:
            for message in frame["msgs"]:
                if message["event"] == RESULT:
                    found.append((message["detail"]["id"], message["detail"]["error"]["code"]))
        last = frames[-1]
        program.post(json.dumps({"v": 1, "doc": last["doc"], "ack": last["seq"], "msgs": []}))
        frames = program.take_frames()
    return found


def test_the_welcome_tells_what_is_bound_and_allowed():
    bridge = Bridge(limits=Limits(depth=7, message_bytes=5000, calls_in_flight=3))
    bridge.bind_call("b", print)
    bridge.bind_api(Tools(), "a.tools")
    frames = []
    memory = _core.Memory(bridge._core, lambda text, _: frames.append(text), lambda *_: None)
    memory.post(HELLO)
    done = threading.Event()
    _core.notice_lane().put(done.set, ())
    assert done.wait(SECONDS)
    (message,) = json.loads(frames[0])["msgs"]
    assert message["detail"] == {
        "protocol": 1,
        "methods": ["a.tools.use", "b"],
        "namespaces": ["a"],
        "limits": {"message_bytes": 5000, "depth": 7, "calls_in_flight": 3},
        "debug": False,
    }


class Tools:
    def use(self):
        pass
