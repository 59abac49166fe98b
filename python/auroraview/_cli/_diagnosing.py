"""``auroraview doctor``: whether windows can open here, and what to do where they cannot."""

from __future__ import annotations

import argparse

USAGE = None
DESCRIPTION = """Looks whether windows can open here, opens one that nobody sees, and says for
each problem what to do. It changes nothing, and each look has an end."""
MORE = """examples:
  auroraview doctor
  auroraview doctor --json > report.json

exit status:
  0 when a window can open, else 1"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Tells the parser what it takes."""
    parser.add_argument("--json", action="store_true", help="print what was found as JSON")


def run(parsed: argparse.Namespace) -> int:
    """Looks, and prints what it finds."""
    from auroraview import _doctor

    return _doctor.run(json=parsed.json)
