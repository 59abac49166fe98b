"""`eval_js`: it answers or raises, whoever asks and whatever the page is like."""

import asyncio
import gc
import threading

import pytest

from auroraview import CallTimeout, RemoteError, UsageError, ViewClosed, WebView
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.servers import Server, silent_server

pytestmark = pytest.mark.each_lane

NEVER = "new Promise(() => {})"
EMBEDDED_CALL = "auroraview.call('twice', [21])"


@pytest.fixture(scope="module")
def page(lane):
    with opened() as view:
        yield view


@pytest.mark.parametrize(
    ("script", "value"),
    [
        ("1 + 1", 2),
        ("var a = 20; var b = 22; a + b", 42),
        ("if (true) { 'of the last statement' }", "of the last statement"),
        ("undefined", None),
        ("null", None),
        ("({a: [1, 2.5, true, null, 'x'], b: {}})", {"a": [1, 2.5, True, None, "x"], "b": {}}),
        ("NaN", None),
        ("'Grüße, 世界, 𝄞, \\u2028 \\u0000'", "Grüße, 世界, 𝄞, \u2028 \0"),
        ("document.title", "Page"),
        ("Promise.resolve(7)", 7),
        ("(async () => { await null; return 'awaited' })()", "awaited"),
        ("({toJSON() { return 'as JSON' }})", "as JSON"),
        ("(() => {})", None),
        ("", None),
    ],
)
def test_the_value_of_a_script_arrives(page, script, value):
    assert ask(page, script) == value


def test_scripts_run_in_the_global_scope(page):
    ask(page, "var fromOneScript = 5; function timesTwo(x) { return 2 * x }")
    assert ask(page, "timesTwo(window.fromOneScript)") == 10


@pytest.mark.parametrize(
    ("script", "name", "message"),
    [
        ("throw new TypeError('wrong type')", "TypeError", "wrong type"),
        ("nothing.here", "ReferenceError", "nothing"),
        ("this is no script", "SyntaxError", ""),
        ("Promise.reject(new RangeError('too far'))", "RangeError", "too far"),
        ("throw 'only a text'", "Error", "only a text"),
        ("throw Object.assign(new Error('nameless'), {name: ''})", "Error", "nameless"),
        ("(() => { const a = {}; a.a = a; return a })()", "TypeError", ""),
        ("10n", "TypeError", "BigInt"),
    ],
)
def test_an_error_of_the_script_is_a_remote_error(page, script, name, message):
    with pytest.raises(RemoteError) as raised:
        ask(page, script)
    assert raised.value.name == name
    assert message in raised.value.message


@pytest.mark.parametrize(
    "script",
    ["'\\ud800 alone'", "let deep = []; for (let i = 0; i < 5000; i++) deep = [deep]; deep", "'nul \0 within'"],
)
def test_a_value_that_python_cannot_take_is_an_error_and_not_silence(page, script):
    with pytest.raises(RemoteError):
        ask(page, script)
    assert ask(page, "'goes on'") == "goes on"


def test_a_megabyte_goes_both_ways(page):
    text = "ä" * 1_000_000
    assert ask(page, f"'{text}'") == text


def test_many_scripts_at_once_are_answered_each_with_its_own_value(page):
    futures = [page.eval_js(f"({number}) * 2") for number in range(300)]
    assert [future.result(PATIENCE) for future in futures] == [2 * number for number in range(300)]


def test_a_script_is_a_text(page):
    with pytest.raises(UsageError, match="int"):
        page.eval_js(5)


def test_other_threads_may_ask(page):
    values = []

    def ask_often():
        values.extend(ask(page, f"{number}") for number in range(20))

    threads = [threading.Thread(target=ask_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert sorted(values) == sorted(list(range(20)) * 4)


def test_a_deadline_that_passes_raises_call_timeout(page):
    with pytest.raises(CallTimeout, match=r"0\.2 s"):
        page.eval_js(NEVER).result(0.2)
    assert ask(page, "1") == 1


@pytest.mark.parametrize("thread", ["worker", "pool", "main"])
def test_a_handler_may_wait_for_a_script_that_itself_calls_python(thread):
    view = WebView(html="<p>")

    @view.bind_call("outer", thread=thread)
    def outer():
        return view.eval_js(EMBEDDED_CALL).result(PATIENCE)

    @view.bind_call("twice")
    def twice(number):
        return 2 * number

    with opened(view):
        assert ask(view, "auroraview.call('outer')") == 42


def test_handlers_may_wait_for_each_other_several_levels_deep():
    view = WebView(html="<p>")

    @view.bind_call("down")
    def down(level):
        if level == 0:
            return "bottom"
        return view.eval_js(f"auroraview.call('down', [{level - 1}])").result(PATIENCE)

    with opened(view):
        assert ask(view, "auroraview.call('down', [5])") == "bottom"


def test_a_coroutine_handler_awaits_a_script():
    view = WebView(html="<p>")

    @view.bind_call("outer")
    async def outer():
        return await view.eval_js(EMBEDDED_CALL)

    view.bind_call("twice", lambda number: 2 * number)
    with opened(view):
        assert ask(view, "auroraview.call('outer')") == 42


def test_waiting_on_the_asyncio_loop_is_a_usage_error_that_names_await(page):
    async def wrong():
        with pytest.raises(UsageError, match="await"):
            page.eval_js(NEVER).result(5)
        return await page.eval_js("'right'")

    assert asyncio.run(wrong()) == "right"


def test_waiting_in_a_future_s_callback_is_a_usage_error(page):
    raised = Record()

    def callback(_):
        try:
            page.eval_js(NEVER).result(5)
        except UsageError as error:
            raised(error)

    page.eval_js("1").add_done_callback(callback)
    raised.wait()


def test_listeners_of_the_window_and_of_documents_may_wait_for_scripts():
    view = WebView(html="<p>ready")
    values = Record()
    view.on_ready(lambda: values("ready", ask(view, "document.body.innerText")))
    view.window.on("shown", lambda: values("shown", ask(view, "document.readyState !== 'loading'")))
    with opened(view):
        assert sorted(values.wait(2)) == [("ready", "ready"), ("shown", True)]


def test_a_script_asked_before_show_runs_when_the_page_is_ready():
    view = WebView(html="<p id=here>the page")
    first, second = view.eval_js("document.getElementById('here').innerText"), view.eval_js("2")
    assert not first.done()
    with opened(view, ready=False):
        assert first.result(PATIENCE) == "the page"
        assert second.result(PATIENCE) == 2


def test_a_script_asked_right_after_a_load_sees_the_new_page(page):
    for number in range(10):
        page.load_html(f"<p>page {number}")
        assert ask(page, "document.body.innerText") == f"page {number}"


def test_a_reload_ends_what_waited_with_view_closed(page):
    page.load_html("<p>a page")
    assert ask(page, "1") == 1
    future = page.eval_js(NEVER)
    assert ask(page, "'the other is under way'")
    page.reload()
    with pytest.raises(ViewClosed):
        future.result(PATIENCE)
    assert ask(page, "document.body.innerText") == "a page"


def test_close_ends_what_waits_and_what_is_asked_later():
    with opened() as view:
        under_way = view.eval_js(NEVER)
        assert ask(view, "1") == 1
    with pytest.raises(ViewClosed):
        under_way.result(PATIENCE)
    with pytest.raises(ViewClosed):
        view.eval_js("1").result(PATIENCE)


def test_close_ends_what_waited_for_a_page_that_never_loads():
    with silent_server() as address:
        view = WebView(url=address)
        with opened(view, ready=False):
            future = view.eval_js("1")
            with pytest.raises(CallTimeout):
                future.result(0.5)
        with pytest.raises(ViewClosed):
            future.result(PATIENCE)


def test_another_page_after_one_that_never_loads_answers():
    with silent_server() as address:
        view = WebView(url=address)
        with opened(view, ready=False):
            view.load_html("<p>at last")
            assert ask(view, "document.body.innerText") == "at last"


def test_a_strict_content_security_policy_forbids_promises_and_nothing_else():
    server = Server()
    policy = "default-src 'none'; script-src 'self'"
    address = server.page("/", "<p>strict", Content_Security_Policy=policy)
    with opened(WebView(url=address)) as view:
        assert ask(view, "document.body.innerText") == "strict"
        assert ask(view, "undefined") is None
        assert ask(view, "({a: [1, 'ä']})") == {"a": [1, "ä"]}
        with pytest.raises(RemoteError) as raised:
            ask(view, "throw new TypeError('wrong')")
        assert (raised.value.name, raised.value.message) == ("TypeError", "wrong")
        with pytest.raises(RemoteError, match="content security policy"):
            ask(view, "Promise.resolve(1)")
    server.close()


def test_a_foreign_page_that_is_shown_can_be_asked_too():
    server = Server()
    foreign = Server()
    view = WebView(url=server.redirect("/", foreign.page("/there", "<p>foreign")))
    with opened(view, ready=False):
        assert ask(view, "document.body.innerText") == "foreign"
        assert ask(view, "typeof window.auroraview") == "undefined"
    server.close()
    foreign.close()


def test_a_failure_that_nobody_asks_about_is_logged(page, caplog):
    page.eval_js("throw new Error('nobody looks')")
    assert ask(page, "1") == 1

    def logged():
        gc.collect()
        return "nobody looks" in caplog.text

    wait_for(logged, "a line in the log")
    caplog.clear()
    with pytest.raises(RemoteError):
        ask(page, "throw new Error('somebody looks')")
    gc.collect()
    assert "somebody looks" not in caplog.text
