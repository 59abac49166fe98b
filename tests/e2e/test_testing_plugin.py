"""The plugin of pytest, in projects of its own: what it brings, what a failed test leaves, and where windows open."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import subprocess
import sys
import textwrap
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from auroraview import UsageError, WebView
from auroraview.testing import Windows
from tests.e2e.desktop import Picture
from tests.e2e.helpers import PATIENCE, wait_for

COLOURED = "<body style='margin: 0; background: rgb(10, 20, 30)'>"

#: What a run of pytest would pass on to another; with the last ones it writes the lines of its summary whole.
LEFT_OUT = ("PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "PYTEST_VERSION", "CI", "BUILD_NUMBER")


class Project:
    """A folder with tests, and pytest in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", "utf-8")
        self.environment = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}

    def write(self, text: str, name: str = "test_panel.py") -> None:
        (self.folder / name).write_text(textwrap.dedent(text), "utf-8")

    def command(self, *options: str) -> list[str]:
        return [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]

    def run(self, *options: str) -> tuple[dict[str, int], str]:
        """Runs the tests; how many of each outcome, and what was written."""
        done = subprocess.run(
            self.command(*options),
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE * 2,
            check=False,
        )
        assert done.stderr == ""
        last = done.stdout.strip().splitlines()[-1].strip("= ").partition(" in ")[0]
        counted = {word.rstrip("s"): int(count) for count, _, word in (one.partition(" ") for one in last.split(", "))}
        return counted, done.stdout

    def artifacts(self, folder: str = ".auroraview-artifacts") -> list[str]:
        root = self.folder / folder
        return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def test_a_test_that_fails_leaves_a_picture_of_its_window_and_its_report_says_where(project):
    project.write(f"""
        def test_title(webview):
            view = webview("Panel", html="{COLOURED}", width=160, height=120)
            assert view.window.title == "Another"
    """)
    counted, text = project.run("--junitxml=report.xml")
    assert counted == {"failed": 1}
    assert project.artifacts() == [".gitignore", "test_panel.py.test_title/window.png"]
    file = project.folder / ".auroraview-artifacts" / "test_panel.py.test_title" / "window.png"
    picture = Picture.read(file.read_bytes())
    assert (picture.width, picture.pixel(50, 50)) == (160, (10, 20, 30))
    assert "--- window 'Panel' ---" in text
    assert f"\npicture: {file}\n" in text
    assert "\naddress: auroraview://" in text
    found = ET.parse(project.folder / "report.xml").findall(".//property[@name='auroraview_picture']")
    assert [one.get("value") for one in found] == [str(file)]


def test_the_report_has_what_the_page_wrote_to_its_console(project):
    project.write("""
        PAGE = '''<script>
          console.log("began with", 1, {a: [2]});
          console.warn("took long");
          setTimeout(() => undefinedFunction(), 0);
          auroraview.call("unbound");
        </script>'''

        def test_it(webview):
            view = webview(html=PAGE)
            other = webview("Other")
            view.eval_js("new Promise((resolve) => setTimeout(resolve, 50))").result(20)
            other.eval_js("console.error('elsewhere')").result(20)
            assert False
    """)
    counted, text = project.run()
    assert counted == {"failed": 1}
    first, second = re.findall(r"^-+ window .*?(?=^[-=])", text, re.MULTILINE | re.DOTALL)
    said = first[first.index("console: ") :].splitlines()
    assert said[0] == "console: 4 lines"
    assert [line.split("  (auroraview:")[0] for line in said[1:3]] == [
        '  log     began with 1 {"a":[2]}',
        "  warning took long",
    ]
    assert "  error   Uncaught ReferenceError: Can't find variable: undefinedFunction" in first
    assert "  error   Unhandled rejection: MethodNotFound: nothing is bound to 'unbound'" in said
    assert "elsewhere" not in first
    assert "console: 1 line\n  error   elsewhere" in second
    kept = project.folder / ".auroraview-artifacts" / "test_panel.py.test_it" / "window.txt"
    assert kept.read_text("utf-8").startswith("log     began with 1")


def test_of_a_long_console_the_report_has_the_end_and_the_file_all(project):
    project.write("""
        def test_it(webview):
            view = webview()
            view.eval_js("for (let n = 1; n <= 100; n++) console.log('line', n)").result(20)
            assert False
    """)
    _, text = project.run()
    kept = project.folder / ".auroraview-artifacts" / "test_panel.py.test_it" / "window.txt"
    assert f"console: 100 lines, of which these are the last; all are in {kept}" in text
    assert ("line 60\n" not in text, "line 61\n" in text, "line 100\n" in text) == (True, True, True)
    assert len(kept.read_text("utf-8").splitlines()) == 100


def test_a_console_is_told_although_a_handler_hangs(project):
    project.write("""
        import threading

        def test_it(webview):
            view = webview()
            hangs = threading.Event()
            view.bind_call("hang", lambda: threading.Event().wait(5))
            view.eval_js("console.log('before'); auroraview.call('hang'); 0").result(20)
            assert False
    """)
    assert "log     before" in project.run()[1]


def test_a_test_may_read_the_consoles(webview):
    view = webview(html="<script>console.info('one')</script>")
    other = webview(html="<script>console.debug('two')</script>")
    wait_for(lambda: len(webview.console) == 2, "both lines")
    found = {line.view: (line.level, line.text) for line in webview.console}
    assert found == {view: ("info", "one"), other: ("debug", "two")}


def test_every_window_is_looked_at_whatever_became_of_it(project):
    project.write(f"""
        import pytest
        from auroraview import WebView
        from auroraview.testing import Windows

        @pytest.fixture(scope="module")
        def shared():
            with Windows() as webview:
                yield webview("Shared", html="{COLOURED}")

        def test_it(webview, shared):
            webview("First")
            gone = webview(WebView("Gone"))
            gone.close()
            assert gone.wait(20)
            with Windows() as others:
                others("Other", html="{COLOURED}")
                assert False
    """)
    counted, text = project.run()
    assert counted == {"failed": 1}
    names = [line.strip("- ") for line in text.splitlines() if line.startswith("---") and "window " in line]
    assert sorted(names) == ["window 'First'", "window 'Gone'", "window 'Other'", "window 'Shared'"]
    assert "picture: none, there is no window" in text
    assert len([name for name in project.artifacts() if name.endswith(".png")]) == 3


def test_a_fixture_that_fails_with_its_window_leaves_a_picture_too(project):
    project.write("""
        import pytest

        @pytest.fixture
        def panel(webview):
            view = webview()
            raise LookupError("no panel")

        def test_it(panel):
            pass
    """)
    counted, text = project.run()
    assert counted == {"error": 1}
    assert "picture: " in text
    assert "test_panel.py.test_it/window.png" in project.artifacts()


def test_a_page_that_hangs_does_not_keep_the_run(project):
    project.write("""
        from auroraview.testing import _windows

        def test_it(webview):
            _windows._PICTURE_SECONDS = 0.3
            view = webview("Busy")
            view.eval_js("for (;;);")
            assert not view.eval_js("1").result(0.2)

        def test_the_next(webview):
            assert webview().eval_js("1 + 1").result(20) == 2
    """)
    counted, text = project.run()
    assert counted == {"failed": 1, "passed": 1}
    assert "address: auroraview://" in text


def test_a_test_that_passes_again_leaves_nothing(project):
    project.write("def test_it(webview): assert webview() is None")
    assert project.run()[0] == {"failed": 1}
    mine = project.folder / ".auroraview-artifacts" / "test_panel.py.test_it" / "mine.txt"
    mine.write_text("not of the plugin", "utf-8")
    assert project.run()[0] == {"failed": 1}
    assert len(project.artifacts()) == 3
    project.write("def test_it(webview): assert webview()")
    assert project.run()[0] == {"passed": 1}
    assert project.artifacts() == [".gitignore", "test_panel.py.test_it/mine.txt"]


def test_the_pictures_may_go_elsewhere_and_a_place_that_cannot_be_written_is_said(project):
    project.write("def test_it(webview): assert webview() is None")
    project.run("--auroraview-artifacts=out/pictures")
    assert project.artifacts("out/pictures") == ["test_panel.py.test_it/window.png"]
    (project.folder / "file").touch()
    counted, text = project.run("--auroraview-artifacts=file")
    assert counted == {"failed": 1}
    assert "what the windows looked like could not be kept: [Errno 20] Not a directory" in text


def test_where_there_is_no_display_a_virtual_one_is_there_as_long_as_the_run(project):
    project.write("""
        import os, pathlib

        def test_it(webview):
            view = webview(html="<title>Here</title>")
            assert view.eval_js("document.title").result(20) == "Here"
            pathlib.Path("display").write_text(os.environ["DISPLAY"])

        def test_another(webview):
            assert os.environ["DISPLAY"] == pathlib.Path("display").read_text()
            assert webview(isolation="process").eval_js("innerWidth").result(20) == 800
    """)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        project.environment.pop(name, None)
    assert project.run()[0] == {"passed": 2}
    display = (project.folder / "display").read_text()
    assert display != os.environ.get("DISPLAY")
    wait_for(lambda: not socket_of(display).exists(), "the end of the virtual display")


def socket_of(display: str) -> Path:
    return Path(f"/tmp/.X11-unix/X{display.removeprefix(':')}")


def test_a_virtual_display_ends_with_a_run_that_is_killed(project):
    project.write("""
        import os, pathlib, time

        def test_it(webview):
            webview()
            pathlib.Path("part").write_text(os.environ["DISPLAY"])
            os.rename("part", "display")
            time.sleep(60)
    """)
    project.environment["DISPLAY"] = ":nonsense"
    project.environment.pop("WAYLAND_DISPLAY", None)
    process = subprocess.Popen(
        project.command(), cwd=project.folder, env=project.environment, stdout=subprocess.DEVNULL
    )
    try:
        wait_for((project.folder / "display").exists, "the window")
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
    display = (project.folder / "display").read_text()
    wait_for(lambda: not socket_of(display).exists(), "the end of the virtual display")


def test_a_display_that_answers_is_used(project):
    display = os.environ["DISPLAY"]
    project.write(f"""
        import os

        def test_it(webview):
            assert webview() and os.environ["DISPLAY"] == {display!r}
    """)
    assert project.run()[0] == {"passed": 1}


def test_without_a_display_and_without_xvfb_it_is_an_error_that_says_what_to_install(project, tmp_path):
    project.write("""
        def test_a_page(page): pass
        def test_a_window(webview): pass
    """)
    (tmp_path / "nothing").mkdir()
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        project.environment.pop(name, None)
    project.environment["PATH"] = str(tmp_path / "nothing")
    counted, text = project.run()
    assert counted == {"passed": 1, "error": 1}
    assert text.count("apt-get install xvfb") == 1
    assert "Traceback" not in text


def test_a_view_of_the_program_can_be_opened_and_takes_no_options(webview):
    view = WebView("Mine")
    assert webview(view) is view
    assert view.is_ready
    assert webview(view) is view
    with pytest.raises(UsageError, match="takes no options: width"):
        webview(WebView(), width=100)


async def show(webview: Windows, html: str) -> WebView:
    """As an asynchronous test would, which must not wait for the page."""
    view = webview(html=html, ready=False)
    assert view.is_open
    assert await view.eval_js("document.title") == "Awaited"
    return view


def test_on_an_asyncio_loop_the_page_is_awaited(webview):
    assert asyncio.run(show(webview, "<title>Awaited</title>")).is_ready


def test_the_windows_are_gone_after_the_test(project):
    project.write("""
        views = []

        def test_one(webview):
            views.append(webview())
            views.append(webview())

        def test_two():
            assert [view.is_open for view in views] == [False, False]
    """)
    assert project.run()[0] == {"passed": 2}


def test_the_tests_of_the_documentation_pass(project):
    text = (Path(__file__).parents[2] / "docs" / "testing.md").read_text("utf-8")
    files = re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert len(files) >= 4
    for name, content in files:
        project.write(content, name)
    counted, said = project.run()
    assert counted == {"passed": text.count("\ndef test_")}, said


def test_a_title_may_be_given_by_its_name(webview):
    assert webview(title="Named", html="<p>page").window.title == "Named"
