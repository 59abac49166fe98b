"""Nobody but the bridge of an allowed document gets hold of the lane, and that not by any name a page can reach."""

from __future__ import annotations

import json

import pytest

from auroraview import WebView
from tests.e2e.helpers import Record, ask, opened, wait_for
from tests.e2e.lanes import ORDINARY, check
from tests.e2e.servers import Server

#: Looks for what the library in the web process puts there, in all ways that a document has, and says what it found.
LOOK = """
  const found = [];
  const about = (owner, where) => {
    for (; owner !== null; owner = Object.getPrototypeOf(owner)) {
      for (const name of Reflect.ownKeys(owner)) {
        if (/lane/i.test(String(name))) found.push(where + '.' + String(name));
      }
    }
  };
  about(globalThis, 'global');
  if (typeof globalThis.__auroraview_lane !== 'undefined') found.push('the lane');
  if ('__auroraview_lane' in globalThis) found.push('its name');
  if (typeof document !== 'undefined') about(document, 'document');
  if (globalThis.webkit) about(webkit, 'webkit'), about(webkit.messageHandlers, 'handlers');
  if (globalThis.parent && parent !== globalThis) {
    try { about(parent, 'parent') } catch {}
    try { if (parent.__auroraview_lane) found.push('of the parent') } catch {}
  }
"""

PAGE = f"""<!doctype html><meta charset=utf-8><script>
var look = () => {{ {LOOK} return found }};
var first = look();
</script><body>page"""

REPORTS = (
    f"<!doctype html><script>{LOOK} new Image().src = SERVER + '/report?' + new URLSearchParams("
    "{name: NAME, found: found.join(' '), bridge: typeof window.auroraview})</script>"
)


def reporting(server, name):
    """The text of a page that looks, and reports what it found under this name."""
    return REPORTS.replace("SERVER", repr(server.origin)).replace("NAME", repr(name))


@pytest.fixture
def foreign():
    server = Server()
    yield server
    server.close()


def test_a_page_finds_nothing_of_it_from_its_first_line_on(isolation):
    with opened(html=PAGE, isolation=isolation) as view:
        assert ask(view, "first") == []
        assert ask(view, "look()") == []
        for _ in range(3):
            generation = view.peer.generation
            view.reload()
            wait_for(lambda before=generation: view.peer.generation > before and view.is_ready, "the document")
            assert ask(view, "[...first, ...look()]") == []
            check(view)


def test_a_document_that_writes_itself_anew_finds_nothing(webview):
    view = webview(html=PAGE)
    view.bind_call("add", lambda a, b: a + b)
    script = f"document.open(); document.write({PAGE!r}); document.close(); null"
    ask(view, script)
    assert ask(view, "[...first, ...look()]") == []
    assert ask(view, "auroraview.call('add', [1, 2])") == 3
    ask(view, "location.href = \"javascript:'<p>made by a script'\"; null")
    assert ask(view, "typeof look === 'function' ? look() : '__auroraview_lane' in window ? ['lane'] : []") == []


def test_a_page_of_a_foreign_origin_finds_nothing(server, foreign, isolation):
    foreign.page("/", reporting(foreign, "page"))
    view = WebView(url=server.page("/", f"<script>location = {foreign.origin!r} + '/'</script>"), isolation=isolation)
    view.on_navigate(lambda navigation: True)
    with opened(view, ready=False):
        report = foreign.wait_report(name="page")
        assert (report["found"], report["bridge"]) == ("", "undefined")
        # On the way back it is there again, for the bridge alone.
        view.load_url(server.page("/back", PAGE))
        view.wait_ready(30)
        assert ask(view, "[...first, ...look()]") == []
        check(view)


def test_a_page_that_a_server_redirects_to_finds_nothing(server, foreign):
    address = server.redirect("/", foreign.page("/there", reporting(foreign, "redirected")))
    with opened(WebView(url=address), ready=False) as view:
        assert foreign.wait_report(name="redirected")["found"] == ""
        lane, reason = view.info["lane"], view.info["lane_reason"]
        assert (lane, bool(reason)) == (ORDINARY, True)


def test_an_origin_that_is_allowed_later_gets_the_lane_and_the_others_do_not(server, foreign):
    with opened(url=server.page("/", PAGE)) as view:
        view.bind_call("add", lambda a, b: a + b)
        for site in (foreign, server, foreign):
            view.load_url(site.page("/", PAGE))
            view.wait_ready(30)
            assert ask(view, "auroraview.call('add', [20, 22])") == 42
            assert ask(view, "[...first, ...look()]") == []
            check(view)


@pytest.mark.parametrize(
    "kind", ["same origin", "foreign", "srcdoc", "sandboxed srcdoc", "data", "blob", "about:blank"]
)
def test_frames_of_all_kinds_find_nothing(server, foreign, kind, isolation):
    text = reporting(foreign, "frame")
    address = {
        "same origin": server.page("/frame", text),
        "foreign": foreign.page("/frame", text),
        "about:blank": "about:blank",
    }.get(kind, "")
    with opened(url=server.page("/", PAGE), isolation=isolation) as view:
        view.bind_call("add", lambda a, b: a + b)
        script = """
          const [kind, address, text] = %s, frame = document.createElement('iframe');
          if (kind === 'data') frame.src = 'data:text/html,' + encodeURIComponent(text);
          else if (kind === 'blob') frame.src = URL.createObjectURL(new Blob([text], {type: 'text/html'}));
          else if (address) frame.src = address;
          else frame.srcdoc = text;
          if (kind === 'sandboxed srcdoc') frame.sandbox = 'allow-scripts';
          document.body.append(frame);
          if (kind === 'about:blank') {
            const made = frame.contentDocument.createElement('script');
            made.textContent = /<script>(.*)<\\/script>/s.exec(text)[1];
            frame.contentDocument.body.append(made);
          }
          null
        """
        ask(view, script % _js([kind, address, text]))
        assert foreign.wait_report(name="frame")["found"] == ""
        assert ask(view, "auroraview.call('add', [1, 2])") == 3
        assert ask(view, "[...first, ...look()]") == []
        check(view)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'><script><![CDATA[SCRIPT]]></script></svg>"),
        (
            "application/xhtml+xml",
            "<html xmlns='http://www.w3.org/1999/xhtml'><body><script><![CDATA[SCRIPT]]></script></body></html>",
        ),
        ("text/html", "<!doctype html><script>SCRIPT</script>"),
    ],
)
def test_documents_of_other_kinds_find_nothing(server, foreign, kind, text):
    script = f"{{{LOOK} fetch('{foreign.origin}/report?name=kind&found=' + found.join('+'), {{mode: 'no-cors'}})}}"
    server.page("/document", text.replace("SCRIPT", script), Content_Type=kind)
    with opened(url=server.page("/", PAGE)) as view:
        view.bind_call("add", lambda a, b: a + b)
        ask(view, "setTimeout(() => { location.href = '/document' }, 0); null")
        assert foreign.wait_report(name="kind")["found"] == ""
        view.load_url(server.page("/", PAGE))
        assert ask(view, "auroraview.call('add', [1, 2])") == 3
        check(view)


@pytest.mark.parametrize("kind", ["Worker", "SharedWorker"])
def test_workers_find_nothing(server, kind):
    report = LOOK + "postMessage ? postMessage(found) : null;"
    shared = f"onconnect = ({{ports: [port]}}) => {{ {LOOK} port.postMessage(found) }}"
    server.page("/worker.js", report if kind == "Worker" else shared, Content_Type="text/javascript")
    with opened(url=server.page("/", PAGE)) as view:
        script = f"""new Promise((resolve, reject) => {{
          const worker = new {kind}('/worker.js');
          worker.onerror = (event) => reject(new Error(event.message));
          (worker.port ?? worker).onmessage = ({{data}}) => resolve(data);
        }})"""
        if ask(view, f"typeof {kind}") == "function":
            assert ask(view, script) == []


#: Gets between all that the bridge may use to hold or to call the lane's functions, before the bridge could be used.
SPY = """<!doctype html><script>
const caught = new Set(), {apply} = Reflect;
const look = (value) => {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return;
  if (value === Object.prototype) return; // has these names below
  let names;
  try { names = Reflect.ownKeys(value) } catch { return }
  if (names.includes('callSync') && names.includes('readInto')) caught.add('the object');
  if (typeof value === 'function' && value.name === 'readInto') caught.add(value.name);
};
for (const name of ['call', 'apply', 'bind']) {
  const original = Function.prototype[name];
  Function.prototype[name] = function (...values) {
    look(this);
    values.forEach(look);
    return apply(original, this, values);
  };
}
for (const name of ['apply', 'construct', 'get', 'ownKeys', 'defineProperty']) {
  const original = Reflect[name];
  Reflect[name] = (...values) => { values.forEach(look); return original(...values) };
}
const decode = TextDecoder.prototype.decode;
TextDecoder.prototype.decode = function (...values) { caught.add('a text'); return apply(decode, this, values) };
for (const owner of [Array.prototype, Map.prototype, Set.prototype, WeakMap.prototype]) {
  for (const name of ['push', 'set', 'get', 'add', 'concat', 'slice', 'unshift']) {
    const original = owner[name];
    if (original) owner[name] = function (...values) { values.forEach(look); return apply(original, this, values) };
  }
}
for (const name of ['lane', 'native', 'open', 'post', 'full', 'read', 'readInto', 'callSync', 'close',
                    '__auroraview_lane']) {
  Object.defineProperty(Object.prototype, name, {
    configurable: true, get() { look(this); return undefined },
    set(value) {
      look(this); look(value);
      Object.defineProperty(this, name, {value, writable: true, configurable: true, enumerable: true});
    },
  });
}
</script><p>spy"""


def test_a_page_that_replaces_everything_does_not_catch_it(webview):
    view = webview(html=SPY)
    view.bind_call("echo", lambda value: value, sync=True)
    script = """(async () => {
      look({callSync: 1, readInto: 1});
      if (!caught.delete('the object')) return 'the spy sees nothing';
      auroraview.on('tick', () => {});
      await auroraview.call('echo', [new Uint8Array(100)]);
      auroraview.callSync('echo', [new Uint8Array(3_000_000)]);
      if (auroraview.callSync('echo', ['é'.repeat(50_000)]) !== 'é'.repeat(50_000)) return 'another text';
      auroraview.send_event('event', 1);
      const known = new Set();
      const walk = (value, depth) => {
        if (depth === 0 || value === null || known.has(value)) return;
        if (typeof value !== 'object' && typeof value !== 'function') return;
        known.add(value);
        look(value);
        for (const name of Reflect.ownKeys(value)) { try { walk(value[name], depth - 1) } catch {} }
        walk(Object.getPrototypeOf(value), depth - 1);
      };
      walk(auroraview, 6);
      return [...caught];
    })()"""
    view.emit("tick", bytes(100_000))
    assert ask(view, script) == []


def test_a_page_that_takes_the_name_first_gets_nothing_and_the_bridge_works(webview):
    """What a document leaves on its window does not outlive it."""
    view, taken = webview(html=PAGE), Record()
    view.on("taken", taken)
    view.bind_call("add", lambda a, b: a + b)
    ask(
        view,
        "Object.defineProperty(window, '__auroraview_lane', {configurable: false, get() {},"
        " set() { auroraview.send_event('taken') }}); null",
    )
    for _ in range(3):
        generation = view.peer.generation
        view.reload()
        wait_for(lambda before=generation: view.peer.generation > before and view.is_ready, "the document")
        assert ask(view, "auroraview.call('add', [1, 2])") == 3
        check(view)
    assert taken.seen == []


def _js(value):
    return json.dumps(value).replace("</", "<\\/")
