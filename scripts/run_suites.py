"""Runs suites of tests and checks one after another and adds up what they say.

``run_suites.py NAME...`` with names of suites, or of the groups ``test`` and ``lint``. All are run, whatever the first
ones say. The last line is ``N passed, N failed``: tests by the count of their own runner; a check that fails, and a
suite that ends badly though no test failed, counts as one failure. The exit status is 1 when anything failed.

With AURORAVIEW_RERUN set, what failed of Rust's tests is run once more, as pytest's --reruns does for Python's.

The linters of Python and TypeScript belong to ``test``, because their versions are pinned and they take seconds. Those
of Rust come with whatever toolchain is installed and learn new complaints every six weeks: they are in ``lint`` alone.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from libpython import library_directory

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Suite:
    """Commands that belong together, and how they tell their counts."""

    name: str
    commands: list[list[str]]
    counts: str | None = None  # pattern of a line that holds counts; None: only the exit status tells
    folder: Path = ROOT
    environment: dict[str, str] = field(default_factory=dict)
    rerun: str | None = None  # pattern of a line that names, as its group, the part of the last command that failed


@dataclass
class Outcome:
    """What came of a suite."""

    name: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    rerun: int = 0  # failed, and passed when run once more
    seconds: float = 0.0

    def __str__(self) -> str:
        rest = "".join(
            f", {count} {word}" for count, word in ((self.skipped, "skipped"), (self.rerun, "rerun")) if count
        )
        return f"{self.name:<16} {self.passed:>5} passed, {self.failed} failed{rest} ({self.seconds:.0f} s)"


#: Taken away: the tests look at all variables that begin so.
RERUN = bool(os.environ.pop("AURORAVIEW_RERUN", ""))
PYTEST_COUNTS = r"^=+ .* in [\d.]+s.* =+$"
RERUN_RUST = r"^error: test failed, to rerun pass `(.+)`"


def rust_tests() -> Suite:
    """The tests of all crates; they need the shared library of the interpreter for the one that embeds Python."""
    command = ["cargo", "test", "--workspace", "--no-fail-fast"]
    library = library_directory()
    if library is None:
        print("No shared library of this Python: the extension module's own Rust tests are left out.")
        command += ["--exclude", "auroraview-python"]
        return Suite("rust", [command], counts=r"^test result: ", rerun=RERUN_RUST)
    paths = [str(library), os.environ.get("LD_LIBRARY_PATH", "")]
    environment = {"LD_LIBRARY_PATH": ":".join(filter(None, paths))}
    return Suite("rust", [command], counts=r"^test result: ", environment=environment, rerun=RERUN_RUST)


def in_parallel() -> list[str]:
    """Options of pytest-xdist: processes with a display each, which take files in turn. Many tests wait for a while, so
    there are two on one core; more than eight would crowd the memory. One that dies ends the run when it dies again.
    """
    processes = min(max(os.cpu_count() or 2, 2), 8)
    return ["-n", str(processes), "--dist", "loadfile", "--max-worker-restart", "1"]


def tests_in_hosts() -> list[str]:
    """Those inside real applications."""
    folder = ROOT / "tests" / "hosts"
    found = [*folder.glob("test_programs_*.py"), folder / "test_panel_docked.py", folder / "test_qt.py"]
    return [*sorted(str(path.relative_to(ROOT)) for path in found), "tests/qt"]


def suites() -> dict[str, Suite]:
    """All there are, by name."""
    python = sys.executable
    js_sdk = ROOT / "js_sdk"
    plain = {"NO_COLOR": "1"}  # counts are read from the output
    found = [
        rust_tests(),
        Suite("python", [[python, "-m", "pytest", *in_parallel()]], counts=PYTEST_COUNTS, environment=plain),
        Suite(
            "hosts",
            [[python, "-m", "pytest", *tests_in_hosts()]],
            counts=PYTEST_COUNTS,
            environment={**plain, "AURORAVIEW_TEST_HOSTS": "1"},
        ),
        Suite("typescript", [["npm", "test"]], counts=r"^\s*Tests\s", folder=js_sdk, environment=plain),
        Suite(
            "python-lint",
            [
                [python, "-m", "ruff", "check"],
                [python, "-m", "ruff", "format", "--check"],
                [python, "-m", "mypy"],
                [python, "-m", "mypy.stubtest", "auroraview._core"],
            ],
        ),
        Suite(
            "typescript-lint",
            [["npm", "run", "--silent", name] for name in ("check", "lint", "check:fresh", "pack:check")],
            folder=js_sdk,
        ),
        Suite(
            "rust-lint",
            [
                ["cargo", "fmt", "--all", "--check"],
                ["cargo", "clippy", "--workspace", "--all-targets", "--", "-D", "warnings"],
            ],
        ),
    ]
    return {suite.name: suite for suite in found}


GROUPS = {
    "test": ["python-lint", "typescript-lint", "typescript", "rust", "python"],
    "lint": ["python-lint", "typescript-lint", "rust-lint"],
}


def run(suite: Suite) -> Outcome:
    """Runs a suite, shows what it prints, and counts."""
    outcome = Outcome(suite.name)
    started = time.monotonic()
    failed_parts: list[str] = []
    for command in suite.commands:
        shown = " ".join("python" if word == sys.executable else word for word in command)
        print(f"\n--- {suite.name}: {shown}", flush=True)
        failed_before = outcome.failed
        try:
            status = stream(command, suite, outcome, failed_parts)
        except OSError as error:
            print(f"{command[0]}: {error.strerror}")
            status = 127
        if status and outcome.failed == failed_before:
            outcome.failed += 1
    if failed_parts and RERUN:
        run_again(suite, outcome, failed_parts)
    if suite.counts and not outcome.passed and not outcome.failed:
        print(f"{suite.name}: no test was run")
        outcome.failed += 1
    outcome.seconds = time.monotonic() - started
    return outcome


def run_again(suite: Suite, outcome: Outcome, parts: list[str]) -> None:
    """Gives what failed a second try, part by part; what passes then counts as passed, and is listed."""
    for part in parts:
        print(f"\n--- {suite.name}: RERUN {part}", flush=True)
        second = Outcome(suite.name)
        if stream(["cargo", "test", "--no-fail-fast", *part.split()], suite, second, []) == 0:
            outcome.rerun += 1
    if outcome.rerun == len(parts):
        outcome.passed += outcome.failed
        outcome.failed = 0


def stream(command: list[str], suite: Suite, outcome: Outcome, failed_parts: list[str]) -> int:
    """Runs one command, passes its lines on, adds up those with counts and collects the parts that failed."""
    with subprocess.Popen(
        command,
        cwd=suite.folder,
        env={**os.environ, **suite.environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            if suite.counts and re.search(suite.counts, line):
                add_counts(line, outcome)
            if suite.rerun and (failed := re.search(suite.rerun, line)):
                failed_parts.append(failed[1])
    return process.returncode


def add_counts(line: str, outcome: Outcome) -> None:
    """Adds numbers such as ``3 passed``, ``1 failed``, ``2 errors``, ``4 ignored``."""
    for number, word in re.findall(r"(\d+) (passed|xfailed|failed|errors?|skipped|ignored|todo|rerun)", line):
        if word in ("passed", "xfailed"):
            outcome.passed += int(number)
        elif word in ("failed", "error", "errors"):
            outcome.failed += int(number)
        elif word == "rerun":
            outcome.rerun += int(number)
        else:
            outcome.skipped += int(number)


def main() -> int:
    """Runs the command line."""
    known = suites()
    names = [name for asked in sys.argv[1:] for name in GROUPS.get(asked, [asked])]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        print(f"usage: run_suites.py NAME...; names are {', '.join([*GROUPS, *known])}", file=sys.stderr)
        return 2
    outcomes = [run(known[name]) for name in names]
    print()
    for outcome in outcomes:
        if known[outcome.name].counts:
            print(outcome)
        else:
            print(f"{outcome.name:<16} {'FAILED' if outcome.failed else 'fine'} ({outcome.seconds:.0f} s)")
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
