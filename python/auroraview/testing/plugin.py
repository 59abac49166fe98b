"""The plugin of pytest: fixtures ``bridge``, ``page`` and ``webview``, and what a failed test leaves of its windows.

pytest loads it in every run where the package is installed, so it costs next to nothing before a test asks for a
fixture of it; nothing of the library is imported here before that.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from auroraview import Bridge, WebView
    from auroraview.testing import MemoryPage, Windows

_DEFAULT = ".auroraview-artifacts"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("auroraview").addoption(
        "--auroraview-artifacts",
        metavar="DIR",
        default=_DEFAULT,
        help=f"where the pictures and consoles of windows of failed tests go, below the root (default: {_DEFAULT})",
    )


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Brings ``page`` and ``bridge``, unless another plugin has a fixture of that name: those of browsers have."""
    plugins = config.pluginmanager.get_plugins()
    others = [one for one in plugins if Path(getattr(one, "__file__", None) or "").name != "conftest.py"]
    for name, fixtures in (("page", _Page), ("bridge", _Bridge)):
        if not any(name in getattr(one, "__dict__", ()) for one in others):
            config.pluginmanager.register(fixtures(), f"auroraview-{name}")


class _Bridge:
    @pytest.fixture
    def bridge(self) -> Bridge:
        """A new ``auroraview.Bridge``. A fixture of your own with this name, which binds the handlers of your program,
        takes its place, in ``page`` too.
        """
        from auroraview import Bridge

        return Bridge()


class _Page:
    @pytest.fixture
    def page(self, bridge: Bridge | WebView) -> Iterator[MemoryPage]:
        """A page without a browser, ``auroraview.testing.MemoryPage``, of the fixture ``bridge`` (which may also give
        a ``WebView``). Closed after the test.
        """
        from auroraview.testing import MemoryPage

        with MemoryPage(bridge) as page:
            yield page


@pytest.fixture
def webview() -> Iterator[Windows]:
    """Opens windows: ``view = webview(html=..., api=...)``, or ``webview(view)`` for a view that is there. It waits
    until the page is ready, and closes them after the test. Where there is no display it starts a virtual one. A test
    that fails leaves a picture of each window, and its report has what the page wrote to the console.
    """
    from auroraview.errors import HostError
    from auroraview.testing import Windows

    problem = None
    try:
        windows = Windows()
    except HostError as error:
        problem = str(error)
    if problem is not None:  # Out of the `except`, so that it is not told twice.
        pytest.fail(problem, pytrace=False)
    try:
        yield windows
    finally:
        windows.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    outcome: Any = yield
    # Nobody has opened a window before somebody has imported what opens them.
    windows: Any = sys.modules.get("auroraview.testing._windows")
    if windows is None:
        return
    report: pytest.TestReport = outcome.get_result()
    if report.when == "teardown" or (report.when == "setup" and not report.failed):
        return
    artifacts = item.config.rootpath / item.config.getoption("--auroraview-artifacts")
    folder = artifacts / windows.folder_name(item.nodeid)
    try:
        windows.remove_former(folder)
        if report.failed:
            report.sections += windows.keep_all(folder)
            _leave_out_of_git(artifacts)
    except Exception as error:  # noqa: BLE001 - nothing of this is worth more than the run
        report.sections.append(("auroraview", f"what the windows looked like could not be kept: {error}"))
    item.user_properties += [("auroraview_picture", str(picture)) for picture in sorted(folder.glob("*.png"))]
    windows.forget_failures()


def _leave_out_of_git(artifacts: Path) -> None:
    ignore = artifacts / ".gitignore"
    if artifacts.name == _DEFAULT and artifacts.is_dir() and not ignore.exists():
        ignore.write_text("*\n", "utf-8")
