"""What one look found, and the report of all of them: for people, in 80 columns of ASCII, and as JSON."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import IO, Any

OK, WARN, FAIL = "ok", "warn", "fail"

_SHOWN = {OK: "ok", WARN: "warn", FAIL: "FAIL"}
_COLOURS = {OK: "32", WARN: "33", FAIL: "1;31"}
_INDENT = 8


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        name: stable, for programs.
        status: ``"ok"``, ``"warn"`` (something will be missing) or ``"fail"``.
        text: what was found, in one sentence.
        remedy: what to do; ``None`` where there is nothing to be done.
    """

    name: str
    status: str
    text: str
    remedy: str | None = None


@dataclass(frozen=True)
class Fix:
    """Something that is set right before the window library loads, without being asked for."""

    name: str
    text: str


@dataclass(frozen=True)
class Look:
    """Something to look at.

    Attributes:
        name: of its first check.
        group: the heading it stands under.
        seconds: it is given up after so many.
    """

    name: str
    group: str
    seconds: float
    find: Callable[[], Iterable[Check]]


def as_json(version: str, ok: bool, checks: list[Check], fixes: list[Fix]) -> str:
    """The whole report."""
    report: dict[str, Any] = {
        "version": version,
        "ok": ok,
        "checks": [
            {"name": check.name, "status": check.status, "text": check.text, "remedy": check.remedy} for check in checks
        ],
        "fixes": [{"name": fix.name, "text": fix.text} for fix in fixes],
    }
    return json.dumps(report, indent=2)


class Printer:
    """Writes a report for people, as it comes."""

    def __init__(self, stream: IO[str] | None) -> None:
        self._stream = stream
        self._group: str | None = None
        self._columns = _columns(stream)
        self._coloured = _is_coloured(stream)

    def check(self, group: str, check: Check) -> None:
        """One finding, with its remedy below."""
        if group != self._group:
            self.line(f"\n{group}" if self._group else group)
            self._group = group
        mark = _SHOWN[check.status].ljust(_INDENT - 2)
        if self._coloured:
            mark = f"\x1b[{_COLOURS[check.status]}m{mark}\x1b[0m"
        first, *more = self._wrapped(check.text)
        self.line(f"  {mark}{first}")
        for line in more:
            self.line(" " * _INDENT + line)
        if check.remedy is not None:
            for number, line in enumerate(self._wrapped(check.remedy, 3)):
                self.line(" " * _INDENT + ("-> " if number == 0 else "   ") + line)

    def fixes(self, fixes: list[Fix]) -> None:
        """What is set right by itself."""
        if fixes:
            self.line("\nSet right by itself")
        for fix in fixes:
            for number, line in enumerate(self._wrapped(f"{fix.name}: {fix.text}")):
                self.line((" " * _INDENT if number else "  -     ") + line)

    def line(self, text: str) -> None:
        """A line, or nothing where nobody can read it."""
        if self._stream is None:
            return
        try:
            print(text, file=self._stream, flush=True)
        except OSError:
            # Nobody reads on (`| head`), or the disk is full. What is buffered must not fail again at the end.
            self._stream = None
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def _wrapped(self, text: str, less: int = 0) -> list[str]:
        width = self._columns - _INDENT - less
        # Commands and paths are to be copied: no word is broken.
        return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False) or [""]


def _columns(stream: IO[str] | None) -> int:
    try:
        found = os.get_terminal_size(stream.fileno()).columns if stream is not None else 80
    except (OSError, ValueError, AttributeError):
        found = int(os.environ["COLUMNS"]) if os.environ.get("COLUMNS", "").isdigit() else 80
    return max(40, min(found or 80, 100))


def _is_coloured(stream: IO[str] | None) -> bool:
    if stream is None or os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb":
        return False
    return stream.isatty()


def safe_stdout() -> IO[str] | None:
    """Where the report goes: what the terminal's encoding cannot say is escaped."""
    stream = sys.stdout
    if stream is not None and hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")
    return stream
