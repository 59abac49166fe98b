"""Does inside an application what a test outside asks for: a line of JSON for a request, and one for its answer.

The application calls :meth:`Agent.turn` by a timer of its own, on its main thread: so the agent answers whatever
became of the panel. A request names a function of ``steps`` and the thread it shall run on; one that waits for the page
needs a thread of its own, since the page may need the main one.
"""

from __future__ import annotations

import json
import os
import select
import socket
import threading
import traceback
from typing import Any


class Agent:
    """The end of the conversation that is inside. The path of the test's socket is in AURORAVIEW_AGENT."""

    def __init__(self, steps: Any) -> None:
        self._steps = steps
        self._received = b""
        self._lock = threading.Lock()
        self._socket: socket.socket | None = socket.socket(socket.AF_UNIX)
        self._socket.connect(os.environ["AURORAVIEW_AGENT"])

    def turn(self) -> None:
        """Looks for requests, and does them. Never waits."""
        while self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            received = self._socket.recv(65536)
            if not received:
                self._socket.close()
                self._socket = None
                return
            *lines, self._received = (self._received + received).split(b"\n")
            for line in lines:
                self._begin(json.loads(line))

    def _begin(self, request: dict[str, Any]) -> None:
        if request["thread"] == "main":
            self._do(request)
        else:
            threading.Thread(target=self._do, args=(request,), daemon=True).start()

    def _do(self, request: dict[str, Any]) -> None:
        answer: dict[str, Any] = {"id": request["id"]}
        try:
            answer["value"] = getattr(self._steps, request["step"])(*request["args"])
        except BaseException as error:  # noqa: BLE001 - the test is told, whatever it is
            answer["error"] = "".join(traceback.format_exception(error))
        with self._lock:
            if self._socket is not None:
                self._socket.sendall(json.dumps(answer).encode() + b"\n")
