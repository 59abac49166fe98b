"""Values that only a real page has: long texts, what JSON cannot say, keys that could alter prototypes."""

from __future__ import annotations

import pytest

from auroraview import Bridge, RemoteError
from tests.e2e.helpers import PATIENCE, Record
from tests.e2e.pages import outcome, run, run_async, window_end

pytestmark = pytest.mark.each_lane


@pytest.fixture(scope="module")
def window(lane):
    bridge = Bridge()
    bridge.bind_call("length", len)
    bridge.bind_call("fill", lambda n: "é" * n)
    bridge.bind_call("echo", lambda value: value)
    with window_end(bridge) as end:
        yield end


def test_ten_megabytes_of_text_go_both_ways(window):
    script = """
      const size = args[0], text = 'é'.repeat(size);
      const length = await auroraview.call('length', [text]);
      const back = await auroraview.call('fill', [size]);
      return [length, back === text];
    """
    assert run(window.view, script, 5 * 2**20) == [5 * 2**20, True]


def test_ten_megabytes_of_text_arrive_as_an_event(window):
    window.peer.emit("done", "x" * (10 * 2**20))
    script = """
      while (!seen.some(([name]) => name === 'done')) await new Promise((resolve) => setTimeout(resolve, 5));
      return seen.find(([name]) => name === 'done')[1].length;
    """
    assert run(window.view, script) == 10 * 2**20


@pytest.mark.parametrize("value", ["'\\ud800'", "['a\\udfff']", "{key: 'x\\ud800y'}", "{'\\udbff': 1}"])
def test_a_lone_surrogate_from_the_page_is_refused_as_a_parameter(window, value):
    with pytest.raises(RemoteError) as raised:
        run(window.view, f"return await auroraview.call('echo', [{value}])")
    assert raised.value.code == "invalid_params"
    assert run(window.view, "return await auroraview.call('echo', ['next'])") == "next"


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("(() => { const a = []; a.push(a); return [a] })()", "invalid_params"),
        ("[10n]", "invalid_params"),
        ("() => 1", "invalid_params"),
        ("Symbol('s')", "invalid_params"),
        ("[{toJSON() { throw new Error('no') }}]", "invalid_params"),
        ("(() => { let d = []; for (let i = 0; i < 300; i++) d = [d]; return d })()", "too_large"),
        ("(() => { let d = []; for (let i = 0; i < 100000; i++) d = [d]; return d })()", "too_large"),
    ],
)
def test_what_a_page_cannot_send_rejects_its_own_call_alone(window, value, code):
    script = f"""
      const good = auroraview.call('echo', [1]);
      const bad = auroraview.call('echo', {value}).catch((error) => error.code);
      return [await good, await bad, await auroraview.call('echo', [2])];
    """
    assert run(window.view, script) == [1, code, 2]


def test_numbers_of_the_page_that_are_no_json_arrive_as_none(window):
    assert run(window.view, "return await auroraview.call('echo', [[NaN, Infinity, undefined, -0]])") == [
        None,
        None,
        None,
        0,
    ]


def test_no_prototype_is_altered_whatever_the_keys_are(window):
    evil = {"__proto__": {"polluted": "yes"}, "constructor": {"prototype": {"polluted": "yes"}}}
    window.bridge.bind_call("evil", lambda: [evil, {"nested": evil}])
    window.peer.emit("settings", evil, retain=True)
    window.peer.emit("__proto__", evil, retain=True)
    window.peer.emit("constructor", evil)
    window.bridge.bind_call("__proto__.polluted", lambda: 1)
    window.bridge.bind_call("constructor.polluted", lambda: 1)
    script = """
      const [first] = await auroraview.call('evil');
      auroraview.on('__proto__', () => {});
      return [
        Object.keys(first), Object.getPrototypeOf(first) === Object.prototype,
        ({}).polluted === undefined, Object.prototype.polluted === undefined,
        (() => {}).polluted === undefined,
        Object.getPrototypeOf(Object.getPrototypeOf(auroraview)) === Object.prototype,
        await auroraview.call('__proto__.polluted'),
      ];
    """
    assert run(window.view, script) == [["__proto__", "constructor"], True, True, True, True, True, 1]


MEDDLING_PAGE = """<!doctype html><meta charset=utf-8><script>
  JSON.stringify = () => '"forged"'; JSON.parse = () => ({}); Array.prototype.push = () => 0;
  Array.prototype.toJSON = undefined; Map.prototype.get = () => undefined; String.prototype.charCodeAt = () => 0;
  window.queueMicrotask = () => {}; Object.defineProperty(Object.prototype, 'timeout', {value: 1, writable: true});
</script><body><script>
  (async () => {
    const answer = await auroraview.call('echo', [{a: [1, 'two']}]);
    auroraview.send_event('proof', answer);
  })();
</script>"""


def test_a_page_that_meddles_with_builtins_sends_and_receives_the_same(webview):
    bridge, seen = Bridge(), Record()
    bridge.bind_call("echo", lambda value: value)
    bridge.on("proof", seen)
    webview(html=MEDDLING_PAGE, bridge=bridge)
    assert seen.wait() == [({"a": [1, "two"]},)]


def test_values_that_eval_js_brings_are_those_of_the_page(window):
    text = outcome(run_async(window.view, "return args", {"__proto__": 1, "t": "\u2028</script>"}).result(PATIENCE))
    assert text == [{"__proto__": 1, "t": "\u2028</script>"}]
