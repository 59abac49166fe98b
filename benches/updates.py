"""60 updates a second of 5 000 rows, each update all rows: to an isolated window, and to front ends of launchers.

A page that cannot keep up misses updates in between; it must have the last one, and nothing may pile up for it.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auroraview import Bridge, Launcher, Peer, WebView
from benches.processes import settled_megabytes
from benches.rows import Row, median

FrontEnd = AbstractContextManager[tuple["Feed", Peer, Callable[..., None]]]

PAGES = Path(__file__).parent / "pages"
ROW_COUNT, RATE = 5_000, 60
SECONDS, ROUNDS = 5.0, 3
LAST_SECONDS = 5.0  # so long the last update may take before it counts as dropped


@dataclass
class Figures:
    """Of one run.

    Attributes:
        emitted, arrived: updates a second.
        last: milliseconds from the last emit to the page's word that it has it; infinite: it was dropped.
        behind: how many updates newer than one there were when the page had it, in the median: at the beginning of the
            run, and at its end. It grows when something piles up, wherever that is.
        queue: messages that wait at the end, or are not acknowledged.
    """

    emitted: float
    arrived: float
    last: float
    behind: tuple[float, float]
    queue: float


class Feed:
    """One page, and the updates it gets."""

    def __init__(self, bridge: Bridge) -> None:
        self._rows = [
            {"id": number, "name": f"row {number}", "x": number * 1.25, "y": 5_000 - number / 7}
            for number in range(ROW_COUNT)
        ]
        self._number = 0
        self._seen: list[int] = []
        self._behind: list[int] = []
        bridge.on("bench.seen", self._page_saw)

    def _page_saw(self, detail: dict[str, int]) -> None:
        self._behind.append(self._number - detail["number"])
        self._seen.append(detail["number"])

    def run(self, peer: Peer, emit: Callable[..., None], seconds: float) -> Figures:
        """Emits for so long.

        Raises:
            AssertionError: the page got something twice, or in another order.
        """
        self._seen.clear()
        self._behind.clear()
        count = round(seconds * RATE)
        began = time.perf_counter()
        for turn in range(1, count + 1):
            self._number += 1
            self._rows[self._number % ROW_COUNT]["x"] = began
            emit("rows", {"number": self._number, "rows": self._rows}, keep="latest")
            emitted = time.perf_counter()
            if turn < count:
                time.sleep(max(0.0, began + turn / RATE - emitted))
        while (dropped := self._number not in self._seen[-1:]) and time.perf_counter() < emitted + LAST_SECONDS:
            time.sleep(0.001)
        last = (time.perf_counter() - emitted) * 1000
        assert self._seen == sorted(set(self._seen)), "an update came twice, or late"
        stats = peer.stats
        return Figures(
            emitted=count / (emitted - began),
            arrived=len(self._seen) / (emitted - began),
            last=math.inf if dropped else last,
            behind=(median(self._behind[:RATE]), median(self._behind[-RATE:])),
            queue=stats["queued_messages"] + stats["unacknowledged"],
        )


@contextmanager
def window(isolation: str) -> Iterator[tuple[Feed, Peer, Callable[..., None]]]:
    view = WebView("Updates", path=PAGES / "protocol", width=400, height=300, isolation=isolation)
    feed = Feed(view.bridge)
    view.show(wait=False)
    try:
        view.wait_ready(60)
        yield feed, view.peer, view.emit
    finally:
        view.close()
        view.wait(30)


@contextmanager
def launched(page: str, **options: Any) -> Iterator[tuple[Feed, Peer, Callable[..., None]]]:
    bridge = Bridge()
    feed = Feed(bridge)
    with (
        tempfile.TemporaryDirectory() as folder,
        Launcher(bridge, page=PAGES / page, config_dir=folder, start_timeout=60, **options) as launcher,
    ):
        yield feed, launcher.peer, launcher.emit


def runs(front_end: FrontEnd) -> tuple[list[Figures], float]:
    """What came of all rounds, and by how much our process has grown in them, in MB."""
    with front_end as (feed, peer, emit):
        for _ in range(2):
            feed.run(peer, emit, SECONDS)
        before = settled_megabytes(os.getpid(), 2)
        figures = [feed.run(peer, emit, SECONDS) for _ in range(ROUNDS)]
        return figures, settled_megabytes(os.getpid(), 2) - before


def rows() -> Iterator[Row]:
    """All rows, as they come."""
    within, _ = runs(window("none"))
    front_ends = {
        "isolated window": window("process"),
        "launcher": launched("protocol"),
        "launcher, plain MessagePack": launched("plain", dialect="plain", encoding="msgpack"),
    }
    for words, front_end in front_ends.items():
        figures, growth = runs(front_end)
        arrived, emitted = (median(getattr(one, name) for one in figures) for name in ("arrived", "emitted"))
        last = max(one.last for one in figures)
        first_second, last_second = (max(one.behind[end] for one in figures) for end in (0, 1))
        yield Row(
            f"{words}: arrived",
            "1/s",
            arrived,
            {"emitted": emitted, "window of the process": median(one.arrived for one in within)},
        )
        yield Row(f"{words}: until the last one has arrived, worst", "ms", last, {}, "not dropped", math.isfinite(last))
        yield Row(
            f"{words}: behind, in the last second",
            "updates",
            last_second,
            {"in the first": first_second},
            "not more than 1 above the first, empty queue at the end",
            last_second <= first_second + 1 and all(one.queue == 0 for one in figures),
        )
        yield Row(f"{words}: growth of our process in {SECONDS * ROUNDS:g} s", "MB", growth, {}, "< 2", growth < 2)
