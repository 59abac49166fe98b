"""The compiled parts: what they link, what an import loads, and that neither needs WebKitGTK."""

import os
import struct
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import auroraview
from auroraview import _core

PACKAGE = Path(auroraview.__file__).parent
HOST = PACKAGE / "_native" / "libauroraview_host.so"
SHELL = PACKAGE / "_native" / "auroraview-shell"
WEB_PROCESS = PACKAGE / "_native" / "webext" / "libauroraview_webext.so"

ROOT = Path(__file__).resolve().parent.parent

#: Parts of names of libraries that only what owns windows may link, and what goes into the engine's processes.
GRAPHICAL = ("webkit", "javascriptcore", "gtk", "gdk", "glib", "gio", "cairo", "soup", "X11", "wayland")


def needed(path):
    """The libraries that an ELF file of 64 bits, little endian, links: the DT_NEEDED entries of its dynamic section."""
    data = path.read_bytes()
    assert data[:6] == b"\x7fELF\x02\x01", "expected a 64-bit little-endian ELF file"
    (sections,) = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    headers = [struct.unpack_from("<IIQQQQIIQQ", data, sections + index * size) for index in range(count)]
    names = []
    for _, kind, _, _, offset, length, link, _, _, _ in headers:
        if kind != 6:  # SHT_DYNAMIC
            continue
        strings = headers[link][4]
        for place in range(offset, offset + length, 16):
            tag, value = struct.unpack_from("<QQ", data, place)
            if tag == 1:  # DT_NEEDED
                start = strings + value
                names.append(data[start : data.index(b"\0", start)].decode())
    return names


def exported(path):
    """The names that an ELF file of 64 bits, little endian, defines for others: its dynamic symbols."""
    data = path.read_bytes()
    (sections,) = struct.unpack_from("<Q", data, 40)
    size, count = struct.unpack_from("<HH", data, 58)
    headers = [struct.unpack_from("<IIQQQQIIQQ", data, sections + index * size) for index in range(count)]
    names = []
    for _, kind, _, _, offset, length, link, _, _, _ in headers:
        if kind != 11:  # SHT_DYNSYM
            continue
        for place in range(offset, offset + length, 24):
            name, info, _, section = struct.unpack_from("<IBBH", data, place)
            if section and info >> 4:  # defined here, not local
                start = headers[link][4] + name
                names.append(data[start : data.index(b"\0", start)].decode())
    return names


def python(code):
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_the_core_links_no_webkitgtk():
    found = needed(Path(_core.__file__))
    assert any(name.startswith("libc.so") for name in found), "the reader of ELF files finds nothing"
    assert [name for name in found if any(part in name for part in GRAPHICAL)] == []


def test_the_core_links_no_python_library():
    assert [name for name in needed(Path(_core.__file__)) if "python" in name] == []


@pytest.mark.parametrize("part", [HOST, SHELL, WEB_PROCESS], ids=lambda part: part.name)
def test_what_owns_windows_links_webkitgtk_and_no_python(part):
    found = needed(part)
    assert "libwebkit2gtk-4.1.so.0" in found
    assert [name for name in found if "python" in name] == []


def test_what_the_engine_loads_is_small_and_shows_it_one_function():
    assert exported(WEB_PROCESS) == ["webkit_web_extension_initialize_with_user_data"]
    assert WEB_PROCESS.stat().st_size < 600_000


def test_what_the_engine_loads_has_no_part_of_its_windows():
    found = needed(WEB_PROCESS)
    assert [name for name in found if any(part in name for part in ("gtk-3", "gdk", "X11", "soup"))] == []


def test_what_the_engine_loads_is_alone_in_its_folder():
    # The engine loads every library that it finds there.
    assert [file.name for file in WEB_PROCESS.parent.iterdir()] == [WEB_PROCESS.name]


def test_the_wheel_takes_every_native_part():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = [row["path"] for row in settings["tool"]["maturin"]["include"] if "wheel" in row["format"]]
    packed = {path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file()}
    laid = {path for path in (ROOT / "python" / "auroraview" / "_native").rglob("*") if path.is_file()}
    assert packed == laid
    assert {path.name for path in laid} >= {HOST.name, SHELL.name, WEB_PROCESS.name, "THIRD_PARTY_LICENSES.txt"}


def test_the_shell_can_be_run_by_everyone_and_is_of_this_version():
    assert os.stat(SHELL).st_mode & 0o777 == 0o755
    ended = subprocess.run([SHELL, "--version"], capture_output=True, text=True, timeout=50, check=True)
    assert ended.stdout == f"auroraview-shell {auroraview.__version__}\n"


def test_the_core_is_built_for_the_stable_abi():
    assert Path(_core.__file__).name == "_core.abi3.so"


def test_an_import_loads_nothing_graphical_and_starts_no_thread():
    out = python(
        "import os, auroraview\nauroraview.WebView\n"
        "print(len(os.listdir('/proc/self/task')))\n"
        "print(*{line.split()[-1] for line in open('/proc/self/maps') if '.so' in line}, sep='\\n')"
    )
    threads, *libraries = out.splitlines()
    assert threads == "1"
    assert any(name.endswith("_core.abi3.so") for name in libraries)
    names = [Path(name).name for name in libraries]
    assert [name for name in names if any(part in name for part in (*GRAPHICAL, "auroraview_"))] == []


def test_a_bridge_and_a_view_that_is_not_shown_load_nothing_graphical():
    out = python(
        "import auroraview\n"
        "view = auroraview.WebView(html='<p>')\n"
        "view.bind_call('a', print)\n"
        "view.emit('b', 1)\n"
        "print([line for line in open('/proc/self/maps') if 'webkit' in line or 'auroraview_host' in line])"
    )
    assert out == "[]\n"


def test_an_import_takes_no_noticeable_time():
    out = python(
        "import asyncio, concurrent.futures, dataclasses, inspect, logging, sys, time, webbrowser\n"
        "began = time.perf_counter()\nimport auroraview\nprint(time.perf_counter() - began)"
    )
    assert float(out) < 1.0


def test_the_version_is_that_of_the_core():
    assert auroraview.__version__ == _core.__version__
    assert auroraview.__version__.count(".") == 2


@pytest.mark.parametrize("name", sorted(auroraview.__all__))
def test_everything_public_is_there(name):
    assert getattr(auroraview, name) is not None
