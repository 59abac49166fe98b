"""The example with Vite: what is edited is in the window at once, what was there stays, and calls go on."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from auroraview import Bridge, ViewClosed, WebView
from tests.e2e.browsers import Context
from tests.e2e.helpers import ask, show_text, wait_for
from tests.e2e.served import served, token_of

ROOT = Path(__file__).resolve().parents[2]
SDK = ROOT / "js_sdk"
EXAMPLE = ROOT / "examples" / "17_vite"

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="there is no Node.js")


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example_17_vite", EXAMPLE / "main.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def built_sdk() -> Path:
    """The package as it is published, built anew where its source is newer."""
    built = SDK / "dist" / "svelte.js"
    sources = max(path.stat().st_mtime for path in (SDK / "src").rglob("*.ts"))
    if not built.exists() or built.stat().st_mtime < sources:
        subprocess.run(["node", "scripts/build.mjs", "--package"], cwd=SDK, check=True, timeout=120)
    return SDK / "dist"


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the page, with the modules of the SDK's own development and the SDK as npm would install it."""
    assert (SDK / "node_modules" / "vite").is_dir(), "run `npm ci` in js_sdk"
    folder = tmp_path_factory.mktemp("vite") / "ui"
    shutil.copytree(EXAMPLE / "ui", folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    modules = folder / "node_modules"
    modules.mkdir()
    for found in (SDK / "node_modules").iterdir():
        if found.name not in (".vite", ".vite-temp", ".package-lock.json", "@auroraview"):
            (modules / found.name).symlink_to(found)
    installed = modules / "@auroraview" / "sdk"
    shutil.copytree(built_sdk(), installed / "dist")
    shutil.copy(SDK / "package.json", installed)
    return folder


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


@contextlib.contextmanager
def shown(view: WebView) -> Iterator[WebView]:
    view.show(wait=False)
    try:
        view.wait_ready(60)
        wait_for(lambda: ask(view, "document.querySelector('h1') !== null"), "the component")
        yield view
    finally:
        view.close()
        assert view.wait(30)


def shout(view: WebView, text: str) -> str:
    """Types and sends; what the page shows then."""
    script = f"""
        const input = document.querySelector("input");
        input.value = {json.dumps(text)};
        input.dispatchEvent(new Event("input", {{ bubbles: true }}));
        document.querySelector("form").requestSubmit();
    """
    before = show_text(view, "[role=status]")
    ask(view, f"(() => {{ {script} }})()")
    wait_for(lambda: show_text(view, "[role=status]") != before, "another status")
    return show_text(view, "[role=status]")


@pytest.mark.timeout(180)
def test_an_edited_component_is_in_the_window_at_once_and_keeps_its_state(ui: Path) -> None:
    example = load()
    with example.vite(ui, free_port()) as address, shown(example.make_view(address=address)) as view:
        assert shout(view, "ahoy") == "AHOY!"
        assert "open" in show_text(view, "footer")
        ask(view, "window.sameDocument = true")
        component = ui / "src" / "App.vue"
        component.write_text(component.read_text().replace("<h1>Vite and Python</h1>", "<h1>Edited</h1>"))
        wait_for(lambda: show_text(view, "h1") == "Edited", "the edited component")
        assert ask(view, "window.sameDocument") is True
        assert ask(view, "document.querySelector('input').value") == "ahoy"
        assert show_text(view, "[role=status]") == "AHOY!"
        assert shout(view, "") == "there is nothing to shout"
        assert shout(view, "again") == "AGAIN!"


@pytest.mark.timeout(180)
def test_a_page_that_vite_reloads_is_ready_again(ui: Path) -> None:
    example = load()
    with example.vite(ui, free_port()) as address, shown(example.make_view(address=address)) as view:
        ask(view, "window.sameDocument = true")
        index = ui / "index.html"
        index.write_text(index.read_text().replace("<title>Vite</title>", "<title>Vite anew</title>"))

        def is_another() -> bool:
            with contextlib.suppress(ViewClosed):  # asked of the one that is going
                return bool(ask(view, "document.title === 'Vite anew' && document.querySelector('h1') !== null"))
            return False

        wait_for(is_another, "another document, and its component")
        assert ask(view, "window.sameDocument") is None
        assert shout(view, "still here") == "STILL HERE!"


@pytest.mark.timeout(180)
def test_in_a_browser_the_same_page_reaches_a_program_that_allows_it(ui: Path, browser: Context) -> None:
    """The part of the package that is for the network is loaded then, by Vite."""
    example = load()
    port = free_port()
    bridge = Bridge()
    bridge.bind_api(example.Api())
    main = ui / "src" / "main.ts"
    before = main.read_text()
    with served(bridge, allow_origins=(f"http://localhost:{port}",)) as server:
        # Before Vite starts: a package that it finds later makes it load the page once more, in the middle of this.
        main.write_text(
            'import { createAuroraView } from "@auroraview/sdk";\n'
            f"createAuroraView(window.auroraview ? {{}} : {{ url: {json.dumps(server.url)} }});\n{before}"
        )
        try:
            with example.vite(ui, port) as address:
                tab = browser.tab(f"{address}/#token={token_of(server)}")
                tab.wait_text("footer", "open")
                tab.click("form button")
                assert tab.wait_text("[role=status]", "!") == "HARBOUR!"
                assert tab.url == f"{address}/"
                tab.reload()
                tab.wait_text("footer", "open")
        finally:
            main.write_text(before)


@pytest.mark.timeout(180)
def test_what_is_built_needs_no_vite(ui: Path) -> None:
    subprocess.run([ui / "node_modules" / ".bin" / "vite", "build"], cwd=ui, check=True, timeout=120)
    with shown(load().make_view(built=ui / "dist")) as view:
        assert shout(view, "built") == "BUILT!"


def test_without_vite_it_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="npm install"), load().vite(tmp_path, free_port()):
        pass
