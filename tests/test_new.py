"""What ``auroraview new`` makes: it is whole, its names are right, and what it builds can be installed."""

import re
import stat
import subprocess
import sys
import zipfile
from importlib import resources

import pytest

from auroraview import UsageError, _cli, _new

#: What each application looks for, beyond the package.
LOOKED_FOR = {
    "blender": {"build.py"},
    "freecad": {"build.py", "package.xml", "Init.py", "InitGui.py"},
    "qt": {"build.py", "main.py"},
}


@pytest.fixture(params=_new.HOSTS)
def tool(request, tmp_path):
    """A new tool for each application, named Shot Notes."""
    made = _new.create("Shot Notes", request.param, tmp_path)
    return request.param, made


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_folder_is_named_as_the_module_and_holds_what_the_application_looks_for(tool):
    host, folder = tool
    assert folder.name == "shot_notes"
    package = {"__init__.py", "tool.py", "vendor/README.txt", "ui/index.html", "ui/style.css", "ui/app.js"}
    expected = LOOKED_FOR[host] | {"README.md"} | {f"shot_notes/{file}" for file in package}
    assert expected <= files(folder)


def test_no_name_of_the_template_is_left(tool):
    _, folder = tool
    for file in files(folder):
        text = (folder / file).read_text(encoding="utf-8")
        assert not re.search("my.?panel", file + text, re.IGNORECASE), file
    assert "Shot Notes" in (folder / "README.md").read_text(encoding="utf-8")


def test_all_python_in_it_compiles(tool):
    _, folder = tool
    for file in files(folder):
        if file.endswith(".py"):
            compile((folder / file).read_text(encoding="utf-8"), file, "exec", dont_inherit=True)


def test_all_that_the_page_calls_is_a_method_of_the_tool(tool):
    _, folder = tool
    called = set(re.findall(r"\bapi\.(\w+)\(", (folder / "shot_notes/ui/app.js").read_text(encoding="utf-8")))
    assert called
    source = (folder / "shot_notes/tool.py").read_text(encoding="utf-8")
    methods = set(re.findall(r"^    def ([a-z]\w*)\(self", source.split("class Tool")[1].split("\nclass ")[0], re.M))
    assert called <= methods


def wheel_in(folder):
    """As small as a wheel can be that has a program in it."""
    wheel = folder / "auroraview-1.0-cp311-abi3-linux_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("auroraview/__init__.py", "VENDORED = True\n")
        program = zipfile.ZipInfo("auroraview/_native/auroraview-shell")
        program.external_attr = 0o100755 << 16
        archive.writestr(program, "#!/bin/sh\n")
    return wheel


def build(folder, *arguments):
    done = subprocess.run(
        [sys.executable, str(folder / "build.py"), *arguments], capture_output=True, text=True, timeout=50, check=True
    )
    assert done.stderr == ""
    return done.stdout.strip()


def test_what_is_built_holds_the_wheel_and_everything_that_is_installed(tool, tmp_path):
    host, folder = tool
    (folder / "shot_notes" / "__pycache__").mkdir()
    (folder / "shot_notes" / "__pycache__" / "tool.pyc").write_bytes(b"")
    made = build(folder, "--wheel", str(wheel_in(tmp_path)))
    assert made == str(folder / "dist" / "shot_notes.zip")
    with zipfile.ZipFile(made) as archive:
        names = set(archive.namelist())
    package = "shot_notes/shot_notes" if host == "freecad" else "shot_notes"
    for file in ("__init__.py", "tool.py", "ui/app.js", "vendor/auroraview/__init__.py"):
        assert f"{package}/{file}" in names
    assert {name.split("/")[0] for name in names} == {"shot_notes"}
    assert not [name for name in names if "__pycache__" in name or name.endswith("build.py")]
    assert ("shot_notes/InitGui.py" in names) == (host == "freecad")
    program = folder / "shot_notes/vendor/auroraview/_native/auroraview-shell"
    assert program.stat().st_mode & stat.S_IXUSR


def test_another_wheel_takes_the_place_of_the_one_before(tool, tmp_path):
    _, folder = tool
    vendor = folder / "shot_notes" / "vendor"
    build(folder, "--wheel", str(wheel_in(tmp_path)))
    (vendor / "auroraview" / "old.py").write_text("")
    build(folder, "--wheel", str(wheel_in(tmp_path)))
    assert files(vendor) == {"README.txt", "auroraview/__init__.py", "auroraview/_native/auroraview-shell"}


@pytest.mark.parametrize(
    ("name", "module", "title"),
    [
        ("Shot Notes", "shot_notes", "Shot Notes"),
        ("shot_notes", "shot_notes", "Shot Notes"),
        ("USD-Browser 2", "usd_browser_2", "USD Browser 2"),
        ("notes", "notes", "Notes"),
        ("My Panel Too", "my_panel_too", "My Panel Too"),
    ],
)
def test_a_name_is_a_title_and_a_module(tmp_path, name, module, title):
    folder = _new.create(name, "blender", tmp_path)
    assert folder.name == module
    assert f'KEY = "{module}"' in (folder / module / "tool.py").read_text(encoding="utf-8")
    assert f'"name": "{title}"' in (folder / module / "__init__.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "name", ["", "2d", "a/b", "../up", "naïve", "a  b", "a-", "class", "json", "bpy", "x\ny", "a.b"]
)
def test_a_name_that_no_module_can_have_is_refused(tmp_path, name):
    with pytest.raises(UsageError, match="a tool cannot be named"):
        _new.create(name, "qt", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_nothing_that_is_there_is_overwritten(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        _new.create("Notes", "qt", tmp_path)
    assert files(tmp_path) == {"notes/mine.txt"}


@pytest.fixture
def panel(tmp_path):
    """A new tool with a window of its own."""
    return _new.create_window(tmp_path / "tools" / "Shot Notes")


def test_without_an_application_it_is_a_program_with_its_page_and_its_tests(panel):
    page = {"ui/index.html", "ui/style.css", "ui/app.js"}
    assert files(panel) == page | {"README.md", "main.py", "tool.py", "test_tool.py"}
    for file in files(panel):
        assert not re.search("my.?panel", (panel / file).read_text(encoding="utf-8"), re.IGNORECASE), file
    called = set(re.findall(r"\bapi\.(\w+)\(", (panel / "ui/app.js").read_text(encoding="utf-8")))
    assert called == {"add"}
    assert "def add(self" in (panel / "tool.py").read_text(encoding="utf-8")


def test_the_test_of_a_new_tool_passes_as_written(panel):
    """The one without a window; that with one is run in tests/e2e."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-k", "name"], cwd=panel, capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


@pytest.mark.parametrize(
    ("folder", "title"),
    [("notes", "Notes"), ("USD-Browser 2", "USD Browser 2"), ("größe.x", "Größe X"), ("--", "Panel")],
)
def test_a_folder_of_any_name_is_a_tool(tmp_path, folder, title):
    made = _new.create_window(tmp_path / folder)
    assert f'WebView("{title}",' in (made / "main.py").read_text(encoding="utf-8")


def test_an_empty_folder_is_taken_and_another_is_left_alone(tmp_path, monkeypatch, capsys):
    (tmp_path / "notes").mkdir()
    monkeypatch.chdir(tmp_path / "notes")
    assert _cli.main(["new", "."]) == 0
    told = capsys.readouterr().out
    assert told.startswith("notes is ready. To go on:\n\n  python main.py")
    before = files(tmp_path)
    assert _cli.main(["new", "."]) == 2
    assert "there already; nothing was written" in capsys.readouterr().err
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert _cli.main(["new", str(tmp_path / "link")]) == 2
    assert files(tmp_path) == before


def test_the_command_line_says_how_to_go_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert _cli.main(["new", "Shot Notes"]) == 0
    told = capsys.readouterr().out
    assert "  cd 'Shot Notes'\n  python main.py" in told
    assert "  python -m pytest" in told
    assert _cli.main(["new", "tools/shot_notes", "--host", "qt"]) == 0
    assert "tools/shot_notes is ready" in capsys.readouterr().out
    assert (tmp_path / "tools" / "shot_notes" / "build.py").is_file()


def test_the_command_line_says_what_it_made_and_what_is_wrong(tmp_path, capsys):
    asked = ["new", "Shot Notes", "--host", "qt", "--into", str(tmp_path / "tools")]
    assert _cli.main(asked) == 0
    assert f"{tmp_path}/tools/shot_notes is ready" in capsys.readouterr().out
    assert _cli.main(asked) == 2
    assert "is there already" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert _cli.main([*asked[:-1], str(tmp_path / "file")]) == 1
    assert f"auroraview: {tmp_path}/file" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        _cli.main(["new", "Notes", "--host", "excel"])
    assert ended.value.code == 2
    assert "blender" in capsys.readouterr().err


def test_the_help_shows_how_to_ask(capsys):
    with pytest.raises(SystemExit):
        _cli.main(["new", "--help"])
    told = capsys.readouterr().out
    assert 'auroraview new "Shot Notes" --host blender' in told


def test_the_templates_are_in_the_package_as_files():
    for part in ("common", "window", *_new.HOSTS):
        assert (resources.files("auroraview") / "templates" / part).is_dir()


def test_a_home_of_nobody_is_told(capsys):
    assert _cli.main(["new", "~nobody-of-this-name/notes"]) == 2
    assert "auroraview: there is no home for the ~ in" in capsys.readouterr().err
