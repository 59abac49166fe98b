"""Our handlers, for every way of serving them."""

from __future__ import annotations

import threading
import time

from auroraview import Bridge


def bridge() -> Bridge:
    result = Bridge()
    sources = {size: bytes(size) for size in (1_000_000, 100_000_000)}

    @result.bind_call("bench.pair")
    def pair(first: int, second: int) -> int:
        return first

    @result.bind_call("bench.sink")
    def sink(data: bytes) -> int:
        return len(data)

    @result.bind_call("bench.source")
    def source(size: int) -> bytes:
        return sources[size]

    @result.bind_call("bench.fan")
    def fan(rounds: int, interval: int) -> None:
        def work() -> None:
            for number in range(rounds):
                time.sleep(interval / 1000)
                result.emit("tick", {"sent": time.time_ns() // 1000, "number": number})

        threading.Thread(target=work, daemon=True).start()

    @result.bind_call("bench.miss")
    def miss(begin: int, count: int) -> None:
        for number in range(begin, begin + count):
            result.emit("missed", {"number": number, "text": "missed"})

    return result
