"""The examples of live buffers, on both lanes, and of calls that the page waits for, with and without them."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from auroraview import WebView
from auroraview.testing import Windows
from tests.e2e import lanes
from tests.e2e.helpers import ask, show_text, wait_for
from tests.e2e.test_examples import click, load, wait_for_text


def press(view: WebView, key: str, code: str = "") -> None:
    """A key of a person, on nothing in particular."""
    ask(view, f"dispatchEvent(new KeyboardEvent('keydown', {{ key: {key!r}, code: {code!r}, cancelable: true }}))")


# Frames


@pytest.mark.each_lane
@pytest.mark.timeout(150)
def test_frames_are_those_of_the_camera_and_stop_and_go_on(webview: Windows) -> None:
    example = load("22_frames")
    camera = example.Camera()
    view = webview(camera.view)
    wait_for_text(view, "#toggle", "Stop")
    wait_for(lambda: ask(view, "last") >= 3, "frames on the canvas")
    click(view, "#toggle")
    wait_for_text(view, "#toggle", "Start")
    wait_for(lambda: not camera.turning.is_set(), "the end of the camera's turn")
    wait_for(lambda: ask(view, "last") == camera.buffer.version, "the last frame on the canvas")
    middle = numpy.asarray(camera.buffer)[540, 960].tolist()
    assert ask(view, "[...context.getImageData(960, 540, 1, 1).data]") == middle
    assert ask(view, "frames.array.length") == 1920 * 1080 * 4
    stopped = camera.buffer.version
    press(view, " ", "Space")
    wait_for_text(view, "#toggle", "Stop")
    wait_for(lambda: ask(view, "last") > stopped, "more frames")
    press(view, " ", "Space")
    wait_for_text(view, "#toggle", "Start")
    wait_for_text(view, "#told", "frames a second")


# The plot


@pytest.mark.each_lane
@pytest.mark.timeout(150)
def test_a_million_points_are_drawn_moved_through_and_stopped(webview: Windows) -> None:
    sensor = load("23_plot").Sensor()
    view = webview(sensor.view)
    wait_for(lambda: ask(view, "samples.version") >= 2, "versions of the plot")
    wait_for_text(view, "#told", "1,000,000 points")
    click(view, "#toggle")
    wait_for_text(view, "#toggle", "Start")

    def is_last() -> bool:
        """The page has what the sensor took last."""
        some: Any = ask(view, "[...data.subarray(0, 5), ...data.subarray(-5)]")
        return numpy.array_equal(some, numpy.concatenate([sensor.samples[:5], sensor.samples[-5:]]))

    wait_for(is_last, "the last version")
    assert ask(view, "samples.version") == sensor.buffer.version
    is_drawn = "[...context.getImageData(0, 0, canvas.width, canvas.height).data].filter((_, at) => at % 4 === 3)"
    assert ask(view, f"{is_drawn}.filter((alpha) => alpha > 0).length") > 1000
    for _ in range(4):
        click(view, "#closer")
    wait_for_text(view, "#told", "62,500 points")
    middle = ask(view, "from")
    press(view, "ArrowLeft")
    assert ask(view, "from") == middle - 6250
    press(view, "0")
    wait_for_text(view, "#told", "1,000,000 points")


# Calls that the page waits for

DRAG = """((file, slot) => {
  const source = [...files.querySelectorAll("[draggable]")].find((one) => one.textContent === file);
  const target = slots.querySelector(`[data-slot=${slot}]`);
  const dataTransfer = new DataTransfer();
  const happens = (on, type) =>
    on.dispatchEvent(new DragEvent(type, { dataTransfer, bubbles: true, cancelable: true, relatedTarget: null }));
  happens(source, "dragstart");
  happens(target, "dragenter");
  const taken = !happens(target, "dragover");
  const told = document.querySelector("#told").textContent;
  if (taken) happens(target, "drop");
  else happens(target, "dragleave");
  return { taken, told, look: target.className };
})"""


def drag(view: WebView, file: str, slot: str) -> dict[str, object]:
    """Drags a file over a slot, and drops it if it is taken; what the page said of it."""
    found: dict[str, object] = ask(view, f"{DRAG}({file!r}, {slot!r})")
    return found


def test_python_decides_while_something_is_dragged(webview: Windows) -> None:
    scene = load("24_call_sync").Scene()
    view = webview(scene.view)
    wait_for_text(view, "#slots", "Ambience")
    refused = drag(view, "bricks.png", "Houses")
    assert refused["taken"] is False, refused
    assert refused["told"] == "Houses takes meshes, and bricks.png is none of them."
    assert drag(view, "sky.exr", "Background")["told"] == "Background is locked."
    taken = drag(view, "bricks.png", "Ground")
    assert taken["taken"] is True
    wait_for_text(view, "#told", "Ground has bricks.png.")
    wait_for_text(view, "#slots [data-slot=Ground] output", "bricks.png")
    assert scene.slots["Ground"]["file"] == "bricks.png"
    click(view, "#slots [data-slot=Background] button")
    wait_for_text(view, "#slots [data-slot=Background] button", "Lock")
    assert drag(view, "sky.exr", "Background")["taken"] is True
    wait_for_text(view, "#slots [data-slot=Background] output", "sky.exr")


@pytest.mark.each_lane
def test_who_has_no_mouse_presses_a_file_and_then_a_slot(webview: Windows) -> None:
    scene = load("24_call_sync").Scene()
    view = webview(scene.view)
    wait_for_text(view, "#slots", "Ambience")
    enter = "dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true }))"
    ask(view, f"files.querySelectorAll('[draggable]')[3].{enter}")
    assert ask(view, "held") == "gulls.wav"
    ask(view, f"slots.querySelector('[data-slot=Ambience]').{enter}")
    wait_for_text(view, "#slots [data-slot=Ambience] output", "gulls.wav")
    assert ask(view, "held") is None


def test_without_a_fast_lane_python_decides_after_the_drop() -> None:
    with lanes.chosen(lanes.ORDINARY), lanes.LaneWindows() as webview:
        view = webview(load("24_call_sync").Scene().view)
        wait_for_text(view, "#slots", "Ambience")
        dropped = drag(view, "bricks.png", "Houses")
        assert dropped["taken"] is True
        assert dropped["told"] == "This window has no fast lane: Python decides after the drop."
        wait_for_text(view, "#told", "Houses takes meshes, and bricks.png is none of them.")
        assert show_text(view, "#slots [data-slot=Houses] output") == "empty, takes meshes"
