"""``auroraview doctor``: it comes to its end and says what to do, wherever it runs. The window itself: tests/e2e."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

import auroraview
from auroraview._doctor import _check, _fixes, _running, _throwaway, _webkit
from auroraview._doctor._check import FAIL, OK, WARN, Check, Fix, Look
from tests.helpers import SECONDS, eventually

NO_DISPLAY = {"DISPLAY": None, "WAYLAND_DISPLAY": None, "GDK_BACKEND": None}
NAMES = """
python system native host-library shell webkitgtk display gpu locale fonts open-files inotify shared-memory home
temporary-files sandbox glib-context window fast-lane
""".split()


def doctor(*arguments, limits="", environment=NO_DISPLAY, streams="", cwd=None):
    """Runs it: status, output and errors. ``streams`` is what a shell does to them, ``limits`` goes before."""
    changed = {**os.environ, "COLUMNS": "80", **environment}
    return subprocess.run(
        ["sh", "-c", f'{limits} exec "$@" {streams}', "sh", sys.executable, "-m", "auroraview", "doctor", *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        env={name: value for name, value in changed.items() if value is not None},
        cwd=cwd,
    )


def report(**options):
    """What it says as JSON: the checks by their names, and the whole."""
    done = doctor("--json", **options)
    assert done.stderr == ""
    whole = json.loads(done.stdout)
    assert done.returncode == (0 if whole["ok"] else 1)
    return {check["name"]: check for check in whole["checks"]}, whole


@pytest.fixture
def package(tmp_path):
    """A copy of the package to break, and the environment in which it is found."""
    copy = tmp_path / "lib" / "auroraview"
    shutil.copytree(Path(auroraview.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy, {**NO_DISPLAY, "PYTHONPATH": str(copy.parent)}


def test_the_report_has_every_check_and_the_keys_that_programs_rely_on():
    checks, whole = report()
    assert list(checks) == NAMES
    assert list(whole) == ["version", "ok", "checks", "fixes"]
    assert whole["version"] == auroraview.__version__
    for check in whole["checks"]:
        assert list(check) == ["name", "status", "text", "remedy"]
        assert check["status"] in ("ok", "warn", "fail")
    for fix in whole["fixes"]:
        assert list(fix) == ["name", "text"]


def test_without_a_display_it_fails_with_the_remedy_in_80_columns():
    done = doctor()
    assert done.returncode == 1
    assert done.stderr == ""
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "  FAIL  there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set\n        -> " in done.stdout
    assert "xvfb-run" in done.stdout
    assert done.stdout.endswith("\nNo window can be opened here: see the lines with FAIL.\n")
    assert done.stdout.isascii()
    assert "\x1b" not in done.stdout


def test_a_display_that_is_not_there_is_told():
    checks, whole = report(environment={**NO_DISPLAY, "DISPLAY": ":987"})
    assert not whole["ok"]
    assert checks["display"]["status"] == "fail"
    assert checks["display"]["text"] == "there is no display at DISPLAY=:987"
    assert checks["display"]["remedy"].startswith("start it, or ")
    assert "DISPLAY" in checks["window"]["text"]


def test_without_the_native_module_everything_else_is_looked_at(package):
    copy, environment = package
    (copy / "_core.abi3.so").unlink()
    checks, whole = report(environment=environment)
    assert list(checks) == NAMES
    assert not whole["ok"]
    assert checks["native"]["status"] == "fail"
    assert "No module named 'auroraview._core'" in checks["native"]["text"]
    assert "pip install --force-reinstall auroraview" in checks["native"]["remedy"]
    assert checks["webkitgtk"]["status"] == "ok"
    assert checks["window"]["text"] == "no window can be opened: the native module cannot be loaded"


def test_parts_that_are_missing_or_broken_are_named(package):
    copy, environment = package
    (copy / "_native" / "libauroraview_host.so").unlink()
    (copy / "_native" / "auroraview-shell").chmod(0o644)
    checks, _ = report(environment=environment)
    assert "is missing" in checks["host-library"]["text"]
    assert "chmod a+x" in checks["shell"]["remedy"]
    (copy / "_native" / "libauroraview_host.so").write_bytes(b"\x7fELF")
    (copy / "_native" / "auroraview-shell").write_text("#!/bin/sh\necho lost >&2; exit 3\n")
    (copy / "_native" / "auroraview-shell").chmod(0o755)
    (copy / "_core.abi3.so").write_bytes(b"junk")
    checks, _ = report(environment=environment)
    assert "cannot be loaded" in checks["native"]["text"]
    assert checks["shell"]["text"] == "the program of isolated windows does not start: lost"


def test_a_library_in_the_place_of_webkitgtk_is_named_and_what_puts_it_there(tmp_path):
    (tmp_path / "libwebkit2gtk-4.1.so.0").write_bytes(b"")
    checks, whole = report(environment={**NO_DISPLAY, "LD_LIBRARY_PATH": str(tmp_path)})
    assert not whole["ok"]
    assert "file too short" in checks["webkitgtk"]["text"]
    assert checks["webkitgtk"]["remedy"].startswith("unset LD_LIBRARY_PATH")
    assert checks["host-library"]["status"] == "fail"


@pytest.mark.parametrize(
    ("release", "command"),
    [
        ({"ID": "debian"}, "sudo apt install libwebkit2gtk-4.1-0"),
        ({"ID": "pop", "ID_LIKE": "ubuntu debian"}, "sudo apt install libwebkit2gtk-4.1-0"),
        ({"ID": "rocky", "ID_LIKE": "rhel centos fedora"}, "sudo dnf install webkit2gtk4.1"),
        ({"ID": "arch"}, "sudo pacman -S webkit2gtk-4.1"),
    ],
)
def test_the_package_to_install_is_that_of_the_system(monkeypatch, release, command):
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: release)
    assert _webkit.install() == command


def test_on_an_unknown_system_every_known_command_is_named(monkeypatch):
    monkeypatch.setattr("platform.freedesktop_os_release", lambda: {"ID": "own"})
    assert all(command in _webkit.install() for command in ("apt install", "dnf install", "pacman -S"))


@pytest.mark.parametrize(
    ("names", "status", "said"),
    [
        ({"LC_ALL": "C"}, "warn", "no UTF-8 (LC_ALL=C"),
        ({"LC_ALL": "xx_XX.UTF-8"}, "warn", "does not have the locale LC_ALL=xx_XX.UTF-8"),
        ({"LC_ALL": "C.UTF-8"}, "ok", "has UTF-8"),
    ],
)
def test_the_locale_is_judged_by_the_variable_that_decides(names, status, said):
    checks, whole = report(environment={**NO_DISPLAY, **names})
    assert checks["locale"]["status"] == status
    assert said in checks["locale"]["text"]
    fixed = [fix["name"] for fix in whole["fixes"]]
    assert ("LC_ALL=C.UTF-8" in fixed) == (names["LC_ALL"] == "C")


def test_it_speaks_where_the_locale_can_say_little():
    done = doctor(environment={**NO_DISPLAY, "LC_ALL": "C", "PYTHONUTF8": "0", "HOME": "/größe"})
    assert done.returncode == 1
    assert done.stderr == ""
    assert "No window can be opened here" in done.stdout


@pytest.mark.parametrize("streams", ["<&-", ">&-", "<&- >&- 2>&-", ">/dev/full"])
def test_streams_that_are_closed_or_full_are_no_matter(streams):
    done = doctor(streams=streams)
    assert done.returncode == 1
    assert done.stderr == ""


def test_a_reader_that_goes_away_is_no_matter():
    done = subprocess.run(
        ["sh", "-c", '"$@" | head -1', "sh", sys.executable, "-m", "auroraview", "doctor"],
        capture_output=True,
        text=True,
        timeout=50,
    )
    assert done.stdout == f"auroraview {auroraview.__version__}\n"
    assert done.stderr == ""


def test_few_files_and_a_home_that_cannot_be_written_are_warnings():
    checks, _ = report(limits="ulimit -n 64;", environment={**NO_DISPLAY, "HOME": "/proc/nowhere"})
    assert checks["open-files"]["status"] == "warn"
    assert "at most 64" in checks["open-files"]["text"]
    assert checks["open-files"]["remedy"] == "ulimit -n 1024 (the most it may be raised to is 64)"
    assert checks["home"]["status"] == "warn"
    assert checks["home"]["remedy"] == "set HOME to a directory of yours"


def test_what_lies_where_it_is_started_is_not_imported(tmp_path):
    for name in ("json", "ctypes", "typing", "auroraview", "subprocess"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('imported from here')")
    script = Path(sys.executable).parent / "auroraview"
    done = subprocess.run([str(script), "doctor", "--json"], capture_output=True, text=True, timeout=50, cwd=tmp_path)
    assert "imported from here" not in done.stdout + done.stderr
    assert {check["name"]: check["status"] for check in json.loads(done.stdout)["checks"]}["native"] == "ok"


def test_it_imports_nothing_of_the_package_in_its_own_process_but_the_version():
    code = "import auroraview._doctor, sys; print(*(name for name in sys.modules if name.startswith('auroraview')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=SECONDS, check=True)
    assert all(re.fullmatch(r"auroraview(\._doctor(\.\w+)?)?", name) for name in done.stdout.split())


OWNED = """
import ctypes, sys
glib = ctypes.CDLL("libglib-2.0.so.0")
glib.g_main_context_default.restype = ctypes.c_void_p
glib.g_main_context_acquire.argtypes = [ctypes.c_void_p]
if "free" not in sys.argv:
    glib.g_main_context_acquire(glib.g_main_context_default())
from auroraview._cli import main
sys.exit(main(["doctor", "--json"]))
"""


@pytest.mark.parametrize("owner", ["application", "free"])
def test_inside_an_application_it_says_whose_loop_windows_live_in(owner):
    done = subprocess.run(
        [sys.executable, "-c", OWNED, owner],
        capture_output=True,
        text=True,
        timeout=50,
        env={**os.environ, "DISPLAY": ":987", "WAYLAND_DISPLAY": ""},
    )
    assert done.stderr == ""
    whole = json.loads(done.stdout)
    (said,) = (check["text"] for check in whole["checks"] if check["name"] == "glib-context")
    assert ("windows live in it" in said) == (owner == "application")
    assert ("GDK_BACKEND" in [fix["name"] for fix in whole["fixes"]]) == (owner == "application")


# Deadlines


def look(find, *, seconds=SECONDS, name="look"):
    return _running._within(Look(name, "Group", seconds, find))


def test_a_look_that_does_not_end_is_given_up():
    never = threading.Event()

    def find():
        yield Check("first", OK, "seen")
        never.wait(SECONDS * 2)

    checks = look(find, seconds=0.05)
    never.set()
    assert checks[-1] == Check("look", WARN, "this look did not end within 0.05 s")


def test_a_look_that_raises_is_a_warning_and_for_the_window_a_failure():
    def find():
        yield Check("first", OK, "seen")
        raise OSError("gone")

    assert look(find) == [
        Check("first", OK, "seen"),
        Check("look", WARN, "this could not be looked at: OSError('gone')"),
    ]
    assert look(find, name="window")[-1].status == FAIL


def test_a_process_that_does_not_end_is_killed_with_what_it_started():
    code = (
        "import subprocess; one = subprocess.Popen(['sleep', '600']);"
        "print('{\"pid\": %d}' % one.pid, flush=True); one.wait()"
    )
    outcome = _throwaway.run([sys.executable, "-c", code], 5)
    assert outcome.problem == "it did not end within 5 s"
    pid = outcome.found["pid"]

    def is_gone():
        """Also one that nobody has reaped yet."""
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
        except OSError:
            return True

    eventually(is_gone)


def test_a_process_that_crashes_is_told_by_its_signal():
    outcome = _throwaway.run([sys.executable, "-c", "import os; os.abort()"], SECONDS)
    assert outcome.problem == "it was ended by SIGABRT"
    assert _throwaway.run(["/nowhere/program"], SECONDS).problem.startswith("program cannot be started")


def test_an_application_with_python_inside_is_not_started_a_second_time(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/opt/application/bin/application")
    outcome = _throwaway.probe("webkit", seconds=SECONDS)
    assert outcome.problem.startswith("Python runs inside /opt/application/bin/application")


def test_a_display_that_accepts_and_says_nothing_is_given_up(monkeypatch):
    """An X server that hangs, on a port where one would be."""
    from auroraview._doctor import _display

    for number in range(600, 700):
        try:
            hung = socket.create_server(("127.0.0.1", 6000 + number))
            break
        except OSError:
            continue
    monkeypatch.setattr(_display, "_PATIENCE_SECONDS", 3.0)
    monkeypatch.setenv("DISPLAY", f"127.0.0.1:{number}")
    for name in ("WAYLAND_DISPLAY", "GDK_BACKEND"):
        monkeypatch.delenv(name, raising=False)
    with hung:
        (check,) = _display._display()
    assert (check.status, check.text) == (FAIL, f"the display does not answer: DISPLAY=127.0.0.1:{number}")


# What is set right


@pytest.mark.parametrize(
    ("there", "names", "fix"),
    [
        ((), {}, "WEBKIT_DISABLE_DMABUF_RENDERER=1"),
        (("/dev/dri/renderD128",), {}, None),
        (("/dev/dri/renderD128", "/proc/driver/nvidia/version"), {}, "WEBKIT_DISABLE_DMABUF_RENDERER=1"),
        ((), {"WEBKIT_DISABLE_DMABUF_RENDERER": "0"}, "WEBKIT_DISABLE_DMABUF_RENDERER=0"),
    ],
)
def test_the_renderer_is_changed_where_the_window_library_does(monkeypatch, there, names, fix):
    monkeypatch.setattr("os.path.exists", lambda path: path in there)
    monkeypatch.delenv("WEBKIT_DISABLE_DMABUF_RENDERER", raising=False)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    found = _fixes._renderer()
    assert (found and found.name) == fix


def names_of_fixes(monkeypatch, **names):
    for name in (
        "LANGUAGE",
        "LC_ALL",
        "LC_CTYPE",
        "LC_MESSAGES",
        "LANG",
        "DBUS_SESSION_BUS_ADDRESS",
        "XDG_RUNTIME_DIR",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("GSETTINGS_BACKEND", raising=False)
    for name, value in names.items():
        monkeypatch.setenv(name, value)
    return {fix.name for fix in _fixes.fixes()}


def test_pages_are_given_a_language_where_the_locale_names_none(monkeypatch):
    for names in ({}, {"LANG": "C.UTF-8"}, {"LC_ALL": "POSIX", "LANG": "de_DE.UTF-8"}):
        assert "navigator.language=en-US" in names_of_fixes(monkeypatch, **names)
    for names in ({"LANG": "de_DE.UTF-8"}, {"LANGUAGE": "de:en", "LANG": "C"}):
        assert "navigator.language=en-US" not in names_of_fixes(monkeypatch, **names)


def test_settings_are_kept_in_memory_where_there_is_no_message_bus(monkeypatch, tmp_path):
    assert "GSETTINGS_BACKEND=memory" in names_of_fixes(monkeypatch)
    assert "GSETTINGS_BACKEND=memory" in names_of_fixes(monkeypatch, XDG_RUNTIME_DIR=str(tmp_path))
    assert "GSETTINGS_BACKEND=memory" not in names_of_fixes(monkeypatch, GSETTINGS_BACKEND="dconf")
    assert "GSETTINGS_BACKEND=memory" not in names_of_fixes(monkeypatch, DBUS_SESSION_BUS_ADDRESS="unix:path=/bus")
    (tmp_path / "bus").touch()
    assert "GSETTINGS_BACKEND=memory" not in names_of_fixes(monkeypatch, XDG_RUNTIME_DIR=str(tmp_path))


def test_the_conditions_of_the_fixes_are_those_of_the_native_code():
    crate = Path(__file__).parents[1] / "crates" / "auroraview-host" / "src"
    drive = (crate / "drive.rs").read_text(encoding="utf-8")
    renderer = ("WEBKIT_DISABLE_DMABUF_RENDERER", "/dev/dri/renderD128", "/proc/driver/nvidia/version")
    for text in (*renderer, "GSETTINGS_BACKEND", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"):
        assert f'"{text}"' in drive
    assert '"C" | "POSIX"' in (crate / "web_context.rs").read_text(encoding="utf-8")
    environment = (crate / "shell" / "environment.rs").read_text(encoding="utf-8")
    assert '["LC_ALL", "LC_CTYPE", "LANG"]' in environment
    assert '"C.UTF-8"' in environment


# The report


def test_lines_are_wrapped_below_their_text(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    printer = _check.Printer(sys.stdout)
    printer.check("One", Check("a", OK, "word " * 12, None))
    printer.check("One", Check("b", FAIL, "bad", "do " * 14))
    printer.check("Two", Check("c", WARN, "", None))
    printer.fixes([Fix("NAME=1", "why")])
    assert capsys.readouterr().out.splitlines() == [
        "One",
        "  ok    word word word word word word",
        "        word word word word word word",
        "  FAIL  bad",
        "        -> do do do do do do do do do do",
        "           do do do do",
        "",
        "Two",
        "  warn  ",
        "",
        "Set right by itself",
        "  -     NAME=1: why",
    ]


@pytest.mark.parametrize(
    ("statuses", "ok", "verdict"),
    [
        ([OK], True, "Windows can be opened here."),
        ([OK, WARN], True, "Windows can be opened here, with 1 warning."),
        ([WARN, WARN, FAIL], True, "Windows can be opened here, with 1 failure and 2 warnings."),
        ([FAIL], False, "No window can be opened here: see the lines with FAIL."),
    ],
)
def test_the_verdict_counts(statuses, ok, verdict):
    assert _running._verdict(ok, [Check("a", status, "") for status in statuses]) == verdict


def test_a_native_module_that_ends_the_process_is_told(package):
    """As it is when the disk was full while it was installed."""
    copy, environment = package
    module = copy / "_core.abi3.so"
    os.truncate(module, module.stat().st_size // 2)
    checks, whole = report(environment=environment)
    assert checks["native"]["status"] != "ok"
    assert "SIGBUS" in checks["native"]["text"]
    assert whole["version"]
