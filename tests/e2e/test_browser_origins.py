"""Where a page comes from, as a real browser enforces it: foreign pages, frames, named origins, policies, mounts."""

from __future__ import annotations

import fastapi
import pytest

from auroraview import Bridge, asgi
from tests.e2e.helpers import PATIENCE, Record, wait_for
from tests.e2e.pages import RECORDING_PAGE, open_tab, run
from tests.e2e.served import SCRIPT, link, served, served_html, token_of
from tests.e2e.servers import under_uvicorn

SOCKET = """(address) => new Promise((resolve) => {
  const socket = new WebSocket(address);
  socket.onopen = () => resolve("open");
  socket.onerror = () => resolve("refused");
})"""


@pytest.fixture
def bridge():
    bridge = Bridge()
    bridge.bind_call("echo", lambda value: value)
    return bridge


def test_a_foreign_page_gets_no_socket_no_file_and_no_frame(browser, bridge, server):
    """A page of another origin on the same machine, which even knows the token."""
    foreign = browser.tab(server.page("/", "<title>Foreign</title>"))
    with served(bridge) as ours:
        address = ours.url.replace("http", "ws") + "auroraview.ws"
        assert foreign.evaluate(SOCKET, address) == "refused"
        assert foreign.evaluate("(url) => fetch(url).catch(() => 'refused')", ours.url) == "refused"
        # Loading the script is no secret; what it makes cannot connect.
        foreign.evaluate(
            """([src, token]) => new Promise((resolve) => {
              location.hash = "token=" + token;
              const script = document.createElement("script");
              script.src = src;
              script.onload = script.onerror = resolve;
              document.head.append(script);
            })""",
            [ours.url + "auroraview.js", token_of(ours)],
        )
        framed = foreign.evaluate(
            """(url) => new Promise((resolve) => {
              const frame = document.createElement("iframe");
              frame.onload = () => {
                try { resolve(frame.contentDocument === null ? "another origin" : frame.contentDocument.URL); }
                catch { resolve("another origin"); }
              };
              frame.src = url;
              document.body.append(frame);
            })""",
            ours.url,
        )
        assert framed == "another origin"
        wait_for(
            lambda: any("frame-ancestors" in line or "X-Frame-Options" in line for line in foreign.console),
            f"the refusal of the frame: {foreign.console}",
        )
        assert bridge.peers == ()


def test_a_page_of_an_origin_that_is_named_uses_the_bridge(browser, bridge, server):
    with served(bridge, allow_origins=(server.origin,)) as ours:
        script = SCRIPT.replace("auroraview.js", ours.url + "auroraview.js")
        address = server.page("/panel", f"<!doctype html><title>Elsewhere</title>{script}<p>elsewhere")
        tab = browser.tab(f"{address}#token={token_of(ours)}")
        tab.wait_for("auroraview.isReady")
        assert run(tab, "return await auroraview.call('echo', ['from elsewhere'])") == "from elsewhere"
        assert bridge.peers[0].info.origin == server.origin
        assert token_of(ours) not in tab.url


def test_a_strict_policy_runs_scripts_of_files_and_no_inline_ones(browser, bridge):
    html = f"""<!doctype html><title>Strict</title>{SCRIPT}<script src=app.js></script>
      <script>globalThis.inline = true</script><p onclick="globalThis.inline = true">click"""
    files = {"app.js": "auroraview.call('echo', ['strict']).then((text) => { globalThis.answer = text; });"}
    with served(bridge, html, files=files, csp="strict") as ours:
        tab = browser.tab(link(ours))
        tab.wait_for("globalThis.answer === 'strict'")
        tab.click("p")
        assert tab.evaluate("globalThis.inline === undefined")


def test_no_policy_and_a_policy_of_ones_own_are_as_said(browser, bridge):
    html = f"<!doctype html><title>Own</title>{SCRIPT}<script>globalThis.inline = true</script>"
    for csp, inline in ((None, True), ("default-src 'self'", False)):
        with served(bridge, html, csp=csp) as ours:
            tab = browser.tab(link(ours))
            tab.wait_for("auroraview.isReady")
            assert tab.evaluate("globalThis.inline === true") is inline
            assert run(tab, "return await auroraview.call('echo', [1])") == 1


def test_a_panel_in_a_fastapi_application_works_in_a_browser(browser, bridge, tmp_path):
    (tmp_path / "index.html").write_text(served_html(RECORDING_PAGE))
    app = fastapi.FastAPI()
    panel = asgi(bridge, path=tmp_path)
    app.mount("/tools/panel", panel)
    ended = Record()
    bridge.on_disconnect(ended)
    with under_uvicorn(app) as address:
        end = open_tab(bridge, browser.tab(), panel.open_url(f"{address}/tools/panel"))
        assert end.call("echo", {"value": "mounted"}).result(PATIENCE) == "mounted"
        bridge.emit("settings", b"bytes", retain=True)
        end.tab.wait_for("seen.length === 1 && seen[0][1] instanceof Uint8Array")
        generation = end.peer.generation
        end.reload()
        assert end.peer.generation > generation
        end.tab.wait_for("seen.length === 1")
        assert run(end.tab, "return (await auroraview.call('echo', [new Uint8Array(100000)])).length") == 100_000
        assert bridge.peers == (end.peer,)
        assert end.tab.errors == []
        end.peer.close("enough")
        assert ended.wait()[0] == (end.peer, "kicked")
