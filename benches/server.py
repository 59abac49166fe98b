"""The served bridge, against servers made of other libraries: from Chromium, and from a native client.

Each server runs in a process of its own; ours with its defaults, but for the rows that say "unmetered": there the
limits of frames and bytes a second are lifted, which one flooding client would reach. Measures are taken in turns.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from benches.browser import Caller, chromium
from benches.processes import cpu_seconds, resident_set_megabytes
from benches.rows import Row, median, medians
from benches.running import Served, all_started, idle_peers, load, started

BARE, BATCHED, UVLOOP = "websockets + json", "websockets + json, calls in arrays", "websockets + json on uvloop"
ASGI, SOCKET_IO, NICEGUI = "our ASGI application under uvicorn", "python-socketio", "NiceGUI, event and script"


def browser_calls() -> Iterator[Row]:
    names = ("ours", "ours-asgi", "bare", "socketio", "nicegui")
    with all_started(*names) as servers, chromium() as browser:
        ours, mounted, bare, socketio, nicegui = (Caller(browser, server) for server in servers)
        callers = (ours, mounted, bare, socketio, nicegui)
        for caller in callers:
            caller.sequential(200)
            caller.pipelined(1_000)
        # What takes milliseconds has to be compiled first, by a browser that does so when it likes.
        for _ in range(3):
            ours.pipelined(10_000)
            mounted.pipelined(10_000)
            bare.pipelined(10_000, "batched")
        own, *others = medians(9, *(lambda caller=caller: caller.sequential(500) for caller in callers))
        yield Row(
            "browser: call, one after another",
            "µs",
            own,
            dict(zip((ASGI, BARE, SOCKET_IO, NICEGUI), others, strict=True)),
        )
        own, *others = medians(
            9,
            lambda: ours.pipelined(10_000),
            lambda: mounted.pipelined(10_000),
            lambda: bare.pipelined(10_000),
            lambda: bare.pipelined(10_000, "batched"),
            lambda: socketio.pipelined(10_000),
            # With 10 000 it loses its place, and the page reloads.
            lambda: nicegui.pipelined(1_000),
        )
        yield Row(
            "browser: call, 10 000 at once",
            "µs",
            own,
            dict(zip((ASGI, BARE, BATCHED, SOCKET_IO, f"{NICEGUI}, 1 000 at once"), others, strict=True)),
            "<= 10",
            own <= 10,
        )


def native_calls() -> Iterator[Row]:
    with all_started("ours", "ours-unmetered", "bare", "bare-uvloop") as (ours, unmetered, bare, uvloop):
        own, other = medians(7, lambda: load("trips", ours)["median_us"], lambda: load("trips", bare)["median_us"])
        yield Row("client: call, one after another", "µs", own, {BARE: other})

        def rate(server: Served, batch: int) -> float:
            return load("calls", server, count=50_000, batch=batch)["per_second"] / 1_000

        own, other, faster = medians(7, *(lambda s=server: rate(s, 1) for server in (unmetered, bare, uvloop)))
        yield Row(
            "client, unmetered: calls, a message each",
            "1000/s",
            own,
            {BARE: other, UVLOOP: faster},
            f">= 3 x {BARE}",
            own >= 3 * other,
        )
        own, other, faster = medians(7, *(lambda s=server: rate(s, 250) for server in (ours, bare, uvloop)))
        yield Row("client: calls, 250 to a message", "1000/s", own, {BARE: other, UVLOOP: faster})


def fan_out() -> Iterator[Row]:
    """From before the emit to the last receive, by two clients: one acknowledges at once, while others still wait for
    the event; the other 5 ms later, as a page does that is busy with it for so long."""
    measures = {"at once": ("ours", 0), "5 ms later": ("ours", 5), "bare": ("bare", 0)}
    figures: dict[str, list[dict[str, float]]] = {name: [] for name in measures}
    for _ in range(5):
        for name, (server_name, ack_after) in measures.items():
            # A new server, because sessions that have ended are remembered for a while and would get the events too.
            with started(server_name) as server:
                figures[name].append(load("fan", server, ack_after=ack_after))
    for ack in ("at once", "5 ms later"):
        for words, key in (("median", "median_ms"), ("p95", "p95_ms")):
            own, other = (median(one[key] for one in figures[name]) for name in (ack, "bare"))
            goal = words == "p95"
            yield Row(
                f"client: event to 100 peers, acknowledged {ack}, {words}",
                "ms",
                own,
                {"websockets broadcast()": other},
                "<= 2" if goal else "",
                not goal or own <= 2,
            )


def binary() -> Iterator[Row]:
    with all_started("ours-unmetered", "bare") as servers:
        for words, size, count in (("1 MB", 1_000_000, 50), ("100 MB", 100_000_000, 2)):
            figures: dict[str, list[dict[str, float]]] = {server.name: [] for server in servers}
            for _ in range(5):
                for server in servers:
                    figures[server.name].append(load("bulk", server, bytes=size, count=count))
            for way, key in (("to Python", "up_mb_per_second"), ("from Python", "down_mb_per_second")):
                own, other = (median(one[key] for one in figures[server.name]) for server in servers)
                yield Row(f"client, unmetered: {words} {way}", "MB/s", own, {"websockets": other}, ">= 300", own >= 300)


def idle() -> Iterator[Row]:
    """Growth over a server that has served before, and what 500 connected peers cost it then."""
    seconds = 20
    figures: dict[str, tuple[float, float]] = {}
    for name in ("ours", "bare"):
        with started(name) as server:
            load("trips", server, count=100)
            time.sleep(1)
            before = resident_set_megabytes(server.process)
            with idle_peers(server, 500):
                time.sleep(2)
                spent = cpu_seconds(server.process)
                time.sleep(seconds)
                spent = cpu_seconds(server.process) - spent
                figures[name] = (resident_set_megabytes(server.process) - before, spent / seconds * 100)
    own, other = figures["ours"], figures["bare"]
    yield Row("500 idle peers: memory of the server", "MB", own[0], {"websockets": other[0]}, "<= 25", own[0] <= 25)
    yield Row("500 idle peers: CPU of the server", "% of a core", own[1], {"websockets": other[1]}, "<= 1", own[1] <= 1)


def resume() -> Iterator[Row]:
    """From the start of the new connection; beside it a server that sends as much to whoever connects."""

    def fresh(name: str) -> float:
        # As with events to many: sessions of earlier rounds would get what is missed too.
        with started(name) as server:
            return load("resume", server)["p95_ms"]

    own, other = medians(5, lambda: fresh("ours"), lambda: fresh("bare"))
    yield Row(
        "client: resume with 1 000 missed events, p95",
        "ms",
        own,
        {"websockets, new connection, 1 000 messages": other},
        "<= 50",
        own <= 50,
    )


def run() -> Iterator[Row]:
    """All rows, as they come."""
    for measure in (browser_calls, native_calls, fan_out, binary, idle, resume):
        yield from measure()
