"""The engine's own sandbox around web processes: refused with a remedy where it cannot be, and with the lane inside."""

from __future__ import annotations

import os

import pytest

from auroraview import HostError, WebView
from tests.e2e.helpers import PATIENCE, Record, ask, wait_for
from tests.e2e.lanes import FAST
from tests.e2e.pages import RECORDING_PAGE, WindowEnd, run, wait_events
from tests.e2e.processes import run as run_program
from tests.e2e.processes import web_processes

pytestmark = pytest.mark.timeout(120)

TRY = """
from auroraview import HostError, WebView
view = WebView(html="<p>page", sandbox=True, isolation=ISOLATION)
try:
    view.show(wait=False)
    view.wait_ready()
    print("opened")
    view.close()
    assert view.wait(30)
except HostError as error:
    print("HostError:", str(error).replace("\\n", " "))
    assert not view.is_open
"""


@pytest.fixture(scope="module")
def works():
    """Whether this machine has what the sandbox needs."""
    ended = run_program(TRY.replace("ISOLATION", '"none"'), seconds=90)
    assert ended.code == 0, ended.err
    return ended.out.startswith("opened")


@pytest.fixture
def view(works, webview, isolation):
    if not works:
        pytest.skip("no sandbox on this machine; the error is tested")
    shown = WebView(html=RECORDING_PAGE, sandbox=True, isolation=isolation)
    shown.bind_call("echo", lambda value: value)
    return webview(shown)


def test_without_what_it_needs_it_is_an_error_with_the_remedy(isolation):
    # With this the engine leaves it out and says nothing.
    variables = {"WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1"}
    ended = run_program(TRY.replace("ISOLATION", repr(isolation)), variables, 90)
    assert ended.code == 0, ended.err
    (line,) = ended.out.splitlines()
    assert line.startswith("HostError: the sandbox of the web engine does not work here")
    assert "sandbox=False" in line


def test_the_lane_works_inside(view):
    assert view.info["lane"] == FAST, view.info["lane_reason"]
    script = "return (await auroraview.call('echo', [new Uint8Array(args[0]).fill(7)])).every((item) => item === 7)"
    for size in (10, 3_000_000, 30_000_000):
        assert run(view, script, size) is True
    view.emit("tick", 1)
    assert wait_events(WindowEnd(view.bridge, view), 1) == [["tick", 1]]
    generation = view.peer.generation
    view.reload()
    wait_for(lambda: view.peer.generation > generation and view.is_ready, "the document")
    assert view.info["lane"] == FAST


def test_its_pages_have_a_view_of_the_machine_of_their_own(view):
    (own,) = {os.readlink("/proc/self/ns/mnt")}
    spaces = set()
    for pid in wait_for(web_processes, "the web process"):
        spaces.add(os.readlink(f"/proc/{pid}/ns/mnt"))
    assert own not in spaces


def test_a_crash_inside_is_told_and_a_reload_brings_the_lane_back(view, isolation):
    if isolation == "process":
        return  # It comes back by itself: test_lane_documents.py.
    crashed = Record()
    view.window.on("crashed", crashed)
    for pid in web_processes():
        os.kill(pid, 9)
    crashed.wait()
    view.reload()
    view.wait_ready(PATIENCE)
    assert ask(view, "auroraview.call('echo', [42])") == 42
    assert view.info["lane"] == FAST


def test_views_of_one_data_directory_must_agree(view, tmp_path, webview):
    first = webview(WebView(html="<p>", sandbox=True, data_directory=tmp_path / "data"))
    second = WebView(html="<p>", data_directory=tmp_path / "data")
    with pytest.raises(HostError, match="sandbox"):
        second.show(wait=False)
    assert ask(first, "1 + 1") == 2
