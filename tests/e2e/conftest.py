"""Fixtures of the window tests: views that close at the end, on which lane, a loopback server, and the page over every
transport.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pytest

from auroraview import Bridge, WebView
from auroraview.testing import Windows
from tests.e2e import lanes
from tests.e2e.browsers import Chromium, Context, browser_context
from tests.e2e.helpers import PAGE, Record, opened, wait_for
from tests.e2e.pages import ENDS, RECORDING_PAGE, PageEnd
from tests.e2e.processes import wait_gone
from tests.e2e.proxy import Proxy, proxy
from tests.e2e.servers import Server
from tests.e2e.shells import crash, crashes_of, isolated, kill_shell


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "each_lane: runs on the fast lane and on the ordinary one")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.definition.get_closest_marker("each_lane") is not None:
        metafunc.parametrize("lane", lanes.LANES, indirect=True, scope="module")


@pytest.fixture(scope="module", autouse=True)
def lane(request: pytest.FixtureRequest) -> Iterator[str]:
    """The lane of all windows that a test opens: both for tests marked ``each_lane``, the fast one for others. Fixtures
    of a module that open windows must ask for it, lest the windows stay for the other lane.
    """
    name: str = getattr(request, "param", lanes.FAST)
    with lanes.chosen(name):
        yield name


@pytest.fixture
def webview() -> Iterator[Windows]:
    """As that of the plugin; what it opens is on the lane that was chosen."""
    with lanes.LaneWindows() as windows:
        yield windows


@pytest.fixture
def view(webview: Windows) -> WebView:
    """A view with a small page, ready."""
    return webview(html=PAGE)


@pytest.fixture(scope="module", params=["none", "process"])
def isolation(request: pytest.FixtureRequest) -> str:
    """Where the window of a test lives, for ``WebView(isolation=...)``: tests that take it run with both."""
    kind: str = request.param
    return kind


@pytest.fixture
def server() -> Iterator[Server]:
    """A loopback server without pages."""
    site = Server()
    try:
        yield site
    finally:
        site.close()


@pytest.fixture(scope="session", autouse=True)
def _browser_ends() -> Iterator[None]:
    """Ends the browser that some test may have started."""
    yield
    Chromium.end()


@pytest.fixture
def browser() -> Iterator[Context]:
    """A browser profile of a test's own."""
    with browser_context() as context:
        yield context


@pytest.fixture
def network() -> Iterator[Proxy]:
    """A proxy that fails on demand; ``served(bridge, through=network)`` stands behind it."""
    with proxy() as one:
        yield one


@pytest.fixture(scope="module", params=list(ENDS))
def page(request: pytest.FixtureRequest) -> Iterator[PageEnd]:
    """A page over each transport, shared by the tests of a module, which bind names of their own."""
    with ENDS[request.param](Bridge()) as end:
        yield end


@pytest.fixture(params=list(ENDS))
def open_page(request: pytest.FixtureRequest) -> Iterator[Callable[..., PageEnd]]:
    """Opens pages of a test's own over each transport: ``open_page()`` or ``open_page(bridge)``."""
    with contextlib.ExitStack() as stack:
        yield lambda bridge=None: stack.enter_context(ENDS[request.param](bridge or Bridge()))


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[WebView, Record]]:
    """A view whose window died for the second time and stays away for half a second, and its crashes."""
    monkeypatch.setattr("auroraview._respawn._SECOND_DELAY", 0.5)
    view = isolated(RECORDING_PAGE)
    heard = crashes_of(view)
    with opened(view):
        crash(view, heard)
        wait_gone(kill_shell())
        heard.wait(2)  # On the fast lane the end of the page is known before that of the window.
        wait_for(lambda: not view.is_ready, "the end of the page")
        yield view, heard
