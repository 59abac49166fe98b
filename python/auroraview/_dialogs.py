"""The dialogs of a window: ``view.window.open_file()`` and the like."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auroraview.errors import UsageError

if TYPE_CHECKING:
    from auroraview._questions import Questions
    from auroraview.futures import Future
    from auroraview.options import StrPath

Filters = Mapping[str, Iterable[str]] | Iterable[tuple[str, Iterable[str]]]

_KINDS = ("info", "warning", "error", "question")
_FILTERS = 'filters are {"Images": ["*.png", "*.jpg"]} or [("Images", ["*.png", "*.jpg"])]'


class Dialogs:
    """Native dialogs of one window, part of :class:`auroraview.window.Window`.

    Each method asks and returns a future at once: ``.result()`` or ``await``. It raises ``ViewClosed`` when there is no
    window, or the window closes first, and ``HostError`` where no dialog can be shown. ``future.cancel()`` closes the
    dialog. Any thread. A dialog is modal to its window alone: other windows go on, and so does the page's script.
    """

    _questions: Questions

    def open_file(
        self,
        *,
        title: str | None = None,
        directory: StrPath | None = None,
        filters: Filters | None = None,
        multiple: bool = False,
    ) -> Future:
        """Asks the user for a file that exists.

        Args:
            title: of the dialog.
            directory: what it shows first; ``None``: the folder that was used last, at first the user's home.
            filters: which files are shown, by name; patterns do not look at upper and lower case. The user may choose
                between them. ``None``: all files.
            multiple: more than one can be selected.

        Returns:
            A future of a ``Path``, ``None`` when the dialog was dismissed; with ``multiple``: of a list of paths, empty
            when it was dismissed.

        Raises:
            UsageError: filters of another form; the text shows the right one.
            FileNotFoundError: there is no such directory.
        """
        question = _file_dialog(title, directory, filters=filters, multiple=multiple)
        return self._questions.ask("the file to open", {"open_file": question}, _paths if multiple else _path)

    def save_file(
        self,
        *,
        title: str | None = None,
        directory: StrPath | None = None,
        name: str | None = None,
        filters: Filters | None = None,
    ) -> Future:
        """Asks the user where to save a file. One that exists is agreed to be replaced; nothing is written here.

        Args:
            title: of the dialog.
            directory: what it shows first; ``None``: the folder that was used last, at first the user's home.
            name: the name that is proposed.
            filters: as for :meth:`open_file`. The name is what the user wrote; no ending is added.

        Returns:
            A future of a ``Path``, ``None`` when the dialog was dismissed.

        Raises:
            UsageError, FileNotFoundError: as :meth:`open_file`; a name with a folder in it.
        """
        question = _file_dialog(title, directory, name=name, filters=filters)
        return self._questions.ask("the file to save", {"save_file": question}, _path)

    def select_folder(
        self,
        *,
        title: str | None = None,
        directory: StrPath | None = None,
        multiple: bool = False,
    ) -> Future:
        """Asks the user for a folder. Arguments, result and errors are those of :meth:`open_file`."""
        question = _file_dialog(title, directory, multiple=multiple)
        return self._questions.ask("the folder", {"select_folder": question}, _paths if multiple else _path)

    def message(
        self,
        text: str,
        *,
        title: str | None = None,
        detail: str | None = None,
        kind: str = "info",
        accept: str | None = None,
    ) -> Future:
        """Says something to the user.

        Args:
            text: what it says; plain text.
            title: of the dialog; ``None``: that of the window.
            detail: more text, under it.
            kind: its picture: ``"info"``, ``"warning"``, ``"error"`` or ``"question"``.
            accept: the button's text; ``None``: OK.

        Returns:
            A future of ``None``, which comes when the user has closed the dialog.

        Raises:
            UsageError: no such kind, or a text that is no str.
        """
        question = _message_dialog(text, title, detail, kind, accept)
        return self._questions.ask("the end of the message", {"message": question}, lambda _: None)

    def confirm(
        self,
        text: str,
        *,
        title: str | None = None,
        detail: str | None = None,
        kind: str = "question",
        accept: str | None = None,
        cancel: str | None = None,
    ) -> Future:
        """Asks the user to agree.

        Args:
            text, title, detail, kind: as for :meth:`message`.
            accept: the text of the button that agrees, which Return presses; ``None``: OK.
            cancel: the text of the other one, which Escape presses; ``None``: Cancel.

        Returns:
            A future of a bool: ``False`` also when the dialog was closed without an answer.

        Raises:
            UsageError: as :meth:`message`.
        """
        question = _message_dialog(text, title, detail, kind, accept, cancel)
        return self._questions.ask("the user's answer", {"confirm": question})


def _path(paths: list[str]) -> Path | None:
    return Path(paths[0]) if paths else None


def _paths(paths: list[str]) -> list[Path]:
    return [Path(path) for path in paths]


def _file_dialog(
    title: str | None,
    directory: StrPath | None,
    *,
    name: str | None = None,
    filters: Filters | None = None,
    multiple: bool = False,
) -> dict[str, Any]:
    if name is not None and (not isinstance(name, str) or os.path.basename(name) != name):
        raise UsageError(f"name is a file's name, as 'report.pdf', without a folder, not {name!r}")
    return {
        "title": _text("title", title),
        "directory": None if directory is None else _folder(directory),
        "name": name,
        "filters": [] if filters is None else _checked_filters(filters),
        "multiple": bool(multiple),
    }


def _message_dialog(
    text: str,
    title: str | None,
    detail: str | None,
    kind: str,
    accept: str | None,
    cancel: str | None = None,
) -> dict[str, Any]:
    if kind not in _KINDS:
        raise UsageError(f"a dialog's kind is one of {', '.join(map(repr, _KINDS))}, not {kind!r}")
    if text is None:
        raise UsageError("a dialog's text is a str, not None")
    return {
        "text": _text("text", text),
        "title": _text("title", title),
        "detail": _text("detail", detail),
        "kind": kind,
        "accept": _text("accept", accept),
        "cancel": _text("cancel", cancel),
    }


def _text(what: str, text: str | None) -> str | None:
    if text is not None and not isinstance(text, str):
        raise UsageError(f"a dialog's {what} is a str, not {text!r}")
    return text


def _folder(directory: StrPath) -> str:
    path = os.path.abspath(os.fsdecode(directory))
    if not os.path.isdir(path):
        raise FileNotFoundError(f"there is no directory {path}")
    return path


def _checked_filters(filters: Filters) -> list[dict[str, Any]]:
    try:
        pairs = list(filters.items()) if isinstance(filters, Mapping) else [tuple(pair) for pair in filters]
        checked = [_checked_filter(*pair) for pair in pairs]
    except (TypeError, ValueError):
        raise UsageError(f"{_FILTERS}, not {filters!r}") from None
    return checked


def _checked_filter(name: object, patterns: object) -> dict[str, Any]:
    """Raises ``TypeError`` or ``ValueError`` when it is none."""
    if not isinstance(name, str) or not name or isinstance(patterns, str):
        raise TypeError
    kept = list(patterns)  # type: ignore[call-overload]
    if not kept or not all(isinstance(one, str) and one for one in kept):
        raise ValueError
    if any("/" in one for one in kept):
        raise ValueError
    return {"name": name, "patterns": kept}
