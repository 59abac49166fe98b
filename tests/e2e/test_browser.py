"""A served page in a real browser: what a user does, reloads, windows beside it, ends."""

from __future__ import annotations

import asyncio
import hashlib
import threading

import pytest

from auroraview import Bridge, ServerOptions, ViewClosed, current_call
from tests.e2e.browsers import browser_context
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for
from tests.e2e.pages import RECORDING_PAGE, open_tab, outcome, run, run_async, session_of
from tests.e2e.served import FORM, link, served, served_html, token_of

FILES = {"form.html": FORM, "other.html": "<p>other", "favicon.ico": b""}


@pytest.fixture
def bridge():
    return Bridge()


@pytest.fixture
def server(bridge):
    with served(bridge, served_html(RECORDING_PAGE), files=FILES) as server:
        yield server


# What a user does


def test_clicks_and_typed_text_reach_the_handlers_and_answers_the_page(browser, bridge, server):
    bridge.bind_call("greet", lambda name: f"Hello, {name}.")
    tab = browser.tab(link(server, path="/form.html"))
    tab.type("#name", "Ünïcode 🎈")
    tab.click("#greet")
    assert tab.wait_text("#answer", "Hello") == "Hello, Ünïcode 🎈."
    assert tab.errors == []


def test_chosen_files_are_uploaded_byte_by_byte(browser, bridge, server, tmp_path):
    contents = {"small.bin": bytes(range(256)), "large.bin": b"\x00\xff\n" * 1_000_000, "empty.bin": b""}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)

    @bridge.bind_call("upload")
    def upload(files):
        return [[name, type(data).__name__, hashlib.sha256(data).hexdigest()] for name, data in files]

    tab = browser.tab(link(server, path="/form.html"))
    tab.choose_files("#file", *(tmp_path / name for name in contents))
    tab.wait_text("#received", "empty")
    assert tab.evaluate("JSON.parse(document.querySelector('#received').textContent)") == [
        [name, "bytes", hashlib.sha256(content).hexdigest()] for name, content in contents.items()
    ]


def test_a_file_itself_is_refused_with_the_remedy(browser, bridge, server):
    bridge.bind_call("upload", Record())
    tab = browser.tab(link(server, path="/form.html"))
    for value in ("new File(['x'], 'x.txt')", "new Blob(['x'])"):
        message = run(tab, f"return await auroraview.call('upload', [{value}]).catch((error) => error.message)")
        assert "arrayBuffer()" in message


def test_the_bridge_knows_who_is_there(browser, bridge, server):
    ended = Record()
    bridge.on_disconnect(ended)
    end = open_tab(bridge, browser.tab(), link(server))
    info = end.peer.info
    assert (info.address or "").startswith("127.0.0.1")
    assert "Chrome" in info.user_agent
    assert info.session_id == session_of(end.tab)
    assert info.url.startswith(server.url)
    assert token_of(server) not in info.url
    assert info.origin == server.url.rstrip("/")
    assert end.peer.connected
    end.tab.close()
    assert ended.wait()[0] == (end.peer, "closed")
    assert bridge.peers == ()
    assert not end.peer.connected


# Many at once


def test_two_browsers_and_a_window_share_one_bridge(browser, bridge, server):
    bridge.bind_call("who", lambda: current_call().peer)
    seen = Record()
    bridge.on("hello", lambda detail: seen(current_call().peer, detail))
    with browser_context() as other, opened(html=RECORDING_PAGE, bridge=bridge) as view:
        ends = [open_tab(bridge, context.tab(), link(server)) for context in (browser, other)]
        pages = [ends[0].tab, ends[1].tab, view]
        peers = [ends[0].peer, ends[1].peer, view.peer]
        assert set(bridge.peers) == set(peers)
        bridge.bind_call("me", lambda: peers.index(current_call().peer))
        assert [run(page, "return await auroraview.call('me')") for page in pages] == [0, 1, 2]
        for number in range(100):
            bridge.emit("tick", number)
        bridge.emit("tock", "for two", to=[peers[0], peers[2]])
        peers[1].emit("done", "for one")
        ticks = [["tick", number] for number in range(100)]
        expected = [[*ticks, ["tock", "for two"]], [*ticks, ["done", "for one"]], [*ticks, ["tock", "for two"]]]
        for page, events in zip(pages, expected, strict=True):
            wait_for(lambda page=page, events=events: run(page, "return seen") == events, f"{len(events)} events")
        for index, page in enumerate(pages):
            run(page, "auroraview.send_event('hello', args[0])", index)
        assert set(seen.wait(3)) == {(peer, index) for index, peer in enumerate(peers)}


def test_pages_see_what_others_change(browser, bridge, server):
    bridge.on("change", lambda value: bridge.emit("settings", value, retain=True))
    first, second = (open_tab(bridge, browser.tab(), link(server)) for _ in range(2))
    first.send_event("change", {"volume": 11})
    for end in (first, second):
        wait_for(lambda end=end: ["settings", {"volume": 11}] in end.events(), "the change")
    third = open_tab(bridge, browser.tab(), link(server))
    wait_for(lambda: ["settings", {"volume": 11}] in third.events(), "the change, for who comes later")


# Reloads


def test_a_reload_in_the_middle_of_a_thousand_calls_settles_everything(browser, bridge, server):
    """Half the calls are answered, half wait for ever; both kinds end with the document, and the next one works."""
    answered, cancelled = Record(), Record()

    async def wait_for_ever(n):
        try:
            await asyncio.sleep(PATIENCE * 10)
        except asyncio.CancelledError:
            cancelled(n)
            raise

    def answer(n):
        answered(n)
        return n

    bridge.bind_call("wait", wait_for_ever)
    bridge.bind_call("answer", answer)
    end = open_tab(bridge, browser.tab(), link(server))
    bridge.emit("settings", "kept", retain=True)
    session = session_of(end.tab)
    waiting = run_async(
        end.tab,
        """const call = (n) => auroraview.call(n % 2 ? 'wait' : 'answer', [n], {timeout: 0});
           await Promise.all(Array.from({length: 1000}, (_, n) => call(n)))""",
    )
    answered.wait(100)
    end.reload()
    with pytest.raises(ViewClosed):
        outcome(waiting.result(PATIENCE))
    assert session_of(end.tab) == session
    assert bridge.peers == (end.peer,)
    wait_for(lambda: end.peer.stats["calls_in_flight"] == 0, "no call in flight")
    # What reached the program was answered or cancelled, once; what did not went away with the document.
    numbers = [n for (n,) in answered.seen]
    assert numbers == sorted(set(numbers))
    assert len({n for (n,) in cancelled.seen}) == len(cancelled.seen)
    assert end.call("answer", [5000]).result(PATIENCE) == 5000
    wait_for(lambda: ["settings", "kept"] in end.events(), "the retained event")
    assert end.tab.errors == []


def test_reloads_keep_the_session_and_lose_no_event(browser, bridge, server):
    """Events go on while the page is reloaded: each is seen by some document, and none twice by one."""
    ended = Record()
    bridge.on_disconnect(ended)
    end = open_tab(bridge, browser.tab(), link(server))
    end.tab.evaluate("sessionStorage.setItem('all', '[]')")
    keeps = """addEventListener("pagehide", () => sessionStorage.setItem("all",
      JSON.stringify([...JSON.parse(sessionStorage.getItem("all")), ...seen.map(([, n]) => n)])))"""
    stop = threading.Event()
    sent = 0

    def emit():
        nonlocal sent
        while not stop.wait(0.001):
            bridge.emit("tick", sent)
            sent += 1

    end.tab.evaluate(keeps)
    thread = threading.Thread(target=emit)
    thread.start()
    try:
        for _ in range(5):
            wait_for(lambda: len(end.events()) > 20, "events in this document")
            end.reload()
            end.tab.evaluate(keeps)
    finally:
        stop.set()
        thread.join()
    bridge.emit("done")
    wait_for(lambda: ["done", None] in end.events(), "the last event")
    found = end.tab.evaluate("JSON.parse(sessionStorage.getItem('all'))")
    found += [detail for name, detail in end.events() if name == "tick"]
    assert set(found) == set(range(sent))
    assert ended.seen == []


def test_going_to_another_page_and_back_keeps_the_session(browser, bridge, server):
    bridge.bind_call("echo", lambda value: value)
    end = open_tab(bridge, browser.tab(), link(server))
    session = session_of(end.tab)
    end.tab.goto(server.url + "form.html")
    end.tab.wait_for("auroraview.isReady")
    assert run(end.tab, "return await auroraview.call('echo', [1])") == 1
    assert session_of(end.tab) == session
    end.tab.goto(server.url + "other.html")
    generation = end.peer.generation
    end.tab.start("history.back()")  # The script may end with its page.
    end.tab.wait_for("globalThis.auroraview?.isReady")
    assert run(end.tab, "return await auroraview.call('echo', [2])") == 2
    assert session_of(end.tab) == session
    assert end.peer.generation >= generation
    assert bridge.peers == (end.peer,)


# Ends


def test_a_program_that_closes_a_peer_ends_its_page(browser, bridge, server):
    async def wait_for_ever():
        await asyncio.sleep(PATIENCE * 10)

    bridge.bind_call("wait", wait_for_ever)
    ended = Record()
    bridge.on_disconnect(ended)
    end = open_tab(bridge, browser.tab(), link(server))
    waiting = run_async(end.tab, "return await auroraview.call('wait').catch((error) => [error.code, error.message])")
    wait_for(lambda: end.peer.stats["calls_in_flight"] == 1, "the call")
    end.peer.close("that is enough")
    code, message = outcome(waiting.result(PATIENCE))
    assert code == "closed"
    assert "that is enough" in message
    assert ended.wait()[0] == (end.peer, "kicked")
    end.tab.wait_for("auroraview.connection.state === 'closed'")
    assert "that is enough" in run(end.tab, "return auroraview.connection.reason")
    assert run(end.tab, "return await auroraview.call('wait').catch((error) => error.code)") == "closed"


def test_no_error_and_no_warning_shows_in_the_console_of_a_page_that_works(browser, bridge, server):
    bridge.bind_call("echo", lambda value: value)
    end = open_tab(bridge, browser.tab(), link(server))
    assert end.call("echo", [1]).result(PATIENCE) == 1
    end.reload()
    assert end.call("echo", [2]).result(PATIENCE) == 2
    assert end.tab.console == []
    assert end.tab.errors == []


def test_the_same_page_works_in_a_window_unchanged(bridge, tmp_path):
    """A page with the script tag of a served one, opened in a native window."""
    bridge.bind_call("greet", lambda name: f"Hello, {name}.")
    (tmp_path / "form.html").write_text(FORM)
    with opened(path=tmp_path / "form.html", bridge=bridge) as view:
        ask(view, "document.querySelector('#name').value = 'window'; document.querySelector('#greet').click()")
        wait_for(lambda: ask(view, "document.querySelector('#answer').textContent") == "Hello, window.", "the answer")


def test_pages_of_a_server_that_ends_are_told_and_wait_for_the_next(browser, bridge):
    with served(bridge, served_html(RECORDING_PAGE), options=ServerOptions(session_ttl=1)) as server:
        end = open_tab(bridge, browser.tab(), link(server))
        run(
            end.tab,
            "window.states = []; auroraview.connection.onChange(() => states.push(auroraview.connection.state))",
        )
        ended = Record()
        bridge.on_disconnect(ended)
    assert ended.wait()[0] == (end.peer, "server_closed")
    end.tab.wait_for("states.includes('reconnecting')")
    assert bridge.peers == ()


def test_an_ask_from_the_window_does_not_reach_the_tab(browser, bridge, server):
    with opened(html=RECORDING_PAGE, bridge=bridge) as view:
        end = open_tab(bridge, browser.tab(), link(server))
        view.emit("tick", "window only")
        bridge.emit("done")
        wait_for(lambda: end.events() == [["done", None]], "the event for both alone")
