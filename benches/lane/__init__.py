"""The fast lane beside the ordinary one, beside the engine without a bridge, pywebview and QtWebChannel, in one run.

Programs as those of ``benches.peers``, each alone, in turns that begin with another one each. Ours is started on the
fast lane, and again with ``AURORAVIEW_FAST_LANE=0``. Bytes, buffers, synchronous calls and memory are measured of ours
alone (``program``): the others have nothing like it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benches.rows import Row


def run() -> Iterator[Row | str]:
    """All rows, and notes on them."""
    from benches.lane import measure  # Not at the top: the program is in this package too.

    yield from measure.run()
