"""Measures, prints a line a figure and writes ``build/bench.json``.

Exit status 0 when all was measured, whether or not the goals hold: a noisy machine is no error. Of the parts that are
not measured the file and the README keep what they have.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from benches import readme
from benches.rows import Part, machine, read, write

# A part: its module here, and what its rows are about.
PARTS = {
    "bridge": "In a window of the process, under Xvfb; the floor is WebKitGTK without a bridge.",
    "isolated": "A window in a process of its own, under Xvfb, beside one of the process. Then 60 updates a second of "
    '5 000 rows of four fields, all rows each time, with `keep="latest"`, to it and to front ends of launchers: the '
    "ready-made one, as JSON; and a page with a client written by hand, as MessagePack.",
    "server": "Served, on loopback: from headless Chromium (browser) and from a native load client (client). Without "
    "compression. `websockets` answers each message with one; arrays are the best form of batching by hand. NiceGUI "
    "has no calls: an event answered with a script. Unmetered: without the limits of frames and bytes a second.",
    "hosts": "Inside applications, under Xvfb: a panel docked in Qt programs, above the window in Blender; all draw by "
    "software on the same cores. Calls one after another from the page, timed where they are handled. Beside the panel "
    "in a program of PySide6, the browser widget that comes with it, whose slots run on the main thread.",
}
# Needs programs of hundreds of megabytes: `make bench-hosts`.
ON_DEMAND = {"hosts"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="measure this part alone")
    parser.add_argument("--output", type=Path, default=Path("build/bench.json"), help="default: %(default)s")
    parser.add_argument("--readme", type=Path, help="also put the figures into this file, between its marks")
    options = parser.parse_args()
    parts = read(options.output)
    names = [options.only] if options.only else [name for name in PARTS if name not in ON_DEMAND]
    measured = []
    for name in names:
        parts[name] = Part(PARTS[name], machine())
        for row in importlib.import_module(f"benches.{name}").run():
            print(row, flush=True)
            parts[name].rows.append(row)
            measured.append(row)
    parts = {name: parts[name] for name in PARTS if name in parts}
    write(options.output, parts)
    if options.readme:
        readme.write(options.readme, parts)
    missed = sum(not row.holds for row in measured)
    print(f"{len(measured)} figures, {missed} goals missed; written to {options.output}")


if __name__ == "__main__":
    main()
