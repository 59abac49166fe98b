"""Files that the user drags onto the page from another program."""

import contextlib
import subprocess
import time
from pathlib import Path

import pytest

from auroraview import WebView, WindowOptions
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for

PYTHON = "/usr/bin/python3"
SOURCE = Path(__file__).with_name("drag_source.py")
#: Upper left corner of the page area.
CORNER = (300, 100)

TAKES = """<!doctype html><style>html, body { margin: 0; height: 100% }</style><body><script>
  var seen = [];
  ondragover = (event) => event.preventDefault();
  ondrop = (event) => { event.preventDefault(); seen.push([event.clientX, event.clientY]) };
</script>"""
REFUSES = """<!doctype html><style>html, body { margin: 0; height: 100% }</style><body><script>
  ondragover = (event) => { event.preventDefault(); event.dataTransfer.dropEffect = "none" };
</script>"""
CARES_NOT = "<!doctype html><style>html, body { margin: 0; height: 100% }</style><body>page"
GIVES = """<!doctype html><style>body { margin: 0 } div { width: 200px; height: 100px }</style>
<div draggable=true>mine</div><script>
  var seen = 0;
  document.querySelector("div").ondragstart = (event) =>
    event.dataTransfer.setData("text/uri-list", "file:///etc/passwd");
  ondragover = (event) => event.preventDefault();
  ondrop = (event) => { event.preventDefault(); seen++ };
</script>"""

pytestmark = pytest.mark.skipif(
    subprocess.run(
        [PYTHON, "-c", "import gi; gi.require_version('Gtk', '3.0'); from gi.repository import Gtk"],
        capture_output=True,
        check=False,
    ).returncode
    != 0,
    reason="the system's Python has no GTK to drag from (Debian: python3-gi gir1.2-gtk-3.0)",
)


def xdotool(*words):
    subprocess.run(["xdotool", *map(str, words)], check=True, timeout=30)


@contextlib.contextmanager
def files(*addresses):
    """A program with a window from which these addresses can be dragged."""
    command = [PYTHON, str(SOURCE), *addresses]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as program:
        try:
            assert program.stdout.readline() == "ready\n"
            yield program
        finally:
            program.stdin.close()
            program.wait(PATIENCE)


def drag(start, end):
    """As a hand does it: slowly enough for both sides to follow."""
    xdotool("mousemove", *start, "mousedown", 1)
    for step in range(1, 11):
        place = [first + (last - first) * step // 10 for first, last in zip(start, end, strict=True)]
        xdotool("mousemove", *place)
        time.sleep(0.06)
    time.sleep(0.4)
    xdotool("mouseup", 1)


def page_view(html, **options):
    view = WebView("Drop", html=html, window=WindowOptions(position=CORNER), **options)
    heard = Record()
    view.window.on("file_drop", heard)
    return view, heard


def place(view, x, y):
    """A place in the page on the screen."""
    left, top = wait_for(lambda: view.window.position, "the window's position")
    return left + x, top + y


@pytest.fixture
def two(tmp_path):
    paths = [tmp_path / "one ü.txt", tmp_path / "50% #2?.txt"]
    for path in paths:
        path.write_text("x")
    return paths


def test_dropped_files_have_their_paths_and_place_and_the_page_its_own_drop(two, isolation):
    view, heard = page_view(TAKES, isolation=isolation)
    with opened(view), files(*[path.as_uri() for path in two]):
        drag((95, 140), place(view, 200, 150))
        ((paths, x, y),) = heard.wait()
        assert paths == two
        assert abs(x - 200) <= 2
        assert abs(y - 150) <= 2
        wait_for(lambda: ask(view, "seen.length") == 1, "the page's own drop")
        assert ask(view, "seen") == [[x, y]]


def test_a_page_that_does_not_care_stays_and_the_program_has_the_files(two, caplog):
    view, heard = page_view(CARES_NOT)
    asked = Record(None)
    view.on_navigate(asked)
    with opened(view), files(*[path.as_uri() for path in two]):
        drag((95, 140), place(view, 200, 150))
        assert heard.wait()[0][0] == two
        ask(view, "new Promise(done => setTimeout(done, 50))")
        assert ask(view, "document.body.innerText") == "page"
        assert asked.seen == []
        assert "file://" not in caplog.text


def test_a_page_may_refuse(two):
    view, heard = page_view(REFUSES)
    with opened(view), files(two[0].as_uri()) as program:
        drag((95, 140), place(view, 200, 150))
        assert program.stdout.readline() == "end\n"
        assert heard.seen == []


def test_only_files_of_this_machine_count(two):
    view, heard = page_view(TAKES)
    with opened(view), files("https://example.com/x", "file://elsewhere.example/x", two[0].as_uri()):
        drag((95, 140), place(view, 200, 150))
        assert heard.wait()[0][0] == [two[0]]


def test_what_the_page_itself_lets_be_dragged_is_no_file(isolation):
    view, heard = page_view(GIVES, isolation=isolation)
    with opened(view):
        drag(place(view, 100, 50), place(view, 300, 350))
        wait_for(lambda: ask(view, "seen") == 1, "the page's own drop")
        assert heard.seen == []


def test_a_page_cannot_give_files_to_another_one():
    giver = WebView("Giver", html=GIVES, window=WindowOptions(position=(20, 100)), width=250, isolation="process")
    taker, heard = page_view(TAKES)
    with opened(giver), opened(taker):
        drag(place(giver, 100, 50), place(taker, 200, 150))
        wait_for(lambda: ask(taker, "seen.length") == 1, "the page's own drop")
        assert heard.seen == []
