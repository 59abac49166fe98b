"""The command line, also as ``python -m auroraview``: it opens a page in a window, or runs one of its commands.

Each has a module here, which imports what it needs when it runs: ``doctor`` has to work where nothing else does.

Exit status: 0 when it went well, 1 when something failed, 2 for wrong usage, with one line that says what, and 130 when
Ctrl-C ended it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from auroraview._cli._parser import COMMANDS, INTERRUPTED, Parser, fail, meant
from auroraview.errors import AuroraViewError, UsageError

if TYPE_CHECKING:
    import argparse


class Command(Protocol):
    """What a module of a command has. Told by ``--help``: ``DESCRIPTION`` before the options, ``MORE`` after them."""

    USAGE: str | None
    DESCRIPTION: str
    MORE: str

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Tells the parser what it takes."""

    def run(self, parsed: argparse.Namespace) -> int:
        """Does it; returns the exit status."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    name = given.pop(0) if given and given[0] in COMMANDS else ""
    if not name and given and not os.path.lexists(given[0]) and (near := meant(given[0], COMMANDS)):
        # Now: what follows are the arguments of that command, which the window would not know.
        return fail(2, f"there is no command, file or directory {given[0]!r}{near}")
    command = cast(Command, import_module(f"auroraview._cli.{COMMANDS.get(name, '_window')}"))
    parser = Parser(f"auroraview {name}".rstrip(), command.DESCRIPTION, command.MORE, command.USAGE)
    command.add_arguments(parser)
    parsed = parser.parse_args(given)
    try:
        return command.run(parsed)
    except (UsageError, FileNotFoundError) as error:
        return fail(2, str(error))
    except AuroraViewError as error:
        return fail(1, str(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    except ImportError as error:
        if error.name != "auroraview._core":
            raise
        return fail(1, str(error))
