"""Settings of Sphinx for the documentation. Its source is made by ``stage.py`` under ``build/docs-source``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "python"), str(Path(__file__).parent)]

from docstrings import with_code  # noqa: E402

import auroraview  # noqa: E402

project = "AuroraView"
author = "The AuroraView authors"
project_copyright = f"{author}, MIT licensed"
version = release = auroraview.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
]
exclude_patterns = ["examples/code/**"]
nitpicky = True
# Types of the standard library have no page here, and names of this package's inside are for signatures only.
nitpick_ignore_regex = [
    ("py:.*", r"(?!auroraview\b).*"),
    ("py:.*", r"auroraview\.(.*\.)?_.*"),
]

# Pages are written for readers of the repository too: plain Markdown, with links that lead to files.
myst_enable_extensions = ["attrs_inline", "attrs_block"]
myst_heading_anchors = 4
myst_links_external_new_tab = False
suppress_warnings = ["misc.highlighting_failure"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_mock_imports = ["PySide6"]
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_numpy_docstring = False
python_use_unqualified_type_names = True
python_maximum_signature_line_length = 88
maximum_signature_line_length = 88
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"AuroraView {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#1d4fb8", "color-brand-content": "#1d4fb8"},
    "dark_css_variables": {"color-brand-primary": "#8ab4ff", "color-brand-content": "#8ab4ff"},
}
pygments_style = "tango"
pygments_dark_style = "github-dark"
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True


def setup(app: Any) -> None:
    """Called by Sphinx."""

    def mark(_app: Any, _what: str, _name: str, _thing: Any, _options: Any, lines: list[str]) -> None:
        lines[:] = with_code(lines)

    app.connect("autodoc-process-docstring", mark, priority=400)  # before napoleon
