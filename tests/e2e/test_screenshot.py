"""`screenshot`: a PNG file with the pixels of the page."""

import pytest

from auroraview import ViewClosed, WebView, WindowOptions
from tests.e2e.desktop import Picture
from tests.e2e.helpers import ask, opened

COLOURS = """<!doctype html><style>
html, body { margin: 0; height: 100%; background: rgb(10, 20, 30) }
div { position: absolute; left: 0; top: 0; width: 50px; height: 40px; background: rgb(250, 120, 5) }
</style><body><div></div>"""


def test_a_screenshot_has_the_page_s_size_and_colours():
    with opened(html=COLOURS, width=160, height=120) as view:
        picture = Picture.read(view.screenshot())
        scale = ask(view, "devicePixelRatio")
        assert (picture.width, picture.height) == (160 * scale, 120 * scale)
        assert picture.pixel(5, 5) == picture.pixel(45, 35) == (250, 120, 5)
        assert picture.pixel(100, 20) == picture.pixel(20, 80) == (10, 20, 30)


def test_a_screenshot_shows_what_the_page_has_become():
    with opened(html=COLOURS, width=120, height=90) as view:
        for colour in ((200, 0, 0), (0, 200, 0)):
            ask(view, f"document.querySelector('div').style.background = 'rgb{colour}'")
            assert Picture.read(view.screenshot()).pixel(10, 10) == colour


def test_a_screenshot_can_be_written_to_a_file(tmp_path):
    target = tmp_path / "page.png"
    with opened(html=COLOURS, width=120, height=90) as view:
        data = view.screenshot(target)
        assert target.read_bytes() == data
        assert view.screenshot(str(target)) == target.read_bytes()


def test_a_hidden_window_s_page_can_be_pictured():
    hidden = WindowOptions(visible=False)
    with opened(html=COLOURS, width=120, height=90, window=hidden) as view:
        assert Picture.read(view.screenshot()).pixel(10, 10) == (250, 120, 5)


def test_a_screenshot_may_be_taken_in_a_handler():
    view = WebView(html=COLOURS, width=120, height=90)
    view.bind_call("size", lambda: len(view.screenshot()))
    with opened(view):
        assert ask(view, "auroraview.call('size')") > 100


def test_the_background_colour_shows_where_the_page_paints_nothing():
    window = WindowOptions(background_color=(0, 0, 255, 255))
    with opened(html="<body>", width=120, height=90, window=window) as view:
        assert Picture.read(view.screenshot()).pixel(60, 60) == (0, 0, 255)


def test_a_view_that_was_closed_has_no_picture():
    with opened() as view:
        assert view.is_ready
    with pytest.raises(ViewClosed):
        view.screenshot()
