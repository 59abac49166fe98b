"""``python -m benches.peers.spin``: how fast a thread runs in a program without a window."""

from __future__ import annotations

import time

SECONDS = 0.3


def spin() -> float:
    """Turns of a loop a second."""
    clock = time.perf_counter
    count, began = 0, clock()
    end = began + SECONDS
    while clock() < end:
        count += 1
    return count / (clock() - began)


if __name__ == "__main__":
    print(spin())
