"""What a launcher runs and shows: pages, command lines, environments, and what is refused."""

from pathlib import Path

import pytest

from auroraview import UsageError
from auroraview._front_end import SHELL, FrontEnd, Page


def front_end(command=None, page=None, **options):
    chosen = {"env": None, "env_name": "AURORAVIEW_WS_PORT", "secret_via": "env", "cwd": None, **options}
    return FrontEnd.of(command, page, **chosen)


# Pages


@pytest.mark.parametrize(
    ("address", "url", "origin"),
    [
        ("http://localhost:5173", "http://localhost:5173?port=8123", "http://localhost:5173"),
        ("http://localhost:5173/", "http://localhost:5173/?port=8123", "http://localhost:5173"),
        ("https://A.Example:443/x?y=1#/route", "https://A.Example:443/x?y=1&port=8123#/route", "https://a.example"),
        ("http://a.example/?port=1&port=2&report=3&q", "http://a.example/?report=3&q&port=8123", "http://a.example"),
        ("HTTP://a.example/%20?a=%26", "http://a.example/%20?a=%26&port=8123", "http://a.example"),
    ],
)
def test_an_address_gets_the_port_and_its_origin_is_let_in(address, url, origin):
    page = Page.of(address)
    assert page.url(8123) == url
    assert page.origins == [origin]
    assert page.folder is None


def test_a_directory_is_served_at_the_port_itself(tmp_path):
    page = Page.of(tmp_path)
    assert page.url(8123) == "http://127.0.0.1:8123/?port=8123"
    assert page.origins == []
    assert (page.directory, page.folder) == (tmp_path, tmp_path)


def test_a_file_is_opened_as_one(tmp_path):
    file = tmp_path / "my page#1.html"
    file.write_text("<p>page")
    page = Page.of(str(file))
    assert page.url(8123) == f"file://{tmp_path}/my%20page%231.html?port=8123"
    assert page.origins == ["null", "file://"]
    assert page.folder == tmp_path


def test_a_path_is_that_of_now(tmp_path, monkeypatch):
    (tmp_path / "dist").mkdir()
    monkeypatch.chdir(tmp_path)
    page = Page.of("dist")
    monkeypatch.chdir("/")
    assert page.directory == tmp_path / "dist"


@pytest.mark.parametrize(
    "page",
    [
        "file:///etc/hosts",
        "ws://a.example",
        "http://",
        "http://a.example:x/",
        "http://a b/",
        "http://[::1",
        3,
        b"x",
        "",
    ],
)
def test_what_is_no_page_is_refused(page):
    with pytest.raises(UsageError, match="page is an http"):
        Page.of(page)


def test_a_page_must_be_there_and_be_one(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        Page.of(tmp_path / "nowhere")
    (tmp_path / "page.txt").write_text("x")
    with pytest.raises(UsageError, match=r"\.html"):
        Page.of(tmp_path / "page.txt")


# Command lines


def test_a_program_gets_the_port_as_an_argument():
    assert front_end(["prog", "--flag"]).command_line(8123) == ["prog", "--flag", "--ws-port=8123"]


def test_placeholders_say_where_the_port_and_the_address_go():
    program = front_end(["prog", "--at={port}:{port}", "--app={url}", "{other}"], page="http://a.example/?x=1")
    assert program.command_line(8123) == [
        "prog",
        "--at=8123:8123",
        "--app=http://a.example/?x=1&port=8123",
        "{other}",
    ]


def test_an_address_alone_does_not_replace_the_argument():
    program = front_end(["prog", "{url}"], page="http://a.example/")
    assert program.command_line(8123) == ["prog", "http://a.example/?port=8123", "--ws-port=8123"]


def test_the_ready_made_one_is_that_of_the_package(tmp_path):
    assert front_end(page=tmp_path).command_line(8123) == [str(SHELL), "--ws-port=8123"]
    named = front_end(["auroraview-shell", "--title=Map"], page=tmp_path)
    assert named.command_line(8123) == [str(SHELL), "--title=Map", "--ws-port=8123"]
    assert named.name == front_end(page=tmp_path).name == "auroraview-shell"


def test_paths_may_stand_in_a_command():
    assert front_end([Path("/bin/prog"), Path("x")]).command_line(1)[:2] == ["/bin/prog", "x"]
    assert front_end([Path("/bin/prog")]).name == "prog"


@pytest.mark.parametrize("command", ["prog --flag", b"prog", Path("prog")])
def test_a_line_is_no_command(command):
    with pytest.raises(UsageError, match=r"command is a list: command=\[b?'prog"):
        front_end(command)


@pytest.mark.parametrize(
    "command", [[], [""], ["prog", 3], ["prog", None], ["prog", b"x"], ["pr\0og"], ["prog", "\ud800"]]
)
def test_a_command_is_made_of_texts(command):
    with pytest.raises(UsageError, match="command"):
        front_end(command)


@pytest.mark.parametrize("command", [None, ["auroraview-shell"]])
def test_the_ready_made_one_needs_a_page(command):
    with pytest.raises(UsageError, match="pass page="):
        front_end(command)


def test_without_a_page_there_is_no_address_to_give():
    assert front_end(["prog"]).url(8123) is None
    with pytest.raises(UsageError, match=r"\{url\}.*pass page="):
        front_end(["prog", "{url}"])


# Environments


def test_a_program_finds_port_page_and_secret_in_its_environment():
    program = front_end(["prog"], page="http://a.example/", env={"MODE": "fast", "LANG": None})
    assert program.environment(8123, "secret") == {
        "MODE": "fast",
        "LANG": None,
        "AURORAVIEW_WS_PORT": "8123",
        "AURORAVIEW_URL": "http://a.example/?port=8123",
        "AURORAVIEW_SECRET": "secret",
        "AURORAVIEW_SECRET_VIA": None,
    }
    assert program.first_line("secret") == ""


def test_a_secret_on_stdin_is_not_in_the_environment():
    program = front_end(["prog"], secret_via="stdin")
    environment = program.environment(8123, "secret")
    assert (environment["AURORAVIEW_SECRET"], environment["AURORAVIEW_SECRET_VIA"]) == (None, "stdin")
    assert program.first_line("secret") == "secret"


@pytest.mark.parametrize("via", ["env", "stdin"])
def test_without_a_secret_none_is_announced(via):
    program = front_end(["prog"], secret_via=via)
    environment = program.environment(8123, None)
    assert environment["AURORAVIEW_SECRET"] is environment["AURORAVIEW_SECRET_VIA"] is None
    assert program.first_line(None) == ""


def test_what_an_outer_launcher_said_is_not_passed_on():
    environment = front_end(["prog"], env_name="TAURI_WS_PORT").environment(8123, None)
    assert environment["TAURI_WS_PORT"] == "8123"
    assert environment["AURORAVIEW_WS_PORT"] is environment["AURORAVIEW_URL"] is None


@pytest.mark.parametrize("name", ["", "A B", "A=B", "1A", "É", "AURORAVIEW_SECRET", "AURORAVIEW_URL", 3, None])
def test_the_ports_variable_has_a_name_of_its_own(name):
    with pytest.raises(UsageError, match="env_name"):
        front_end(["prog"], env_name=name)


@pytest.mark.parametrize("env", [["A=1"], {"": "1"}, {"A=": "1"}, {"A": 1}, {"A": "\0"}, {"A": "\ud800"}, {1: "1"}])
def test_an_environment_is_made_of_texts(env):
    with pytest.raises(UsageError, match="env"):
        front_end(["prog"], env=env)


@pytest.mark.parametrize("name", ["AURORAVIEW_WS_PORT", "AURORAVIEW_URL", "AURORAVIEW_SECRET"])
def test_what_the_launcher_says_cannot_be_said_otherwise(name):
    with pytest.raises(UsageError, match=rf"must not have {name}"):
        front_end(["prog"], env={name: "x"})


def test_the_secret_comes_by_one_of_two_ways():
    with pytest.raises(UsageError, match="'env' or 'stdin'"):
        front_end(["prog"], secret_via="argv")


def test_names_of_files_that_are_no_unicode_can_be_passed():
    passed = front_end(["prog", "\udcff"], env={"A": "\udcff"})
    assert passed.command_line(8123)[1] == passed.environment(8123, None)["A"] == "\udcff"
