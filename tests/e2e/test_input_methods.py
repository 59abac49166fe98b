"""Text that needs more than one key, and what the user does with the page: zoom, the context menu."""

import contextlib
import subprocess

import pytest

from auroraview import UsageError, WebView, WindowOptions
from tests.e2e import desktop
from tests.e2e.helpers import ask, opened, wait_for
from tests.e2e.user import presses

PAGE = """<!doctype html><meta charset=utf-8><style>body { margin: 0 }</style><textarea></textarea><script>
  var seen = [];
  const field = document.querySelector("textarea");
  for (const kind of ["compositionstart", "compositionend", "input"])
    field.addEventListener(kind, (event) => seen.push([kind, event.data]));
  var menus = 0;
  oncontextmenu = () => { menus++ };
</script>"""


def xdotool(*words):
    return subprocess.run(["xdotool", *map(str, words)], check=True, timeout=30, capture_output=True, text=True).stdout


def value(view):
    return ask(view, "field.value")


def at_the_field(view):
    view.window.focus()
    wait_for(lambda: desktop.active() == view.window.title, "the keyboard")
    ask(view, "field.focus()")


def test_a_dead_key_composes(isolation):
    with opened(title="Dead keys", html=PAGE, isolation=isolation) as view:
        at_the_field(view)
        presses("Dead keys", "dead_acute", "e")
        wait_for(lambda: value(view) == "é", "the composed letter")
        kinds = [kind for kind, _ in ask(view, "seen")]
        assert "input" in kinds


def test_a_compose_sequence_is_one_letter():
    with opened(title="Compose", html=PAGE) as view:
        at_the_field(view)
        presses("Compose", "Multi_key", "o", "quotedbl")
        wait_for(lambda: value(view) == "ö", "the composed letter")


def test_a_code_point_is_composed_before_the_page():
    with opened(title="Code point", html=PAGE) as view:
        at_the_field(view)
        presses("Code point", "ctrl+shift+u", "2", "6", "0", "3", "Return")
        wait_for(lambda: value(view) == "☃", "the snowman")
        said = ask(view, "seen")
        assert said[0][0] == "compositionstart"
        assert ["compositionend", "☃"] in said


def test_letters_of_other_scripts_arrive():
    with opened(title="Letters", html=PAGE) as view:
        at_the_field(view)
        xdotool("type", "--delay", "60", "añ語")
        wait_for(lambda: value(view) == "añ語", "the letters")


def test_zoom_makes_the_page_larger(isolation):
    with opened(html=PAGE, width=800, isolation=isolation) as view:
        view.window.zoom = 2.0
        wait_for(lambda: ask(view, "innerWidth") == 400, "the zoomed page")
        view.reload()
        wait_for(lambda: view.is_ready, "the page")
        assert ask(view, "innerWidth") == 400
        with pytest.raises(UsageError, match="zoom"):
            view.window.zoom = 7


def _grabs_pointer():
    """Whether some window holds the pointer, as an open menu does."""
    import ctypes

    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XDefaultRootWindow.restype = ctypes.c_ulong
    x11.XDefaultRootWindow.argtypes = [ctypes.c_void_p]
    grab = x11.XGrabPointer
    grab.argtypes = [
        *(ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_uint, ctypes.c_int, ctypes.c_int),
        *(ctypes.c_ulong, ctypes.c_ulong, ctypes.c_ulong),
    ]
    display = x11.XOpenDisplay(None)
    try:
        return grab(display, x11.XDefaultRootWindow(display), 0, 0, 1, 1, 0, 0, 0) == 1
    finally:
        x11.XCloseDisplay(ctypes.c_void_p(display))


@pytest.mark.parametrize("menu", [True, False])
def test_the_context_menu_opens_unless_it_is_turned_off(menu):
    view = WebView("Menu", html=PAGE, window=WindowOptions(context_menu=menu, position=(200, 100)))
    with opened(view):
        view.window.focus()
        wait_for(lambda: desktop.active() == "Menu", "the keyboard")
        left, top = wait_for(lambda: view.window.position, "the position")
        xdotool("mousemove", left + 300, top + 300, "click", "3")
        wait_for(lambda: ask(view, "menus") == 1, "the right click in the page")
        if menu:
            wait_for(_grabs_pointer, "the menu")
            with contextlib.suppress(subprocess.CalledProcessError):
                xdotool("key", "Escape")
        else:
            ask(view, "new Promise(done => setTimeout(done, 300))")
            assert not _grabs_pointer()
