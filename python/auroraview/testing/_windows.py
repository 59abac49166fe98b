"""Windows of a test: opened, closed at its end, and looked at when it fails.

The plugin looks at all that are open when a test has failed, whoever opened them, and at those that a failure closed.
"""

from __future__ import annotations

import collections
import re
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from auroraview import _waiting
from auroraview.errors import AuroraViewError, UsageError
from auroraview.testing import _display
from auroraview.view import WebView

__all__ = ["ConsoleLine", "Windows"]

_PAGE = "<!doctype html><meta charset=utf-8><title>Page</title><body>A page"

#: How long a window may take to open, to be ready, to close: far longer than any does.
_PATIENCE = 30.0

#: How long a page whose test has failed may take to be painted, in seconds. It may well hang.
_PICTURE_SECONDS = 5.0

#: So many lines of a console stand in the report.
_SHOWN_LINES = 40


@dataclass(frozen=True)
class ConsoleLine:
    """What a page wrote to its console, or an error there that nobody caught.

    Attributes:
        view: whose page.
        level: ``"log"``, ``"info"``, ``"warning"``, ``"error"`` or ``"debug"``.
        text: what it wrote.
        source, line: where, if that is known.

    As text it is a line for people; those of a stack follow, indented.
    """

    view: WebView
    level: str
    text: str
    source: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = "" if self.source is None else f"  ({self.source}{'' if self.line is None else f':{self.line}'})"
        first, *rest = self.text.split("\n")
        return "\n".join([f"{self.level:<8}{first}{place}", *(f"        {line.lstrip()}" for line in rest)])


@dataclass(frozen=True)
class Look:
    """A window as it was when its test failed."""

    title: str
    address: str
    state: str
    console: list[str]
    picture: bytes | None
    #: Why there is no picture.
    problem: str = ""

    def keep(self, folder: Path, name: str) -> tuple[str, str]:
        """Writes down what there is; a heading and a text for the report."""
        text = [f"address: {self.address or 'none yet'} ({self.state})"]
        if self.picture is not None or self.console:
            folder.mkdir(parents=True, exist_ok=True)
        if self.picture is not None:
            (folder / f"{name}.png").write_bytes(self.picture)
            text.append(f"picture: {folder / name}.png")
        else:
            text.append(f"picture: none, {self.problem}")
        count = len(self.console)
        text.append(f"console: {count} {'line' if count == 1 else 'lines'}")
        if count:
            (folder / f"{name}.txt").write_text("\n".join(self.console) + "\n", "utf-8")
        if count > _SHOWN_LINES:
            text[-1] += f", of which these are the last; all are in {folder / name}.txt"
        text += ["  " + line.replace("\n", "\n  ") for line in self.console[-_SHOWN_LINES:]]
        return f"window {self.title!r}", "\n".join(text)


_living: weakref.WeakSet[Windows] = weakref.WeakSet()

#: What there was to be seen when a ``with Windows()`` ended with an error, until the report of the test is made.
_last: collections.deque[Look] = collections.deque(maxlen=20)


class Windows:
    """Opens windows for a test, and closes them at its end: the fixture ``webview``.

        def test_the_title(webview):
            view = webview(html="<h1>Hello</h1>")
            assert view.eval_js("document.querySelector('h1').textContent").result(timeout=10) == "Hello"

    For windows that several tests share, it is a context manager:

        @pytest.fixture(scope="module")
        def panel():
            with Windows() as webview:
                yield webview(make_panel())

    Where no display answers it starts a virtual one, with Xvfb. When a test fails, its report has for each window the
    address, what its page wrote to the console, and where the picture is that was taken of it.

    Attributes:
        console: what the pages wrote to their consoles so far: :class:`ConsoleLine`, in order.

    Raises:
        HostError: there is no display, and none can be made; the text says what to do.
    """

    def __init__(self) -> None:
        _display.ensure()
        self.console: list[ConsoleLine] = []
        self._views: list[WebView] = []
        self._listening: list[tuple[WebView, Callable[..., None], Callable[..., None]]] = []
        _living.add(self)

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
            view = WebView(**{"title": view, **options})
        if view not in self._views:
            self._listen(view)
        view.show(wait=False)
        if ready:
            view.wait_ready(timeout)
        return view

    def _listen(self, view: WebView) -> None:
        def follow(name: str, *args: Any) -> None:
            if name == "console":
                self.console.append(ConsoleLine(view, *args))

        def listen(*_: object) -> None:
            pass

        # That somebody listens has the console told. Listeners wait behind the page's handlers, one of which may hang:
        # that is when a console is worth most.
        view.window.on("console", listen)
        view._followers.append(follow)
        self._views.append(view)
        self._listening.append((view, listen, follow))

    def close(self) -> None:
        """Closes them all, and waits until they are gone.

        Raises:
            AssertionError: one does not close.
        """
        views, self._views = self._views, []
        for view in views:
            view.close()
        stuck = [view for view in views if not view.wait(_PATIENCE)]
        for view, listen, follow in self._listening:
            view.window.off("console", listen)
            view._followers.remove(follow)
        self._listening.clear()
        assert not stuck, f"did not close within {_PATIENCE:g} s: {', '.join(map(repr, stuck))}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            _last.extend(self.look())
        self.close()

    def __repr__(self) -> str:
        return f"<auroraview.testing.Windows: {', '.join(map(repr, self._views)) or 'none'}>"

    def look(self) -> list[Look]:
        """What there is to be seen of each. For the plugin's use."""
        return [self._look_at(view) for view in self._views]

    def _look_at(self, view: WebView) -> Look:
        state = "ready" if view.is_ready else "not ready" if view.is_open else "closed"
        picture, problem = None, ""
        try:
            picture = _picture(view)
        except AuroraViewError as error:
            problem = str(error)
        return Look(view.window.title, view.peer.url, state, self._console_of(view), picture, problem)

    def _console_of(self, view: WebView) -> list[str]:
        _waiting.hear_what_happened()
        return [str(line) for line in list(self.console) if line.view is view]


def _picture(view: WebView) -> bytes:
    """The page as it was last painted.

    Raises:
        AuroraViewError: there is no picture; the text says why.
    """
    future = view._evaluations.painted()
    if not _waiting.wait_until_answered(future.done, _PICTURE_SECONDS):
        raise AuroraViewError(f"the page was not painted within {_PICTURE_SECONDS:g} s")
    picture: bytes = future.result(0)
    return picture


def keep_all(folder: Path) -> list[tuple[str, str]]:
    """Looks at all windows there are; pictures and consoles go into the folder. A heading and a text for each."""
    looks = [*_last, *(look for windows in list(_living) for look in windows.look())]
    _last.clear()
    names = ["window", *(f"window-{number}" for number in range(2, len(looks) + 1))]
    return [look.keep(folder, name) for look, name in zip(looks, names, strict=False)]


def folder_name(test: str) -> str:
    """A name for the folder of a test."""
    name = re.sub(r"[^\w.-]+", "-", test.replace("::", ".").replace("/", ".")).strip("-.")
    return name[-150:]


def remove_former(folder: Path) -> None:
    """Removes what a former run kept of a test, and nothing else."""
    for pattern in ("window*.png", "window*.txt"):
        for file in folder.glob(pattern):
            file.unlink()
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()


def forget_failures() -> None:
    """Forgets windows that were closed by an error: the test that had them is over."""
    _last.clear()
