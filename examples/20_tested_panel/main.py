"""How is a panel tested: its handlers without a browser, its page in a real window?

The tests are in `test_panel.py`: ``python -m pytest examples/20_tested_panel``. The panel is made by functions, so that
a test can make one of its own; this file only shows it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import panel


def make_view() -> panel.WebView:
    """The view, not shown yet."""
    return panel.make_view(panel.make_bridge(panel.Budget()))


if __name__ == "__main__":
    make_view().show()
