"""Puts the figures of ``build/bench.json`` into README.md, between its two marks."""

from __future__ import annotations

from pathlib import Path

from benches.rows import Row, machine

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def write(path: Path, rows: list[Row]) -> None:
    """Replaces what stands between the marks with a table of the rows."""
    text = path.read_text(encoding="utf-8")
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise SystemExit(f"{path} has no {BEGIN} ... {END}")
    path.write_text(f"{before}{BEGIN}\n{table(rows)}\n{END}{after}", encoding="utf-8")


def table(rows: list[Row]) -> str:
    """The rows in Markdown, with the ratio to each peer, and what they were measured on."""
    lines = ["| figure | ours | beside it | goal |", "|---|---|---|---|"]
    for row in rows:
        peers = "; ".join(
            f"{name} {value:.3g} {row.unit} (x {row.ours / value:.2f})" for name, value in row.peers.items()
        )
        goal = row.goal if row.holds else f"{row.goal}, **missed**"
        lines.append(f"| {row.name} | {row.ours:.3g} {row.unit} | {peers} | {goal} |")
    where = machine()
    lines += ["", f"Medians on {where['cores']} cores of {where['cpu']}, Python {where['python']}, under Xvfb."]
    return "\n".join(lines)
