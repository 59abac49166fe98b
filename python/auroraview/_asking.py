"""What a page can be asked: for the value of a script, a picture, a match, a PDF file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from auroraview import _waiting
from auroraview.errors import CallTimeout
from auroraview.options import check_text

if TYPE_CHECKING:
    from auroraview._evaluation import Evaluations
    from auroraview._questions import Questions
    from auroraview.futures import Future
    from auroraview.options import StrPath

_SCREENSHOT_SECONDS = 30.0


class Asking:
    """Part of :class:`auroraview.WebView`. Each question waits until the page is ready."""

    _evaluations: Evaluations
    _questions: Questions

    def eval_js(self, script: str) -> Future:
        """Evaluates a script in the page's global scope.

        The value is that of the last statement; promises are awaited, ``undefined`` is ``None``. Before the page is
        ready it waits for it.

        Returns:
            A future: ``.result(timeout=5)`` or ``await``. It raises ``RemoteError`` when the script throws, and
            ``ViewClosed`` when the document goes away. A page whose Content-Security-Policy forbids ``eval`` cannot
            await promises: a promise is a ``RemoteError`` that says so.
        """
        return self._evaluations.evaluate(check_text("a script", script))

    def screenshot(self, path: StrPath | None = None) -> bytes:
        """A picture of the page as rendered; waits until the page is ready.

        Args:
            path: also write it to this file.

        Returns:
            The bytes of a PNG file.

        Raises:
            HostError: no picture could be taken.
            ViewClosed, CallTimeout: the page went away, or no picture came within 30 s.
            UsageError: where no picture can be taken meanwhile: see :meth:`show`.
        """
        future = self._evaluations.screenshot()
        picture: bytes = future.result(_SCREENSHOT_SECONDS)
        if path is not None:
            Path(path).write_bytes(picture)
        return picture

    def find(self, text: str, *, match_case: bool = False, backwards: bool = False) -> Future:
        """Searches the page, marks a match and scrolls to it; the same text again: the next one. After the last comes
        the first. Waits until the page is ready.

        Args:
            text: what to look for; ``""`` ends the search and its marks.
            match_case: upper and lower case differ.
            backwards: the match before.

        Returns:
            A future of the number of matches. It raises ``ViewClosed`` or ``HostError`` when the window, or the
            document, goes away first.

        Raises:
            UsageError: not a str.
        """
        sought = check_text("what is looked for", text)
        options = {"text": sought, "match_case": bool(match_case), "backwards": bool(backwards), "wrap": True}
        what = "the number of matches"
        return self._evaluations.when_ready(what, lambda: self._questions.ask(what, {"find": options}))

    def print_pdf(
        self,
        path: StrPath,
        *,
        paper: str | tuple[float, float] = "A4",
        landscape: bool = False,
        margin_mm: float = 10.0,
        background: bool = True,
    ) -> Future:
        """Writes the page to a PDF file, as it prints (``@media print``). Waits until the page is ready.

        Args:
            path: the file; one that is there is replaced when the new one is complete.
            paper: ``"A3"``, ``"A4"``, ``"A5"``, ``"Letter"``, ``"Legal"``, ``"Tabloid"``, or (width, height) in mm.
            landscape: width and height change places.
            margin_mm: on all sides.
            background: background colours and pictures are printed too.

        Returns:
            A future of the ``Path``, done when the file is written. It raises ``HostError`` when it cannot be, and
            ``ViewClosed`` when the window goes away first.

        Raises:
            UsageError: no such paper; margins that leave no room.
            FileNotFoundError: the folder does not exist.
        """
        from auroraview._pdf import pdf_question

        options = pdf_question(path, paper, landscape=landscape, margin_mm=margin_mm, background=background)
        written = Path(options["path"])
        what = "the PDF file"
        ask = lambda: self._questions.ask(what, {"print_pdf": options}, lambda _: written)  # noqa: E731
        return self._evaluations.when_ready(what, ask)

    def _painted(self) -> bytes:
        """The page as it was last painted, as the bytes of a PNG file. Any thread, that of an application's loop too.

        Raises:
            HostError: there is no picture.
            ViewClosed, CallTimeout: there is no window, or none that answers.
        """
        future = self._evaluations.painted()
        if not _waiting.wait_until_answered(future.done, _SCREENSHOT_SECONDS):
            raise CallTimeout(f"the picture did not come within {_SCREENSHOT_SECONDS:g} s")
        picture: bytes = future.result(0)
        return picture
