"""Windows of a test: opened, closed at its end, and looked at when it fails."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auroraview import _waiting
from auroraview.errors import AuroraViewError, UsageError
from auroraview.futures import Future
from auroraview.testing import _display
from auroraview.view import WebView

__all__ = ["ConsoleLine", "Windows"]

_PAGE = "<!doctype html><meta charset=utf-8><title>Page</title><body>A page"

#: How long a window may take to open, to be ready, to close: far longer than any does.
_PATIENCE = 30.0

#: How long a page whose test has failed may take to be painted, in seconds. It may well hang.
_PICTURE_SECONDS = 5.0


@dataclass(frozen=True)
class ConsoleLine:
    """What a page wrote to its console, or an error there that nobody caught.

    Attributes:
        view: whose page.
        level: ``"log"``, ``"info"``, ``"warning"``, ``"error"`` or ``"debug"``.
        text: what it wrote.
        source, line: where, if that is known.
    """

    view: WebView
    level: str
    text: str
    source: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = "" if self.source is None else f"  ({self.source}{'' if self.line is None else f':{self.line}'})"
        return f"{self.level:<8}{self.text}{place}"


class Windows:
    """Opens windows for a test, and closes them at its end: the fixture ``webview``.

        def test_the_title(webview):
            view = webview(html="<h1>Hello</h1>")
            assert view.eval_js("document.querySelector('h1').textContent").result(timeout=10) == "Hello"

    Where no display answers it starts a virtual one, with Xvfb. When the test fails, the report has for each window its
    address, what its page wrote to the console, and where the picture is that was taken of it.

    Attributes:
        console: what the pages wrote to their consoles so far: :class:`ConsoleLine`, in order.
    """

    def __init__(self) -> None:
        _display.ensure()
        self.console: list[ConsoleLine] = []
        self._views: list[WebView] = []
        self._listeners: list[Any] = []

    def __call__(
        self, view: WebView | str = "Test", *, ready: bool = True, timeout: float = _PATIENCE, **options: Any
    ) -> WebView:
        """Opens a window.

        Args:
            view: a view of the program that is tested; or the title of a new one, of which ``options`` are those of
                :class:`~auroraview.WebView`. Without ``url``, ``html`` and ``path`` it has a small page.
            ready: wait until the page is ready. ``False`` on an asyncio loop, which must not wait.
            timeout: how long that may take, in seconds.

        Returns:
            The view, open.

        Raises:
            CallTimeout: the page is not ready in time.
            HostError: no window can open.
            UsageError: options for a view that is there already.
        """
        if isinstance(view, WebView):
            if options:
                raise UsageError(f"a view that is there takes no options: {', '.join(options)}")
        else:
            if not options.keys() & {"url", "html", "path"}:
                options["html"] = _PAGE
            view = WebView(view, **options)
        if view not in self._views:
            self._listen(view)
        view.show(wait=False)
        if ready:
            view.wait_ready(timeout)
        return view

    def _listen(self, view: WebView) -> None:
        def listen(level: str, text: str, source: str | None, line: int | None) -> None:
            self.console.append(ConsoleLine(view, level, text, source, line))

        view.window.on("console", listen)
        self._views.append(view)
        self._listeners.append(listen)

    def close(self) -> None:
        """Closes them all, and waits until they are gone.

        Raises:
            AssertionError: one does not close.
        """
        views, self._views = self._views, []
        for view in views:
            view.close()
        stuck = [view for view in views if not view.wait(_PATIENCE)]
        for view, listener in zip(views, self._listeners, strict=True):
            view.window.off("console", listener)
        self._listeners.clear()
        assert not stuck, f"did not close within {_PATIENCE:g} s: {', '.join(map(repr, stuck))}"

    # For the plugin

    def keep(self, folder: Path) -> list[tuple[str, str]]:
        """Looks at what is there, for the report of a failed test: a picture and the console of each window go into the
        folder. Returns a heading and a text for each."""
        sections = []
        for number, view in enumerate(self._views, start=1):
            name = "window" if number == 1 else f"window-{number}"
            sections.append((f"window {view.window.title!r}", self._keep(view, folder, name)))
        return sections

    def _keep(self, view: WebView, folder: Path, name: str) -> str:
        state = "ready" if view.is_ready else "not ready" if view.is_open else "closed"
        text = [f"address: {view.peer.url or 'none yet'} ({state})"]
        try:
            picture = _picture(view)
        except AuroraViewError as error:
            text.append(f"picture: none, {error}")
        else:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.png").write_bytes(picture)
            text.append(f"picture: {folder / name}.png")
        lines = self._console_of(view)
        if lines:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{name}.txt").write_text("\n".join(lines) + "\n", "utf-8")
        text.append(f"console: {len(lines)} {'line' if len(lines) == 1 else 'lines'}")
        if len(lines) > _SHOWN_LINES:
            text[-1] += f", the last {_SHOWN_LINES}; all are in {folder / name}.txt"
        text += [f"  {line}" for line in lines[-_SHOWN_LINES:]]
        return "\n".join(text)

    def _console_of(self, view: WebView) -> list[str]:
        # What was written before the failure is on its way, behind handlers of the page; one of them may hang.
        handled = Future("the page's handlers")
        view.bridge.submit(view.peer._core.id, handled.settle)
        _waiting.wait_until_answered(handled.done, 1.0)
        return [str(line) for line in list(self.console) if line.view is view]


#: So many lines of a console stand in the report.
_SHOWN_LINES = 40


def _picture(view: WebView) -> bytes:
    """The page as it was last painted. Raises what `eval_js` would."""
    future = view._evaluations.painted()
    if not _waiting.wait_until_answered(future.done, _PICTURE_SECONDS):
        raise AuroraViewError(f"the page was not painted within {_PICTURE_SECONDS:g} s")
    picture: bytes = future.result(0)
    return picture


def folder_name(test: str) -> str:
    """A name for the folder of a test."""
    name = re.sub(r"[^\w.-]+", "-", test.replace("::", ".").replace("/", ".")).strip("-.")
    return name[-150:]


def forget(folder: Path) -> None:
    """Removes what a former run kept of a test, and nothing else."""
    for pattern in ("window*.png", "window*.txt"):
        for file in folder.glob(pattern):
            file.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
