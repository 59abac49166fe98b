"""Links, tokens and tabs in a real browser: where the secret goes, and which tab has which session."""

from __future__ import annotations

import asyncio

import pytest

from auroraview import Bridge, current_call
from tests.e2e.browsers import browser_context
from tests.e2e.helpers import PATIENCE, wait_for
from tests.e2e.pages import RECORDING_PAGE, open_tab, outcome, run, run_async
from tests.e2e.served import FORM, link, served, served_html, token_of


@pytest.fixture
def bridge():
    return Bridge()


@pytest.fixture
def server(bridge):
    with served(bridge, served_html(RECORDING_PAGE), files={"form.html": FORM, "other.html": "<p>other"}) as server:
        yield server


def test_the_token_leaves_the_address_bar_and_is_in_no_request(browser, bridge, server):
    end = open_tab(bridge, browser.tab(), link(server, path="/form.html?a=1") + "&view=2")
    token = token_of(server)
    assert token not in end.tab.url
    assert "?a=1" in end.tab.url
    end.tab.click("#away")
    wait_for(lambda: end.tab.url.endswith("other.html"), "the other page")
    assert any(request.url.endswith("other.html") for request in end.tab.requests)
    for request in end.tab.requests:
        assert token not in request.url
        assert token not in str(request.headers)
        assert token not in (request.body or "")
        assert request.headers.get("cookie") is None
    assert all(token not in address for address in end.tab.sockets)
    assert token not in end.tab.evaluate(
        "document.cookie + document.referrer + JSON.stringify(performance.getEntries())"
    )
    assert end.tab.evaluate("Object.keys(localStorage).length") == 0


def test_the_rest_of_the_fragment_stays(browser, bridge, server):
    end = open_tab(bridge, browser.tab(), link(server) + "&view=list")
    assert end.tab.url.endswith("#view=list")
    end = open_tab(bridge, browser.tab(), server.url + f"#view=list&token={token_of(server)}")
    assert end.tab.url.endswith("#view=list")


def test_a_tab_without_the_link_is_told_and_its_calls_are_rejected(browser, bridge, server):
    tab = browser.tab(server.url)
    tab.wait_for("auroraview.connection.state === 'closed'")
    code = run(tab, "return await auroraview.call('anything').catch((error) => error.code)")
    assert code == "closed"
    assert run(tab, "return auroraview.connection.reason")
    wait_for(lambda: any("token" in line or "link" in line for line in tab.console), f"a word: {tab.console}")
    assert bridge.peers == ()


def test_a_wrong_token_is_told_too_and_not_tried_again(browser, bridge, server):
    tab = browser.tab(link(server, token="wrong"))
    tab.wait_for("auroraview.connection.state === 'closed'")
    assert run(tab, "return await auroraview.call('anything').catch((error) => error.code)") == "closed"
    count = len(tab.sockets)
    tab.evaluate("new Promise((resolve) => setTimeout(resolve, 700))")
    assert len(tab.sockets) == count
    assert bridge.peers == ()


HELD = "navigator.locks.query().then(({held}) => held.length > 0)"


def open_twin(browser, tab):
    """What the browser does with "Duplicate": a new tab with a copy of the storage."""
    twin = browser.tab_opened_by(lambda: tab.evaluate("void window.open(location.href)"))
    twin.wait_for("auroraview.isReady")
    return twin


def test_a_duplicated_tab_gets_a_session_of_its_own(browser, bridge, server):
    bridge.bind_call("me", lambda: current_call().peer.info.session_id)
    end = open_tab(bridge, browser.tab(), link(server))
    end.tab.wait_for(HELD)
    twin = open_twin(browser, end.tab)
    sessions = [run(tab, "return await auroraview.call('me')") for tab in (end.tab, twin)]
    assert sessions[0] != sessions[1]
    assert len(bridge.peers) == 2
    assert end.peer.connected
    assert run(end.tab, "return auroraview.connection.state") == "open"
    # Both keep their own over a reload.
    for tab, session in zip((end.tab, twin), sessions, strict=True):
        tab.reload()
        tab.wait_for("auroraview.isReady")
        assert run(tab, "return await auroraview.call('me')") == session


def test_a_twin_that_a_page_opens_at_once_gets_a_session_of_its_own(browser, bridge, server):
    """Before the browser has told anybody which tab has the session; each time in a fresh profile."""
    bridge.bind_call("me", lambda: current_call().peer.info.session_id)
    for _ in range(8):
        with browser_context() as context:
            end = open_tab(bridge, context.tab(), link(server))
            twin = open_twin(context, end.tab)
            sessions = {run(tab, "return await auroraview.call('me')") for tab in (end.tab, twin)}
            assert len(sessions) == 2


def test_a_token_that_is_fixed_keeps_pages_across_a_restart(browser, bridge):
    async def wait():
        await asyncio.sleep(PATIENCE * 10)

    bridge.bind_call("wait", wait)
    bridge.bind_call("echo", lambda value: value)
    token = "a-token-that-is-fixed-0123456789"
    with served(bridge, served_html(RECORDING_PAGE), token=token) as server:
        port = server.port
        end = open_tab(bridge, browser.tab(), link(server))
        run(end.tab, "window.lost = []; auroraview.onReset((detail) => lost.push(detail))")
        waiting = run_async(end.tab, "return await auroraview.call('wait').catch((error) => error.code)")
        wait_for(lambda: end.peer.stats["calls_in_flight"] == 1, "the call")
    assert outcome(waiting.result(PATIENCE)) == "closed"
    bridge.emit("settings", "after", retain=True)
    with served(bridge, served_html(RECORDING_PAGE), token=token, port=port):
        wait_for(lambda: run(end.tab, "return auroraview.connection.state") == "open", "the connection")
        assert run(end.tab, "return await auroraview.call('echo', [1])") == 1
        wait_for(lambda: ["settings", "after"] in run(end.tab, "return seen"), "the retained event")
        assert run(end.tab, "return lost.length") == 1
