"""A page that knows nothing of us, ``plain_front_end``: the same files work in a browser and in the ready-made window,
opened as a file, served at the launcher's port and by another server."""

import functools
import math
import os
import shutil
import signal
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy
import pytest

from auroraview import Launcher
from tests.e2e import desktop
from tests.e2e.browsers import ARGUMENTS, Chromium, _executable
from tests.e2e.helpers import PATIENCE, Record, wait_for
from tests.e2e.launchers import IDLE, port_of_script, wait_gone
from tests.e2e.processes import descendants, web_processes

FILES = Path(__file__).with_name("plain_front_end")


class Plain:
    """A launcher of the plain page, and what the page said."""

    def __init__(self, bridge, **options):
        options = {"dialect": "plain", "require_secret": False, "start_timeout": PATIENCE, **options}
        self.launcher = Launcher(bridge, **options)
        self.came, self.picked, self.echoed, self.reported = Record(), Record(), Record(), Record()
        for event in ("picked", "echoed", "reported"):
            bridge.on(event, getattr(self, event))
        self.launcher.on("ready", self.came)

    def report(self):
        """What the page has heard and shows."""
        count = len(self.reported.seen)
        self.launcher.emit("report")
        return self.reported.wait(count + 1)[count][0]

    def echo(self, value):
        """What the page got for a value, as JSON says it."""
        count = len(self.echoed.seen)
        self.launcher.emit("echo", value)
        return self.echoed.wait(count + 1)[count][0]


@pytest.fixture
def folder(tmp_path):
    return shutil.copytree(FILES, tmp_path / "front end")


@pytest.fixture
def plain(bridge):
    made = []

    def make(**options):
        made.append(Plain(bridge, **options))
        return made[-1]

    yield make
    for one in made:
        one.launcher.stop()


class Quiet(SimpleHTTPRequestHandler):
    """A development server's answers, without its chatter."""

    def log_message(self, *_):
        pass


@pytest.fixture(params=["file", "directory", "address"])
def page(request, folder):
    """The same page at three places, and where its configuration belongs."""
    if request.param != "address":
        yield {"page": folder / "index.html" if request.param == "file" else folder}
        return
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder)) as site:
        site.daemon_threads = True
        thread = threading.Thread(target=site.serve_forever, args=(0.05,))
        thread.start()
        yield {"page": f"http://127.0.0.1:{site.server_port}/index.html", "config_dir": folder}
        site.shutdown()
        thread.join(PATIENCE)


def emit_early(launcher):
    launcher.emit("row", 1)
    launcher.emit("settings", {"units": "inch"}, retain=True)
    launcher.emit("row", 2)
    launcher.emit("settings", {"units": "mm"}, retain=True)
    launcher.emit_batch([("row", 3), ("row", 4)])


EARLY = [["settings", {"units": "mm"}], *(["row", number] for number in range(1, 5))]


def check_both_ways(one):
    """What was emitted early, and something in each direction."""
    launcher = one.launcher
    report = one.report()
    assert report["heard"] == [*EARLY, ["report", None]]
    assert report["rows"] == [f"{number} mm" for number in range(1, 5)]
    launcher.emit("press")
    assert one.picked.wait(1)[0] == ({"count": 4, "a key": ["ä", None, 1.5, "✓"]},)
    value = {"ünï": [1, -2.5, "✓ \u2028", True, None, [], {}], "": 2**53 - 1}
    assert one.echo(value) == {"value": value, "binary": False}
    text = "long " * 100_000
    assert one.echo(text) == {"value": text, "binary": False}
    assert launcher.peer.connected
    assert launcher.stats["refused"] == {}


# In a browser


def test_in_a_browser_it_works_unchanged(browser, plain, page):
    one = plain(command=IDLE, **page)
    emit_early(one.launcher)
    one.launcher.start(wait=False)
    tab = browser.tab(one.launcher.url)
    one.came.wait()
    check_both_ways(one)
    assert tab.text("#settings") == "mm"
    tab.click("#pick")
    one.picked.wait(2)
    tab.reload()
    one.came.wait(2)
    assert one.report()["heard"] == [["settings", {"units": "mm"}], ["report", None]]
    one.launcher.stop()
    tab.wait_text("#state", "waiting")
    assert tab.evaluate("heard.at(-1)") == ["shutdown", None]
    assert tab.errors == []


@pytest.mark.parametrize("page", ["file", "address"], indirect=True)
def test_the_same_page_finds_a_program_that_was_started_again(browser, plain, page):
    one = plain(command=IDLE, **page)
    launcher = one.launcher
    launcher.start(wait=False)
    tab = browser.tab(launcher.url)
    one.came.wait()
    ports = [launcher.port]
    for number in (1, 2):
        launcher.stop()
        tab.wait_for("document.querySelector('#state').textContent === 'waiting'")
        launcher.emit("row", number)
        launcher.emit("settings", {"units": number}, retain=True)
        launcher.start()  # The page is there already, and finds the port by itself.
        ports.append(launcher.port)
        tab.wait_text("#state", f"connected to {launcher.port}")
        tab.wait_text("#rows", f"{number} {number}")
    assert len(set(ports)) == 3
    assert launcher.peer.connected
    heard = [pair for pair in tab.evaluate("heard") if pair[0] != "shutdown"]
    assert heard == [pair for n in (1, 2) for pair in (["settings", {"units": n}], ["row", n])]


def test_a_page_that_is_too_early_finds_its_program(browser, plain, folder):
    one = plain(command=IDLE, page=folder / "index.html")
    tab = browser.tab((folder / "index.html").as_uri())
    tab.wait_for("tries >= 2")
    one.launcher.start()
    check = one.report()
    assert check["heard"] == [["report", None]]
    tab.wait_text("#state", f"connected to {one.launcher.port}")


def test_message_pack_brings_every_value(browser, plain, folder):
    one = plain(command=IDLE, page=folder, encoding="msgpack")
    emit_early(one.launcher)
    one.launcher.start(wait=False)
    browser.tab(one.launcher.url)
    one.came.wait()
    check_both_ways(one)
    values = [
        *(0, 1, 127, 128, 255, 256, 65_535, 65_536, 2**32 - 1, 2**32, 2**53 - 1),
        *(-1, -32, -33, -128, -129, -32_768, -32_769, -(2**31), -(2**31) - 1, -(2**53) + 1),
        *(0.5, -1e300, 5e-324, math.pi),
        *("", "a" * 31, "a" * 32, "a" * 255, "ä" * 200, "a" * 70_000),
        *(True, False, None, list(range(15)), list(range(16)), list(range(70_000))),
        *({}, {"a": {"b": [{}]}}, {str(n): n for n in range(16)}, {str(n): n for n in range(70_000)}),
    ]
    for value in values:
        assert one.echo(value) == {"value": value, "binary": False}
    for data in (b"", b"\0\xff", bytes(range(256)), bytes(70_000)):
        assert one.echo(data) == {"value": list(data), "binary": True}
    floats = numpy.array([[0.5, -1.0], [2.0, 1e30]], dtype="float32")
    assert one.echo(floats) == {"value": list(floats.tobytes()), "binary": True}
    one.launcher.emit("nested", {"a": [b"\1\2", {"b": b"\3"}], "after": 1})
    assert one.report()["heard"][-2] == ["nested", {"a": [{"0": 1, "1": 2}, {"b": {"0": 3}}], "after": 1}]


def test_json_has_bytes_as_base64(browser, plain, folder):
    one = plain(command=IDLE, page=folder)
    one.launcher.start(wait=False)
    browser.tab(one.launcher.url)
    one.came.wait()
    assert one.echo(b"\0\xff~") == {"value": "AP9+", "binary": False}
    assert one.echo({"a": [b"abc"]}) == {"value": {"a": ["YWJj"]}, "binary": False}


def test_a_browser_may_be_the_program_itself(plain, folder, tmp_path):
    Chromium.get()  # Skips where there is none.
    command = [_executable(), *ARGUMENTS, f"--user-data-dir={tmp_path / 'profile'}", "{url}", "--port-was={port}"]
    one = plain(command=command, page=folder, stop_timeout=0.5)
    emit_early(one.launcher)
    one.launcher.start()
    check_both_ways(one)
    found = {one.launcher.process.pid, *descendants(one.launcher.process.pid)}
    one.launcher.stop()
    wait_gone(found)


# In the window


def test_in_the_window_it_works_unchanged(plain, page, folder):
    one = plain(**page)
    emit_early(one.launcher)
    one.launcher.start()
    check_both_ways(one)
    wait_for(lambda: "Plain front end" in desktop.titles(), "the window, with the title of the page")
    assert port_of_script(folder) == one.launcher.port
    pids = {one.launcher.process.pid, *descendants(one.launcher.process.pid)}
    one.launcher.stop()
    wait_gone(pids)
    assert one.launcher.process.returncode == 0
    assert sorted(file.name for file in folder.iterdir()) == sorted(file.name for file in FILES.iterdir())


def test_message_pack_in_the_window(plain, folder):
    one = plain(page=folder / "index.html", encoding="msgpack")
    emit_early(one.launcher)
    one.launcher.start()
    check_both_ways(one)
    assert one.echo(b"\0\xff") == {"value": [0, 255], "binary": True}


def test_a_window_that_is_killed_comes_back_with_the_settings_first(plain, folder):
    one = plain(page=folder, respawn=True)
    launcher = one.launcher
    crashed = Record()
    launcher.on("crashed", crashed)
    emit_early(launcher)
    launcher.start()
    assert one.report()["heard"][:5] == EARLY
    peer = launcher.peer
    os.kill(launcher.process.pid, signal.SIGKILL)
    assert crashed.wait() == [(-signal.SIGKILL,)]
    launcher.emit("row", 5)
    one.came.wait(2)
    wait_for(lambda: launcher.peer.stats["queued_messages"] == 0, "an empty queue")
    # What was handed to the killed window's connection counts as having arrived, so `row` may have gone there.
    heard = [pair for pair in one.report()["heard"] if pair != ["row", 5]]
    assert heard[0] == ["settings", {"units": "mm"}]
    assert launcher.peer is peer


def test_a_page_whose_web_process_died_starts_over_in_its_window(plain, folder):
    one = plain(page=folder)
    emit_early(one.launcher)
    one.launcher.start()
    assert one.report()["heard"][:5] == EARLY
    (web,) = web_processes(one.launcher.process.pid)
    os.kill(web, signal.SIGKILL)
    one.came.wait(2)
    assert one.report()["heard"][0] == ["settings", {"units": "mm"}]
    assert one.launcher.stats["starts"] == 1
