"""Reading arguments: one clear line for wrong usage, with the name that was probably meant."""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Iterable, Sequence
from typing import NoReturn

#: The commands, and the modules that have them.
COMMANDS = {"serve": "_serving", "new": "_creating", "doctor": "_diagnosing"}

#: The exit status after Ctrl-C, as shells have it.
INTERRUPTED = 130


def fail(status: int, text: str) -> int:
    """Says on the error stream what is wrong; returns the status."""
    print(f"auroraview: {text}", file=sys.stderr)
    return status


def meant(word: str, known: Iterable[str]) -> str:
    """``"; did you mean serve?"``, or nothing when no known word is near."""
    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


class Parser(argparse.ArgumentParser):
    """One line for wrong usage, and no more.

    Args:
        prog: the command as it is typed.
        description: help before the arguments; lines of at most 78 characters, for it is not wrapped.
        more: help after them.
        usage: the first lines; ``None`` makes them of the arguments.
    """

    def __init__(self, prog: str, description: str, more: str, usage: str | None = None) -> None:
        super().__init__(
            prog=prog,
            usage=usage,
            description=description,
            epilog=more,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def parse_args(self, args: Sequence[str], namespace: None = None) -> argparse.Namespace:  # type: ignore[override]
        """Reads the arguments, or ends the program with one line."""
        parsed, rest = self.parse_known_args(args, namespace)
        if rest:
            options = [name for action in self._actions for name in action.option_strings]
            unknown = next((one for one in rest if one.startswith("-")), rest[0])
            self.error(f"unrecognized arguments: {' '.join(rest)}{meant(unknown.partition('=')[0], options)}")
        return parsed

    def error(self, message: str) -> NoReturn:
        """Ends the program."""
        self.exit(2, f"{self.prog}: {' '.join(message.split())}\n")
