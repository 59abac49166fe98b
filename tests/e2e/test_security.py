"""Who may call Python: documents of allowed origins that hold the key, and what they reach."""

import re
import secrets

import pytest

from auroraview import RemoteError, WebView
from tests.e2e.helpers import Record, ask, opened, wait_for
from tests.e2e.servers import Server

pytestmark = pytest.mark.each_lane

#: Tries all that a document without the bridge can think of, and reports to the server what it has.
ATTACK = """<!doctype html><meta charset=utf-8><p>foreign<script>
const name = NAME, found = { name, bridge: typeof window.auroraview };
const call = JSON.stringify({ type: 'call', id: 1, method: 'api.run' });
const hello = JSON.stringify({ v: 1, doc: 'attacker-0000001', msgs: [
    { type: 'hello', protocol: 1, document: 'attacker-0000001' }, { type: 'call', id: 1, method: 'api.run' }] });
const posts = [call, hello, '0'.repeat(32) + 'attacker-0000001' + hello, '', 'x', { type: 'call' }, 5, null, undefined,
    [call], new Uint8Array(40)];
let posted = 0, refused = 0;
const post = async (handler) => {
    for (const one of posts) {
        try { posted += 1; await handler.postMessage(one) } catch { refused += 1 }
    }
};
const attempt = async (action) => {
    try { return String(await action()) } catch (error) { return 'no: ' + error.name }
};
(async () => {
    const handlers = window.webkit?.messageHandlers;
    if (handlers?.ipc) await post(handlers.ipc);
    if (handlers?.auroraview) await post(handlers.auroraview);
    if (window.ipc) await post(window.ipc);
    found.handlers = Boolean(handlers?.ipc);
    found.posted = posted;
    found.refused = refused;
    found.parent = window === parent ? 'none' : await attempt(() => parent.auroraview.call('api.run'));
    new Image().src = SERVER + '/report?' + new URLSearchParams(found);
})();
</script>"""


def attack(server, name):
    """The text of a page that attacks and reports under this name."""
    return ATTACK.replace("NAME", repr(name)).replace("SERVER", repr(server.origin))


@pytest.fixture
def foreign():
    server = Server()
    yield server
    server.close()


class Api:
    """Says what was run."""

    def __init__(self):
        self.ran = Record("done")
        self.attribute = Record()

    def run(self):
        return self.ran()


@pytest.fixture
def api():
    return Api()


def assert_untouched(view, api):
    """No call ran, and posts were refused and counted."""
    refused = wait_for(lambda: view.stats["refused"], "refusals")
    assert set(refused) <= {"key", "origin"}
    assert api.ran.seen == []
    assert view.stats["calls"] == 0
    assert sum(handler["runs"] for handler in view.stats["handlers"].values()) == 0


def assert_bridge_works(view, api):
    assert ask(view, "auroraview.call('api.run')") == "done"
    assert len(api.ran.wait()) == 1


def test_a_page_of_a_foreign_origin_has_no_bridge_and_runs_nothing(server, foreign, api, isolation):
    foreign.page("/", attack(foreign, "page"))
    view = WebView(
        url=server.page("/", f"<script>location = {foreign.origin!r} + '/'</script>"), api=api, isolation=isolation
    )
    view.on_navigate(lambda navigation: True)
    with opened(view, ready=False):
        report = foreign.wait_report(name="page")
        assert report["bridge"] == "undefined"
        assert int(report["posted"]) > 0
        assert_untouched(view, api)


def test_a_page_that_a_server_redirects_to_has_no_bridge_and_runs_nothing(server, foreign, api, isolation):
    address = server.redirect("/", foreign.page("/there", attack(foreign, "redirected")))
    view = WebView(url=address, api=api, isolation=isolation)
    with opened(view, ready=False):
        assert foreign.wait_report(name="redirected")["bridge"] == "undefined"
        assert_untouched(view, api)


def test_an_iframe_of_a_foreign_origin_has_no_bridge_and_runs_nothing(server, foreign, api, isolation):
    source = foreign.page("/frame", attack(foreign, "iframe"))
    with opened(
        WebView(url=server.page("/", f"<iframe src='{source}'></iframe>"), api=api, isolation=isolation)
    ) as view:
        report = foreign.wait_report(name="iframe")
        assert report["bridge"] == "undefined"
        assert report["parent"] == "no: SecurityError"
        assert_untouched(view, api)
        assert_bridge_works(view, api)


@pytest.mark.parametrize("kind", ["srcdoc", "sandboxed srcdoc", "data", "blob"])
def test_an_iframe_without_an_address_has_no_bridge_of_its_own(foreign, api, kind, isolation):
    with opened(html="<p>parent", api=api, isolation=isolation) as view:
        view.eval_js(
            f"""const text = {attack(foreign, "frame").replace("parent.auroraview", "parent.absent")!r};
            const kind = {kind!r}, frame = document.createElement('iframe');
            if (kind === 'data') frame.src = 'data:text/html,' + encodeURIComponent(text);
            else if (kind === 'blob') frame.src = URL.createObjectURL(new Blob([text], {{ type: 'text/html' }}));
            else frame.srcdoc = text;
            if (kind === 'sandboxed srcdoc') frame.sandbox = 'allow-scripts';
            document.body.append(frame); null"""
        ).result(30)
        report = foreign.wait_report(name="frame")
        assert report["bridge"] == "undefined"
        assert_untouched(view, api)
        assert_bridge_works(view, api)


@pytest.mark.parametrize("kind", ["sandboxed srcdoc", "data"])
def test_a_frame_of_an_opaque_origin_does_not_reach_its_parent_s_bridge(foreign, api, kind, isolation):
    with opened(html="<p>parent", api=api, isolation=isolation) as view:
        view.eval_js(
            f"""const text = {attack(foreign, "frame")!r}, frame = document.createElement('iframe');
            if ({kind!r} === 'data') frame.src = 'data:text/html,' + encodeURIComponent(text);
            else {{ frame.srcdoc = text; frame.sandbox = 'allow-scripts' }}
            document.body.append(frame); null"""
        ).result(30)
        assert foreign.wait_report(name="frame")["parent"] == "no: SecurityError"
        assert_untouched(view, api)


@pytest.mark.parametrize("handler", ["ipc", "auroraview"])
@pytest.mark.parametrize(
    "post",
    [
        "JSON.stringify({type: 'call', id: 1, method: 'api.run'})",
        "'0'.repeat(32) + 'document-0000001' + JSON.stringify({type: 'call', id: 1, method: 'api.run'})",
        "'0'.repeat(32)",
        "''",
        "({type: 'call', id: 1, method: 'api.run'})",
        "5",
        "null",
        "undefined",
        "'\\ud800'.repeat(40)",
        "new Array(1000).fill('x')",
    ],
)
def test_a_raw_post_without_the_key_is_refused_and_counted(page_and_api, handler, post):
    view, api = page_and_api
    before = view.stats["refused"].get("key", 0)
    view.eval_js(
        f"(async () => {{ try {{ await webkit.messageHandlers.{handler}.postMessage({post}) }} catch {{}} }})()"
    ).result(30)
    wait_for(lambda: view.stats["refused"].get("key", 0) == before + 1, "the refusal in the counters")
    assert api.ran.seen == []
    assert ask(view, "auroraview.call('api.attempts')") == 0


@pytest.fixture(scope="module")
def page_and_api(isolation, lane):
    class Counting(Api):
        def attempts(self):
            return len(self.ran.seen)

    api = Counting()
    with opened(html="<p>", api=api, isolation=isolation) as view:
        yield view, api


def test_the_bridge_is_gone_after_a_navigation_away_and_there_again_on_the_way_back(server, foreign, api, isolation):
    foreign.page("/", attack(foreign, "away") + "<a id=back href='javascript:history.back()'>back</a>")
    view = WebView(url=server.page("/", "<p>home"), api=api, isolation=isolation)
    view.on_navigate(lambda navigation: True)
    with opened(view):
        generation = view.peer.generation
        ask(view, f"setTimeout(() => location = {foreign.origin!r} + '/', 0); null")
        assert foreign.wait_report(name="away")["bridge"] == "undefined"
        assert_untouched(view, api)
        view.eval_js("history.back()")
        wait_for(lambda: view.peer.generation > generation and view.is_ready, "the page that is back")
        assert ask(view, "document.body.innerText") == "home"
        assert_bridge_works(view, api)


def test_a_foreign_page_that_opens_windows_gets_none(server, foreign, api, monkeypatch, isolation):
    outside = Record()
    monkeypatch.setattr("webbrowser.open", outside)
    address = server.redirect("/", foreign.page("/", "<p>foreign"))
    with opened(WebView(url=address, api=api, isolation=isolation), ready=False) as view:
        # A script of Python's counts as a gesture of the user; without one the engine opens nothing.
        assert ask(view, f"window.open({foreign.origin!r} + '/popup') === null")
        assert outside.wait() == [(f"{foreign.origin}/popup",)]
        assert ask(view, "window.open('about:blank') === null")
        assert ask(view, "window.open('auroraview://html/') === null")
        assert ask(view, "typeof auroraview") == "undefined"
        assert "/popup" not in foreign.requests
        assert len(outside.seen) == 1
        assert api.ran.seen == []


class Guarded:
    """All kinds of members of which only ``public``, ``fixed`` and ``of_class`` are for pages."""

    touched = Record()
    number = 5

    def __init__(self):
        self.attribute = Record()
        self.attribute.run = Record()

    @property
    def computed(self):
        self.touched()
        return Record()

    def public(self):
        return "public"

    @staticmethod
    def fixed():
        return "fixed"

    @classmethod
    def of_class(cls):
        return "of class"

    def _private(self):
        self.touched()

    def __secret(self):
        self.touched()

    class Nested:
        def run(self):
            Guarded.touched()


@pytest.fixture(scope="module")
def guarded(isolation, lane):
    with opened(html="<p>", api=Guarded(), isolation=isolation) as view:
        yield view


def test_public_methods_are_all_that_is_bound(guarded):
    assert sorted(guarded.bridge.methods) == ["api.fixed", "api.of_class", "api.public"]
    assert ask(guarded, "auroraview.api.public()") == "public"


@pytest.mark.parametrize(
    "name",
    [
        *("_private", "__secret", "_Guarded__secret", "__init__", "__class__", "__dict__", "__getattribute__"),
        *("computed", "attribute", "attribute.run", "attribute.__call__", "number", "touched", "Nested", "Nested.run"),
        *("public.__func__", "public.__globals__", "public.__self__", "", ".", "..public", "public."),
        *("constructor", "toString", "hasOwnProperty", "__proto__"),
    ],
)
def test_what_is_no_public_method_cannot_be_called(guarded, name):
    with pytest.raises(RemoteError) as raised:
        ask(guarded, f"auroraview.call({'api.' + name!r})")
    assert raised.value.name == "MethodNotFound"
    assert Guarded.touched.seen == []


#: Records every text of 32 hexadecimal digits that the bridge lets slip through what a page can replace.
SPY = """<!doctype html><script>
const seen = new Set();
let looking = false, looked = 0;
const look = (value) => {
    if (looking || (typeof value !== 'string' && !(value instanceof String))) return;
    looking = true;
    looked += 1;
    for (const digits of value.match(/[0-9a-f]{32}/g) ?? []) seen.add(digits);
    looking = false;
};
const replace = (owner, name) => {
    const original = owner[name];
    owner[name] = function (...values) {
        look(this);
        for (const value of values) look(value);
        const result = Reflect.apply(original, this, values);
        look(result);
        return result;
    };
};
for (const name of ['concat', 'slice', 'padEnd', 'padStart', 'toString', 'valueOf', 'substring', 'replace'])
    replace(String.prototype, name);
replace(JSON, 'stringify'); replace(JSON, 'parse'); replace(window, 'String');
for (const name of ['push', 'join', 'map', 'forEach', 'unshift', 'shift', 'splice', 'concat', 'toJSON'])
    if (Array.prototype[name]) replace(Array.prototype, name);
for (const name of ['call', 'apply', 'bind']) {
    const original = Function.prototype[name];
    Function.prototype[name] = function (...values) {
        for (const value of values) { look(value); if (Array.isArray(value)) for (const one of value) look(one) }
        return Reflect.apply(original, this, values);
    };
}
for (const name of ['key', 'secret', 'prefix', 'post', 'postMessage'])
    Object.defineProperty(Object.prototype, name, {
        configurable: true, get() { return undefined },
        set(value) { look(value); Object.defineProperty(this, name, { value, writable: true, configurable: true }) },
    });
Object.prototype.toJSON = function () { look(this); return this };
for (const name of ['ipc', 'auroraview']) {
    const spy = { postMessage(value) { look(value) } };
    try { Object.defineProperty(webkit.messageHandlers, name, { value: spy, configurable: true }) } catch {}
    try { webkit.messageHandlers[name].postMessage = spy.postMessage } catch {}
    try { Object.getPrototypeOf(webkit.messageHandlers[name]).postMessage = spy.postMessage } catch {}
}
try { Object.defineProperty(window, 'webkit', { value: { messageHandlers: null } }) } catch {}
</script>"""


def test_the_key_cannot_be_found_by_the_page(monkeypatch, isolation):
    keys = []

    def token(size):
        keys.append(real(size))
        return keys[-1]

    real = secrets.token_hex
    monkeypatch.setattr("secrets.token_hex", token)
    view = WebView(html=SPY + "<p>spy", isolation=isolation)
    view.bind_call("api.run", lambda value=None: value)
    with opened(view):
        found = view.eval_js(
            """(async () => {
            ['f'.repeat(16), 'f'.repeat(16)].join('');
            delete Object.prototype.toJSON;
            const walk = (value, depth, known = new Set()) => {
                if (depth === 0 || value === null || known.has(value)) return;
                if (typeof value === 'string') return look(value);
                if (typeof value !== 'object' && typeof value !== 'function') return;
                known.add(value);
                if (typeof value === 'function') look(Function.prototype.toString.call(value));
                for (const name of Reflect.ownKeys(value)) {
                    let member;
                    try { member = value[name] } catch (error) { look(String(error.stack)); continue }
                    walk(member, depth - 1, known);
                }
                walk(Object.getPrototypeOf(value), depth - 1, known);
            };
            walk(auroraview, 6);
            for (const attempt of [
                () => auroraview.call('api.run', { value: 'x' }), () => auroraview.api.run('x'),
                () => auroraview.call('absent'), () => auroraview.call(5), () => auroraview.call('api.run', 10n),
                () => auroraview.send_event('event', { get detail() { throw new Error('within') } }),
                () => auroraview.call('api.run', { get value() { look(new Error().stack); return 1 } }),
                () => auroraview.call('api.run', { value: { toJSON() { look(new Error().stack); return 1 } } }),
                () => auroraview.on('x', null),
            ]) {
                try { await attempt() } catch (error) { look(String(error.stack)); look(String(error.message)) }
            }
            for (const script of document.scripts) look(script.src);
            performance.getEntries().forEach((entry) => look(entry.name));
            return { looked, texts: [...seen] };
        })()"""
        ).result(30)
        assert len(keys) == 1
        assert re.fullmatch("[0-9a-f]{32}", keys[0])
        assert "f" * 32 in found["texts"], "the spy sees nothing"
        assert found["looked"] > 30
        assert keys[0] not in found["texts"]


def test_every_opening_has_a_key_of_its_own(monkeypatch, isolation):
    keys = []
    real = secrets.token_hex
    monkeypatch.setattr("secrets.token_hex", lambda size: keys.append(real(size)) or keys[-1])
    view = WebView(html="<p>", isolation=isolation)
    for _ in range(2):
        with opened(view):
            assert ask(view, "1") == 1
    assert len(set(keys)) == len(keys) == 2
