"""What a page and the program say to each other, written to a file, and the file's form.

A recording is text, one JSON object a line. The first says what it is, and which document was there already; each of
the others is a frame of PROTOCOL.md: when, in seconds since the recording began, who sent it, the text, and its
attachments as base64.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import stat
import threading
import time
import weakref
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from auroraview import _core, _waiting
from auroraview._log import logger
from auroraview._running import this_thread
from auroraview.errors import UsageError
from auroraview.peer import Peer

if TYPE_CHECKING:
    from auroraview.options import StrPath
    from auroraview.testing._memory_page import MemoryPage
    from auroraview.view import WebView

__all__ = ["Recording", "record"]

#: The form described above.
FORMAT = 1

#: How long the last frames may take on their way to the file, in seconds.
_PATIENCE = 10.0

_recorded: weakref.WeakKeyDictionary[Peer, Recording] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def record(page: WebView | MemoryPage | Peer, file: StrPath) -> Recording:
    """Writes down, from now on, every frame of a page and every one to it, for :func:`auroraview.testing.replay`.

        with record(view, "bug.jsonl"):
            view.show()

    The file holds whatever the page and the program send to each other, be it private; nobody else may read it, as far
    as the file system can say so. The secrets of the connection, a window's key and a server's tokens, are not in it.

    Args:
        page: a view, best before it is shown; a ``MemoryPage``; a peer, such as that which ``bridge.on_connect`` tells
            of. What was said before is not in the recording.
        file: where to; replaced when it exists. Each frame is there when it has passed.

    Returns:
        The recording: a context manager, or ``stop()``.

    Raises:
        UsageError: the page is being recorded already.
        OSError: the file cannot be written.
    """
    return Recording(page if isinstance(page, Peer) else page.peer, Path(file))


class Recording:
    """A recording that goes on until :meth:`stop`, or to the end of the program. Any thread; see :func:`record`.

    Attributes:
        path: the file.
        frames: how many frames are in it.
    """

    def __init__(self, peer: Peer, path: Path) -> None:
        self.path = path
        self.frames = 0
        self._peer = peer
        self._began = time.monotonic()
        with _lock:
            if peer in _recorded:
                raise UsageError(f"the page is being recorded already, into {_recorded[peer].path}")
            # What pages say may be private.
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
            _keep_private(descriptor)
            self._file = open(descriptor, "w", encoding="utf-8", buffering=1)  # noqa: SIM115 - closed by `stop`
            head = {"auroraview": _core.__version__, "recording": FORMAT, "transport": peer.info.transport}
            try:
                self._write(head if peer.document is None else {**head, "document": peer.document})
            except OSError:
                self._abandon()
                raise
            _recorded[peer] = self
        peer._core.record(self._passed)

    def stop(self) -> None:
        """Ends it; what has passed is in the file when this returns. Stopping twice is fine."""
        with _lock:
            if _recorded.get(self._peer) is not self:
                return
            del _recorded[self._peer]
            self._peer._core.record(None)
        if not this_thread.must_not_wait:
            _waiting.hear_what_happened(_PATIENCE)
        with _lock:
            self._file.close()

    def _passed(self, source: str, text: str, attachments: list[bytes]) -> None:
        """A frame, on the notice thread."""
        line: dict[str, Any] = {"at": round(time.monotonic() - self._began, 6), "from": source, "frame": text}
        if attachments:
            line["attachments"] = [base64.b64encode(one).decode("ascii") for one in attachments]
        with _lock:
            if self._file.closed:
                return
            try:
                self._write(line)
                self.frames += 1
            except OSError as error:
                logger.error("the recording %s ends here: %s", self.path, error)
                self._peer._core.record(None)
                _recorded.pop(self._peer, None)
                self._abandon()

    def _abandon(self) -> None:
        """Closes the file, also when what could not be written still cannot be."""
        with contextlib.suppress(OSError):
            self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line) + "\n")

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def __repr__(self) -> str:
        return f"<auroraview.testing.Recording {str(self.path)!r}, {self.frames} frames>"


def _keep_private(descriptor: int) -> None:
    """A file that was there already may be readable for others. What is no file has its modes for a reason."""
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        with contextlib.suppress(OSError):  # It belongs to another user, or its file system has none.
            os.fchmod(descriptor, 0o600)


@dataclass(frozen=True)
class Frame:
    """One line of a recording."""

    source: Literal["page", "python"]
    text: str
    attachments: list[bytes] = field(default_factory=list)


def read(path: Path) -> tuple[str | None, list[Frame]]:
    """The document that was there when a recording began, and its frames, in order.

    Raises:
        ValueError: it is none, or of a form that this version does not know; the text says where.
    """
    document: str | None = None
    frames = []
    with path.open(encoding="utf-8", errors="backslashreplace") as file:
        number = 0
        for number, line in enumerate(file, start=1):
            try:
                read_line = json.loads(line)
                if number == 1:
                    document = _document_of_head(path, read_line)
                    continue
                source = read_line["from"]
                if source not in ("page", "python"):
                    raise ValueError(f"from {source!r}")
                attachments = [base64.b64decode(one) for one in read_line.get("attachments", ())]
                frames.append(Frame(source, str(read_line["frame"]), attachments))
            except _NewerError:
                raise
            except (ValueError, KeyError, TypeError) as error:
                if not line.endswith("\n") and number > 1:
                    break  # The program ended while it wrote.
                raise ValueError(f"{path}, line {number}: this is no recording of auroraview.testing.record") from error
    if number == 0:
        raise ValueError(f"{path} is empty: this is no recording of auroraview.testing.record")
    return document, frames


class _NewerError(ValueError):
    """A form of a later version."""


def _document_of_head(path: Path, head: Any) -> str | None:
    form = head["recording"]
    if not isinstance(form, int):
        raise ValueError("no number")
    if form != FORMAT:
        raise _NewerError(
            f"{path} was recorded by auroraview {head.get('auroraview', '?')}, in a form that this version "
            f"({_core.__version__}) does not read"
        )
    document = head.get("document")
    return document if isinstance(document, str) else None
