"""The application around the tests: one of the stand-ins, or none."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import pytest

from auroraview import hosts, main_thread
from auroraview.hosts import _registry
from tests.helpers import eventually
from tests.hosts.standins import ALL, StandIn


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No test leaves an application, or work for it, to the next."""
    monkeypatch.setattr(_registry, "_registered", [])
    yield
    hosts.detach()
    main_thread.pump()


@pytest.fixture(params=ALL, ids=lambda kind: kind.name)
def application(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    """Each application that the library knows, not attached yet."""
    made: StandIn = request.param()
    for name, module in made.modules.items():
        monkeypatch.setitem(sys.modules, name, module)
    return made


@pytest.fixture
def host(application: StandIn) -> StandIn:
    """Each application that the library knows, attached."""
    hosts.attach()
    return application


@pytest.fixture
def until(application: StandIn) -> Callable[[Callable[[], object]], None]:
    """Lets the application's loop go on until a condition holds. Nothing else runs on the main thread."""

    def go(condition: Callable[[], object]) -> None:
        eventually(lambda: application.turn() or condition())

    return go
