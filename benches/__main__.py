"""Measures, prints a line a figure and writes ``build/bench.json``.

Exit status 0 when all was measured, whether or not the goals hold: a noisy machine is no error.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from benches import bridge, readme
from benches.rows import write


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("build/bench.json"), help="default: %(default)s")
    parser.add_argument("--readme", type=Path, help="also put the figures into this file, between its marks")
    options = parser.parse_args()
    rows = []
    for row in bridge.run():
        print(row, flush=True)
        rows.append(row)
    write(options.output, rows)
    if options.readme:
        readme.write(options.readme, rows)
    missed = sum(not row.holds for row in rows)
    print(f"{len(rows)} figures, {missed} goals missed; written to {options.output}")


if __name__ == "__main__":
    main()
