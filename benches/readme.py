"""Puts the figures of ``build/bench.json`` into files of Markdown, between pairs of marks.

``<!-- bench:begin -->`` is for all parts, ``<!-- bench:begin bridge server -->`` for these; ``<!-- bench:end -->`` ends
either. A file may have several pairs.
"""

from __future__ import annotations

import re
from pathlib import Path

from benches.rows import Part, Row

MARKS = re.compile(r"(<!-- bench:begin(?P<names>[ a-z]*) -->\n).*?(<!-- bench:end -->)", re.DOTALL)


def write(path: Path, parts: dict[str, Part]) -> None:
    """Replaces what stands between marks with a table of each part; a pair of whose parts none was measured stays."""

    def tables(match: re.Match[str]) -> str:
        names = match["names"].split()
        found = [table(part) for name, part in parts.items() if not names or name in names]
        return match[1] + "\n\n".join(found) + "\n" + match[3] if found else match[0]

    text, count = MARKS.subn(tables, path.read_text(encoding="utf-8"))
    if not count:
        raise SystemExit(f"{path} has no <!-- bench:begin --> ... <!-- bench:end -->")
    path.write_text(text, encoding="utf-8")


def table(part: Part) -> str:
    """The rows in Markdown, with the ratio to each peer, and what they were measured on."""
    where = part.machine
    ending = [f"Medians on {where['cores']} cores of {where['cpu']}, Python {where['python']}.", *part.notes]
    rows = _columns(part.rows) if part.columns else _cells(part.rows)
    return "\n".join([part.about, "", *rows, "", " ".join(ending)])


def _cells(rows: list[Row]) -> list[str]:
    """All peers in one cell; ours divided by theirs."""
    lines = ["| figure | ours | beside it | goal |", "|---|---|---|---|"]
    for row in rows:
        peers = []
        for name, value in row.peers.items():
            ratio = f" (x {ratio_of(row.ours, value)})" if row.ours is not None and value and row.ratio else ""
            peers.append(f"{name} {_amount(value, row.unit, 'absent')}{ratio}")
        lines.append(f"| {row.name} | {_amount(row.ours, row.unit, 'not known')} | {'; '.join(peers)} | {_goal(row)} |")
    return lines


def _columns(rows: list[Row]) -> list[str]:
    """A column for each peer; theirs divided by ours."""
    peers = list(dict.fromkeys(name for row in rows for name in row.peers))
    lines = ["| " + " | ".join(["figure", "ours", *peers, "goal"]) + " |", "|---" * (len(peers) + 3) + "|"]
    for row in rows:
        cells = [row.name, _amount(row.ours, row.unit, "not known")]
        for name in peers:
            value = row.peers.get(name)
            ratio = f" ({ratio_of(value, row.ours)})" if row.ours and value and row.ratio else ""
            cells.append(_amount(value, row.unit, "absent" if name in row.peers else "") + ratio)
        lines.append("| " + " | ".join([*cells, _goal(row)]) + " |")
    return lines


def _amount(value: float | None, unit: str, otherwise: str) -> str:
    return otherwise if value is None else f"{figure(value)} {unit}"


def _goal(row: Row) -> str:
    return row.goal if row.holds else f"{row.goal}, **missed**"


def ratio_of(one: float, other: float) -> str:
    """Two digits, without an exponent."""
    ratio = one / other
    return f"{ratio:.2g}" if abs(ratio) < 99.5 else f"{ratio:.0f}"


def figure(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
