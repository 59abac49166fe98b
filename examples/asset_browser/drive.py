"""Uses the panel as a person would and checks what comes of it, in the page and on disk.

Everything goes through the page: `person.js` finds elements by role and name and sends them DOM events. Python is asked
only for what a person would look at afterwards: the files.
"""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tool import Tool

from auroraview import AuroraViewError

PERSON = (Path(__file__).resolve().parent / "person.js").read_text(encoding="utf-8")
STEP_SECONDS = 30.0


class StepError(Exception):
    """Something did not come out as it should."""


def check(held: bool, what: str) -> None:
    """Raises `StepError` with both sides of the matter when the condition does not hold."""
    if not held:
        raise StepError(what)


class Driver:
    """One run through the panel."""

    def __init__(self, tool: Tool) -> None:
        self.tool = tool
        self.folder = tool.library.folder
        self.failures: list[str] = []

    def page(self, script: str) -> Any:
        """Runs a script in the page; `person` is there."""
        return self.tool.view.eval_js(f"(async () => {{ {script} }})()").result(STEP_SECONDS)

    def step(self, text: str, action: Callable[[], str | None]) -> bool:
        """Does one thing and prints how it went; returns whether it held."""
        began = time.perf_counter()
        try:
            remark = action()
        except (AuroraViewError, StepError, OSError) as error:
            self.failures.append(f"{text}: {error}")
            print(f"  ✗ {_milliseconds(began)}  {text}\n      {error}", flush=True)
            return False
        print(f"  ✓ {_milliseconds(began)}  {text}{f' ({remark})' if remark else ''}", flush=True)
        return True

    # The steps, in order

    def open(self) -> str:
        self.tool.view.show(wait=False)
        self.tool.view.wait_ready(STEP_SECONDS)
        check(self.tool.opened.wait(STEP_SECONDS), "the page never sent its event `opened`")
        self.tool.view.eval_js(PERSON).result(STEP_SECONDS)
        return "the page's event reached Python"

    def list_all(self) -> str:
        on_disk = sorted(self.tool.library.scan())
        check(self.listed() == on_disk, f"the page lists {self.listed()}, on disk is {on_disk}")
        return f"{len(on_disk)} assets, as on disk"

    def pictures(self) -> str:
        count = self.page(
            "return await person.until(() => {"
            "  const all = document.querySelectorAll('[role=option] .picture');"
            "  return [...all].every((one) => one.dataset.shown) && all.length; }, 'all pictures')"
        )
        return f"{count} pictures, each from a call that ran in the pool"

    def search(self) -> str:
        self.page(
            "person.press('/'); await person.until(() => document.activeElement.type === 'search', 'the focus');"
            "person.type('brick')"
        )
        expected = sorted(name for name in self.tool.library.scan() if "brick" in name)
        check(self.listed() == expected, f"expected {expected}, the page lists {self.listed()}")
        self.page("person.press('Escape')")
        check(len(self.listed()) > len(expected), "Escape did not end the search")
        return ", ".join(expected)

    def filter_and_sort(self) -> str:
        self.page(
            "person.click(person.find('radio', 'Meshes')); person.pick(person.find('combobox', 'Sort by'), 'size')"
        )
        meshes = [asset for asset in self.tool.library.scan().values() if asset.kind == "mesh"]
        expected = [asset.name for asset in sorted(meshes, key=lambda asset: (-asset.size, asset.name))]
        found = self.page("return person.all('option').map((one) => one.dataset.name)")
        check(found == expected, f"expected {expected}, the page lists {found}")
        self.page(
            "person.click(person.find('radio', 'All assets')); person.pick(person.find('combobox', 'Sort by'), 'name')"
        )
        return f"{len(expected)} meshes, largest first"

    def details(self) -> str:
        self.page("person.click(person.find('option', 'brick_red'))")
        digest = hashlib.sha256((self.folder / "brick_red.svg").read_bytes()).hexdigest()[:16]
        self.page(f"await person.until(() => details.textContent.includes('{digest}'), 'the checksum {digest}')")
        users = self.page("return person.all('button', 'old_brick_wall').length")
        check(users == 1, "the pane does not say that old_brick_wall uses brick_red")
        return "checksum and users from Python"

    def keyboard(self) -> str:
        self.page(
            "person.press('Home'); person.press('ArrowRight'); person.press('ArrowDown'); person.press('ArrowUp');"
            "person.press('ArrowLeft')"
        )
        first = self.page("return document.querySelector('[role=option].current').dataset.name")
        check(first == self.listed()[0], f"the arrows ended at {first}")
        return "Home, arrows"

    def refuse_bad_names(self) -> str:
        self.page("person.click(person.find('option', 'brick_red')); person.press('F2')")
        told = []
        for name in ("brick/red", "brick_london", "   "):
            told.append(
                self.page(
                    f"person.type({json.dumps(name)}); person.press('Enter');"
                    "return await person.until(() => person.find('alert').textContent, 'an objection')"
                )
            )
        check("'/'" in told[0] and "already" in told[1] and "at least" in told[2], f"Python said {told}")
        check((self.folder / "brick_red.svg").is_file(), "the file was renamed all the same")
        return told[1]

    def rename(self) -> str:
        self.page(
            "person.type('brick_rust'); person.press('Enter');"
            "await person.until(() => person.find('heading', 'brick_rust'), 'the new name in the pane');"
            "await person.until(() => person.find('option', 'brick_rust'), 'the new name in the list');"
            "await person.until(() => person.all('option', 'brick_red').length === 0, 'the end of the old one')"
        )
        check((self.folder / "brick_rust.svg").is_file(), "brick_rust.svg is not on disk")
        check(not (self.folder / "brick_red.svg").exists(), "brick_red.svg is still on disk")
        texture = json.loads((self.folder / "old_brick_wall.json").read_text(encoding="utf-8"))["texture"]
        check(texture == "brick_rust.svg", f"the material still uses {texture}")
        return "on disk, in the list, and in the material that uses it"

    def file_appears(self) -> str:
        def other_program() -> None:
            (self.folder / "from_outside.md").write_text("# From outside\n\nA file nobody told the page about.\n")

        threading.Thread(target=other_program).start()
        self.page("await person.until(() => person.find('option', 'from_outside'), 'the new file')")
        (self.folder / "from_outside.md").unlink()
        self.page("await person.until(() => person.all('option', 'from_outside').length === 0, 'its end')")
        return "pushed by the watching thread, and gone again"

    def cancel_export(self) -> str:
        self.page(
            "person.find('listbox').focus(); person.press('a', { ctrlKey: true });"
            "person.click(person.find('button', 'Export'));"
            "await person.until(() => person.find('progressbar').ariaValueNow >= 5, 'some progress');"
        )
        check(len(list(self.tool.exports.iterdir())) == 1, "no directory was begun")
        self.page(
            "person.click(person.find('button', 'Cancel'));"
            "await person.until(() => document.body.textContent.includes('Export cancelled'), 'the word of it')"
        )
        deadline = time.monotonic() + STEP_SECONDS
        while any(self.tool.exports.iterdir()):  # the coroutine removes it after the page has been answered
            check(time.monotonic() < deadline, "half an export was left behind")
            time.sleep(0.005)
        return "the coroutine was cancelled and left nothing behind"

    def export_three(self) -> str:
        self.page(
            "person.click(person.find('button', 'Clear selection'));"
            "person.click(person.find('option', 'goblet'));"
            "person.click(person.find('option', 'jade'), { ctrlKey: true });"
            "person.click(person.find('option', 'sea_waves'), { ctrlKey: true });"
            "person.click(person.find('button', 'Export'));"
            "await person.until(() => document.body.textContent.includes('Exported 3 files'), 'the export')"
        )
        (folder,) = self.tool.exports.iterdir()
        wanted = ["goblet.obj", "jade.json", "sea_waves.svg"]
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        check(sorted(manifest) == wanted, f"the manifest names {sorted(manifest)}")
        for name in wanted:
            check((folder / name).read_bytes() == (self.folder / name).read_bytes(), f"{name} differs")
        return "files and manifest on disk"

    def settings_survive_reload(self) -> str:
        self.page(
            "person.click(person.find('radio', 'Dark'));"
            "await person.until(() => document.documentElement.dataset.theme === 'dark', 'the dark theme')"
        )
        check(self.tool.settings["theme"] == "dark", f"Python has {self.tool.settings}")
        self.tool.opened.clear()
        self.page("setTimeout(() => location.reload(), 0)")
        check(self.tool.opened.wait(STEP_SECONDS), "the reloaded page never said `opened`")
        self.tool.view.eval_js(PERSON).result(STEP_SECONDS)
        self.page(
            "await person.until(() => document.documentElement.dataset.theme === 'dark', 'the retained settings')"
        )
        check(self.listed() == sorted(self.tool.library.scan()), "the reloaded page lists something else")
        return "the new document was told by a retained event"

    def activity(self) -> str:
        self.page(
            "person.click(person.find('button', 'Bridge'));"
            "const rows = () => [...document.querySelectorAll('#log-rows tr')].map((row) => row.textContent).join();"
            "await person.until(() => rows().includes('library.list_assets') && rows().includes('pulse'), 'its rows');"
            "person.click(person.find('button', 'Bridge'))"
        )
        stats = self.tool.view.stats
        check(not stats["refused"] and stats["dropped"] == 0, f"something was refused or dropped: {stats}")
        return f"{stats['calls']} calls and {stats['emitted']} pushed events, none refused, none dropped"

    def picture(self, theme: str, file: Path) -> str:
        """Arranges the panel and takes its picture."""
        self.page(
            f"person.click(person.find('radio', '{theme}'));"
            "person.find('listbox').focus(); person.press('Escape'); person.click(person.find('option', 'bolt'));"
            "person.click(person.find('option', 'capsule'), { ctrlKey: true });"
            "person.click(person.find('option', 'brick_rust'), { ctrlKey: true });"
            "person.find('listbox').scrollTop = 0;"
            f"await person.until(() => document.documentElement.dataset.theme === '{theme.lower()}'"
            " && details.textContent.includes('SHA') && spark.innerHTML.split('L').length > 8, 'the arrangement');"
        )
        self.pictures()
        file.parent.mkdir(parents=True, exist_ok=True)
        self.page("await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))")
        size = len(self.tool.view.screenshot(file))
        return f"{file}, {size / 1000:.0f} kB"

    def close(self) -> str | None:
        self.tool.view.close()
        check(self.tool.view.wait(STEP_SECONDS), "the window did not close")
        return None

    def listed(self) -> list[str]:
        """Names of the assets in the list, sorted."""
        return sorted(self.page("return person.all('option').map((one) => one.dataset.name)"))


def drive(tool: Tool, screenshot: Path | None) -> int:
    """Runs all steps; returns 0 when everything held, else 1."""
    driver = Driver(tool)
    began = time.perf_counter()
    print(f"Driving the asset browser over {tool.library.folder}")
    steps: list[tuple[str, Callable[[], str | None]]] = [
        ("List the library", driver.list_all),
        ("Draw every preview", driver.pictures),
        ("Search with the keyboard", driver.search),
        ("Show the meshes, largest first", driver.filter_and_sort),
        ("Look at one asset", driver.details),
        ("Move with the arrows", driver.keyboard),
        ("Try three names that will not do", driver.refuse_bad_names),
        ("Rename it", driver.rename),
        ("Another program adds a file", driver.file_appears),
        ("Export everything and cancel", driver.cancel_export),
        ("Export three", driver.export_three),
        ("Switch to dark and reload", driver.settings_survive_reload),
        ("Read the activity strip", driver.activity),
    ]
    if screenshot is not None:
        dark = screenshot.with_stem(f"{screenshot.stem}-dark")
        steps.append(("Take a picture in the dark", lambda: driver.picture("Dark", dark)))
        steps.append(("Take a picture in the light", lambda: driver.picture("Light", screenshot)))
    steps.append(("Close the window", driver.close))
    if driver.step("Open the window", driver.open):  # nothing can be said of a page that is not there
        for text, action in steps:
            driver.step(text, action)
    tool.view.close()
    for failure in driver.failures:
        print(f"FAILED: {failure}")
    held = "Everything was confirmed" if not driver.failures else f"Failed steps: {len(driver.failures)}"
    print(f"{held}, in {time.perf_counter() - began:.1f} s.")
    return 1 if driver.failures else 0


def _milliseconds(began: float) -> str:
    return f"{(time.perf_counter() - began) * 1000:7.0f} ms"
