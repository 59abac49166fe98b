"""Opens the window: ``python main.py``."""

from pathlib import Path

from auroraview import WebView

from tool import Tool

PAGE = Path(__file__).resolve().parent / "ui"


def make_view():
    """The window, with the tool behind it; not open yet."""
    view = WebView("My Panel", path=PAGE, width=420, height=560)
    view.bind_api(Tool(view.emit))
    return view


if __name__ == "__main__":
    make_view().show()
