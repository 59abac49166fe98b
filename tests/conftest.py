"""What all tests have, besides the fixtures `bridge` and `page` of the plugin."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from auroraview.testing import _display
from tests.launching import launch, started  # noqa: F401 - fixtures


class _Displays:
    """Gives each of several processes (``-n``) a display of its own, for there is one focus and clipboard on each."""

    def __init__(self) -> None:
        self._started: list[_display.VirtualDisplay] = []

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Called by pytest-xdist in the first process, for each of the others."""
        self._started.append(_display.VirtualDisplay())
        node.workerinput["display"] = os.environ["DISPLAY"]


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Displays())
    if hasattr(config, "workerinput"):
        _display.use(config.workerinput["display"])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """What was captured may hold half of a surrogate pair, which the way between the processes does not take."""
    report = yield
    report.sections = [(name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections]
    return report


@pytest.fixture(scope="session", autouse=True)
def _state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What panels remember is not to be found in the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield
