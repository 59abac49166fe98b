"""Builds the site into ``build/docs``: ``python scripts/docs/build.py``, by the Python of ``build/docs-venv``.

``make docs`` installs what is needed and calls it. Warnings are errors. The pages need no server: open
``build/docs/index.html``.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import reference
import stage

ROOT = stage.ROOT
TOOLS = ROOT / "build" / "docs-node"
SOURCE = ROOT / "build" / "docs-source"
MADE = ROOT / "build" / "docs"


def reference_index(pages: list[str]) -> str:
    """The page above those of the reference."""
    return "\n".join(
        [
            "# Reference",
            "",
            "Made from the docstrings of the package, as `help(auroraview.WebView)` has them, and from the SDK.",
            "",
            "```{toctree}",
            ":caption: Python",
            ":maxdepth: 1",
            "",
            *pages,
            "```",
            "",
            "```{toctree}",
            ":caption: TypeScript",
            ":maxdepth: 1",
            "",
            "typescript/index",
            "```",
            "",
        ]
    )


def main() -> int:
    """Runs the command line."""
    parser = argparse.ArgumentParser(description="Builds the documentation into build/docs.")
    parser.add_argument("--fresh", action="store_true", help="forget what was built before")
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT / "python"))
    shutil.rmtree(SOURCE, ignore_errors=True)
    if given.fresh:
        shutil.rmtree(MADE, ignore_errors=True)
    SOURCE.mkdir(parents=True)
    try:
        stage.stage(SOURCE)
        folder = SOURCE / "reference"
        folder.mkdir()
        pages = reference.python(folder)
        reference.typescript(folder / "typescript", TOOLS)
    except (stage.UnknownLinkError, subprocess.CalledProcessError) as error:
        print(f"docs: {error}", file=sys.stderr)
        return 1
    (folder / "index.md").write_text(reference_index(pages), "utf-8")
    conf = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-c", conf, "-b", "html", str(SOURCE), str(MADE)],
        check=False,
    )
    if done.returncode == 0:
        print(f"The documentation is in {MADE.relative_to(ROOT)}/index.html")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
