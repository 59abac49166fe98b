"""How is a page served from files, with modules, style sheets and data beside it?"""

from pathlib import Path

from auroraview import WebView

PAGE = Path(__file__).resolve().parent / "page"


def make_view() -> WebView:
    """The view, not shown yet."""
    view = WebView("Local pages", path=PAGE, width=520, height=320)

    @view.bind_call("where")
    def where() -> dict[str, object]:
        return {"directory": PAGE.name, "origin": view.info["origin"]}

    return view


if __name__ == "__main__":
    make_view().show()
