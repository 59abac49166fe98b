"""The blocks of code in the texts of this project: where they stand, what language they are in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: A block of a text: three backticks, the language, an end of line; a list may have it indented.
BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w+-]*)[^\n]*\n(?P<code>.*?)^ *```[ \t]*$", re.MULTILINE | re.DOTALL
)
NAME = re.compile(r"(?:#|//|<!--|/\*) (?P<name>\S+\.\w+)(?: -->| \*/)?\n")


@dataclass(frozen=True)
class Block:
    """A block of code in a text."""

    text: Path
    line: int
    language: str
    code: str

    @property
    def file(self) -> str | None:
        """The name of the file that it is, where its first line says so."""
        match = NAME.match(self.code)
        return match["name"] if match else None

    def __str__(self) -> str:
        return f"{self.text.name}:{self.line}"


def texts() -> list[Path]:
    """All texts that people read, but those of tests."""
    found = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("protocol/*.md"),
        *ROOT.glob("js_sdk/*.md"),
        *ROOT.glob("examples/*.md"),
        *ROOT.glob("examples/*/*.md"),
    ]
    return sorted(found)


def blocks(*languages: str) -> list[Block]:
    """The blocks in one of these languages; without languages, all there are."""
    found = []
    for text in texts():
        content = text.read_text(encoding="utf-8")
        for match in BLOCK.finditer(content):
            if not languages or match["language"] in languages:
                line = content.count("\n", 0, match.start()) + 1
                code = re.sub(f"^{match['indent']}", "", match["code"], flags=re.MULTILINE)
                found.append(Block(text, line, match["language"], code))
    return found
