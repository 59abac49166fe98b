"""What a window does for its page beside the bridge: clipboard, inspector, downloads, drops, the console."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from auroraview.errors import UsageError

if TYPE_CHECKING:
    from auroraview import _core
    from auroraview._console import Console
    from auroraview._downloads import Downloads
    from auroraview._listeners import Listeners
    from auroraview._questions import Questions
    from auroraview.bridge import Bridge
    from auroraview.futures import Future


class Services:
    """Part of :class:`auroraview.window.Window`."""

    _core: _core.View
    _bridge: Bridge
    _listeners: Listeners
    _questions: Questions
    _debug = False
    _console: Console | None = None
    _transfers: Downloads | None = None

    def read_clipboard(self) -> Future:
        """Asks for the text in the clipboard; needs an open window. Any thread.

        Returns:
            A future of a str, or of ``None`` when there is no text. It raises ``ViewClosed`` when there is no window,
            or it closes first.
        """
        return self._questions.ask("the text in the clipboard", "read_clipboard")

    def write_clipboard(self, text: str) -> Future:
        """Puts a text into the clipboard; needs an open window. Any thread.

        It stays there while this process lives; with ``isolation="process"``: while the window does. A clipboard
        manager of the desktop may keep it longer.

        Returns:
            A future of ``None``, done when it is there. It raises ``HostError`` for a text with a NUL character.

        Raises:
            UsageError: not a str.
        """
        if not isinstance(text, str):
            raise UsageError(f"the clipboard takes a str, not {type(text).__name__}")
        return self._questions.ask("the clipboard", {"write_clipboard": text})

    def inspect(self) -> None:
        """Opens the web inspector of the page, in a window of its own or below the page. Any thread.

        Raises:
            UsageError: the view has no ``debug=True``.
        """
        if not self._debug:
            raise UsageError("there is no web inspector without debug=True: WebView(..., debug=True)")
        self._core.act("inspect")

    # Told by the view, on the notice thread.

    def _service_told(self, event: str, *args: str) -> bool:
        """Takes what the host reported, if it is of one of these."""
        if event == "console":
            if self._console is None:
                from auroraview._console import Console

                self._console = Console(self._bridge, self._listeners, debug=self._debug)
            self._console.take(*args)  # type: ignore[arg-type]
            return True
        if event not in ("download", "file_drop"):
            return False
        import json

        told = json.loads(args[0])
        if event == "download":
            if self._transfers is None:
                from auroraview._downloads import Downloads

                self._transfers = Downloads(
                    self._core.cancel_download, lambda download: self._listeners.tell("download", download)
                )
            self._transfers.take(*told)
        else:
            paths, x, y = told
            self._files_dropped([Path(path) for path in paths], x, y)
        return True

    def _files_dropped(self, paths: list[Path], x: int, y: int) -> None:
        """The user dropped them onto the page."""
        self._listeners.tell("file_drop", paths, x, y)

    def _services_end(self) -> None:
        """The window is gone."""
        if self._transfers is not None:
            self._transfers.end()
