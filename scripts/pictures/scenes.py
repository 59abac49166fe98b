"""What is to be seen of each example: how it is opened, what is done in it, and what is waited for."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from auroraview import WebView, serve

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
PATIENCE = 30.0

Scheme = Literal["light", "dark"]
Scene = Callable[[Path, Scheme], None]

#: By the name of the example's folder.
SCENES: dict[str, Scene] = {}


def scene(name: str) -> Callable[[Scene], Scene]:
    """A decorator: the function takes the picture of that example."""

    def note(func: Scene) -> Scene:
        SCENES[name] = func
        return func

    return note


def load(name: str) -> ModuleType:
    """The module of an example."""
    folder = EXAMPLES / name
    sys.path.insert(0, str(folder))
    spec = importlib.util.spec_from_file_location("main", folder / "main.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["main"] = module
    spec.loader.exec_module(module)
    return module


def until(condition: Callable[[], Any], what: str) -> Any:
    """Waits until the condition gives something true, and returns that."""
    deadline = time.monotonic() + PATIENCE
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {PATIENCE:g} s")
        time.sleep(0.02)
    return value


@contextlib.contextmanager
def shown(view: WebView) -> Iterator[WebView]:
    """A view on the screen, ready; closed at the end."""
    view.show(wait=False)
    try:
        view.wait_ready(PATIENCE)
        yield view
    finally:
        view.close()
        view.wait(PATIENCE)


def ask(view: WebView, script: str) -> Any:
    """The value of a script in the page."""
    return view.eval_js(script).result(PATIENCE)


def of_window(name: str, script: str, ready: str) -> None:
    """The common case: ``make_view()``, a script that uses the page, and what is true when the picture may be taken."""

    @scene(name)
    def picture(to: Path, _scheme: Scheme) -> None:
        with shown(load(name).make_view()) as view:
            ask(view, script)
            until(lambda: ask(view, ready), ready)
            view.screenshot(to)


of_window("01_hello", "document.querySelector('button').click()", "answer.textContent.includes('from Python')")
of_window("02_calls", "", "document.body.dataset.done")
of_window("03_events", "", "Number(document.querySelector('#seconds').textContent) > 0.5")
of_window("04_long_work", "document.querySelector('#coroutine').click()", "bar.value >= 40")
of_window("05_local_pages", "", "document.querySelector('#planets').textContent.includes('Mars')")
of_window("07_asyncio", "ask.click()", "answers.textContent")
of_window("10_window_and_browsers", "", "document.querySelector('#hue').textContent.includes('210')")
of_window(
    "11_isolated_window",
    "note.value = 'Ask the crew'; note.oninput()",
    "/^\\d+$/.test(document.querySelector('#window').textContent)",
)
of_window("20_tested_panel", "", "document.querySelector('#total').textContent.includes('76')")


@scene("22_frames")
def frames(to: Path, _scheme: Scheme) -> None:
    """The camera, stopped."""
    camera = load("22_frames").Camera()
    with shown(camera.view) as view:
        until(lambda: ask(view, "last >= 30 && told.textContent"), "frames, and how many")
        ask(view, "toggle.click()")
        until(lambda: ask(view, "toggle.textContent") == "Start", "the stop")
        view.screenshot(to)


@scene("23_plot")
def plot(to: Path, _scheme: Scheme) -> None:
    """All points, stopped."""
    sensor = load("23_plot").Sensor()
    with shown(sensor.view) as view:
        until(lambda: ask(view, "samples.version") >= 3, "samples")
        ask(view, "toggle.click()")
        until(lambda: ask(view, "toggle.textContent") == "Start", "the stop")
        view.screenshot(to)


@scene("24_call_sync")
def call_sync(to: Path, _scheme: Scheme) -> None:
    """A file that is dragged over a slot that takes it."""
    with shown(load("24_call_sync").Scene().view) as view:
        until(lambda: ask(view, "slots.children.length"), "the slots")
        ask(view, "hold('bricks.png')")
        ask(view, "slots.querySelector('[data-slot=Ground]').dispatchEvent(new DragEvent('dragenter'))")
        until(lambda: "takes bricks.png" in ask(view, "document.querySelector('#told').textContent"), "the answer")
        view.screenshot(to)


@scene("21_debugging")
def debugging(to: Path, _scheme: Scheme) -> None:
    """A handler that has raised: what the page was told, and the log."""
    example = load("21_debugging")
    view = example.make_view()
    example.follow(view)
    with shown(view):
        ask(view, "document.querySelector('#raises').click()")
        until(lambda: ask(view, "log.textContent.includes('KeyError') && rejected.textContent"), "the error")
        # Where this checkout lies is nothing for a picture.
        ask(view, f"for (const e of [log, rejected]) e.textContent = e.textContent.replaceAll({f'{ROOT}/'!r}, '')")
        ask(view, "log.scrollTop = 0")
        view.screenshot(to)


def photograph_screen(to: Path) -> None:
    """Everything on the screen but its empty margins: windows with their frames. For a display with nothing else."""
    subprocess.run(["import", "-window", "root", to], check=True)
    subprocess.run(["convert", to, "-trim", "+repage", to], check=True)


@scene("17_vite")
def vite(to: Path, _scheme: Scheme) -> None:
    """The page as Vite builds it, with the packages that the SDK is tested with."""
    sdk = ROOT / "js_sdk"
    with tempfile.TemporaryDirectory() as folder:
        ui = Path(folder, "ui")
        shutil.copytree(EXAMPLES / "17_vite" / "ui", ui, ignore=shutil.ignore_patterns("node_modules", "dist"))
        modules = ui / "node_modules"
        (modules / "@auroraview").mkdir(parents=True)
        for package in (sdk / "node_modules").iterdir():
            if package.name == ".bin" or package.name[0] not in ".@" or package.name == "@vitejs":
                (modules / package.name).symlink_to(package)
        (modules / "@auroraview" / "sdk").symlink_to(sdk)
        subprocess.run(["node", "scripts/build.mjs", "--package"], cwd=sdk, check=True)
        subprocess.run([modules / ".bin" / "vite", "build", "--logLevel", "warn"], cwd=ui, check=True)
        with shown(load("17_vite").make_view(built=ui / "dist")) as view:
            field = "document.querySelector('input')"
            until(lambda: ask(view, f"Boolean({field})"), "the page")
            ask(view, f"{field}.value = 'harbour'; {field}.dispatchEvent(new Event('input'))")
            ask(view, "document.querySelector('button').click()")
            until(lambda: "HARBOUR!" in ask(view, "document.body.innerText"), "the answer")
            view.screenshot(to)


@scene("18_dialogs")
def dialogs(to: Path, _scheme: Scheme) -> None:
    """The question that closing asks."""
    desktop = importlib.import_module("tests.e2e.desktop")
    notes = load("18_dialogs").Notes()
    with shown(notes.view) as view:
        ask(view, "text.value = 'The harbour at dawn.\\nFog until eight.'; text.oninput()")
        until(lambda: notes.changed, "the change")
        desktop.close_as_user("Notes")
        until(lambda: desktop.active() == "Unsaved changes", "the question")
        time.sleep(0.5)  # for the window manager's frames; nothing tells when they are drawn
        photograph_screen(to)


@scene("19_downloads_and_drops")
def drops(to: Path, _scheme: Scheme) -> None:
    """Two files that were dropped, and their table, saved."""
    files = [
        {"name": "harbour.usd", "folder": "scenes", "bytes": 48_213},
        {"name": "boat.usd", "folder": "props", "bytes": 9_120},
    ]
    with tempfile.TemporaryDirectory() as folder:
        view = load("19_downloads_and_drops").make_view(Path(folder, "Downloads"))
        view.emit("files", files, retain=True)
        with shown(view):
            until(lambda: ask(view, "rows.rows.length") == len(files), "the files")
            ask(view, "save.click()")
            until(lambda: "is in Downloads" in ask(view, "told.textContent"), "the download")
            view.screenshot(to)


@scene("06_two_windows_one_bridge")
def two_windows(to: Path, _scheme: Scheme) -> None:
    """Both windows side by side."""
    left, right = load("06_two_windows_one_bridge").make_views()
    with shown(left), shown(right):
        ask(left, "document.querySelector(\"[data-step='1']\").click()")
        count = "document.querySelector('#count').textContent"
        until(lambda: (ask(left, count), ask(right, count)) == ("1", "1"), "the count in both")
        halves = [to.with_suffix(f".{side}.png") for side in ("left", "right")]
        left.screenshot(halves[0])
        right.screenshot(halves[1])
    subprocess.run(["convert", *halves, "+append", to], check=True)
    for half in halves:
        half.unlink()


@contextlib.contextmanager
def tab(url: str, scheme: Scheme, size: tuple[int, int]) -> Iterator[Any]:
    """A page in Chromium, in the light or the dark."""
    from playwright.sync_api import sync_playwright

    names = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    program = next(filter(None, map(shutil.which, names)), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = browser.new_page(color_scheme=scheme, viewport={"width": size[0], "height": size[1]})
        page.goto(url)
        yield page
        browser.close()


@scene("08_served_panel")
def served_panel(to: Path, scheme: Scheme) -> None:
    """The panel in a browser."""
    example = load("08_served_panel")
    with serve(example.make_bridge(), path=example.PAGE) as server, tab(server.open_url, scheme, (560, 420)) as page:
        page.wait_for_function("document.querySelector('#list').textContent.includes('Light the harbour')")
        page.screenshot(path=to)


@scene("09_fastapi")
def fastapi(to: Path, scheme: Scheme) -> None:
    """The panel in a browser, with an alarm."""
    import urllib.request

    under_uvicorn = importlib.import_module("tests.e2e.servers").under_uvicorn
    app, panel = load("09_fastapi").make_app()
    with under_uvicorn(app) as address, tab(panel.open_url(f"{address}/panel"), scheme, (560, 320)) as page:
        for text in ("Fire", "Door%203%20is%20open"):
            urllib.request.urlopen(f"{address}/alarms?text={text}", data=b"", timeout=PATIENCE).close()
        page.wait_for_function("document.querySelector('#alarms').textContent.includes('Door')")
        page.screenshot(path=to)


def driven(name: str) -> None:
    """An example that uses itself, and takes a picture in the light and one in the dark."""

    @scene(name)
    def picture(to: Path, scheme: Scheme) -> None:
        light = to.with_stem(to.stem.removesuffix("_dark"))
        if scheme == "dark" and light.exists() and time.time() - light.stat().st_mtime < PATIENCE:
            return  # taken with the one in the light
        subprocess.run([sys.executable, EXAMPLES / name / "main.py", "--drive", "--screenshot", light], check=True)
        light.with_stem(f"{light.stem}-dark").replace(light.with_stem(f"{light.stem}_dark"))


driven("12_fleet")
driven("asset_browser")
