"""Examples in docstrings: blocks that stand indented after an empty line, as one writes them for ``help()``.

reStructuredText takes these for quotations, unless the line before ends with two colons.
"""

from __future__ import annotations


def with_code(lines: list[str]) -> list[str]:
    """The lines of a docstring, with indented blocks marked as code. Sections such as ``Args:`` have no empty line."""
    made: list[str] = []
    depth = 0  # of the text around
    code = False
    for number, line in enumerate(lines):
        if not line.strip():
            made.append(line)
            continue
        indent = len(line) - len(line.lstrip())
        if code and indent > depth:
            made.append(line)
            continue
        code = False
        after_gap = number > 0 and not lines[number - 1].strip()
        if after_gap and indent >= depth + 4 and made and not _is_marked(made):
            made += [" " * depth + "::", ""]
            code = True
        else:
            depth = indent
        made.append(line)
    return made


def _is_marked(lines: list[str]) -> bool:
    last = next((line for line in reversed(lines) if line.strip()), "")
    return last.rstrip().endswith("::") or last.lstrip().startswith("..")
