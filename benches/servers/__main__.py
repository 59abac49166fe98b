"""Starts one of the servers, says where in a line of JSON, and ends with the standard input."""

from __future__ import annotations

import importlib
import json
import os
import sys
import threading

# Name on the command line: module here, arguments of its `serve`.
SERVERS: dict[str, tuple[str, dict[str, object]]] = {
    "ours": ("ours", {}),
    "ours-unmetered": ("ours", {"unmetered": True}),
    "ours-asgi": ("ours_asgi", {}),
    "bare": ("bare", {}),
    "bare-uvloop": ("bare", {"uvloop": True}),
    "socketio": ("socket_io", {}),
    "nicegui": ("nice", {}),
}


def announce(port: int, token: str | None = None) -> None:
    print(json.dumps({"port": port, "token": token}), flush=True)


def end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(0)


def main() -> None:
    if len(sys.argv) != 2 or sys.argv[1] not in SERVERS:
        raise SystemExit(f"usage: python -m benches.servers {'|'.join(SERVERS)}")
    module, arguments = SERVERS[sys.argv[1]]
    threading.Thread(target=end_with_input, daemon=True).start()
    importlib.import_module(f"benches.servers.{module}").serve(announce, **arguments)


if __name__ == "__main__":
    main()
