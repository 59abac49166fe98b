"""The application around the tests: one of the stand-ins, none, or a real program of ``running``."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Iterator

import pytest

from auroraview import hosts, main_thread
from auroraview.hosts import _registry
from tests.helpers import eventually
from tests.hosts.running import KINDS, Kind, Program
from tests.hosts.standins import ALL, StandIn

#: Inside real programs they run by `make test-hosts` alone.
collect_ignore_glob = [] if "AURORAVIEW_TEST_HOSTS" in os.environ else ["test_programs_*.py"]
FAILED = pytest.StashKey[bool]()


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves out what an application has not got."""
    items[:] = [
        item
        for item in items
        if "docked" not in getattr(item, "fixturenames", ()) or KINDS[str(item.callspec.params["kind"])].docks  # type: ignore[attr-defined]
    ]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Remembers of a test whether it failed."""
    report = yield
    item.stash[FAILED] = report.failed
    return report


@pytest.fixture(scope="session", params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Kind:
    """Each application that is run for tests; those of one follow each other."""
    found: Kind = KINDS[request.param]
    return found


@pytest.fixture(scope="session")
def _started(kind: Kind) -> Iterator[list[Program]]:
    """At most one running program, for all tests in it."""
    started: list[Program] = []
    yield started
    for program in started:
        program.kill()


@pytest.fixture
def program(kind: Kind, _started: list[Program], request: pytest.FixtureRequest) -> Iterator[Program]:
    """The running application, with its panel open and ready. A test that fails leaves a new one to the next."""
    if not _started:
        _started.append(Program(kind))
    try:
        _started[-1].open_tool()
        yield _started[-1]
    finally:
        if request.node.stash.get(FAILED, True) or not _started[-1].runs:
            _started.pop().kill()


@pytest.fixture
def docked(program: Program) -> Iterator[Program]:
    """The same for applications with docks of Qt; in the end the panel is in one."""
    yield program
    program.main("dock", "put_back")
