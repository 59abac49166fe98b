"""A bridge and a page without a browser, for tests that need no display."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from auroraview import Bridge
from auroraview.testing import MemoryPage
from tests.launching import launch, started  # noqa: F401 - fixtures


@pytest.fixture
def bridge() -> Bridge:
    return Bridge()


@pytest.fixture
def page(bridge: Bridge) -> Iterator[MemoryPage]:
    with MemoryPage(bridge) as page:
        yield page
