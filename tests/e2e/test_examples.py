"""Every example runs alone and does what it says, driven through its page."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import ModuleType

import pytest

from auroraview import ViewClosed, WebView, serve
from auroraview.testing import Windows
from tests.e2e.browsers import Context
from tests.e2e.helpers import PATIENCE, ask, show_text, wait_for
from tests.e2e.servers import under_uvicorn

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ASSET_BROWSER = EXAMPLES / "asset_browser"
FLEET = EXAMPLES / "12_fleet"


def load(name: str) -> ModuleType:
    """The module of an example."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / name / "main.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def click(view: WebView, selector: str) -> None:
    ask(view, f"document.querySelector({selector!r}).click()")


def wait_for_text(view: WebView, selector: str, part: str) -> str:
    """Waits until an element's text has the part in it."""
    wait_for(lambda: part in show_text(view, selector), f"{part!r} in {selector}")
    return show_text(view, selector)


def wait_for_digits(view: WebView, selector: str) -> str:
    """Waits until an element's text is a number."""
    wait_for(lambda: show_text(view, selector).isdigit(), f"a number in {selector}")
    return show_text(view, selector)


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=150, check=False)


def test_all_small_examples_are_tested_here_or_where_what_they_need_is() -> None:
    here = Path(__file__).read_text(encoding="utf-8")
    others = [
        Path(__file__).parents[1] / "hosts" / "test_programs_examples.py",
        *Path(__file__).parent.glob("test_vite.py"),
        *Path(__file__).parent.glob("test_examples_of_*.py"),
    ]
    elsewhere = "".join(path.read_text(encoding="utf-8") for path in others)
    names = sorted(path.name for path in EXAMPLES.iterdir() if (path / "main.py").is_file() and path.name[0].isdigit())
    assert len(names) >= 16
    assert [name for name in names if f'load("{name}")' not in here and f'"{name}"' not in elsewhere] == []


def test_hello_greets_who_is_named_in_the_form(webview: Windows) -> None:
    view = webview(load("01_hello").make_view())
    ask(view, "document.querySelector('#name').value = 'window'")
    click(view, "button")
    wait_for_text(view, "#answer", "Hello, window, from Python.")


def test_calls_shows_how_parameters_results_and_errors_cross(webview: Windows) -> None:
    view = webview(load("02_calls").make_view())
    wait_for(lambda: ask(view, "document.body.dataset.done"), "all calls answered")
    rows = ask(view, "[...document.querySelectorAll('#rows div')].map((row) => row.textContent.split(' → ')[1])")
    assert rows[:4] == ["2", "8", "12", "10"]
    assert rows[4] == '{"name":"harbour","saved":"2024-05-17","file":"scenes/harbour.usd"}'
    assert rows[5] == '["b"]'
    assert "(invalid_params)" in rows[6]
    assert "(method_not_found)" in rows[7]
    assert rows[8] == "ValueError (handler_error): the new name is empty"


def test_events_tick_and_the_chosen_unit_survives_a_reload(webview: Windows) -> None:
    view = webview(load("03_events").make_view())
    wait_for(lambda: show_text(view, "#seconds") not in ("…", "0.0"), "a tick from the thread")
    wait_for_text(view, "#unit", "cm")
    click(view, "[data-unit=inch]")
    wait_for_text(view, "#unit", "inch")
    view.reload()
    view.wait_ready(PATIENCE)
    wait_for_text(view, "#unit", "inch")


@pytest.mark.parametrize(
    ("button", "told"), [("#coroutine", "The coroutine was cancelled."), ("#plain", "The plain function stopped")]
)
def test_long_work_is_cancelled_from_the_page(webview: Windows, button: str, told: str) -> None:
    view = webview(load("04_long_work").make_view())
    click(view, button)
    wait_for(lambda: ask(view, "bar.value") >= 3, "some progress")
    click(view, "#cancel")
    wait_for_text(view, "#outcome", "cancelled")
    wait_for_text(view, "#python", told)
    assert ask(view, "bar.value") < 100


def test_long_work_that_is_left_alone_ends_with_its_result(webview: Windows) -> None:
    view = webview(load("04_long_work").make_view())
    click(view, "#coroutine")
    wait_for_text(view, "#outcome", "100 steps done")
    assert ask(view, "bar.value") == 100


def test_local_pages_load_modules_styles_and_data(webview: Windows) -> None:
    view = webview(load("05_local_pages").make_view())
    wait_for_text(view, "#planets", "Mars: 2 moons")
    assert "auroraview://" in wait_for_text(view, "#where", "The directory page/")
    assert ask(view, "getComputedStyle(document.querySelector('h1')).color") == "rgb(52, 84, 209)"


def test_two_windows_share_one_count(webview: Windows) -> None:
    left, right = load("06_two_windows_one_bridge").make_views()
    webview(left)
    wait_for_text(left, "#count", "0")
    click(left, "[data-step='1']")
    wait_for_text(left, "#who", "asked by the left window")
    webview(right)
    wait_for_text(right, "#count", "1")
    click(right, "[data-step='1']")
    wait_for_text(right, "#who", "asked by the right window")
    wait_for_text(left, "#count", "2")


def test_coroutines_of_the_asyncio_example_wait_side_by_side(capsys: pytest.CaptureFixture[str]) -> None:
    example = load("07_asyncio")
    views: list[WebView] = []
    make_view = example.make_view

    def make_and_keep() -> WebView:
        views.append(make_view())
        return views[0]

    example.make_view = make_and_keep

    async def drive() -> str:
        window = asyncio.create_task(example.main())
        while not views:
            await asyncio.sleep(0)
        (view,) = views
        script = """document.querySelector('#ask').click();
            new Promise((resolve) => {
              const look = () => answers.textContent ? resolve(answers.textContent) : setTimeout(look, 10);
              look();
            })"""
        answer = await asyncio.wait_for(view.eval_js(script), PATIENCE)
        view.close()
        await asyncio.wait_for(window, PATIENCE)
        return str(answer)

    assert asyncio.run(drive()).startswith("1, 4, 9 after")
    assert "Ask three times at once" in capsys.readouterr().out


def test_the_served_panel_is_shared_by_two_browsers(browser: Context) -> None:
    example = load("08_served_panel")
    with serve(example.make_bridge(), path=example.PAGE) as server:
        one, other = browser.tab(server.open_url), browser.tab(server.open_url)
        one.wait_text("#present", "2")
        one.type("#text", "Bake the light")
        one.click("form button")
        other.wait_text("#list", "Bake the light")
        other.click("li:last-child button")
        wait_for(lambda: "Bake the light" not in one.text("#list"), "the list without the entry")
        other.close()
        one.wait_text("#present", "1")
        one.reload()
        one.wait_text("#list", "Check the rig")
        assert one.errors == other.errors == []


def test_the_panel_in_fastapi_shows_what_a_route_was_told(browser: Context) -> None:
    app, panel = load("09_fastapi").make_app()
    with under_uvicorn(app) as address:
        tab = browser.tab(panel.open_url(f"{address}/panel"))
        assert "None." in tab.text("#none")
        urllib.request.urlopen(f"{address}/alarms?text=Fire", data=b"", timeout=PATIENCE).close()
        tab.wait_text("#alarms", "Fire")
        tab.click("#alarms button")
        tab.wait_text("#left", "0 left")
        tab.goto(address)  # leads to the panel, without the secret, which the tab has kept
        tab.wait_for("auroraview.isReady")
        assert tab.errors == []


def test_a_window_and_two_browsers_show_the_same_hue(webview: Windows, browser: Context) -> None:
    example = load("10_window_and_browsers")
    view = example.make_view()
    with serve(view.bridge, path=example.PAGE) as server:
        webview(view)
        tabs = [browser.tab(server.open_url) for _ in range(2)]
        wait_for_text(view, "#where", "a window")
        for tab in tabs:
            tab.wait_text("#where", "a browser")
            tab.wait_text("#hue", "210")
        drag = "slider.value = 33; slider.dispatchEvent(new Event('input'))"
        tabs[0].evaluate(drag)
        tabs[1].wait_text("#hue", "33")
        wait_for_text(view, "#hue", "33")
        ask(view, drag.replace("33", "99"))
        for tab in tabs:
            tab.wait_text("#hue", "99")
            assert tab.errors == []


def test_the_isolated_window_comes_back_with_what_python_kept(
    webview: Windows, capsys: pytest.CaptureFixture[str]
) -> None:
    view = webview(load("11_isolated_window").make_view())
    wait_for_text(view, "#crashes", "0")
    program, window = wait_for_digits(view, "#program"), wait_for_digits(view, "#window")
    assert program == str(os.getpid())
    ask(view, "note.value = 'Ask the crew'; note.oninput()")
    before = view.peer.generation
    with contextlib.suppress(ViewClosed):  # The window may be gone before it answers.
        ask(view, "setTimeout(() => document.querySelector('#kill').click())")
    wait_for(lambda: view.peer.generation > before and view.is_ready, "the window that comes back")
    wait_for_text(view, "#crashes", "1")
    wait_for(lambda: ask(view, "note.value") == "Ask the crew", "the note")
    assert wait_for_digits(view, "#window") != window
    assert "Crash 1." in capsys.readouterr().out


@pytest.mark.timeout(180)
def test_the_tests_of_the_tested_panel_pass_and_notice_a_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)  # What fails there is meant to, once.
    copy = tmp_path / "panel"
    shutil.copytree(EXAMPLES / "20_tested_panel", copy, ignore=shutil.ignore_patterns("__pycache__"))
    passed = run_python("-m", "pytest", "-c", os.devnull, "--rootdir", str(copy), str(copy))
    assert passed.returncode == 0, passed.stdout + passed.stderr
    assert "7 passed" in passed.stdout
    page = copy / "page" / "page.js"
    page.write_text(page.read_text("utf-8").replace("${sum} hours", "${sum} days"), "utf-8")
    failed = run_python("-m", "pytest", "-c", os.devnull, "--rootdir", str(copy), str(copy), "-k", "total or refused")
    assert failed.returncode == 1, failed.stdout + failed.stderr
    assert "1 failed" in failed.stdout


def test_the_tested_panel_says_what_it_refuses(webview: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES / "20_tested_panel"))
    view = webview(load("20_tested_panel").make_view())
    wait_for_text(view, "#total", "76 hours")
    ask(view, "fields.elements.Light.value = -3; fields.elements.Light.onchange()")
    wait_for_text(view, "#problem", "hours cannot be less than none")


def test_mistakes_are_seen_where_the_debugging_example_says(webview: Windows) -> None:
    example = load("21_debugging")
    view = example.make_view()
    handler = example.follow(view)
    try:
        webview(view)
        click(view, "#raises")
        wait_for_text(view, "#rejected", "KeyError (handler_error): 'sh010'")
        assert "in open_shot" in show_text(view, "#rejected")  # the traceback
        wait_for_text(view, "#log", "ERROR auroraview: the handler of 'open_shot' raised KeyError")
        click(view, "#missing")
        wait_for_text(view, "#rejected", "(method_not_found)")
        click(view, "#wrong")
        wait_for_text(view, "#rejected", "(invalid_params)")
        click(view, "#page")
        wait_for_text(view, "#log", "INFO auroraview.page: about to use what is not there")
        wait_for_text(view, "#log", "ERROR auroraview.page: ")
    finally:
        logging.getLogger("auroraview").removeHandler(handler)
        logging.getLogger("auroraview").setLevel(logging.NOTSET)


def test_the_fleet_asks_for_nothing_but_what_it_knows(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.syspath_prepend(str(FLEET))
    fleet = load("12_fleet").Fleet(tmp_path)
    fleet.change_settings({"theme": "dark", "units": "furlongs", "panel": "table"})
    assert fleet.settings == {"theme": "dark", "units": "km/h", "paused": False}


@pytest.mark.timeout(180)
def test_the_fleet_is_driven_and_every_effect_confirmed(tmp_path: Path) -> None:
    picture = tmp_path / "fleet.png"
    done = run_python(str(FLEET / "main.py"), "--drive", "--screenshot", str(picture))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything was confirmed" in done.stdout
    assert "✗" not in done.stdout
    for file in (picture, tmp_path / "fleet-dark.png"):
        assert file.read_bytes().startswith(b"\x89PNG")
    assert not (FLEET / "page" / "ws-config.js").exists()


@pytest.mark.timeout(180)
def test_the_driver_of_the_fleet_says_what_does_not_hold() -> None:
    done = run_python(
        "-c",
        f"import sys; sys.path.insert(0, {str(FLEET)!r})\n"
        "import driver, main\n"
        "main.Fleet.choose = lambda self, name: None\n"
        "driver.SECONDS = 3.0\n"
        "driver.Driver.kill = driver.Driver.read = lambda self: ''\n"
        "sys.exit(main.main(['--drive']))",
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED: Choose a van with the keyboard: waited 3 s for Van 02 on the map" in done.stdout


@pytest.mark.timeout(180)
@pytest.mark.parametrize("arguments", [[], ["--isolated"]])
def test_the_asset_browser_is_driven_and_every_effect_confirmed(tmp_path: Path, arguments: list[str]) -> None:
    picture = tmp_path / "demo.png"
    done = run_python(str(ASSET_BROWSER / "main.py"), "--drive", "--screenshot", str(picture), *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Everything was confirmed" in done.stdout
    assert "✗" not in done.stdout
    for file in (picture, tmp_path / "demo-dark.png"):
        assert file.read_bytes().startswith(b"\x89PNG")


@pytest.mark.timeout(180)
def test_the_driver_of_the_asset_browser_says_what_does_not_hold() -> None:
    done = run_python(
        "-c",
        f"import sys; sys.path.insert(0, {str(ASSET_BROWSER)!r})\n"
        "import main, library\n"
        "def copy_badly(self, name, folder):\n"
        "    return (folder / name).write_text('something else')\n"
        "library.Library.copy = copy_badly\n"
        "sys.exit(main.main(['--drive']))",
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED: Export three: goblet.obj differs" in done.stdout


def test_the_asset_browser_explains_itself_and_refuses_wrong_usage() -> None:
    told = run_python(str(ASSET_BROWSER / "main.py"), "--help")
    assert told.returncode == 0
    assert "--drive" in told.stdout
    refused = run_python(str(ASSET_BROWSER / "main.py"), "--screenshot", "file.png")
    assert refused.returncode == 2
    assert "--screenshot goes with --drive" in refused.stderr
