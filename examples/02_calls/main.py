"""How do parameters, results and errors cross the bridge?"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from auroraview import WebView

PAGE = """<!doctype html><meta name="color-scheme" content="light dark">
<style>body { font: 14px/1.6 monospace; padding: 1.5rem } b { font-weight: 600 }</style>
<div id="rows"></div>
<script type="module">
  const show = async (text, promise) => {
    const row = document.createElement("div");
    row.textContent = text + " → " + await promise.then(JSON.stringify, (e) => `${e.name} (${e.code}): ${e.message}`);
    rows.append(row);
  };
  await show(`call("scale")`, auroraview.call("scale"));
  await show(`call("scale", { value: 4 })`, auroraview.call("scale", { value: 4 }));
  await show(`call("scale", [4, 3])`, auroraview.call("scale", [4, 3]));
  await show(`call("scale", 5)`, auroraview.call("scale", 5));
  await show(`api.newest()`, auroraview.api.newest());
  await show(`api.rename("a", "b")`, auroraview.api.rename("a", "b"));
  await show(`call("scale", { valu: 4 })`, auroraview.call("scale", { valu: 4 }));
  await show(`call("scal")`, auroraview.call("scal"));
  await show(`api.rename("a", "")`, auroraview.api.rename("a", ""));
  document.body.dataset.done = "yes";
</script>"""


@dataclass
class Scene:
    """Dataclasses, dates and paths can be sent as they are."""

    name: str
    saved: date
    file: Path


class Api:
    """Public methods of this object are `auroraview.api.*` in the page; `_names` stays out of reach."""

    def __init__(self) -> None:
        self._names = ["a"]

    def newest(self) -> Scene:
        return Scene("harbour", date(2024, 5, 17), Path("scenes/harbour.usd"))

    def rename(self, old: str, new: str) -> list[str]:
        if not new:
            raise ValueError("the new name is empty")
        self._names = [new if name == old else name for name in self._names]
        return self._names


def make_view() -> WebView:
    """The view, not shown yet."""
    view = WebView("Calls", html=PAGE, width=900, height=420, api=Api())

    @view.bind_call("scale")
    def scale(value: float = 1, factor: float = 2) -> float:
        return value * factor

    return view


if __name__ == "__main__":
    make_view().show()
