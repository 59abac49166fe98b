"""Isolated windows killed at moments that nobody chose, under traffic in both directions."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time

import pytest

from auroraview import ViewClosed
from auroraview._respawn import Respawns
from tests.e2e.helpers import PATIENCE, Record, opened, wait_for
from tests.e2e.processes import web_processes
from tests.e2e.shells import isolated, shells

#: Acknowledges each event, and calls without end.
PAGE = """<!doctype html><script>
auroraview.on('tick', (number) => auroraview.send_event('got', number));
(async () => { for (let n = 0; ; n++) if (await auroraview.call('add', [n, 1]) !== n + 1) throw new Error(n) })()
    .catch((error) => auroraview.send_event('wrong', String(error)));
</script>"""

KILLS = 8


def pages() -> set[int]:
    """The processes of pages in isolated windows."""
    return {pid for root in shells() for pid in web_processes(root)}


def kill(pids: set[int]) -> bool:
    """Kills what is still there of them."""
    killed = False
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed = True
    return killed


@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", [1, 2])
def test_whenever_it_dies_nothing_hangs_and_nothing_is_lost(seed, monkeypatch):
    monkeypatch.setattr(Respawns, "next_delay", lambda _: 0.0)
    chance = random.Random(seed)
    view = isolated(PAGE)
    got, wrong, crashed = Record(), Record(), Record()
    view.on("got", got)
    view.on("wrong", wrong)
    view.window.on("crashed", crashed)
    scripts, sent, done = [], 0, threading.Event()

    def traffic() -> None:
        nonlocal sent
        while not done.is_set():
            view.emit("tick", sent)
            sent += 1
            scripts.append(view.eval_js(f"auroraview.call('add', [{sent}, 0])"))
            done.wait(0.002)

    with opened(view):
        sender = threading.Thread(target=traffic)
        sender.start()
        try:
            for number in range(KILLS):
                moment = time.monotonic() + chance.uniform(0.0, 0.6)
                # A crash may have been two: the engine gives up the window whose page dies while it starts.
                victims = shells if chance.random() < 0.7 else pages
                wait_for(
                    lambda moment=moment, victims=victims: time.monotonic() >= moment and kill(victims()), "a kill"
                )
                crashed.wait(number + 1)
        finally:
            done.set()
            sender.join(PATIENCE)
        for future in scripts:
            error = future.exception(PATIENCE)
            assert error is None or isinstance(error, ViewClosed), error
        assert view.eval_js("1 + 1").result(PATIENCE) == 2
        wait_for(lambda: (sent - 1,) in got.seen, "the last event")
        assert {number for (number,) in got.seen} == set(range(sent))
        assert wrong.seen == []
        wait_for(lambda: view.stats["calls_in_flight"] <= 1, "the end of the calls of dead pages")
    assert shells() == set()
