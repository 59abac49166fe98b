"""Fixtures: the panel of a test. ``page`` and ``webview`` come with the package, as a plugin of pytest."""

import sys
from pathlib import Path

import pytest

from auroraview import Bridge

sys.path.insert(0, str(Path(__file__).resolve().parent))

from panel import Budget, make_bridge


@pytest.fixture
def budget() -> Budget:
    return Budget()


@pytest.fixture
def bridge(budget: Budget) -> Bridge:
    """The fixture ``page`` of the plugin is a page of this bridge."""
    return make_bridge(budget)
