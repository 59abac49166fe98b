"""What makes the site of the documentation: its pages, their links, the navigation, and that nothing is left out.

The site itself is built by ``make docs``, in an environment of its own, where a warning is an error.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

import auroraview
from tests.documents import ROOT


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All pages that need no tools but Python."""
    folder = tmp_path_factory.mktemp("site") / "source"
    folder.mkdir()
    part("stage").stage(folder)
    (folder / "reference").mkdir()
    part("reference").python(folder / "reference")
    return folder


def part(name: str) -> ModuleType:
    """A module of scripts/docs."""
    sys.path.insert(0, str(ROOT / "scripts" / "docs"))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ROOT / "scripts" / "docs"))


def test_links_become_links_to_pages_of_the_site() -> None:
    index = ROOT / "docs" / "index.md"
    text = "[The wire](../protocol/PROTOCOL.md#frames), [events.md](events.md), [one](../examples/01_hello/main.py)."
    assert part("stage").rewritten(text, index, "index.md") == (
        "[The wire](protocol.md#frames), [](events.md), [one](examples/01_hello.md)."
    )
    text = "[How](../docs/events.md#to-the-page) and [where](https://example.com/a.md)"
    of = ROOT / "protocol" / "PROTOCOL.md"
    assert part("stage").rewritten(text, of, "examples/x.md") == (
        "[How](../events.md#to-the-page) and [where](https://example.com/a.md)"
    )


def test_a_link_to_what_the_site_does_not_have_is_an_error() -> None:
    stage = part("stage")
    with pytest.raises(stage.UnknownLinkError, match=r"docs/index.md leads to ../Makefile"):
        stage.rewritten("[all](../Makefile)", ROOT / "docs" / "index.md", "index.md")


def test_code_stays_as_it_is() -> None:
    text = "```md\n[a](../Makefile)\n```\n"
    assert part("stage").rewritten(text, ROOT / "docs" / "index.md", "index.md") == text


def test_pictures_are_those_of_the_theme() -> None:
    text = (
        '<picture>\n<source media="(prefers-color-scheme: dark)" srcset="images/a_dark.png">\n'
        '<img src="images/a.png" alt="A\n  window"></picture>'
    )
    made = part("stage").rewritten(text, ROOT / "docs" / "index.md", "index.md")
    assert made == "![A window](images/a.png){.only-light}![A window](images/a_dark.png){.only-dark}"


def test_each_page_is_in_the_navigation_once(made: Path) -> None:
    index = (made / "index.md").read_text(encoding="utf-8")
    listed = [
        line
        for block in re.findall(r"^```\{toctree\}\n(.*?)^```", index, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
        if line.endswith(".md")
    ]
    assert sorted(set(listed)) == sorted(listed)
    pages = {page.name for page in made.glob("*.md")} - {"index.md"}
    assert pages - set(listed) == set()
    assert set(listed) - pages == {"examples/index.md", "reference/index.md"}


def test_each_example_has_a_page_a_line_in_the_table_and_its_picture(made: Path) -> None:
    table = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    for example in part("stage").examples():
        page = (made / "examples" / f"{example.name}.md").read_text(encoding="utf-8")
        question = (ast.get_docstring(ast.parse((example / "main.py").read_text(encoding="utf-8"))) or "").splitlines()[
            0
        ]
        assert question in page
        assert f"[{example.name}]({example.name}/main.py)" in table
        if example.name[0].isdigit():
            assert question.startswith(re.search(rf"{example.name}/main.py\) \| (.*?) \|", table)[1]), example.name
        for file in re.findall(r"literalinclude\} (\S+)", page):
            assert (made / "examples" / file).exists()


def test_the_reference_has_all_that_the_package_exports(made: Path) -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in (made / "reference").glob("*.rst"))
    modules = {"auroraview", *part("reference").MODULES}
    for module in sorted(modules - {"auroraview.qt"}):  # which needs a binding of Qt
        names = set(importlib.import_module(module).__all__) - {"__version__", "hosts"}
        assert [name for name in sorted(names) if not re.search(rf":: {module}\.{name}$", text, re.MULTILINE)] == []
    assert auroraview.__all__


@pytest.mark.parametrize(
    ("lines", "made"),
    [
        (["A thing.", "", "    code()", "", "More."], ["A thing.", "", "::", "", "    code()", "", "More."]),
        (["A::", "", "    code()"], ["A::", "", "    code()"]),
        (["A.", "", "Args:", "    name: what", "        more"], ["A.", "", "Args:", "    name: what", "        more"]),
        (
            ["A.", "", "    if a:", "        b()", "", "    c()"],
            ["A.", "", "::", "", "    if a:", "        b()", "", "    c()"],
        ),
    ],
)
def test_indented_blocks_of_docstrings_are_code(lines: list[str], made: list[str]) -> None:
    assert part("docstrings").with_code(lines) == made
