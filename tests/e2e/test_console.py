"""The page's console and its uncaught errors, as listeners and the log have them."""

import logging
import threading

import pytest

from auroraview import UsageError, WebView
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for


def listening(**options):
    """A view, and what its console says."""
    view = WebView("Console", **options)
    heard = Record()
    view.window.on("console", heard)
    return view, heard


def lines(heard, count):
    """Level and text of so many messages."""
    return [(level, text) for level, text, _, _ in heard.wait(count)]


def test_every_function_of_the_console_has_its_level(isolation):
    view, heard = listening(html="<p>page", isolation=isolation)
    with opened(view):
        ask(view, "for (const name of ['log', 'info', 'warn', 'error', 'debug']) console[name](name); null")
        ask(view, "console.assert(1 === 1, 'true'); console.assert(1 === 2, 'two'); console.trace('here'); null")
        assert lines(heard, 7) == [
            ("log", "log"),
            ("info", "info"),
            ("warning", "warn"),
            ("error", "error"),
            ("debug", "debug"),
            ("error", "Assertion failed: two"),
            ("log", "here"),
        ]


def test_values_are_written_as_a_console_does():
    view, heard = listening(html="<p id=part class=x>page")
    with opened(view):
        ask(view, "console.log('%s is %d%%, %o', 'ü', 42.9, {a: [1]}, 'rest', null, undefined, 7n, true); null")
        ask(view, "const ring = {}; ring.self = ring; console.log(ring, [1, 'x'], () => 1, Symbol('s')); null")
        ask(
            view,
            "console.log(document.querySelector('p'), new Map([[1, 2]]), new TypeError('bad')); console.log(); null",
        )
        texts = [text for _, text in lines(heard, 4)]
        assert texts[0] == 'ü is 42%, {"a":[1]} rest null undefined 7n true'
        assert texts[1] == '{"self":"…"} [1,"x"] function  Symbol(s)'
        assert texts[2].startswith('<p id="part" class="x"></p> Map [[1,2]] TypeError: bad')
        assert texts[3] == ""


def test_messages_of_the_first_script_come_with_their_place(server):
    # Of a script that only calls functions with literals the engine itself knows no place.
    page = "<!doctype html>\n<script>\nconsole.log('first', 1 + 1)\n</script>"
    view, heard = listening(url=server.page("/page", page))
    with opened(view):
        assert heard.wait()[0] == ("log", "first 2", server.origin + "/page", 3)


def test_errors_that_nobody_catches_are_told(server):
    script = server.page("/broken.js", "\n\nthrow new RangeError('too far')", Content_Type="text/javascript")
    body = (
        f"<script src='{script}'></script><script>Promise.reject(new Error('unkept'))</script><img src='/missing.png'>"
    )
    view, heard = listening(url=server.page("/", body))
    with opened(view):
        said = {text.split("\n")[0]: (level, source, line) for level, text, source, line in heard.wait(3)}
        assert said["Uncaught RangeError: too far"] == ("error", script, 3)
        assert said["Unhandled rejection: Error: unkept"][0] == "error"
        assert said[f"Failed to load {server.origin}/missing.png"][0] == "error"


def test_what_a_content_security_policy_stops_is_told(server):
    policy = "default-src 'self' 'unsafe-inline'"
    page = "<img src='http://127.0.0.1:9/x.png'>"
    view, heard = listening(url=server.page("/", page, Content_Security_Policy=policy))
    with opened(view):
        wait_for(lambda: any("content security policy (img-src)" in call[1] for call in heard.seen), "the violation")


def test_the_page_s_own_console_still_works_and_cannot_be_kept_from_telling():
    page = """<script>
      const before = console.log;
      JSON.stringify = () => "[]"; Function.prototype.apply = () => { throw 1 }; String.prototype.replace = null;
      window.webkit.messageHandlers.auroraviewConsole.postMessage('["error", "forged", null, null]');
      console.log("real");
    </script>"""
    view, heard = listening(html=page)
    with opened(view, ready=False):
        assert lines(heard, 1) == [("log", "real")]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ("'%d %f', Symbol(), {valueOf() { throw 1 }}", "NaN NaN"),
        ("new Proxy({}, {get() { throw 1 }, getPrototypeOf() { throw 2 }, ownKeys() { throw 3 }})", "?"),
        ("{get mine() { throw 1 }}", "[object Object]"),
        ("new Uint8Array([1, 2])", "[1,2]"),
        ("[[1n], new Map([[1, {a: 2}]])]", '[["1n"],{}]'),
    ],
)
def test_whatever_the_page_writes_the_console_does_not_throw(values, text):
    view, heard = listening(html="<p>page")
    with opened(view):
        assert ask(view, f"console.log({values}); 'afterwards'") == "afterwards"
        assert lines(heard, 1) == [("log", text)]


def test_of_large_values_the_first_parts_are_told():
    """All of them would keep the page waiting for minutes."""
    view, heard = listening(html="<p>page")
    with opened(view):
        ask(view, "console.log(new Uint8Array(2e7)); console.log(new Set(Array(1e6).keys())); null")
        ask(view, "console.log(Object.fromEntries([...Array(1e5).keys()].map((name) => [name, 1]))); null")
        ask(view, "console.log({text: 'x'.repeat(1e8)}, Array(1e5).fill('y'.repeat(1000))); null")
        buffer, kept, entries, texts = (text for _, text in lines(heard, 4))
        assert buffer.endswith('0,0,"… 19999900 more"]')
        assert kept.endswith('99,"… 999900 more"]')
        assert entries.endswith('"…":"99900 more"}')
        assert texts.startswith('{"text":"xxx')


def test_an_element_is_described_without_a_copy_of_it():
    made = "customElements.define('x-x', class extends HTMLElement { constructor() { super(); made++ } })"
    view, heard = listening(html=f"<script>var made = 0; {made}</script><x-x title=t></x-x>")
    with opened(view):
        assert ask(view, "console.log(document.querySelector('x-x')); made") == 1
        assert lines(heard, 1) == [("log", '<x-x title="t"></x-x>')]


def test_a_frame_is_not_heard(server):
    frame = server.page("/frame", "<script>console.error('of the frame'); parent.postMessage('done', '*')</script>")
    page = f"<script>onmessage = () => console.log('heard the frame')</script><iframe src='{frame}'></iframe>"
    view, heard = listening(url=server.page("/", page))
    with opened(view):
        assert lines(heard, 1) == [("log", "heard the frame")]


def test_half_a_surrogate_pair_is_shown_as_browsers_show_it():
    view, heard = listening(html="<p>page")
    with opened(view):
        ask(view, r"console.log('\ud800 half', ['\udc00'], '\ud83d\ude00'); null")
        assert lines(heard, 1) == [("log", '\ufffd half ["\\udc00"] \U0001f600')]


def test_a_long_message_is_cut():
    view, heard = listening(html="<p>page")
    with opened(view):
        ask(view, "console.log('ü'.repeat(100000)); null")
        text = heard.wait()[0][1]
        assert len(text.encode()) <= 64 * 1024
        assert text.endswith("…")


@pytest.mark.parametrize("isolation", ["none"])
def test_a_flood_is_dropped_and_counted_and_stops_nothing(isolation):
    view = WebView(html="<p>page", isolation=isolation)
    go_on, heard = threading.Event(), Record()

    @view.window.on("console")
    def slow(*message):
        go_on.wait(PATIENCE)
        heard(*message)

    with opened(view):
        ask(view, "for (let number = 0; number < 5000; number++) console.log(number); null")
        go_on.set()
        ask(view, "console.log('the end'); null")
        wait_for(lambda: any(call[1].endswith("messages were dropped") for call in heard.seen), "the count")
        numbers = [int(call[1]) for call in heard.seen if call[1].isdigit()]
        assert numbers == sorted(numbers)
        assert len(numbers) < 5000


def test_debug_writes_the_console_to_the_log(caplog, isolation):
    caplog.set_level(logging.DEBUG, logger="auroraview.page")
    with opened(html="<p>page", debug=True, isolation=isolation) as view:
        ask(view, "console.log('plain'); console.warn('careful'); console.debug('detail'); null")

        def found():
            return [(one.levelname, one.getMessage()) for one in caplog.records if one.name == "auroraview.page"]

        wait_for(lambda: len(found()) == 3, "three lines in the log")
        assert found() == [("INFO", "plain"), ("WARNING", "careful"), ("DEBUG", "detail")]


def test_without_a_listener_and_debug_nothing_is_there():
    view = WebView(html="<p>page")  # Those of the plugin have a listener.
    view.show(wait=False)
    try:
        view.wait_ready(PATIENCE)
        assert "[native code]" in ask(view, "console.log.toString()")
        assert ask(view, "'auroraviewConsole' in webkit.messageHandlers") is False
    finally:
        view.close()
        assert view.wait(PATIENCE)


def test_the_console_of_a_later_document_is_heard_too():
    view, heard = listening(html="<script>console.log('one')</script>")
    with opened(view):
        view.load_html("<script>console.log('two')</script>")
        assert lines(heard, 2) == [("log", "one"), ("log", "two")]


def test_the_inspector_needs_debug():
    with pytest.raises(UsageError, match="debug=True"):
        WebView().window.inspect()


def test_the_inspector_opens(isolation):
    with opened(html="<p>page", debug=True, height=700, isolation=isolation) as view:
        before = ask(view, "innerHeight")
        view.window.inspect()
        wait_for(lambda: ask(view, "innerHeight") < before, "the inspector below the page")
