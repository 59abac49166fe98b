"""What the page may call, and what it is told. All of it runs on Qt's main thread."""

from pathlib import Path

from auroraview import hosts

PAGE = Path(__file__).resolve().parent / "ui"
KEY = "my_panel"


class Tool:
    """Its public methods are what the page may call: ``await auroraview.api.add()``. What they raise, the page gets."""

    def __init__(self, window):
        self._window = window
        self._items = []
        self._emit = lambda *_, **__: None

    def add(self):
        """Adds an item; returns its name. Call what your program has, here."""
        name = f"Item {len(self._items) + 1}"
        self._items.append(name)
        self._tell()
        return name

    def _tell(self):
        """Sends the page what it shows."""
        value = {"where": self._window.windowTitle(), "items": self._items}
        self._emit("items", value, retain=True, keep="latest")  # of many in a row only the last one is sent


def open_panel(window):
    """Docks the panel in the program's main window, or brings it back; after a reload it has the new code."""
    tool = Tool(window)
    panel = hosts.panel("My Panel", key=KEY, path=PAGE, api=tool, area="right", width=360)
    tool._emit = panel.emit
    tool._tell()  # connect it to the signals of your program
    return panel


def close_panel():
    """Closes the panel, if it was ever opened."""
    for panel in hosts.panels():
        if panel.key == KEY:
            panel.close()
