"""A directory of assets: what is in it, what is in one of them, and how one gets another name.

Knows nothing of windows or pages. The errors are exceptions with a text for people: the bridge hands class and text to
the page, which shows them where the name was typed.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

KINDS = {".svg": "texture", ".obj": "mesh", ".json": "material", ".md": "note"}
LONGEST_NAME = 48


class InvalidNameError(ValueError):
    """The new name cannot be the name of an asset."""


class NameTakenError(ValueError):
    """Another asset has that name."""


class NoSuchAssetError(LookupError):
    """There is no file of that name in the library."""


@dataclass(frozen=True)
class Asset:
    """One file. Dataclasses, paths and times go to the page as they are."""

    name: str
    kind: str
    size: int  # bytes
    modified: datetime


class Library:
    """The assets in one directory. Any thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()

    def scan(self) -> dict[str, Asset]:
        """All assets by name."""
        found = {}
        for path in self.folder.iterdir():
            kind = KINDS.get(path.suffix)
            if kind is None or path.name.startswith("."):
                continue
            try:
                status = path.stat()
            except FileNotFoundError:  # renamed while we looked
                continue
            modified = datetime.fromtimestamp(status.st_mtime, UTC)
            found[path.name] = Asset(path.name, kind, status.st_size, modified)
        return found

    def path_of(self, name: str) -> Path:
        """The file of an asset; never one outside the directory."""
        path = self.folder / name
        if "/" in name or path.suffix not in KINDS or not path.is_file():
            raise NoSuchAssetError(f"{name} is not in the library any more")
        return path

    def read(self, name: str) -> str:
        """The text of an asset: all kinds are text."""
        return self.path_of(name).read_text(encoding="utf-8")

    def facts(self, name: str) -> dict[str, Any]:
        """What a person wants to know about one asset: rows for its kind, and what it is connected with."""
        path = self.path_of(name)
        text = path.read_text(encoding="utf-8")
        digest = hashlib.sha256(text.encode()).hexdigest()
        return {
            "path": path,
            "rows": [*_rows(KINDS[path.suffix], text), ["SHA-256", digest[:16]]],
            "uses": _uses(path, text),
            "used_by": self.users_of(name),
        }

    def users_of(self, name: str) -> list[str]:
        """Names of the materials that use a texture."""
        if not name.endswith(".svg"):
            return []
        return sorted(
            path.name for path in self.folder.glob("*.json") if name in _uses(path, path.read_text(encoding="utf-8"))
        )

    def rename(self, name: str, new_stem: str) -> tuple[str, list[str]]:
        """Gives an asset another name; its ending stays.

        Returns:
            The new name, and the materials that were changed because they use the asset.

        Raises:
            InvalidNameError, NameTakenError, NoSuchAssetError: with a text that says what would do.
        """
        path = self.path_of(name)
        stem = _checked_stem(new_stem)
        target = path.with_name(stem + path.suffix)
        if target == path:
            return name, []
        if target.exists():
            raise NameTakenError(f"There is a {KINDS[path.suffix]} called {stem} already.")
        users = self.users_of(name)
        path.rename(target)
        for user in users:
            material = self.folder / user
            values = json.loads(material.read_text(encoding="utf-8"))
            values["texture"] = target.name
            material.write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
        return target.name, users

    def copy(self, name: str, folder: Path) -> int:
        """Copies an asset into another directory; returns its size in bytes."""
        return Path(shutil.copy2(self.path_of(name), folder)).stat().st_size


def _checked_stem(stem: str) -> str:
    stem = stem.strip()
    if not stem:
        raise InvalidNameError("A name needs at least one character.")
    if len(stem) > LONGEST_NAME:
        raise InvalidNameError(f"A name has at most {LONGEST_NAME} characters; this one has {len(stem)}.")
    bad = re.search(r"[^A-Za-z0-9_-]", stem)
    if bad is not None:
        what = "a space" if bad[0] == " " else repr(bad[0])
        raise InvalidNameError(f"Names are made of letters, digits, _ and -; {what} is none of them.")
    return stem


def _uses(path: Path, text: str) -> list[str]:
    if path.suffix != ".json":
        return []
    try:
        texture = json.loads(text).get("texture")
    except (ValueError, AttributeError):
        return []
    return [texture] if isinstance(texture, str) else []


def _rows(kind: str, text: str) -> list[list[str]]:
    """Label and value for each fact of a kind."""
    if kind == "mesh":
        points = [line.split()[1:4] for line in text.splitlines() if line.startswith("v ")]
        faces = sum(line.startswith("f ") for line in text.splitlines())
        axes = [[float(point[axis]) for point in points] for axis in range(3)]
        extent = " by ".join(f"{max(axis) - min(axis):.2f}" for axis in axes) if points else "empty"
        return [["Vertices", f"{len(points):,}"], ["Faces", f"{faces:,}"], ["Extent", extent]]
    if kind == "texture":
        box = re.search(r'viewBox="[\d.]+ [\d.]+ ([\d.]+) ([\d.]+)"', text)
        colors = set(re.findall(r"#[0-9a-fA-F]{6}\b", text))
        return [
            ["Tile", f"{box[1]} by {box[2]}" if box else "unknown"],
            ["Shapes", f"{text.count('/>'):,}"],
            ["Colours", str(len(colors))],
        ]
    if kind == "material":
        try:
            values = json.loads(text)
            return [
                ["Base colour", str(values["base_color"])],
                ["Metallic", f"{values['metallic']:.2f}"],
                ["Roughness", f"{values['roughness']:.2f}"],
            ]
        except (ValueError, KeyError, TypeError):
            return [["Content", "not a material this tool knows"]]
    return [["Lines", str(len(text.splitlines()))], ["Words", f"{len(text.split()):,}"]]
