"""What a page printed to a PDF file looks like."""

from __future__ import annotations

import os
from typing import Any

from auroraview.errors import UsageError
from auroraview.options import StrPath

#: Width and height in millimetres.
PAPERS = {
    "A3": (297.0, 420.0),
    "A4": (210.0, 297.0),
    "A5": (148.0, 210.0),
    "Legal": (215.9, 355.6),
    "Letter": (215.9, 279.4),
    "Tabloid": (279.4, 431.8),
}

_SIDES = (10.0, 5_000.0)


def pdf_question(
    path: StrPath, paper: object, *, landscape: bool, margin_mm: float, background: bool
) -> dict[str, Any]:
    """What the host is asked for.

    Raises:
        UsageError: no such paper, or no room between its margins; a path that is no text, or that of a device or pipe.
        FileNotFoundError: the folder does not exist.
        IsADirectoryError: the path is one.
    """
    target = os.path.abspath(os.fsdecode(path))
    try:
        target.encode()
    except UnicodeEncodeError:
        raise UsageError(f"print_pdf writes a file whose path is UTF-8, not {target!r}") from None
    if os.path.isdir(target):
        raise IsADirectoryError(f"print_pdf writes a file, and {target} is a directory")
    if os.path.exists(target) and not os.path.isfile(target):
        raise UsageError(f"print_pdf writes a file in the place of what is there, and {target} is no file")
    folder = os.path.dirname(target)
    if not os.path.isdir(folder):
        raise FileNotFoundError(f"there is no directory {folder} for {os.path.basename(target)}")
    width, height = _size_of(paper)
    if landscape:
        width, height = height, width
    if not _is_number(margin_mm) or not 0 <= margin_mm < min(width, height) / 2:
        raise UsageError(f"margin_mm is from 0 to less than half of the paper's shorter side, not {margin_mm!r}")
    return {
        "path": target,
        "width_mm": width,
        "height_mm": height,
        "margin_mm": float(margin_mm),
        "background": bool(background),
    }


def _size_of(paper: object) -> tuple[float, float]:
    if isinstance(paper, str):
        for name, size in PAPERS.items():
            if name.lower() == paper.lower():
                return size
    elif (
        isinstance(paper, (tuple, list))
        and len(paper) == 2
        and all(_is_number(side) and _SIDES[0] <= side <= _SIDES[1] for side in paper)
    ):
        return float(paper[0]), float(paper[1])
    known = ", ".join(PAPERS)
    raise UsageError(
        f"paper is one of {known}, or (width, height) in millimetres from {_SIDES[0]:g} to {_SIDES[1]:g}, not {paper!r}"
    )


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
