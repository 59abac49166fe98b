"""``auroraview PATH``, ``--url`` and ``--html``: the window, as a program of its own, and how it ends."""

import os
import signal
import subprocess
import sys

import pytest

from tests.e2e.desktop import close_as_user, titles
from tests.e2e.helpers import PATIENCE, wait_for
from tests.e2e.processes import descendants, wait_gone

REPORT = """<!doctype html><meta charset="utf-8"><title>Not this</title><p id="text">TEXT</p><script>
  const { innerWidth: width, innerHeight: height } = window;
  const found = { width, height, text: text.textContent, bridge: typeof auroraview.call, origin: location.protocol };
  new Image().src = "ORIGIN/report?" + new URLSearchParams(found);
</script>"""


class Window:
    """A run of the command line."""

    def __init__(self, folder, *arguments, given=b""):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "auroraview", *arguments],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.process.stdin.write(given)
        self.process.stdin.close()
        self.process.stdin = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=PATIENCE)

    def end(self):
        """Waits for its end: status and what it said."""
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, out.decode(), err.decode()

    def shown(self, title):
        """Waits for the window."""

        def find():
            assert self.process.poll() is None, self.process.communicate()
            return title in titles()

        wait_for(find, f"a window named {title}")


@pytest.fixture
def page(server):
    """A page that tells the server what it found."""
    return lambda text="hello": REPORT.replace("ORIGIN", server.origin).replace("TEXT", text)


def test_a_directory_is_shown_until_the_user_closes_the_window(tmp_path, server, page):
    (tmp_path / "asset_browser").mkdir()
    (tmp_path / "asset_browser" / "index.html").write_text(page("Grüße"), encoding="utf-8")
    with Window(tmp_path, "asset_browser", "--width", "420", "--height", "310") as window:
        window.shown("asset_browser")
        report = server.wait_report(text="Grüße", origin="auroraview:")
        assert (report["width"], report["height"], report["bridge"]) == ("420", "310", "function")
        close_as_user("asset_browser")
        assert window.end() == (0, "", "")


def test_one_file_is_shown_with_what_lies_beside_it(tmp_path, server):
    (tmp_path / "page.html").write_text('<!doctype html><script src="beside.js"></script>')
    (tmp_path / "beside.js").write_text(f'new Image().src = "{server.origin}/report?from=beside"')
    with Window(tmp_path, "page.html", "--title", "A title") as window:
        window.shown("A title")
        server.wait_report(**{"from": "beside"})
        close_as_user("A title")
        assert window.end() == (0, "", "")


def test_an_address_is_shown_and_may_use_the_bridge(tmp_path, server, page):
    address = server.page("/tool", page())
    with Window(tmp_path, "--url", address) as window:
        window.shown(server.origin.removeprefix("http://"))
        assert server.wait_report(text="hello")["bridge"] == "function"


@pytest.mark.parametrize("way", ["file", "stdin"])
def test_a_text_of_html_is_shown(tmp_path, server, page, way):
    text = page("as text").encode()
    (tmp_path / "report.html").write_bytes(text)
    with Window(tmp_path, "--html", "report.html" if way == "file" else "-", given=text) as window:
        window.shown("report" if way == "file" else "AuroraView")
        assert server.wait_report(text="as text")["width"] == "800"


def test_ctrl_c_closes_the_window_and_leaves_nothing(tmp_path, server, page):
    (tmp_path / "page.html").write_text(page())
    with Window(tmp_path, "page.html", "--title", "Interrupted") as window:
        window.shown("Interrupted")
        server.wait_report(text="hello")
        started = descendants(window.process.pid)
        window.process.send_signal(signal.SIGINT)
        assert window.end() == (130, "", "")
        wait_gone(*started)


def test_debug_prints_what_the_page_says_to_its_console(tmp_path, server, page):
    (tmp_path / "page.html").write_text(
        page() + "<script>console.warn('careful', 42); console.debug('detail')</script>"
    )
    with Window(tmp_path, "page.html", "--title", "Debugged", "--debug") as window:
        server.wait_report(text="hello")
        window.shown("Debugged")
        close_as_user("Debugged")
        status, _, err = window.end()
    assert status == 0
    assert "WARNING auroraview.page: careful 42" in err
    assert "DEBUG auroraview.page: detail" in err
