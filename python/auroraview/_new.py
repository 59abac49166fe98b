"""``auroraview new``: the folder of a tool, with a window of its own or installed in an application.

The templates are folders of files that work as they are, with a tool named My Panel; its names are replaced. What is
common to all applications, the page and the script that makes the file to install, is in ``templates/common``; a window
of its own has the same page.
"""

from __future__ import annotations

import keyword
import os
import re
import sys
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path

from auroraview.errors import UsageError

#: What may be asked for.
HOSTS = ("blender", "freecad", "qt")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[ _-][A-Za-z0-9]+)*")
_PLACEHOLDER = re.compile(r"My Panel|MyPanel|my_panel|MY_PANEL")


def create(name: str, host: str, into: Path) -> Path:
    """Writes the folder of a new tool into a folder; returns it.

    Args:
        name: as people read it, ``"Shot Notes"``, or as a module, ``"shot_notes"``.
        host: one of :data:`HOSTS`.
        into: the folder is made where it is missing.

    Raises:
        UsageError: the name cannot be one of a module, or there is something of that name already.
        OSError: the folder cannot be written; what was written of it stays.
    """
    words = _words(name)
    target = into / "_".join(words).lower()
    if target.exists() or target.is_symlink():
        raise UsageError(f"{target} is there already; nothing was written. Choose another name, or --into")
    templates = resources.files("auroraview") / "templates"
    for part in ("common", host):
        _copy(templates / part, target, words)
    return target


def create_window(folder: Path) -> Path:
    """Writes a new tool with a window of its own into a folder, which is made, or is there and empty; returns it.

    Args:
        folder: its name is that of the tool, ``shot_notes`` for Shot Notes.

    Raises:
        UsageError: there is something already.
        OSError: the folder cannot be written; what was written of it stays.
    """
    if os.path.lexists(folder) and not (folder.is_dir() and not any(folder.iterdir())):
        raise UsageError(f"{folder} is there already; nothing was written. Choose another name")
    words = [word[0].upper() + word[1:] for word in re.findall(r"[^\W_]+", folder.resolve().name)] or ["Panel"]
    templates = resources.files("auroraview") / "templates"
    _copy(templates / "window", folder, words)
    _copy(templates / "common" / "my_panel" / "ui", folder / "ui", words)
    return folder


def _words(name: str) -> list[str]:
    """The words of a name, each as it is written in a title.

    Raises:
        UsageError: it says why.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"a tool cannot be named {name!r}: it takes letters and digits, with a space, - or _ between words, and a "
            "letter first, as in 'Shot Notes' or shot_notes"
        )
    words = re.split("[ _-]", name)
    module = "_".join(words).lower()
    if keyword.iskeyword(module) or module in sys.stdlib_module_names or module in _TAKEN:
        raise UsageError(f"a tool cannot be named {name!r}: Python or an application has a module {module}")
    return [word[0].upper() + word[1:] for word in words]


#: Modules that tools are made with, or that the folders of tools have themselves.
_TAKEN = {"auroraview", "bpy", "freecad", "krita", "pyside", "main", "tool", "build", "init", "initgui", "vendor", "ui"}


def _copy(source: Traversable, target: Path, words: list[str]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for entry in source.iterdir():
        if entry.name == "__pycache__":
            continue
        name = _replaced(entry.name, words)
        if entry.is_dir():
            _copy(entry, target / name, words)
        else:
            (target / name).write_text(_replaced(entry.read_text(encoding="utf-8"), words), encoding="utf-8")


def _replaced(text: str, words: list[str]) -> str:
    names = {
        "My Panel": " ".join(words),
        "MyPanel": "".join(words),
        "my_panel": "_".join(words).lower(),
        "MY_PANEL": "_".join(words).upper(),
    }
    return _PLACEHOLDER.sub(lambda found: names[found[0]], text)
