"""Puts the figures of ``build/bench.json`` into README.md, between its two marks."""

from __future__ import annotations

from pathlib import Path

from benches.rows import Part

BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def write(path: Path, parts: dict[str, Part]) -> None:
    """Replaces what stands between the marks with a table of each part."""
    text = path.read_text(encoding="utf-8")
    before, found, rest = text.partition(BEGIN)
    _, ended, after = rest.partition(END)
    if not (found and ended):
        raise SystemExit(f"{path} has no {BEGIN} ... {END}")
    tables = "\n\n".join(table(part) for part in parts.values())
    path.write_text(f"{before}{BEGIN}\n{tables}\n{END}{after}", encoding="utf-8")


def table(part: Part) -> str:
    """The rows in Markdown, with the ratio to each peer, and what they were measured on."""
    lines = [part.about, "", "| figure | ours | beside it | goal |", "|---|---|---|---|"]
    for row in part.rows:
        peers = "; ".join(
            f"{name} {figure(value)} {row.unit}" + (f" (x {row.ours / value:.2g})" if value else "")
            for name, value in row.peers.items()
        )
        goal = row.goal if row.holds else f"{row.goal}, **missed**"
        lines.append(f"| {row.name} | {figure(row.ours)} {row.unit} | {peers} | {goal} |")
    where = part.machine
    lines += ["", f"Medians on {where['cores']} cores of {where['cpu']}, Python {where['python']}."]
    return "\n".join(lines)


def figure(value: float) -> str:
    """Three digits, without an exponent."""
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
