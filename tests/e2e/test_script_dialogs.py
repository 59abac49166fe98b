"""``alert``, ``confirm``, ``prompt``, leaving a page, and file inputs, with a user who answers.

In this process and in one of its own."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest

from auroraview import ViewClosed, WebView
from tests.e2e import desktop, user
from tests.e2e.helpers import PAGE, PATIENCE, ask, opened, wait_for
from tests.e2e.processes import web_processes
from tests.e2e.shells import kill_web_process

TITLE = "The tool"

UNSAVED = """<!doctype html><body style="margin: 0"><input id=i style="width: 100vw; height: 100vh">
<script>onbeforeunload = (event) => event.preventDefault()</script>"""

FILES = """<!doctype html><body style="margin: 0"><script>
  const picked = new Promise((resolve) => {
    onchange = async (event) => {
      const files = [...event.target.files];
      resolve([files.map((one) => one.webkitRelativePath || one.name), await files[0].text()]);
    };
    oncancel = () => resolve("cancelled");
  });
</script><input id=input type=file style="width: 100vw; height: 100vh" %s>"""


@pytest.fixture
def view(webview, isolation: str) -> WebView:
    """A view with a title of its own."""
    one: WebView = webview(TITLE, html=PAGE, isolation=isolation)
    return one


def dialog_is_there() -> None:
    """Waits for a dialog with the window's title."""
    wait_for(lambda: desktop.titles().count(TITLE) == 2, "the dialog of the page")


def test_an_alert_names_the_window_and_waits_for_the_user(view):
    future = view.eval_js("alert('Hello'), 'afterwards'")
    dialog_is_there()
    assert not future.done()
    user.presses(TITLE, "Return")
    assert future.result(PATIENCE) == "afterwards"
    wait_for(lambda: desktop.titles().count(TITLE) == 1, "the end of the alert")


@pytest.mark.parametrize(
    ("script", "keys", "answer"),
    [
        ("confirm('Sure?')", ["Return"], True),
        ("confirm('Sure?')", ["Escape"], False),
        ("prompt('Name?', 'cube')", ["Return"], "cube"),
        ("prompt('Name?', 'cube')", ["BackSpace", "7", "Return"], "7"),
        ("prompt('Name?')", ["Escape"], None),
    ],
)
def test_the_script_gets_the_answer_of_the_user(view, script, keys, answer):
    future = view.eval_js(script)
    dialog_is_there()
    user.presses(TITLE, *keys)
    assert future.result(PATIENCE) == answer


def test_other_views_answer_while_an_alert_is_open(view, webview, isolation):
    other = webview(html=PAGE, isolation=isolation)
    other.bind_call("add", lambda a, b: a + b)
    future = view.eval_js("alert('Waits'), 1")
    dialog_is_there()
    for number in range(50):
        assert ask(other, f"auroraview.call('add', [{number}, 1])") == number + 1
    assert not future.done()
    view.emit("while it waits", 1)
    user.presses(TITLE, "Return")
    assert future.result(PATIENCE) == 1


def test_the_user_ends_a_flood_of_dialogs(view):
    """While one is open the window cannot be closed."""
    future = view.eval_js("for (let n = 0; n < 1000; n++) alert(n); [confirm('Sure?'), prompt('Name?')]")
    dialog_is_there()

    def ended() -> bool:
        for key in ("Return", "alt+n"):
            if not future.done():
                user.presses(TITLE, key)
                time.sleep(0.3)  # Nothing tells that the next dialog has taken the place of the last.
        return future.done()

    wait_for(ended, "the end of the flood")
    assert future.result(PATIENCE) == [False, None]
    wait_for(lambda: desktop.titles().count(TITLE) == 1, "the end of the dialogs")
    view.reload()
    view.wait_ready(PATIENCE)
    view.eval_js("alert('of a new document')")
    dialog_is_there()
    user.presses(TITLE, "Return")


def test_a_page_prints_while_all_else_goes_on(view):
    view.bind_call("add", lambda a, b: a + b)
    assert ask(view, "print(), print(), 'afterwards'") == "afterwards"
    wait_for(lambda: desktop.titles().count("Print") == 1, "the dialog")
    assert ask(view, "auroraview.call('add', [1, 2])") == 3
    user.presses("Print", "Escape")
    user.sees_no_more("Print")
    assert ask(view, "print(), 'again'") == "again"
    user.sees("Print")
    view.close()
    user.sees_no_more("Print")


def test_a_view_closes_during_an_alert(webview, isolation):
    view = WebView(TITLE, html=PAGE, isolation=isolation)
    with opened(view):
        future = view.eval_js("alert('Still there')")
        dialog_is_there()
    with pytest.raises(ViewClosed):
        future.result(PATIENCE)
    user.sees_no_more(TITLE)


def test_another_page_takes_the_place_of_one_that_waits(view):
    view.eval_js("alert('Still there')")
    dialog_is_there()
    view.load_html("<title>next</title>")
    wait_for(lambda: ask(view, "document.title") == "next", "the next page")
    wait_for(lambda: desktop.titles().count(TITLE) == 1, "the end of the alert")


def test_a_page_that_dies_takes_its_dialogs_along_and_no_others(webview):
    view = webview(TITLE, html=PAGE, isolation="process", respawn=True)
    future = view.window.confirm("of the program", title="Program's")
    wait_for(lambda: "Program's" in desktop.titles(), "the dialog of the program")
    view.eval_js("alert('of the page')")
    dialog_is_there()
    kill_web_process()
    wait_for(lambda: desktop.titles().count(TITLE) == 1, "the end of the alert")
    assert not future.done()
    user.presses("Program's", "Return")
    assert future.result(PATIENCE) is True
    wait_for(lambda: web_processes() or view.is_ready, "the page that comes back")


def test_the_user_decides_whether_a_page_with_unsaved_work_is_left(webview, isolation):
    view = webview(TITLE, html=UNSAVED, isolation=isolation)
    # The engine asks only where the user has done something.
    click(view)
    user.writes(TITLE, "work")
    wait_for(lambda: ask(view, "i.value") == "work", "the work")
    view.eval_js("location.reload()")
    dialog_is_there()
    user.presses(TITLE, "Escape")
    wait_for(lambda: desktop.titles().count(TITLE) == 1, "the end of the question")
    assert ask(view, "i.value") == "work"
    view.eval_js("location.reload()")
    dialog_is_there()
    user.presses(TITLE, "Return")

    def is_anew() -> bool:
        with contextlib.suppress(ViewClosed):  # The document may go away meanwhile.
            return ask(view, "i.value") == ""
        return False

    wait_for(is_anew, "the page anew")


def test_the_program_leaves_a_page_without_asking(webview, isolation):
    view = webview(TITLE, html=UNSAVED, isolation=isolation)
    click(view)
    user.writes(TITLE, "work")
    wait_for(lambda: ask(view, "i.value") == "work", "the work")
    view.reload()
    wait_for(lambda: ask(view, "i.value") == "", "the page anew")
    click(view)
    user.writes(TITLE, "work")
    wait_for(lambda: ask(view, "i.value") == "work", "the work")
    view.load_html("<title>next</title>")
    wait_for(lambda: ask(view, "document.title") == "next", "the next page")


def click(view: WebView) -> None:
    """Clicks into the middle of the page."""
    user.sees(TITLE)
    user.clicks(view.window.native_id)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "inner").mkdir()
    for name in ("inner/first.png", "inner/second.png", "inner/third.txt"):
        (tmp_path / name).write_text(f"content of {name[6:]}")
    return tmp_path


def test_a_file_input_gets_the_file_of_the_user(webview, isolation, folder):
    view = webview(TITLE, html=FILES % "", isolation=isolation)
    future = view.eval_js("picked")
    click(view)
    user.selects("Open File", folder / "inner" / "first.png", future)
    assert future.result(PATIENCE) == [["first.png"], "content of first.png"]


def test_a_dismissed_file_input_is_told(webview, isolation):
    view = webview(TITLE, html=FILES % "multiple", isolation=isolation)
    future = view.eval_js("picked")
    for _ in range(2):
        click(view)
        user.presses("Open File", "Escape")
        user.sees_no_more("Open File")
    assert future.result(PATIENCE) == "cancelled"
    assert ask(view, "input.files.length") == 0


def test_a_file_input_shows_what_its_page_accepts(webview, isolation, folder):
    view = webview(TITLE, html=FILES % "multiple accept='.PNG, image/webp'", isolation=isolation)
    # So that the dialog shows this folder.
    used = view.window.select_folder(directory=folder / "inner", title="Before")
    user.presses_until(used.done, "Before", "Return")
    future = view.eval_js("picked")
    click(view)
    user.presses_until(future.done, "Open File", "ctrl+a", "Return")
    names, _ = future.result(PATIENCE)
    assert sorted(names) == ["first.png", "second.png"]


def test_a_file_input_takes_a_folder(webview, isolation, folder):
    view = webview(TITLE, html=FILES % "webkitdirectory", isolation=isolation)
    future = view.eval_js("picked")
    click(view)
    user.selects("Select Folder", folder / "inner", future)
    names, _ = future.result(PATIENCE)
    assert sorted(names) == ["inner/first.png", "inner/second.png", "inner/third.txt"]


def test_a_view_closes_while_its_file_input_is_open(webview, isolation):
    view = WebView(TITLE, html=FILES % "", isolation=isolation)
    with opened(view):
        click(view)
        user.sees("Open File")
    user.sees_no_more("Open File")
