"""A bridge and a page without a browser, for tests that need no display."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from auroraview import Bridge
from auroraview.testing import MemoryPage
from tests.launching import launch, started  # noqa: F401 - fixtures


@pytest.fixture(scope="session", autouse=True)
def _state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What panels remember is not to be found in the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield


@pytest.fixture
def bridge() -> Bridge:
    return Bridge()


@pytest.fixture
def page(bridge: Bridge) -> Iterator[MemoryPage]:
    with MemoryPage(bridge) as page:
        yield page
