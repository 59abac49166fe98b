"""The Python in the README and the documentation is executed, in real windows where it opens one.

The blocks of one file run one after another in one namespace, as a reader would type them. Windows that wait for a
person are replaced: the view opens, must become ready, answer all calls of its page and report no error there, and is
closed. What a file only constructs is shown the same way at its end. A server that waits must serve its page; the
program of a launcher that waits must be ready, and answer if it is one of the text's own.

A block that begins with a comment that is a file's name, ``# viewer.py``, is that file, and not run here. One that runs
Node.js is left out where that is too old to have WebSockets.
"""

from __future__ import annotations

import functools
import re
import subprocess
import urllib.request
import webbrowser
from pathlib import Path
from typing import Any

import pytest

from auroraview import Launcher, Peer, Server, WebView, current_call
from tests.e2e.helpers import PATIENCE, wait_for

ROOT = Path(__file__).resolve().parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"^```[a-z]+\n(?:#|//|<!--) (\S+\.\w+)(?: -->)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)|<(?:img|source)\b[^>]*?(?:src|srcset)=\"([^\"]+)\"")

#: Stands before a text of HTML: remembers what goes wrong in its scripts.
WATCH = """<script>
window.problems = [];
addEventListener("error", (event) => problems.push(event.message));
addEventListener("unhandledrejection", (event) => problems.push(String(event.reason)));
</script>"""

show_for_good = WebView.show

start_for_good = Launcher.start

#: Programs of launchers that have sent ``picked``.
spoken: set[Peer] = set()


def show_for_a_moment(view: WebView, *, wait: bool = True) -> None:
    """In place of ``show``: what waits for a person is looked at and closed."""
    kind, text, entry = view._source
    if kind == "html" and WATCH not in text:
        view._source = (kind, WATCH + text, entry)
    show_for_good(view, wait=False)
    if not wait:
        return
    view.wait_ready(PATIENCE)
    wait_for(lambda: view.stats["calls_in_flight"] == 0, "answers to all calls of the page")
    script = "new Promise((resolve) => setTimeout(() => resolve(window.problems ?? [])))"
    assert view.eval_js(script).result(PATIENCE) == []
    view.close()
    assert view.wait(PATIENCE)


def serve_for_a_moment(server: Server, timeout: float | None = None) -> bool:
    """In place of ``wait``: the page is there, as a browser asks for it."""
    with urllib.request.urlopen(server.url, timeout=PATIENCE) as answer:
        assert answer.status == 200
    return False


@functools.cache
def node_has_websockets() -> bool:
    """Node.js is there, and new enough for the text."""
    command = ["node", "--experimental-websocket", "--eval", "new WebSocket('ws://127.0.0.1:9/').onerror = () => {}"]
    try:
        return subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False).returncode == 0
    except FileNotFoundError:
        return False


def start_and_listen(launcher: Launcher, *, wait: bool = True) -> None:
    """In place of ``start``: who sends ``picked`` is remembered."""
    launcher.bridge.on("picked", lambda: spoken.add(current_call().peer))
    start_for_good(launcher, wait=wait)


def launch_for_a_moment(launcher: Launcher, timeout: float | None = None) -> bool:
    """In place of ``wait``: the page is ready, and one that is a program of the text's own has said something more."""
    assert launcher.peer.is_ready
    if "shell" not in repr(launcher.process):
        wait_for(lambda: launcher.peer in spoken, "a word of the program")
    return False


@pytest.fixture
def a_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory that the texts speak of: a built page in ``dist/``."""
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text(
        "<!doctype html><title>Built</title><script src='auroraview.js'></script>", "utf-8"
    )
    monkeypatch.chdir(tmp_path)


@pytest.mark.usefixtures("a_project")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_of_a_text_does_what_it_says(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: set[int] = set()

    def show(view: WebView, *, wait: bool = True) -> None:
        shown.add(id(view))
        show_for_a_moment(view, wait=wait)

    opened: list[str] = []
    monkeypatch.setattr(WebView, "show", show)
    monkeypatch.setattr(Server, "wait", serve_for_a_moment)
    monkeypatch.setattr(Launcher, "start", start_and_listen)
    monkeypatch.setattr(Launcher, "wait", launch_for_a_moment)
    monkeypatch.setattr(webbrowser, "open", lambda url: opened.append(url) or True)
    namespace: dict[str, Any] = {"__name__": "text"}
    text = page.read_text(encoding="utf-8")
    for name, content in FILE.findall(text):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text(content, "utf-8")
    for block in BLOCK.finditer(text):
        if FILE.match(block[0]) or ('"node"' in block[1] and not node_has_websockets()):
            continue
        line = text.count("\n", 0, block.start(1))
        # Padded so that a traceback names the line of the text.
        exec(compile("\n" * line + block[1], str(page), "exec", dont_inherit=True), namespace)
    for value in list(namespace.values()):
        if isinstance(value, WebView) and id(value) not in shown:
            value.show()
        elif isinstance(value, WebView):
            value.close()
            assert value.wait(PATIENCE)


def test_the_ten_lines_greet_when_the_button_is_pressed(monkeypatch: pytest.MonkeyPatch) -> None:
    def press(view: WebView) -> None:
        show_for_good(view, wait=False)
        script = "document.querySelector('button').click(); document.body.textContent"
        view.eval_js(script).result(PATIENCE)
        wait_for(
            lambda: view.eval_js("answer.textContent").result(PATIENCE) == "Hello, you, from Python.", "the greeting"
        )
        view.close()
        assert view.wait(PATIENCE)

    monkeypatch.setattr(WebView, "show", press)
    example = BLOCK.search((ROOT / "README.md").read_text(encoding="utf-8"))
    assert example is not None
    exec(compile(example[1], "README.md", "exec", dont_inherit=True), {"__name__": "text"})


def test_the_readme_has_the_example_and_the_two_commands() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    example = BLOCK.search(text)
    assert example is not None
    assert len([line for line in example[1].splitlines() if line.strip()]) <= 12
    for command in ("demo", "test", "bench", "wheel"):
        assert f"make {command}" in text
        assert re.search(rf"^{command}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_links_within_the_project_lead_somewhere(page: Path) -> None:
    targets = [first or second for first, second in LINK.findall(page.read_text(encoding="utf-8"))]
    missing = [one for one in targets if "://" not in one and not (page.parent / one).exists()]
    assert missing == []


def test_the_index_lists_every_text() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    assert [page.name for page in PAGES[1:] if page.name != "index.md" and f"]({page.name})" not in index] == []
