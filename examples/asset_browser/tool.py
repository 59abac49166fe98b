"""The tool: a view on a library, and the handlers that serve its page. Every direction of the bridge is in here."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import threading
from pathlib import Path
from typing import Any

from feed import Feed
from library import Asset, InvalidNameError, Library, NameTakenError, NoSuchAssetError

from auroraview import WebView, WindowOptions, current_call

UI = Path(__file__).resolve().parent / "ui"
SETTINGS: dict[str, tuple[str, ...]] = {
    "theme": ("system", "light", "dark"),
    "density": ("comfortable", "compact"),
}
#: An export waits this long after each file, in seconds. Copying a few kilobytes takes no time at all; this is the
#: work that a real exporter would do, and what makes the progress worth watching and the cancel button reachable.
WORK_PER_FILE = 0.05


def _is_news(record: logging.LogRecord) -> bool:
    """Whether the log needs a record: a name that will not do is for the person who typed it, not for the log."""
    return not (
        record.exc_info and isinstance(record.exc_info[1], (InvalidNameError, NameTakenError, NoSuchAssetError))
    )


logging.getLogger("auroraview").addFilter(_is_news)


class LibraryApi:
    """The page's `auroraview.library`: every public method can be called from there, and nothing else."""

    def __init__(self, library: Library, feed: Feed) -> None:
        self._library = library
        self._feed = feed

    def list_assets(self) -> dict[str, Any]:
        """Everything there is, without contents."""
        assets = sorted(self._library.scan().values(), key=lambda asset: asset.name)
        return {"folder": self._library.folder, "assets": assets}

    def facts(self, name: str) -> dict[str, Any]:
        """Details of one asset."""
        return self._library.facts(name)

    def rename(self, name: str, new_name: str) -> dict[str, Any]:
        """Another name for an asset. What `Library.rename` raises reaches the page as an error with name and text."""
        renamed, updated = self._library.rename(name, new_name)
        self._feed.look_now()
        return {"name": renamed, "updated": updated}


class Tool:
    """The asset browser over one directory; exports go to another."""

    def __init__(self, library: Path, exports: Path, *, isolated: bool = False) -> None:
        self.library = Library(library)
        self.exports = exports
        self.settings = {name: choices[0] for name, choices in SETTINGS.items()}
        self.opened = threading.Event()
        self.view = WebView(
            "Asset browser",
            path=UI,
            width=1240,
            height=800,
            window=WindowOptions(min_size=(860, 560)),
            isolation="process" if isolated else "none",
        )
        self.feed = Feed(self.library, self.view.emit)
        # Page to Python, awaited: plain methods, one after another on the worker ...
        self.view.bind_api(LibraryApi(self.library, self.feed), "library")
        # ... in a pool, since a hundred previews need not wait for each other ...
        self.view.bind_call("library.preview", self.library.read, thread="pool")
        # ... and a coroutine, which an AbortSignal of the page cancels.
        self.view.bind_call("library.export", self.export)
        # Page to Python, fire and forget.
        self.view.on("opened", self.page_opened)
        self.view.on("change_settings", self.change_settings)
        # Python to page, kept for every page that comes later: each load begins with it.
        self.view.emit("settings", self.settings, retain=True)

    def page_opened(self, detail: dict[str, Any]) -> None:
        """The page says that it shows something."""
        self.view.window.title = f"Asset browser: {detail['assets']} assets"
        self.opened.set()

    def change_settings(self, wanted: dict[str, str]) -> None:
        """The page asks; Python decides and tells all."""
        for name, choice in wanted.items():
            if choice in SETTINGS.get(name, ()):
                self.settings[name] = choice
        self.view.emit("settings", self.settings, retain=True)

    async def export(self, names: list[str]) -> dict[str, Any]:
        """Copies assets into a new directory with a manifest; all or nothing."""
        page = current_call().peer
        folder = self._new_export_folder()
        copied: list[Asset] = []
        known = self.library.scan()
        total = 0
        try:
            for done, name in enumerate(names, start=1):
                total += await asyncio.to_thread(self.library.copy, name, folder)
                copied.append(known[name])
                page.emit("export_progress", {"done": done, "total": len(names), "name": name})
                await asyncio.sleep(WORK_PER_FILE)
            manifest = {asset.name: {"kind": asset.kind, "size": asset.size} for asset in copied}
            (folder / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
        except BaseException:  # cancelled, or a file that has gone: half an export is none
            await asyncio.to_thread(shutil.rmtree, folder)
            raise
        return {"folder": folder, "files": len(copied), "bytes": total}

    def _new_export_folder(self) -> Path:
        self.exports.mkdir(parents=True, exist_ok=True)
        number = 1
        while True:
            folder = self.exports / f"export_{number:03}"
            try:
                folder.mkdir()
            except FileExistsError:
                number += 1
            else:
                return folder
