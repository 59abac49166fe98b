"""The properties of a window before there is one."""

import math

import pytest

from auroraview import UsageError, WebView, WindowOptions


@pytest.fixture
def window():
    return WebView().window


def test_a_window_is_on_its_own_unless_it_is_told_otherwise(window):
    assert (window.embedded, window.transient_for, window.native_id) == (False, None, None)
    assert (window.zoom, window.enabled) == (1.0, True)


def test_what_is_set_is_what_it_opens_with(window):
    window.zoom = 2
    window.enabled = False
    window.transient_for = 7
    opening = window.opening()
    assert (window.zoom, window.enabled, window.transient_for) == (2.0, False, 7)
    assert {name: opening[name] for name in ("zoom", "enabled", "transient_for", "embedded")} == {
        "zoom": 2.0,
        "enabled": False,
        "transient_for": 7,
        "embedded": False,
    }
    window.transient_for = None
    assert window.opening()["transient_for"] is None


def test_the_options_place_a_window_in_the_application():
    embedded = WebView(window=WindowOptions(embedded=True)).window
    assert embedded.embedded
    assert embedded.opening()["embedded"]
    above = WebView(window=WindowOptions(transient_for=0x1A00007)).window
    assert above.transient_for == 0x1A00007


@pytest.mark.parametrize("zoom", [0.25, 1, 1.25, 5])
def test_a_zoom_is_a_factor(window, zoom):
    window.zoom = zoom
    assert window.zoom == zoom


@pytest.mark.parametrize("zoom", [0, 0.2, 5.1, -1, math.nan, math.inf, "1", None, True])
def test_a_zoom_that_cannot_be_read_is_refused(window, zoom):
    with pytest.raises(UsageError, match=r"from 0\.25 to 5"):
        window.zoom = zoom
    assert window.zoom == 1.0


@pytest.mark.parametrize("native_id", [0, -1, 2**32, 1.5, "7", True])
def test_an_id_that_no_window_has_is_refused(window, native_id):
    with pytest.raises(UsageError, match="X11 window's id"):
        WebView(window=WindowOptions(transient_for=native_id))
    with pytest.raises(UsageError, match="X11 window's id"):
        window.transient_for = native_id
    with pytest.raises(UsageError, match="X11 window's id"):
        window.give_focus(native_id)
    assert window.transient_for is None


def test_an_embedded_window_stays_above_none():
    with pytest.raises(UsageError, match="no transient_for"):
        WebView(window=WindowOptions(embedded=True, transient_for=7))
    window = WebView(window=WindowOptions(embedded=True)).window
    with pytest.raises(UsageError, match="embedded"):
        window.transient_for = 7
    with pytest.raises(UsageError, match="X11 id"):
        window.give_focus(None)


def test_keys_and_openings_can_be_listened_to(window):
    for event in ("opened", "key"):
        heard = []
        window.on(event, heard.append)
        assert window.off(event) == 1
