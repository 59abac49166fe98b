"""The same page in a window of ours, of pywebview and of Qt's browser widget with QtWebChannel.

Each is a program of its own, in an environment of its own (``environments``), and runs alone: in a turn one after
another is started, asked (``measure``) and ended, and each turn begins with another one. What the page does is written
once (``page``); a program adds how its page reaches Python. A peer that is not installed is absent, in all rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benches.rows import Row


def run() -> Iterator[Row | str]:
    """All rows, and notes on them."""
    from benches.peers import measure  # Not at the top: the programs are in this package too, and have to start fast.

    yield from measure.run()
