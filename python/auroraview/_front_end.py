"""What a launcher runs and shows: the page, the command line, the environment. Nothing is started here.

A child learns its port from its arguments, its environment and the address of its page (and its page from the config
script, see :mod:`auroraview._config_script`); the secret comes in the environment or on stdin alone, because other
users of the machine can read arguments.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from auroraview._host import SHELL
from auroraview.errors import UsageError
from auroraview.navigation import origin_of

if TYPE_CHECKING:
    from auroraview.options import StrPath

#: The ready-made front end: the program of the package, under the name that a command may call it by.
SHELL_NAME = SHELL.name

PORT_VARIABLE = "AURORAVIEW_WS_PORT"
URL_VARIABLE = "AURORAVIEW_URL"
SECRET_VARIABLE = "AURORAVIEW_SECRET"
SECRET_VIA_VARIABLE = "AURORAVIEW_SECRET_VIA"
_OWN_VARIABLES = (URL_VARIABLE, SECRET_VARIABLE, SECRET_VIA_VARIABLE)

_HTML = (".html", ".htm", ".xhtml")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Page:
    """A page: one of an address, a directory and a file."""

    address: str | None = None
    directory: Path | None = None
    file: Path | None = None

    @staticmethod
    def of(page: StrPath) -> Page:
        """What ``page=`` names.

        Raises:
            UsageError: it is neither an address nor a page here.
            FileNotFoundError: there is nothing at this path.
        """
        if isinstance(page, str) and _SCHEME.match(page):
            return Page(address=_checked_address(page))
        if not isinstance(page, (str, os.PathLike)) or not page:
            raise UsageError(f"page is an http address, a directory or an .html file, not {page!r}")
        place = Path(os.path.abspath(page))
        if place.is_dir():
            return Page(directory=place)
        if not place.exists():
            raise FileNotFoundError(f"there is no page at {place}")
        if place.suffix.lower() not in _HTML:
            raise UsageError(f"page is an http address, a directory with an index.html or an .html file, not {place}")
        return Page(file=place)

    @property
    def folder(self) -> Path | None:
        """Where a config script of the page lies; ``None``: out of our reach."""
        return self.directory if self.file is None else self.file.parent

    @property
    def origins(self) -> list[str]:
        """What browsers send as its ``Origin``, besides the port's own."""
        if self.address is not None:
            return [origin_of(self.address)]
        return [] if self.file is None else ["null", "file://"]

    def url(self, port: int) -> str:
        """Its address, with the port in the query."""
        if self.directory is not None:
            return f"http://127.0.0.1:{port}/?port={port}"
        parts = urlsplit(self.address or Path(self.file or "").as_uri())
        fields = [field for field in parts.query.split("&") if field and field.partition("=")[0] != "port"]
        return parts._replace(query="&".join([*fields, f"port={port}"])).geturl()


@dataclass(frozen=True)
class FrontEnd:
    """A program and the page that it shows, if it shows one.

    Attributes:
        command: with placeholders; empty: the shell.
        page: what it shows.
        env: the user's variables; ``None`` removes one.
        env_name: the variable for the port.
        secret_on_stdin: the secret is the first line of stdin.
        cwd: where it runs; ``None``: where we do.
    """

    command: tuple[str, ...]
    page: Page | None
    env: dict[str, str | None]
    env_name: str
    secret_on_stdin: bool
    cwd: str | None

    @staticmethod
    def of(
        command: Sequence[StrPath] | None,
        page: StrPath | None,
        *,
        env: Mapping[str, str | None] | None,
        env_name: str,
        secret_via: str,
        cwd: StrPath | None,
    ) -> FrontEnd:
        """Checks what a launcher was given.

        Raises:
            UsageError: with what to write instead.
            FileNotFoundError: there is no page at this path.
        """
        words = () if command is None else _checked_command(command)
        if page is None and (not words or words[0] == SHELL_NAME):
            raise UsageError(f"{SHELL_NAME} shows a page: pass page=, or command=[...] to run another program")
        if secret_via not in ("env", "stdin"):
            raise UsageError(f"secret_via must be 'env' or 'stdin', not {secret_via!r}")
        found = None if page is None else Page.of(page)
        if found is None and any("{url}" in word for word in words):
            raise UsageError("the command has a {url}, and there is no page: pass page=")
        if not isinstance(env_name, str) or not _VARIABLE.fullmatch(env_name) or env_name in _OWN_VARIABLES:
            raise UsageError(f"env_name is the name of a variable, as in 'TAURI_WS_PORT', not {env_name!r}")
        return FrontEnd(
            command=words,
            page=found,
            env=_checked_env(env, env_name),
            env_name=env_name,
            secret_on_stdin=secret_via == "stdin",
            cwd=None if cwd is None else os.path.abspath(cwd),
        )

    @property
    def is_shell(self) -> bool:
        """It is the ready-made one."""
        return not self.command or self.command[0] == SHELL_NAME

    @property
    def name(self) -> str:
        """For people: the program's."""
        return SHELL_NAME if self.is_shell else os.path.basename(self.command[0])

    def url(self, port: int) -> str | None:
        """The page's address."""
        return None if self.page is None else self.page.url(port)

    def command_line(self, port: int) -> list[str]:
        """The program and its arguments."""
        url = self.url(port) or ""
        words = [word.replace("{port}", str(port)).replace("{url}", url) for word in self.command]
        if self.is_shell:
            words[:1] = [str(SHELL)]
        if not any("{port}" in word for word in self.command):
            words.append(f"--ws-port={port}")
        return words

    def environment(self, port: int, secret: str | None) -> dict[str, str | None]:
        """What is different from our own environment. What an outer launcher told us is not for this child."""
        env: dict[str, str | None] = {PORT_VARIABLE: None, **self.env}
        env[self.env_name] = str(port)
        env[URL_VARIABLE] = self.url(port)
        env[SECRET_VARIABLE] = None if self.secret_on_stdin else secret
        env[SECRET_VIA_VARIABLE] = "stdin" if self.secret_on_stdin and secret is not None else None
        return env

    def first_line(self, secret: str | None) -> str:
        """What is written to its stdin, which stays open."""
        return secret or "" if self.secret_on_stdin else ""


def new_secret() -> str:
    """128 random bits, as 22 characters that may stand anywhere."""
    return secrets.token_urlsafe(16)


def _checked_address(address: str) -> str:
    try:
        parts = urlsplit(address)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or not address.isascii() or any(char.isspace() or not char.isprintable() for char in address):
        raise UsageError(
            f"page is an http or https address, or the path of a page here (without file://), not {address!r}"
        )
    return address


def _checked_command(command: Sequence[StrPath]) -> tuple[str, ...]:
    if isinstance(command, (str, bytes, os.PathLike)):
        raise UsageError(f"command is a list: command=[{os.fspath(command)!r}, ...]; shlex.split() makes one of a line")
    words = []
    for word in command:
        text = os.fspath(word) if isinstance(word, os.PathLike) else word
        if not isinstance(text, str) or not _can_be_passed(text):
            raise UsageError(f"command is a list of str, and {word!r} is none that a program could get")
        words.append(text)
    if not words or not words[0]:
        raise UsageError("command begins with a program: command=['path/to/program', 'argument']")
    return tuple(words)


def _can_be_passed(text: str) -> bool:
    """A program can get it, as an argument or in its environment."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:  # A lone surrogate that stands for no byte.
        return False


def _checked_env(env: Mapping[str, str | None] | None, env_name: str) -> dict[str, str | None]:
    if env is None:
        return {}
    if not isinstance(env, Mapping):
        raise UsageError(f"env is a dict of variables, not {env!r}")
    for name, value in env.items():
        if not isinstance(name, str) or not name or "=" in name or not _can_be_passed(name):
            raise UsageError(f"{name!r} is no name of an environment variable")
        if value is not None and (not isinstance(value, str) or not _can_be_passed(value)):
            raise UsageError(f"env[{name!r}] must be a str that a program can get, or None to remove the variable")
        if name in (*_OWN_VARIABLES, env_name):
            raise UsageError(f"env must not have {name}: the launcher sets it itself")
    return dict(env)
