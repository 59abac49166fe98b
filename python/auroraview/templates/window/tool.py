"""What the page may call, and what it is told."""


class Tool:
    """Its public methods are what the page may call: ``await auroraview.api.add()``. What they raise, the page gets."""

    def __init__(self, emit):
        self._emit = emit
        self._items = []
        self._tell()

    def add(self):
        """Adds an item; returns its name."""
        name = f"Item {len(self._items) + 1}"
        self._items.append(name)
        self._tell()
        return name

    def _tell(self):
        """Sends the page what it shows."""
        value = {"where": "My Panel", "items": self._items}
        self._emit("items", value, retain=True, keep="latest")  # of many in a row only the last one is sent
