"""What the machine lacks or somebody else holds: an error with its remedy. And what must stay as it was: the locale."""

import os
import shutil
from pathlib import Path

import pytest

import auroraview
from tests.e2e.processes import run

PACKAGE = Path(auroraview.__file__).parent

TRY = """
from auroraview import HostError, WebView
view = WebView(html="<p>page")
for _ in range(2):
    try:
        view.show(wait=False)
    except HostError as error:
        print("HostError:", error)
    else:
        print("opened")
assert not view.is_open
"""


def assert_host_errors(ended, *words):
    ended.assert_clean()
    lines = [line for line in ended.out.splitlines() if line.startswith("HostError:")]
    assert len(lines) == 2, ended.out
    for word in words:
        assert word in lines[0]


@pytest.mark.parametrize("display", [None, ":987"])
def test_without_a_display_the_error_names_the_remedy(display):
    ended = run(TRY, {"DISPLAY": display, "WAYLAND_DISPLAY": None})
    assert_host_errors(ended, "display", "DISPLAY", "xvfb-run")


def test_handlers_are_served_without_a_display():
    run(
        """
        from auroraview import Bridge
        from auroraview.testing import MemoryPage
        bridge = Bridge()
        bridge.bind_call("add", lambda a, b: a + b)
        with MemoryPage(bridge) as page:
            assert page.call("add", [1, 2]).result(10) == 3
        """,
        {"DISPLAY": None, "WAYLAND_DISPLAY": None},
    ).assert_clean()


def test_without_webkitgtk_the_error_names_the_package(tmp_path):
    # The loader takes this file for the library, and finds that it is none.
    (tmp_path / "libwebkit2gtk-4.1.so.0").write_bytes(b"")
    ended = run(TRY, {"LD_LIBRARY_PATH": str(tmp_path)})
    assert_host_errors(ended, "libwebkit2gtk-4.1", "apt install")


@pytest.mark.parametrize("content", [None, b"no library", b"\x7fELF"])
def test_a_host_library_that_is_missing_or_broken_is_a_host_error(tmp_path, content):
    copy = tmp_path / "auroraview"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    library = copy / "_native" / "libauroraview_host.so"
    library.unlink()
    if content is not None:
        library.write_bytes(content)
    ended = run(TRY, {"PYTHONPATH": str(tmp_path)})
    assert_host_errors(ended, "library", "install")


OWNED_ELSEWHERE = """
import ctypes, threading
from auroraview import HostError, WebView
glib = ctypes.CDLL("libglib-2.0.so.0")
glib.g_main_context_default.restype = ctypes.c_void_p
glib.g_main_context_acquire.argtypes = glib.g_main_context_release.argtypes = [ctypes.c_void_p]
context = glib.g_main_context_default()
held, done = threading.Event(), threading.Event()

def hold():
    assert glib.g_main_context_acquire(context)
    held.set()
    done.wait(60)
    glib.g_main_context_release(context)

view = WebView(html="<p>page")

def refused():
    try:
        view.show(wait=False)
    except HostError as error:
        print("HostError:", error)

holder = threading.Thread(target=hold)
holder.start()
held.wait(30)
refused()
refused()
done.set()
holder.join()
"""


def test_a_main_context_whose_owner_does_not_turn_it_is_a_host_error():
    ended = run(OWNED_ELSEWHERE)
    assert_host_errors(ended, 'isolation="process"')


def test_a_main_context_that_is_free_again_can_be_used():
    ended = run(
        OWNED_ELSEWHERE
        + """
view.show(wait=False)
print(view.eval_js("document.body.innerText").result(30))
"""
    )
    ended.assert_clean()
    assert ended.out.splitlines()[-1] == "page"


@pytest.mark.parametrize("names", [{"LANG": "C"}, {"LC_ALL": "C"}, {"LANG": None, "LC_ALL": None}, {"LC_ALL": "xx_XX"}])
def test_pages_work_under_a_c_locale(names):
    cleared = {name: None for name in os.environ if name.startswith("LC_")}
    ended = run(
        """
        from auroraview import WebView
        view = WebView("Grüße 世界", html="<meta charset=utf-8><p>Grüße 世界")
        view.bind_call("echo", lambda text: text)
        view.show(wait=False)
        script = '''[new Intl.NumberFormat('de').format(1234.5), new Intl.DateTimeFormat('en').format(new Date(0)),
            (1.5).toLocaleString('en'), typeof new Date().toLocaleString(), 'ä'.localeCompare('b', 'de'),
            Intl.DateTimeFormat().resolvedOptions().locale.length > 0, document.body.innerText]'''
        found = view.eval_js(script).result(30)
        assert found[0] == "1.234,5", found
        assert found[2:6] == ["1.5", "string", -1, True], found
        assert found[6] == "Grüße 世界"
        assert view.eval_js("auroraview.call('echo', ['ä 世界 𝄞'])").result(30) == "ä 世界 𝄞"
        """,
        {**cleared, "LANG": None, "PYTHONUTF8": "1", **names},
    )
    # GTK may say on the error stream that it does not know a locale that there is none of.
    assert ended.code == 0, ended.err


LOCALE = """
import ctypes, locale, os
libc = ctypes.CDLL(None)
libc.setlocale.restype = ctypes.c_char_p
libc.getenv.restype = ctypes.c_char_p
libc.strtod.restype = ctypes.c_double
for name in ("de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "C.UTF-8"):
    try:
        locale.setlocale(locale.LC_ALL, name)
        break
    except locale.Error:
        continue
locale.setlocale(locale.LC_TIME, "C")
names = [b"LANG", b"LANGUAGE", b"LC_ALL", b"LC_CTYPE", b"LC_NUMERIC", b"LC_TIME"]

def state():
    categories = [libc.setlocale(category, None) for category in (*range(6), 6)]
    return categories, [libc.getenv(name) for name in names], libc.strtod(b"1.5", None), libc.strtod(b"1,5", None)

before = state()
from auroraview import WebView
assert state() == before, "import"
view = WebView(html="<p>page")
view.show(wait=False)
assert view.eval_js("document.body.innerText").result(30) == "page"
assert state() == before, (before, state())
view.close()
assert view.wait(30)
assert state() == before, (before, state())
"""


@pytest.mark.parametrize("names", [{}, {"LANG": "C"}, {"LC_ALL": "C"}])
def test_the_locale_of_the_program_stays_as_it_was(names):
    run(LOCALE, names).assert_clean()


def test_a_home_that_cannot_be_written_does_not_matter():
    gone = "/proc/no-home"
    names = ("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR")
    ended = run(
        """
        from auroraview import WebView
        view = WebView(html="<p>page")
        view.show(wait=False)
        print(view.eval_js("localStorage.setItem('a', '1'); localStorage.getItem('a')").result(30))
        """,
        dict.fromkeys(names, gone),
    )
    assert (ended.code, ended.out) == (0, "1\n"), ended.err
