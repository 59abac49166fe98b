"""Downloads: where they go, what is told of them, and what never happens to other files."""

import os
import socket
import subprocess
import sys
import threading

import pytest

from auroraview import Download, WebView, WindowOptions
from tests.e2e.helpers import PATIENCE, Record, ask, opened, wait_for

BLOB = """(() => {{
  const link = document.createElement("a");
  link.download = {name!r};
  link.href = URL.createObjectURL(new Blob([{text!r}]));
  link.click();
}})()"""


NAMELESS = """(() => {
  const link = document.createElement("a");
  link.download = "";
  link.href = "data:text/csv,1";
  link.click();
})()"""


def watched(folder, **options):
    """A view whose downloads go to a folder, and what is told of them."""
    if not options.keys() & {"url", "path"}:
        options["html"] = "<p>page"
    view = WebView("Downloads", window=WindowOptions(downloads=folder), **options)
    heard = Record()
    view.window.on("download", heard)
    return view, heard


def end_of(heard, url=None):
    """Waits for the end of one download, from this address."""

    def ended():
        for (step,) in list(heard.seen):
            if step.state not in ("started", "running") and url in (None, step.url):
                return step
        return None

    return wait_for(ended, "the end of a download")


def click(view, selector):
    ask(view, f"document.querySelector({selector!r}).click()")


def test_an_attachment_is_kept_and_the_page_stays(server, tmp_path, isolation):
    target = server.page(
        "/table", "a,b", Content_Type="text/csv", Content_Disposition="attachment; filename*=UTF-8''%C3%B6%201.csv"
    )
    folder = tmp_path / "new" / "folder"
    view, heard = watched(folder, url=server.page("/", f"<a href='{target}'>get"), isolation=isolation)
    with opened(view):
        click(view, "a")
        end = end_of(heard)
        assert (end.state, end.url, end.path, end.name) == ("finished", target, folder / "ö 1.csv", "ö 1.csv")
        assert (end.received, end.total, end.error) == (3, 3, None)
        assert (folder / "ö 1.csv").read_text() == "a,b"
        first = heard.seen[0][0]
        assert isinstance(first, Download)
        assert (first.state, first.received) == ("started", 0)
        assert ask(view, "document.body.innerText") == "get"
        assert os.listdir(folder) == ["ö 1.csv"], "and nothing else"


def test_what_the_engine_cannot_show_is_kept(server, tmp_path):
    target = server.page("/things.zip", "zip", Content_Type="application/zip")
    view, heard = watched(tmp_path, url=server.page("/", f"<a href='{target}'>get"))
    with opened(view):
        click(view, "a")
        assert end_of(heard).path == tmp_path / "things.zip"


def test_a_frame_downloads_too(server, tmp_path):
    target = server.page("/x", "text", Content_Disposition="attachment; filename=frame.txt")
    view, heard = watched(tmp_path, url=server.page("/", f"<iframe src='{target}'></iframe>"))
    with opened(view):
        assert end_of(heard).path == tmp_path / "frame.txt"


def test_blobs_and_data_are_kept_under_the_name_that_the_link_gives(tmp_path, isolation):
    view, heard = watched(tmp_path, isolation=isolation)
    with opened(view):
        ask(view, BLOB.format(name="a.bin", text="of a blob"))
        assert end_of(heard).path == tmp_path / "a.bin"
        assert (tmp_path / "a.bin").read_text() == "of a blob"
        heard.seen.clear()
        ask(view, NAMELESS)
        assert end_of(heard).path == tmp_path / "download.csv"


def test_files_of_a_local_page_are_copied(tmp_path, isolation):
    site, folder = tmp_path / "site", tmp_path / "kept"
    site.mkdir()
    (site / "index.html").write_text(
        "<a id=named download='Ordner.zip' href='a%20b.zip'>x</a><a id=bare href='a%20b.zip'>y</a>"
    )
    (site / "a b.zip").write_bytes(b"zip" * 1000)
    view, heard = watched(folder, path=site, isolation=isolation)
    with opened(view):
        click(view, "#named")
        assert end_of(heard).path == folder / "Ordner.zip"
        heard.seen.clear()
        click(view, "#bare")
        end = end_of(heard)
        assert end.path == folder / "a b.zip"
        assert end.path.read_bytes() == b"zip" * 1000
        assert ask(view, "document.links.length") == 2


@pytest.mark.parametrize(
    ("proposed", "name"),
    [
        ("../../outside.txt", "outside.txt"),
        ("/etc/passwd", "passwd"),
        (".hidden", "hidden"),
        ("a\u202etxt.exe", "atxt.exe"),
        ("ü" * 300 + ".txt", None),
    ],
)
def test_no_name_leads_out_of_the_folder_or_hides(tmp_path, proposed, name):
    folder = tmp_path / "inside"
    view, heard = watched(folder)
    with opened(view):
        ask(view, BLOB.format(name=proposed, text="x"))
        end = end_of(heard)
        assert end.state == "finished", end.error
        assert end.path.parent == folder
        assert os.listdir(folder) == [end.name]
        assert os.listdir(tmp_path) == ["inside"]
        assert not end.name.startswith(".")
        assert len(os.fsencode(end.name)) <= 255
        if name is not None:
            # The engine itself makes some characters others.
            assert end.name.replace("_", "") == name


def test_nothing_is_written_over(tmp_path):
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "a (1).txt").symlink_to("nowhere")
    view, heard = watched(tmp_path)
    with opened(view):
        ask(view, BLOB.format(name="a.txt", text="new"))
        assert end_of(heard).path == tmp_path / "a (2).txt"
    assert (tmp_path / "a.txt").read_text() == "old"
    assert not (tmp_path / "nowhere").exists()


def test_views_that_share_their_data_keep_their_downloads_apart(tmp_path):
    """They share the engine's context, and so its signals."""
    views = [watched(tmp_path / name, data_directory=tmp_path / "data") for name in ("first", "second")]
    with opened(views[0][0]), opened(views[1][0]):
        for number, (view, heard) in enumerate(views):
            ask(view, BLOB.format(name=f"{number}.txt", text="x"))
            assert end_of(heard).state == "finished"
            assert len({step.path for (step,) in heard.seen}) == 1
    assert os.listdir(tmp_path / "first") == ["0.txt"]
    assert os.listdir(tmp_path / "second") == ["1.txt"]


class Slow:
    """A server that sends 1 000 bytes of 2 000, and what it is told to do then."""

    def __init__(self):
        self.go_on = threading.Event()
        self.rest = b""
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}/slow.bin"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        head = (
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-bin\r\nContent-Length: 2000\r\nConnection: close\r\n\r\n"
        )
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(head + b"x" * 1000)
                self.go_on.wait(PATIENCE)
                try:
                    connection.sendall(self.rest)
                except OSError:
                    return

    def close(self):
        self.go_on.set()
        self._listening.close()


@pytest.fixture
def slow():
    server = Slow()
    yield server
    server.close()


def begun(view, heard, slow):
    """Loads the slow file, and waits for its begin."""
    view.load_url(slow.url)
    return heard.wait()[0][0]


def test_a_download_is_a_part_until_it_is_complete(slow, tmp_path):
    view, heard = watched(tmp_path)
    with opened(view):
        start = begun(view, heard, slow)
        assert (start.state, start.total) == ("started", 2000)
        names = os.listdir(tmp_path)
        assert "slow.bin.part" in names
        assert "slow.bin" not in names
        slow.rest = b"y" * 1000
        slow.go_on.set()
        assert end_of(heard).received == 2000
        assert os.listdir(tmp_path) == ["slow.bin"]
        assert (tmp_path / "slow.bin").read_bytes() == b"x" * 1000 + b"y" * 1000


def test_a_connection_that_ends_early_is_a_failure(slow, tmp_path):
    view, heard = watched(tmp_path)
    with opened(view):
        begun(view, heard, slow)
        slow.go_on.set()
        end = end_of(heard)
        assert end.state == "failed"
        assert "1000 of 2000" in end.error
        wait_for(lambda: not os.listdir(tmp_path), "the end of the part")


def test_a_cancelled_download_leaves_nothing(slow, tmp_path, isolation):
    view, heard = watched(tmp_path, isolation=isolation)
    with opened(view):
        begun(view, heard, slow).cancel()
        assert end_of(heard).state == "cancelled"
        wait_for(lambda: not os.listdir(tmp_path), "the end of the part")
        begun_again = heard.seen[0][0]
        begun_again.cancel()  # Long over: nothing happens.


def test_closing_the_window_cancels(slow, tmp_path, isolation):
    view, heard = watched(tmp_path, isolation=isolation)
    with opened(view):
        begun(view, heard, slow)
    assert end_of(heard).state in ("cancelled", "failed")
    wait_for(lambda: not os.listdir(tmp_path), "the end of the part")


def test_a_folder_that_cannot_be_made_is_a_failure(tmp_path):
    (tmp_path / "file").write_text("")
    view, heard = watched(tmp_path / "file" / "folder")
    with opened(view):
        ask(view, BLOB.format(name="a.txt", text="x"))
        end = end_of(heard)
        assert end.state == "failed"
        assert "cannot be kept" in end.error


@pytest.mark.parametrize("refused", [None, False])
def test_refused_downloads_leave_one_line_in_the_log(tmp_path, refused, caplog, monkeypatch):
    view, heard = watched(refused)
    with opened(view):
        ask(view, BLOB.format(name="a.txt", text="x"))
        wait_for(lambda: "downloads=None" in caplog.text, "the line")
        assert caplog.text.count("downloads=None") == 1
        assert heard.seen == []


def test_an_attachment_of_a_foreign_origin_is_the_browsers(server, tmp_path, monkeypatch):
    from tests.e2e.servers import Server

    outside = Record(True)
    monkeypatch.setattr("webbrowser.open", outside)
    foreign = Server()
    try:
        target = foreign.page("/x", "text", Content_Disposition="attachment; filename=x.txt")
        view, heard = watched(tmp_path, url=server.page("/", f"<a href='{target}'>get"))
        with opened(view):
            click(view, "a")
            assert outside.wait() == [(target,)]
            assert heard.seen == []
    finally:
        foreign.close()


USERS_OWN = """
import sys
from auroraview import WebView
view = WebView(html="<p>page")
@view.window.on("download")
def step(download):
    if download.state in ("finished", "failed"):
        print(download.state, download.path, flush=True)
        view.close()
view.on_ready(lambda: view.eval_js(sys.argv[1]))
view.show()
"""


def test_without_a_folder_downloads_go_to_the_users_own(tmp_path):
    (tmp_path / ".config").mkdir()
    (tmp_path / ".config" / "user-dirs.dirs").write_text('XDG_DOWNLOAD_DIR="$HOME/Geladen"\n')
    environment = {**os.environ, "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / ".config")}
    script = BLOB.format(name="a.txt", text="x")
    done = subprocess.run(
        [sys.executable, "-c", USERS_OWN, script], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == f"finished {tmp_path / 'Geladen' / 'a.txt'}", done.stderr
