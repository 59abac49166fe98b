"""How does Python show a moving picture in a page, frame by frame?

A camera turns over hills at dusk. Each frame is 1920 x 1080 pixels of four bytes, made in Python: numpy writes it into
a live buffer, and `publish` has it in the page's own array, where a canvas takes it from. The space bar stops and
starts the camera. Needs numpy.
"""

import threading
import time
from typing import Any

import numpy

from auroraview import WebView

WIDTH, HEIGHT, RATE = 1920, 1080, 60
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>Frames</title>
<style>
  body { font: 15px/1.5 system-ui, sans-serif; margin: 0; padding: 1rem 1.2rem; box-sizing: border-box; height: 100vh;
    display: grid; grid-template-rows: 1fr auto; gap: .7rem;
    background: light-dark(#f4f6f9, #181b20); color: light-dark(#1b2430, #e8ecf1) }
  canvas { width: 100%; height: 100%; min-height: 0; object-fit: contain; border-radius: 8px }
  footer { display: flex; gap: 1rem; align-items: center; font-variant-numeric: tabular-nums }
  button { font: inherit; padding: .25rem 1rem; min-width: 5.5rem }
  #told { margin-left: auto; color: light-dark(#4d5866, #aab4bf) }
</style>
<canvas id="canvas" width="1920" height="1080" role="img" aria-label="Hills at dusk, from a camera that turns"></canvas>
<footer><button id="toggle">Start</button><span>The space bar does it, too.</span><output id="told"></output></footer>
<script>
  const frames = auroraview.buffer("frames", [1080, 1920, 4]);
  // The picture is the buffer's own memory: nothing is allocated for a frame.
  const image = new ImageData(new Uint8ClampedArray(frames.array.buffer), 1920, 1080);
  const context = canvas.getContext("2d", { alpha: false });
  let wanted = false, drawn = 0, last = 0, since = performance.now(), before = 0;
  const draw = () => {
    wanted = false;
    context.putImageData(image, 0, 0);
    drawn += 1;
    last = frames.version;
  };
  frames.on(() => {
    if (!wanted) requestAnimationFrame(draw);
    wanted = true;
  });
  setInterval(() => {
    const now = performance.now();
    const rate = Math.round((drawn * 1000) / (now - since));
    const missed = Math.max(0, last - before - drawn);
    told.textContent = `${rate} frames a second, ${missed} of the last ${last - before} not shown`;
    [drawn, since, before] = [0, now, last];
  }, 1000);
  let playing = false;
  auroraview.on("playing", (state) => {
    playing = state;
    toggle.textContent = playing ? "Stop" : "Start";
  });
  toggle.onclick = () => auroraview.send_event("play", !playing);
  addEventListener("keydown", (event) => {
    if (event.code !== "Space" || event.target === toggle) return; // on the button it is a click
    event.preventDefault();
    if (!event.repeat) toggle.click();
  });
  // Who does not like things that move starts it by hand.
  auroraview.send_event("play", !matchMedia("(prefers-reduced-motion: reduce)").matches);
</script></html>"""


def panorama() -> Any:
    """The hills all around, and the first of them again, so that every view out of them is in one piece."""
    angle = numpy.linspace(0, 4 * numpy.pi, 2 * WIDTH, endpoint=False)
    row = numpy.arange(HEIGHT)[:, None]
    height = row / HEIGHT
    picture = numpy.empty((HEIGHT, 2 * WIDTH, 4), "uint8")
    evening = numpy.array([[38, 44, 92], [240, 148, 96]])
    picture[..., :3] = ((1 - height) * evening[0] + height * evening[1])[:, None, :]
    picture[..., 3] = 255
    sun = (angle - numpy.pi) ** 2 * 9 + (height - 0.62) ** 2 * 112
    picture[..., :3][sun < 0.16] = (255, 232, 190)
    for number, color in enumerate([(122, 84, 112), (84, 62, 98), (54, 46, 80), (28, 30, 56)]):
        waves = sum(numpy.sin(angle * n + 1.7 * n * (number + 1)) / n for n in range(1 + number, 9 + 3 * number))
        edge = HEIGHT * (0.66 + 0.085 * number) - 60 * waves / (1 + 0.2 * number)
        picture[..., :3][row > edge] = color
    return numpy.concatenate([picture, picture[:, :WIDTH]], axis=1)


class Camera:
    """Turns, and takes so many frames a second while it is wanted."""

    def __init__(self) -> None:
        self.view = WebView("Frames", html=PAGE, width=1040, height=660)
        self.buffer = self.view.buffer("frames", (HEIGHT, WIDTH, 4))
        self.turning = threading.Event()
        self.view.on("play", self.play)
        threading.Thread(target=self.run, daemon=True).start()

    def play(self, wanted: bool) -> None:
        (self.turning.set if wanted else self.turning.clear)()
        self.view.emit("playing", wanted, retain=True)

    def run(self) -> None:
        around = panorama()
        pixels = numpy.asarray(self.buffer)  # what is written here is what the next `publish` sends
        left, due = 0, time.monotonic()
        while self.turning.wait():
            pixels[:] = around[:, left : left + WIDTH]
            self.buffer.publish()
            left = (left + 3) % (2 * WIDTH)
            due = max(due + 1 / RATE, time.monotonic() - 1)  # after a pause nothing is to be caught up with
            time.sleep(max(0.0, due - time.monotonic()))


if __name__ == "__main__":
    Camera().view.show()
