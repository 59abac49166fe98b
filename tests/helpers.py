"""Waiting for what must happen, without fixed sleeps."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable

import pytest

#: How long anything may take on a busy machine. A test that passes never waits for it.
SECONDS = 20.0

#: For tests that run inside other applications, where they are installed.
in_real_hosts = pytest.mark.skipif("AURORAVIEW_TEST_HOSTS" not in os.environ, reason="run by `make test-hosts`")


def eventually(condition: Callable[[], object], what: str = "the condition") -> None:
    """Returns when the condition holds; fails when it does not in time."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not come true within {SECONDS:g} s"
        time.sleep(0.002)


def code_of(future: object) -> str:
    """The code of the error that a call ends with."""
    error = future.exception(SECONDS)  # type: ignore[attr-defined]
    assert error is not None, "the call succeeded"
    return str(error.code)


def run_program(prelude: str, program: str) -> subprocess.CompletedProcess[str]:
    """Runs a program in an interpreter of its own, to its end; ``program`` may be indented."""
    return subprocess.run(
        [sys.executable, "-c", prelude + textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=SECONDS * 2,
        check=False,
    )
