"""Processes that may be lost: what could crash or hang is done in one of them, and its end is waited for so long and
no longer."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROBES = Path(__file__).parent / "probes"
#: The directory that has the package, for what a probe imports.
HOME = str(Path(__file__).parents[2])

#: Programs that are an interpreter. Others are applications with one inside, which would start a second time.
_INTERPRETERS = re.compile(r"(python|pypy|mayapy|hython|freecadcmd)[\w.-]*", re.IGNORECASE)


@dataclass(frozen=True)
class Outcome:
    """How a process ended.

    Attributes:
        found: what a probe said, as JSON had it; ``{}`` when it said nothing.
        problem: why it did not come to its end, in a clause; ``None`` when it did.
        said: what it, or its libraries, wrote on the error stream.
        status: its exit status, or minus the signal; ``None`` when it did not start or was given up.
        tried: there was a program to start; ``False`` where nobody knows one.
    """

    found: dict[str, Any]
    problem: str | None
    said: str
    status: int | None
    tried: bool = True


def probe(name: str, *arguments: str, seconds: float, environment: Mapping[str, str | None] | None = None) -> Outcome:
    """Runs one of the scripts in ``probes`` with this interpreter. It prints one object as JSON.

    Args:
        environment: variables that differ; ``None`` takes one away.
    """
    executable = sys.executable
    if not executable or not _INTERPRETERS.fullmatch(os.path.basename(executable)):
        what = f"Python runs inside {executable}" if executable else "nobody knows where Python is (sys.executable)"
        return Outcome({}, f"{what}, so nothing can be tried in another process", "", None, tried=False)
    # -P: the probe's own directory, or what happens to be here, is nothing to import from.
    return run([executable, "-P", str(_PROBES / f"{name}.py"), *arguments], seconds, environment)


def run(command: Sequence[str], seconds: float, environment: Mapping[str, str | None] | None = None) -> Outcome:
    """Runs a program; it and what it started are killed when its time is up."""
    changed = {**os.environ, **(environment or {})}
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={name: value for name, value in changed.items() if value is not None},
            start_new_session=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return Outcome({}, f"{os.path.basename(command[0])} cannot be started: {error}", "", None)
    problem = None
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        problem = f"it did not end within {seconds:g} s"
        out, err = _kill(process)
    found = _last_object(out.decode(errors="replace"))
    status = None if problem else process.returncode
    if status is not None and status < 0:
        problem = f"it was ended by {_signal_name(-status)}"
    return Outcome(found, problem, _readable(err.decode(errors="replace")), status)


def _kill(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    with contextlib.suppress(OSError):
        os.killpg(process.pid, signal.SIGKILL)
    try:
        return process.communicate(timeout=2)
    except subprocess.TimeoutExpired:
        return b"", b""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _last_object(out: str) -> dict[str, Any]:
    for line in reversed(out.splitlines()):
        if line.startswith("{"):
            with contextlib.suppress(ValueError):
                found = json.loads(line)
                return found if isinstance(found, dict) else {}
    return {}


def _readable(err: str) -> str:
    """One line of what was said: the last one of a traceback, which names the error."""
    lines = [line.strip() for line in err.splitlines() if line.strip()]
    if any(line.startswith("Traceback") for line in lines):
        return lines[-1]
    return " ".join(lines)[:300]
