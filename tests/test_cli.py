"""The command line, as a program of its own."""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request

import pytest

import auroraview
from tests.helpers import SECONDS, eventually

PANEL = """
from auroraview import Bridge, WebView
bridge = Bridge()
bridge.bind_call("f", lambda: 1)
text = "no bridge"
class tools:
    bridge = bridge
"""


@pytest.fixture
def project(tmp_path):
    """A directory with a program and its page."""
    (tmp_path / "panel.py").write_text(PANEL)
    (tmp_path / "broken.py").write_text("raise ValueError('half written')")
    (tmp_path / "lacking.py").write_text("import a_module_that_nobody_has")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "index.html").write_text("<!doctype html><title>Panel</title>")
    return tmp_path


class Cli:
    """A run of the command line. What it says is read as it comes."""

    def __init__(self, folder, *arguments, **environment):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "auroraview", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **environment},
        )
        self.out, self.err = [], []
        self._readers = [
            threading.Thread(target=lines.extend, args=(stream,), daemon=True)
            for stream, lines in ((self.process.stdout, self.out), (self.process.stderr, self.err))
        ]
        for reader in self._readers:
            reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.end()

    def end(self):
        """Waits for its end: status, output and errors."""
        status = self.process.wait(SECONDS)
        for reader in self._readers:
            reader.join(SECONDS)
        for stream in (self.process.stdout, self.process.stderr):
            stream.close()
        return status, "".join(self.out), "".join(self.err)

    def link(self):
        """The link that it prints once it serves."""

        def find():
            assert self.process.poll() is None, "".join(self.err)
            return re.search(r"^http\S+#token=\S+$", "".join(self.out), re.MULTILINE)

        eventually(find)
        return find()[0]


def run(folder, *arguments, **environment):
    with Cli(folder, *arguments, **environment) as cli:
        return cli.end()


def fails(folder, *arguments, status=2, **environment):
    """The one line with which it fails."""
    found, out, err = run(folder, *arguments, **environment)
    assert (found, out) == (status, ""), err
    assert err.endswith("\n")
    assert err.count("\n") == 1
    return err.strip()


SERVE = ("serve", "dist", "--app", "panel:bridge")


def test_it_serves_until_it_is_interrupted(project):
    with Cli(project, *SERVE) as cli:
        link = cli.link()
        with urllib.request.urlopen(link.partition("#")[0], timeout=SECONDS) as page:
            assert b"Panel" in page.read()
        cli.process.send_signal(signal.SIGINT)
        status, out, err = cli.end()
    assert (status, err) == (0, "")
    assert out.count(link.partition("#")[2]) == 1


def test_sigterm_ends_it_as_well(project):
    with Cli(project, *SERVE) as cli:
        cli.link()
        cli.process.terminate()
        assert cli.end()[::2] == (0, "")


def test_the_secret_comes_from_the_environment(project):
    with Cli(project, *SERVE, AURORAVIEW_TOKEN="a-token-of-the-tests") as cli:
        assert cli.link().endswith("#token=a-token-of-the-tests")
    assert "at least 16 characters" in fails(project, *SERVE, AURORAVIEW_TOKEN="short")
    with Cli(project, *SERVE, AURORAVIEW_TOKEN="") as cli:
        assert len(cli.link().partition("#token=")[2]) == 22


def test_no_argument_takes_the_secret(project):
    assert "unrecognized arguments: --token" in fails(project, *SERVE, "--token", "a-token-of-the-tests")


def test_a_bridge_may_be_the_attribute_of_an_object(project):
    with Cli(project, "serve", "dist", "--app", "panel:tools.bridge") as cli:
        cli.link()


def test_a_port_can_be_chosen_and_a_used_one_is_named(project):
    with socket.create_server(("127.0.0.1", 0)) as used:
        port = used.getsockname()[1]
        said = fails(project, *SERVE, "--port", str(port), status=1)
    assert f"port {port} on 127.0.0.1 is in use" in said
    with Cli(project, *SERVE, "--port", str(port)) as cli:
        assert cli.link().startswith(f"http://127.0.0.1:{port}/")


def test_other_machines_must_be_allowed(project):
    assert "allow_remote=True" in fails(project, *SERVE, "--host", "0.0.0.0")
    with Cli(project, *SERVE, "--host", "0.0.0.0", "--allow-remote") as cli:
        assert cli.link().startswith("http://127.0.0.1:")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing to do; auroraview --help"),
        (("unknown",), "there is no command, file or directory 'unknown'"),
        (("serv",), "there is no command, file or directory 'serv'; did you mean serve?"),
        (("docotr", "--json"), "'docotr'; did you mean doctor?"),
        (("dits",), "'dits'; did you mean dist?"),
        (("dist/idnex.html",), "there is no page at dist/idnex.html; did you mean index.html?"),
        ((".",), "the directory . has no index.html"),
        (("https://example.com/x",), "this is an address: auroraview --url https://example.com/x"),
        (("--url", "localhost:5173"), "--url takes an http or https address"),
        (("--url", "http://[x"), "--url takes an http or https address"),
        (("--html", "nothing.html"), "--html nothing.html: No such file or directory"),
        (("--html", "dist"), "--html dist: Is a directory"),
        (("dist", "--html", "dist/index.html"), "pass PATH, --url or --html, not PATH and --html"),
        (("dist", "--width", "0"), "expected pixels, 1 to 32767, not '0'"),
        (("dist", "--height", "1e3"), "expected pixels, 1 to 32767, not '1e3'"),
        (("dist", "--widht", "300"), "unrecognized arguments: --widht 300; did you mean --width?"),
        (("doctor", "--jsn"), "unrecognized arguments: --jsn; did you mean --json?"),
        (("new",), "the following arguments are required: DIR"),
        (("serve",), "the following arguments are required: PATH, --app"),
        (("serve", "dist"), "the following arguments are required: --app"),
        (("serve", "dist", "--app", "panel"), "--app is MODULE:BRIDGE"),
        (("serve", "dist", "--app", ":bridge"), "--app is MODULE:BRIDGE"),
        (("serve", "dist", "--app", ".panel:bridge"), "--app is MODULE:BRIDGE"),
        (("serve", "dist", "--app", "nowhere:bridge"), "there is no module 'nowhere'"),
        (("serve", "dist", "--app", "panel.inner:bridge"), "there is no module 'panel.inner'"),
        (("serve", "dist", "--app", "panel:other"), "panel has no 'other'"),
        (("serve", "dist", "--app", "panel:text"), "this is no Bridge but str"),
        (("serve", "dist", "--app", "panel:tools"), "add .bridge"),
        (("serve", "nowhere", "--app", "panel:bridge"), "there is no directory at"),
        (("serve", "panel.py", "--app", "panel:bridge"), "path is a directory"),
        ((*SERVE, "--port", "many"), "invalid int value: 'many'"),
        ((*SERVE, "--port", "70000"), "port must be"),
        ((*SERVE, "--allow-origin", "example.com"), "an origin is"),
        ((*SERVE, "--allow-host", "http://example.com"), "a host is"),
        ((*SERVE, "--rel"), "unrecognized arguments: --rel"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_wrong_usage_is_told_in_one_line(project, arguments, said):
    assert said in fails(project, *arguments)


@pytest.mark.parametrize(("module", "error"), [("broken", "half written"), ("lacking", "a_module_that_nobody_has")])
def test_a_module_that_fails_shows_where(project, module, error):
    status, out, err = run(project, "serve", "dist", "--app", f"{module}:bridge")
    assert (status, out) == (1, "")
    assert "Traceback" in err
    assert error in err
    assert err.splitlines()[-1] == f"auroraview: importing the module {module!r} raised what stands above"


def test_help_and_version(project):
    status, out, err = run(project, "--help")
    assert (status, err) == (0, "")
    assert "serve a page and its bridge" in out
    assert "auroraview dist/ --title" in out
    status, out, err = run(project, "serve", "--help")
    assert (status, err) == (0, "")
    for word in ("PATH", "--app", "--port", "--open", "--reload", "--allow-remote", "AURORAVIEW_TOKEN"):
        assert word in out
    assert run(project, "--version") == (0, f"auroraview {auroraview.__version__}\n", "")


@pytest.mark.parametrize("command", [(), ("serve",), ("new",), ("doctor",)], ids=lambda command: " ".join(command))
def test_help_fits_into_80_columns_and_names_examples_and_the_exit_status(project, command):
    _, out, _ = run(project, *command, "--help", COLUMNS="80")
    assert max(map(len, out.splitlines())) <= 80
    assert "example" in out
    assert "exit status:" in out


def test_without_a_display_a_window_is_refused_in_one_line_that_names_the_doctor(project):
    said = fails(project, "dist", status=1, DISPLAY="", WAYLAND_DISPLAY="")
    assert said.startswith("auroraview: no display to open a window on")
    assert said.endswith("auroraview doctor says more")


def test_ctrl_c_ends_the_doctor_quietly(project):
    with Cli(project, "doctor", DISPLAY="", WAYLAND_DISPLAY="") as cli:
        eventually(lambda: cli.out)
        cli.process.send_signal(signal.SIGINT)
        status, _, err = cli.end()
    assert (status, err) == (130, "")


def test_a_page_that_is_no_utf8_is_told(project):
    (project / "latin.html").write_bytes("<p>Gr\xfc\xdfe".encode("latin-1"))
    assert "this is no UTF-8" in fails(project, "--html", "latin.html")


def test_without_the_native_module_version_and_help_are_there_and_the_rest_says_what_to_do(project):
    source = pathlib.Path(auroraview.__file__).parent
    ignored = shutil.ignore_patterns("_core.*.so", "_native", "__pycache__")
    shutil.copytree(source, project / "auroraview", ignore=ignored)
    broken = {"PYTHONPATH": str(project)}
    assert run(project, "--version", **broken)[::2] == (0, "")
    assert run(project, "--help", **broken)[::2] == (0, "")
    for arguments in (("dist",), SERVE):
        said = fails(project, *arguments, status=1, **broken)
        assert said.startswith("auroraview: auroraview cannot load its native module")


def test_the_script_is_installed():
    from importlib.metadata import entry_points

    (script,) = entry_points(group="console_scripts", name="auroraview")
    assert script.load() is auroraview._cli.main


def test_open_hands_the_link_to_the_browser(project):
    note = project / "opened"
    browser = f"{sys.executable} -c \"import sys; open({str(note)!r}, 'w').write(sys.argv[1])\" %s"
    with Cli(project, *SERVE, "--open", BROWSER=browser) as cli:
        link = cli.link()
        eventually(lambda: note.exists() and note.read_text() == link)


RELOADED = """
import asyncio, json, sys
from websockets.asyncio.client import connect
address, _, token = sys.argv[1].partition("#token=")
async def main():
    async with connect("ws" + address[4:] + "auroraview.ws", proxy=None) as socket:
        await socket.send(json.dumps(
            {"type": "hello", "protocol": 1, "document": "d1", "url": address, "token": token}))
        while True:
            message = json.loads(await socket.recv())
            if message.get("type") in ("session", "reload"):
                print(message["type"], flush=True)
            if message.get("type") == "reload":
                return
asyncio.run(main())
"""


def test_reload_tells_pages_that_files_changed(project):
    with Cli(project, *SERVE, "--reload") as cli:
        link = cli.link()
        page = subprocess.Popen([sys.executable, "-c", RELOADED, link], stdout=subprocess.PIPE, text=True)
        try:
            assert page.stdout.readline() == "session\n"
            (project / "dist" / "index.html").write_text("<!doctype html><title>Another</title>")
            out, _ = page.communicate(timeout=SECONDS)
            assert out == "reload\n"
        finally:
            page.kill()
            page.wait()
            page.stdout.close()
        with urllib.request.urlopen(link.partition("#")[0], timeout=SECONDS) as answer:
            assert b"Another" in answer.read()
            assert "no-" in answer.headers["Cache-Control"]
