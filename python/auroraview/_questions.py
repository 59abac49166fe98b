"""What a window is asked for that takes its time: dialogs, and services of its page. Each question has one answer.

A question goes to the window that is there, and ends with it. Giving its future up closes the dialog that it opened.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from auroraview import _core
from auroraview.errors import HostError, UsageError, ViewClosed
from auroraview.futures import Future

_NO_WINDOW = "there is no window"
_GONE = "the window was closed"


class Questions:
    """The open questions of one view.

    Args:
        of_window: its window is one of this process.
    """

    def __init__(self, view: _core.View, *, of_window: bool = False) -> None:
        self._view = view
        self._of_window = of_window
        # Not held while asking: where the loop is the application's, the question is obeyed meanwhile.
        self._lock = threading.RLock()
        self._asked: dict[int, tuple[Future, Callable[[Any], Any]]] = {}

    def ask(
        self,
        what: str,
        question: dict[str, Any] | str,
        read: Callable[[Any], Any] = lambda answer: answer,
    ) -> Future:
        """Asks the window.

        Args:
            what: names the answer in errors, as ``"the file to open"``.
            question: as ``auroraview_host_api::Question`` has it: ``{"find": {...}}``, ``"read_clipboard"``.
            read: makes the result of the answer: a list of paths, a bool, an int, a str or ``None``. Runs on the notice
                thread.

        Returns:
            A future: ``ViewClosed`` when there is no window, or it goes away first; ``HostError`` when it cannot be
            done.
        """
        import json  # Not with the package: most programs ask nothing.

        request = self._view.new_request()
        future = Future(what, of_window=self._of_window)
        try:
            text = json.dumps(question, ensure_ascii=False)
            text.encode()
        except UnicodeEncodeError:
            raise UsageError(f"{what}: there is half a surrogate pair in a text, which is no text") from None
        with self._lock:
            self._asked[request] = (future, read)
        if not self._view.ask(request, text):
            self._forget(request)
            future.settle(error=ViewClosed(_NO_WINDOW))
            return future
        future.add_done_callback(lambda done: self._given_up(request) if done.cancelled() else None)
        return future

    def _forget(self, request: int) -> tuple[Future, Callable[[Any], Any]] | None:
        with self._lock:
            return self._asked.pop(request, None)

    def _given_up(self, request: int) -> None:
        if self._forget(request) is not None:
            self._view.withdraw(request)

    # What the host reports, on the notice thread

    def answered(self, request: int, text: str | None, problem: str | None) -> None:
        """The host's answer as JSON text, or what went wrong; neither: the window is gone."""
        import json

        found = self._forget(request)
        if found is None:
            return
        future, read = found
        if text is not None:
            answer = json.loads(text)
            # `{"paths": [...]}`, or the name alone where there is nothing to tell.
            value = next(iter(answer.values())) if isinstance(answer, dict) else None
            try:
                future.settle(read(value))
            except Exception as error:  # noqa: BLE001 - whoever waits for the answer is to see it
                future.settle(error=error)
        elif problem is not None:
            future.settle(error=HostError(problem))
        else:
            future.settle(error=ViewClosed(_GONE))

    def end(self, reason: str) -> None:
        """The window is gone: everything that waits ends."""
        with self._lock:
            asked = [future for future, _ in self._asked.values()]
            self._asked.clear()
        for future in asked:
            future.settle(error=ViewClosed(reason))
