"""What all tests have, besides the fixtures `bridge` and `page` of the plugin."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.launching import launch, started  # noqa: F401 - fixtures


@pytest.fixture(scope="session", autouse=True)
def _state_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What panels remember is not to be found in the home of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield
