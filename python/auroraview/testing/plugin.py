"""The plugin of pytest: the fixtures ``page`` and ``webview``, and what a failed test leaves of its windows.

pytest loads it in every run where the package is installed, so it costs next to nothing before a test asks for a
fixture of it; nothing of the library is imported here before that.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from auroraview.testing import MemoryPage, Windows

_DEFAULT = ".auroraview-artifacts"

_windows_key: pytest.StashKey[Windows] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("auroraview").addoption(
        "--auroraview-artifacts",
        metavar="DIR",
        default=_DEFAULT,
        help=f"where the pictures and consoles of windows of failed tests go, below the root (default: {_DEFAULT})",
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Brings ``page``, unless another plugin has a fixture of that name: those of browsers do."""
    plugins = config.pluginmanager.get_plugins()
    others = [one for one in plugins if Path(getattr(one, "__file__", None) or "").name != "conftest.py"]
    if not any("page" in getattr(one, "__dict__", ()) for one in others):
        config.pluginmanager.register(_Page(), "auroraview-page")


class _Page:
    @pytest.fixture
    def page(self, request: pytest.FixtureRequest) -> Iterator[MemoryPage]:
        """A page without a browser, ``auroraview.testing.MemoryPage``: of the fixture ``bridge``, if there is one (it
        may give a ``Bridge`` or a ``WebView``), or of a new ``Bridge`` (``page.peer.bridge``). Closed after the test.
        """
        from auroraview import Bridge
        from auroraview.testing import MemoryPage

        try:
            bridge = request.getfixturevalue("bridge")
        except pytest.FixtureLookupError as error:
            if error.argname != "bridge":
                raise
            bridge = Bridge()
        with MemoryPage(bridge) as page:
            yield page


@pytest.fixture
def webview(request: pytest.FixtureRequest) -> Iterator[Windows]:
    """Opens windows: ``view = webview(html=..., api=...)``, or ``webview(view)`` for a view that is there. It waits
    until the page is ready, and closes them after the test. Where there is no display it starts a virtual one. A test
    that fails leaves a picture of each window, and its report has what the page wrote to the console.
    """
    from auroraview.errors import HostError
    from auroraview.testing import Windows

    try:
        windows = Windows()
    except HostError as error:
        pytest.fail(str(error), pytrace=False)
    request.node.stash[_windows_key] = windows
    try:
        yield windows
    finally:
        del request.node.stash[_windows_key]
        windows.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome: Any = yield
    windows = item.stash.get(_windows_key, None)
    if windows is None:
        return
    report: pytest.TestReport = outcome.get_result()
    if report.when == "teardown":
        return
    from auroraview.testing._windows import folder_name, forget

    artifacts = item.config.rootpath / item.config.getoption("--auroraview-artifacts")
    folder = artifacts / folder_name(item.nodeid)
    if report.when == "call" or report.failed:
        forget(folder)
    if report.failed:
        report.sections += windows.keep(folder)
        _leave_out_of_git(artifacts)
        pictures = sorted(folder.glob("*.png"))
        item.user_properties += [("auroraview_picture", str(picture)) for picture in pictures]


def _leave_out_of_git(artifacts: Path) -> None:
    ignore = artifacts / ".gitignore"
    if artifacts.name == _DEFAULT and artifacts.is_dir() and not ignore.exists():
        ignore.write_text("*\n", "utf-8")
