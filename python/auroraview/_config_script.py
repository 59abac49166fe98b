"""``ws-config.js``: tells a page, which has no arguments and no environment, where its program listens.

It is written beside the page, whole or not at all, with the time: what is older than a few seconds was left over by a
program that was killed, and the page looks elsewhere. It never holds the secret: who finds a port there cannot know
whose it is.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import stat
from datetime import UTC, datetime
from pathlib import Path

from auroraview._log import logger

NAME = "ws-config.js"


class ConfigScript:
    """The file in one directory. Any thread, one at a time."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / NAME
        self._text: bytes | None = None
        self._warned = False

    def write(self, port: int) -> bool:
        """Writes it anew, with the time of now. When that cannot be, one warning says why; returns whether it could."""
        stamp = datetime.now(UTC).isoformat(timespec="milliseconds")
        text = f"window.WS_CONFIG = {json.dumps({'port': port, 'timestamp': stamp})};\n".encode()
        try:
            _replace(self.path, text)
        except OSError as error:
            if not self._warned:
                logger.warning(
                    "%s cannot be written (%s): the page finds its port by its address alone; "
                    "config_dir= names a directory that can be written to",
                    self.path,
                    error.strerror or error,
                )
            self._warned = True
            return False
        self._text = text
        return True

    def remove(self) -> None:
        """Removes it, unless somebody else has written it meanwhile."""
        text, self._text = self._text, None
        with contextlib.suppress(OSError):
            if text is not None and _is_file(self.path, len(text)) and self.path.read_bytes() == text:
                self.path.unlink()


def _is_file(path: Path, size: int) -> bool:
    """A file of so many bytes is there itself; reading others, pipes among them, could take for ever."""
    found = path.lstat()
    return stat.S_ISREG(found.st_mode) and found.st_size == size


def _replace(path: Path, text: bytes) -> None:
    """Puts a file in the place of another; who reads sees one or the other.

    Raises:
        OSError: it cannot be; all is as before.
    """
    # Beside it, because only within a file system does one file take another's place at once.
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    try:
        with open(descriptor, "wb") as file:
            file.write(text)
        os.replace(new, path)
    except BaseException:
        with contextlib.suppress(OSError):
            new.unlink()
        raise
