"""Makes the source of the site from what is in the repository, in a folder of its own.

The pages in ``docs/`` are written to be read where they lie: their links lead to files, ``../protocol/PROTOCOL.md`` or
``../examples/01_hello/main.py``, and their pictures are HTML that knows light and dark. Here links become links to
pages of the site, pictures become those of the theme, the tables of ``docs/index.md`` become the navigation, and each
example becomes a page.
"""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Texts outside of ``docs/`` that are pages of the site, by the name they have there.
TEXTS = {
    "protocol/PROTOCOL.md": "protocol.md",
    "js_sdk/README.md": "sdk.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changelog.md",
}

#: What stands behind the page of an example: kind of file, language of its colours.
SHOWN = {
    ".py": "python",
    ".html": "html",
    ".js": "javascript",
    ".mjs": "javascript",
    ".ts": "typescript",
    ".tsx": "tsx",
    ".vue": "html",
    ".css": "css",
    ".json": "json",
    ".md": "markdown",
}
#: Pictures of examples that the texts have too.
PICTURES = {
    "12_fleet": "fleet",
    "13_blender_outliner": "outliner",
    "14_freecad_box": "boxes",
    "15_krita_layers": "layers",
    "16_qt_dock": "board",
    "asset_browser": "asset_browser",
}
LEFT_OUT = {"node_modules", "__pycache__", "dist", "package-lock.json"}

LINK = re.compile(r"(?<!!)\[(?P<words>[^\[\]]*)\]\((?P<target>[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
PICTURE = re.compile(r"<picture>\s*<source [^>]*srcset=\"([^\"]+)\"[^>]*>\s*<img ([^>]*)>\s*</picture>", re.DOTALL)
IMAGE = re.compile(r"(src|alt)=\"([^\"]*)\"", re.DOTALL)
FENCE = re.compile(r"^(```|~~~).*?^\1[ \t]*$", re.MULTILINE | re.DOTALL)
#: Pages that are made, and so have no line in the index of the repository.
REFERENCE = ["reference/index.md"]

SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
ENTRY = re.compile(r"^\| \[[^\]]*\]\(([^)]+)\)", re.MULTILINE)


class UnknownLinkError(Exception):
    """A page leads to a file that is no page of the site."""


def page_of(file: Path) -> str | None:
    """The page of the site, from its root, on which a file of the repository is to be found."""
    try:
        name = file.relative_to(ROOT).as_posix()
    except ValueError:
        return None
    if name in TEXTS:
        return TEXTS[name]
    if name == "README.md":
        return "index.md"
    parts = name.split("/")
    if parts[0] == "examples":
        return "examples/index.md" if len(parts) == 1 or parts[1] == "README.md" else f"examples/{parts[1]}.md"
    if parts[0] == "docs":
        return "/".join(parts[1:])
    return None


def rewritten(text: str, of: Path, at: str) -> str:
    """The text of a page of the repository as a page of the site; blocks of code stay as they are.

    Args:
        text: what the file holds.
        of: the file that the text is from; its links begin there.
        at: the page of the site, from its root.

    Raises:
        UnknownLinkError: a link leads to what the site does not have.
    """
    made: list[str] = []
    end = 0
    for fence in FENCE.finditer(text):
        made += [_prose(text[end : fence.start()], of, at), fence[0]]
        end = fence.end()
    return "".join([*made, _prose(text[end:], of, at)])


def _prose(text: str, of: Path, at: str) -> str:
    up = "../" * at.count("/")

    def link(match: re.Match[str]) -> str:
        target = match["target"]
        if "://" in target or target.startswith("mailto:"):
            return match[0]
        file = (of.parent / target).resolve()
        page = page_of(file)
        if page is None or not file.exists():
            raise UnknownLinkError(f"{of.relative_to(ROOT)} leads to {target}, which is no page of the site")
        # A link that shows the name of a file shows the title that it leads to.
        words = "" if match["words"].endswith(".md") else match["words"]
        return f"[{words}]({up}{page}{match['anchor'] or ''})"

    def picture(match: re.Match[str]) -> str:
        image = dict(IMAGE.findall(match[2]))
        alt = " ".join(image["alt"].split())
        return f"![{alt}]({image['src']}){{.only-light}}![{alt}]({match[1]}){{.only-dark}}"

    return LINK.sub(link, PICTURE.sub(picture, text))


def navigation(index: str) -> str:
    """The tables of contents of the site, hidden below the text of the index: a caption and pages for each section."""
    made = []
    sections = SECTION.split(index)[1:]
    for title, body in zip(sections[::2], sections[1::2], strict=True):
        pages = [target for target in ENTRY.findall(body) if "://" not in target]
        pages += REFERENCE if title == "Reference" else []
        if pages:
            made.append(f"```{{toctree}}\n:hidden:\n:caption: {title}\n\n" + "\n".join(pages) + "\n```\n")
    return "\n" + "\n".join(made)


def stage(folder: Path) -> None:
    """Makes all pages but those of the reference, in an empty folder."""
    docs = ROOT / "docs"
    shutil.copytree(docs / "images", folder / "images")
    for file in sorted(docs.glob("*.md")):
        text = rewritten(file.read_text(encoding="utf-8"), file, file.name)
        if file.name == "index.md":
            text += navigation(text)
        (folder / file.name).write_text(text, "utf-8")
    for name, page in TEXTS.items():
        if (ROOT / name).exists():
            (folder / page).write_text(rewritten((ROOT / name).read_text(encoding="utf-8"), ROOT / name, page), "utf-8")
    _stage_examples(folder / "examples")


def examples() -> list[Path]:
    """The folders of all examples, the small ones first."""
    return sorted(path.parent for path in (ROOT / "examples").glob("*/main.py"))


def question(example: Path) -> tuple[str, str]:
    """What an example answers: the first line of its text, and the rest of it."""
    doc = ast.get_docstring(ast.parse((example / "main.py").read_text(encoding="utf-8"))) or ""
    first, _, rest = doc.partition("\n")
    return first, rest.strip()


def files_of(example: Path) -> list[Path]:
    """What is shown of an example, its program first."""
    found = [
        path
        for path in sorted(example.rglob("*"))
        if path.is_file() and path.suffix in SHOWN and not LEFT_OUT.intersection(path.relative_to(example).parts)
    ]
    return sorted(found, key=lambda path: (path.name != "main.py", path.suffix != ".py"))


def _stage_examples(folder: Path) -> None:
    folder.mkdir()
    readme = ROOT / "examples" / "README.md"
    text = rewritten(readme.read_text(encoding="utf-8"), readme, "examples/index.md")
    names = [example.name for example in examples()]
    text += _gallery()
    text += "\n```{toctree}\n:hidden:\n\n" + "\n".join(names) + "\n```\n"
    (folder / "index.md").write_text(text, "utf-8")
    for example in examples():
        (folder / f"{example.name}.md").write_text(_example_page(example, folder), "utf-8")


def picture_of(example: Path) -> Path | None:
    """The picture of an example, from the root of the site."""
    picture = Path("images") / f"{PICTURES.get(example.name, f'examples/{example.name}')}.png"
    return picture if (ROOT / "docs" / picture).exists() else None


def _both(picture: Path, alt: str) -> str:
    """A picture in the light, and its other form in the dark, on a page one folder down."""
    dark = picture.with_stem(f"{picture.stem}_dark")
    return f"![{alt}](../{picture}){{.only-light}}![{alt}](../{dark}){{.only-dark}}"


def _gallery() -> str:
    """All pictures, three to a line."""
    shown = [(example, picture) for example in examples() if (picture := picture_of(example)) is not None]
    cells = [f"[{_both(picture, example.name)}]({example.name}.md)" for example, picture in shown]
    cells += [""] * (-len(cells) % 3)
    rows = ["| " + " | ".join(cells[at : at + 3]) + " |" for at in range(0, len(cells), 3)]
    return "\n".join(["", "## How they look", "", "| | | |", "|---|---|---|", *rows, ""])


def _example_page(example: Path, folder: Path) -> str:
    title, rest = question(example)
    # What is code to a reader of Python is code to a reader of the page.
    lines = [f"# {example.name}", "", f"**{title}**", "", rest, ""]
    picture = picture_of(example)
    if picture is not None:
        lines += [_both(picture, f"The window of the example {example.name}"), ""]
    lines += ["```sh", f"python examples/{example.name}/main.py", "```", ""]
    for file in files_of(example):
        name = file.relative_to(example).as_posix()
        copy = folder / "code" / example.name / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        lines += [
            f"## `{name}`",
            "",
            f"```{{literalinclude}} code/{example.name}/{name}",
            f":language: {SHOWN[file.suffix]}",
            "```",
            "",
        ]
    return "\n".join(lines)
