"""Measures, prints a line a figure and writes ``build/bench.json``.

Exit status 0 when all was measured, whether or not the goals hold: a noisy machine is no error. Of the parts that are
not measured the file, and what is written into others, keep what they have.
"""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from benches import readme
from benches.rows import Part, machine, read, write

# A part: its module here, and what its rows are about.
PARTS = {
    "peers": "A window of 400 x 300, under Xvfb, with the same page: of ours, of pywebview with GTK, and PySide6's "
    "QWebEngineView with a QWebChannel. Programs of their own in environments of their own, each alone, in turns. In "
    "brackets: theirs divided by ours. Ours and pywebview's use the WebKitGTK of the system, where Qt brings Chromium; "
    "pywebview has no events, so it runs script in the page. A start goes from the start of the interpreter to the "
    "page's answer; memory is what no file holds.",
    "bridge": "In a window of the process, under Xvfb, on the fast lane; the floor is WebKitGTK without a bridge.",
    "lane": "A window of 400 x 300, under Xvfb, on the fast lane; the same program with `AURORAVIEW_FAST_LANE=0`, the "
    "engine without a bridge, and the programs of the peers, each alone, in turns. In brackets: theirs divided by "
    "ours. A busy thread of the window runs a function of GLib, without Python, for 8 of every 10 ms; in Qt a timer. "
    "Frames come from a thread of Python, already drawn. Memory: what no file holds, and what is shared, in each.",
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
# The same peers in all rows, or nearly all.
COLUMNS = {"peers", "lane"}
# Needs programs of hundreds of megabytes: `make bench-hosts`.
ON_DEMAND = {"hosts"}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    parser.add_argument("--only", choices=PARTS, help="measure this part alone")
    parser.add_argument("--output", type=Path, default=Path("build/bench.json"), help="default: %(default)s")
    parser.add_argument(
        "--readme", type=Path, action="append", default=[], help="also put the figures into this file; may be repeated"
    )
    parser.add_argument(
        "--write", action="store_true", help="measure nothing: only put the figures of OUTPUT into files"
    )
    options = parser.parse_args()
    parts = read(options.output)
    names = [options.only] if options.only else [name for name in PARTS if name not in ON_DEMAND]
    measured = []
    for name in names if not options.write else ():
        parts[name] = Part(PARTS[name], machine(), columns=name in COLUMNS)
        for row in importlib.import_module(f"benches.{name}").run():
            print(row, flush=True)
            if isinstance(row, str):
                parts[name].notes.append(row)
            else:
                parts[name].rows.append(row)
                measured.append(row)
    parts = {name: parts[name] for name in PARTS if name in parts}
    if not options.write:
        write(options.output, parts)
    for path in options.readme:
        readme.write(path, parts)
    if options.write:
        return
    missed = sum(not row.holds for row in measured)
    print(f"{len(measured)} figures, {missed} goals missed; written to {options.output}")


if __name__ == "__main__":
    main()
