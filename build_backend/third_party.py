"""The licences of what is compiled into the wheel: the text of every Rust crate that our native parts link."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

NAMES = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "COPYRIGHT")
HEAD = """The native parts of this package contain the following Rust crates. WebKitGTK, GTK and the C library are
not among them: they are those of the system, and linked dynamically.
"""


def write(cargo: str, root: Path, target: Path) -> None:
    """Writes the file, if it would differ."""
    text = HEAD + "".join(chapters(cargo, root))
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")


def chapters(cargo: str, root: Path) -> Iterator[str]:
    """Name, licence and licence files of each crate; a text that several crates share word for word is given once."""
    known: dict[str, str] = {}
    for package in linked_packages(cargo, root):
        title = f"{package['name']} {package['version']}"
        licence = package["license"] or "see below"
        yield f"\n{'=' * 100}\n{title}\nLicence: {licence}\n{package['repository'] or ''}\n"
        folder = Path(package["manifest_path"]).parent
        for file in sorted(folder.iterdir()):
            if file.is_file() and file.name.upper().startswith(NAMES):
                text = file.read_text(encoding="utf-8", errors="replace").strip()
                first = known.setdefault(text, title)
                yield f"\n{file.name}: " + (f"\n\n{text}\n" if first == title else f"as for {first}\n")


def linked_packages(cargo: str, root: Path) -> list[dict[str, Any]]:
    """The crates of others that end up in our libraries: neither build tools nor what only tests use."""
    command = [cargo, "metadata", "--format-version", "1", "--locked", "--filter-platform", "x86_64-unknown-linux-gnu"]
    metadata = json.loads(subprocess.run(command, cwd=root, check=True, stdout=subprocess.PIPE).stdout)
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    reached: set[str] = set()
    waiting = list(metadata["workspace_members"])
    while waiting:
        id = waiting.pop()
        if id in reached:
            continue
        reached.add(id)
        if any("proc-macro" in target["kind"] for target in packages[id]["targets"]):
            continue
        for dependency in nodes[id]["deps"]:
            if any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    others = [packages[id] for id in reached if packages[id]["source"] is not None]
    return sorted(others, key=lambda package: (package["name"], package["version"]))
