"""What a broken or hostile page posts: refused, counted, logged at most once, and the next message works."""

from __future__ import annotations

import json
import logging

import pytest

from auroraview import WebView
from tests.e2e.helpers import PAGE, PATIENCE, Record, ask, opened, wait_for
from tests.e2e.pages import js, run

pytestmark = pytest.mark.each_lane

KEY = "0123456789abcdef" * 2


@pytest.fixture(scope="module")
def view(lane):
    """A view whose key the test knows, so that it can speak badly with the page's voice."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("secrets.token_hex", lambda _: KEY)
        with opened(WebView(html=PAGE)) as shown:
            shown.bind_call("echo", lambda value: value)
            yield shown


def post(view, text):
    """Posts a text behind the key and the document's id, from the page."""
    ask(view, f"window.ipc.postMessage({js(KEY + view.info['document'])} + {js(text)}); 0")


def frame(view, *messages, **fields):
    return json.dumps({"v": 1, "doc": view.info["document"], "msgs": list(messages), **fields})


def call(number, method="echo", **fields):
    return {"type": "call", "id": number, "method": method, "params": ["posted"], **fields}


def refusals(view):
    return dict(view.stats["refused"])


def wait_refused(view, before, expected):
    """Waits until exactly these refusals have come."""

    def difference():
        after = refusals(view)
        return {
            reason: after[reason] - before.get(reason, 0) for reason in after if after[reason] != before.get(reason, 0)
        }

    wait_for(lambda: difference() == expected, f"{expected}", PATIENCE / 3)


def check_that_the_next_message_works(view):
    seen = Record()
    view.on("next", seen)
    assert run(view, "auroraview.send_event('next', 1); return await auroraview.call('echo', ['next'])") == "next"
    assert seen.wait() == [(1,)]
    view.off("next")


DEEP = "[" * 100_000 + "]" * 100_000

BAD_TEXTS = {
    "no JSON": ("this is no JSON", {"malformed": 1}),
    "half a frame": ('{"v":1,"doc":"', {"malformed": 1}),
    "an empty object": ("{}", {"malformed": 1}),
    "a number": ("17", {"malformed": 1}),
    "null": ("null", {"malformed": 1}),
    "a string": ('"text"', {"malformed": 1}),
    "a nul": ("\0", {"malformed": 1}),
    "trailing text": ('{"type":"event","event":"x"} more', {"malformed": 1}),
    "an array of nonsense": ("[1,null,{}]", {"malformed": 3}),
    "an unknown type": ('{"type":"dance"}', {"unknown_type": 1}),
    "a reserved type": ('{"type":"stream","id":99}', {"unknown_type": 1}),
    "no type": ('{"id":1}', {"malformed": 1}),
    "a call without an id": ('{"type":"call","method":"echo"}', {"malformed": 1}),
    "a call with an id that is none": ('{"type":"call","id":-1,"method":"echo"}', {"malformed": 1}),
    "a call with a huge id": ('{"type":"call","id":9007199254740992,"method":"echo"}', {"malformed": 1}),
    "a call with a text as its id": ('{"type":"call","id":"1","method":"echo"}', {"malformed": 1}),
    "an event without a name": ('{"type":"event"}', {"malformed": 1}),
    "an internal event": ('{"type":"event","event":"__auroraview_call_result","detail":{"id":1}}', {"reserved": 1}),
    "a second ready": ('{"type":"ready"}', {"out_of_order": 1}),
    "a deep event": ('{"type":"event","event":"x","detail":' + DEEP + "}", {"too_large": 1}),
    "only brackets": (DEEP, {"malformed": 1}),
}


@pytest.mark.parametrize("what", BAD_TEXTS)
def test_is_counted_and_the_next_message_works(view, what):
    text, expected = BAD_TEXTS[what]
    before = refusals(view)
    post(view, text)
    wait_refused(view, before, expected)
    check_that_the_next_message_works(view)


def test_frames_of_another_version_or_document_are_counted(view):
    before = refusals(view)
    post(view, frame(view, call(9001), v=2))
    post(view, json.dumps({"v": 1, "doc": "0" * 16, "msgs": [call(9002)]}))
    post(view, frame(view, ack=999_999))
    wait_refused(view, before, {"version": 1, "stale_document": 1, "bad_ack": 1})
    check_that_the_next_message_works(view)


def test_a_refused_message_does_not_sink_its_neighbours(view):
    before, seen = refusals(view), Record()
    view.on("posted", seen)
    good = {"type": "event", "event": "posted"}
    post(view, frame(view, {**good, "detail": 1}, {"type": "dance"}, 5, {**good, "detail": 2}))
    assert seen.wait(2) == [(1,), (2,)]
    wait_refused(view, before, {"unknown_type": 1, "malformed": 1})
    view.off("posted")


def test_a_call_that_was_posted_twice_runs_once(view):
    before, ran = refusals(view), Record()

    @view.bind_call("once")
    async def once(value):
        ran(value)

    post(view, frame(view, call(8001, "once"), call(8001, "once")))
    wait_refused(view, before, {"duplicate_id": 1})
    check_that_the_next_message_works(view)
    assert ran.seen == [("posted",)]


POSTS = ["{a: 1}", "17", "null", "undefined", "[1, 2]", "new Date(0)", "true", "new Uint8Array(3)", "''", "'short'"]


@pytest.mark.parametrize("value", POSTS)
@pytest.mark.parametrize("handler", ["ipc", "auroraview"])
def test_a_post_that_is_no_text_or_has_no_key_is_counted(view, handler, value):
    before = sum(refusals(view).values())
    script = (
        f"try {{ Promise.resolve(webkit.messageHandlers.{handler}.postMessage({value})).catch(() => 0) }} catch {{}}; 0"
    )
    ask(view, script)
    wait_for(lambda: sum(refusals(view).values()) == before + 1, "one refusal", PATIENCE / 3)
    check_that_the_next_message_works(view)


@pytest.mark.parametrize("key", ["", "f" * 32, KEY[:-1] + "0", KEY.upper(), KEY[:31]])
def test_a_post_with_a_wrong_key_runs_nothing(view, key):
    before, ran = refusals(view), Record()
    view.bind_call("secret", ran)
    document = view.info["document"]
    message = frame(view, call(7001, "secret"))
    ask(view, f"window.ipc.postMessage({js(key + document + message)}); 0")
    wait_refused(view, before, {"key": 1})
    check_that_the_next_message_works(view)
    assert ran.seen == []


def test_a_flood_of_nonsense_costs_no_more_than_a_few_lines_in_the_log(view, caplog):
    before = refusals(view)
    with caplog.at_level(logging.DEBUG, "auroraview"):
        prefix = js(KEY + view.info["document"])
        ask(view, f"for (let n = 0; n < 2000; n++) window.ipc.postMessage({prefix} + 'nonsense'); 0", PATIENCE)
        wait_refused(view, before, {"malformed": 2000})
    assert len([record for record in caplog.records if record.name.startswith("auroraview")]) <= 20
    check_that_the_next_message_works(view)


def test_event_handlers_that_raise_on_both_sides_are_logged_and_the_next_event_works(view, caplog):
    seen = Record()

    @view.on("raises")
    def raises(data):
        raise LookupError("in the event handler")

    view.on("raises", seen)
    with caplog.at_level(logging.ERROR, "auroraview"):
        ask(view, "auroraview.on('back', () => { throw new Error('of the page') }); auroraview.send_event('raises', 1)")
        seen.wait()
        errors = [record for record in caplog.records if "in the event handler" in record.getMessage()]
    assert [record.levelname for record in errors] == ["ERROR"]
    assert errors[0].exc_info is not None
    view.emit("back")
    check_that_the_next_message_works(view)
    view.off("raises")


def test_an_event_that_nobody_handles_is_counted(view):
    before = view.stats["unhandled_events"]
    ask(view, "auroraview.send_event('nobody listens'); 0")
    wait_for(lambda: view.stats["unhandled_events"] == before + 1, "the count")


def test_an_event_whose_detail_cannot_be_taken_is_counted_and_the_next_one_arrives(view):
    before, seen = refusals(view), Record()
    view.on("odd", seen)
    ask(view, "auroraview.send_event('odd', '\\ud800'); auroraview.send_event('odd', 'even'); 0")
    assert seen.wait() == [("even",)]
    wait_refused(view, before, {"malformed": 1})
    view.off("odd")
