"""How is a million points plotted while they change?

A sensor that never stops: ten times a second the newest 20 000 samples push out the oldest. Python keeps a million of
them in a live buffer; the page has them as one `Float32Array`, and draws the lowest and the highest of each column of
pixels. Wheel or + and - zoom, dragging or the arrows move, 0 shows all, the space bar stops. Needs numpy.
"""

import threading

import numpy

from auroraview import WebView

POINTS, NEW, SECONDS = 1_000_000, 20_000, 0.1
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>A million points</title>
<style>
  :root { --back: light-dark(#fff, #20242b); --line: light-dark(#1d5fd1, #7fb0ff); --grid: light-dark(#e2e7ee, #343c47);
    --text: light-dark(#4d5866, #aab4bf) }
  body { font: 15px/1.5 system-ui, sans-serif; margin: 0; padding: 1rem 1.2rem; box-sizing: border-box; height: 100vh;
    display: grid; grid-template-rows: 1fr auto; gap: .7rem;
    background: light-dark(#f4f6f9, #181b20); color: light-dark(#1b2430, #e8ecf1) }
  canvas { width: 100%; height: 100%; min-height: 0; border-radius: 8px; background: var(--back); touch-action: none }
  footer { display: flex; gap: .5rem; align-items: center; font-variant-numeric: tabular-nums }
  button { font: inherit; padding: .25rem .8rem; min-width: 2.6rem }
  #told { margin-left: auto; color: var(--text) }
</style>
<canvas id="canvas" tabindex="0" role="img" aria-label="The samples of a sensor, of the last five seconds"></canvas>
<footer><button id="toggle">Stop</button><button id="closer" aria-label="Closer">+</button>
  <button id="wider" aria-label="Wider">&ndash;</button><button id="all">All</button>
  <output id="told"></output></footer>
<script>
  const samples = auroraview.buffer("samples", [1000000], "float32");
  const data = samples.array, most = data.length, rate = 200000; // samples a second
  const context = canvas.getContext("2d");
  let from = 0, to = most, wanted = false, took = 0;

  /** The lowest and the highest sample of each column of pixels. */
  const draw = () => {
    wanted = false;
    const began = performance.now();
    const scale = devicePixelRatio, width = canvas.clientWidth, height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const color = (name) => {
      probe.style.color = `var(${name})`; // a canvas does not know `light-dark`
      return getComputedStyle(probe).color;
    };
    const y = (value) => height / 2 - (value * height) / 7;
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "12px system-ui";
    context.strokeStyle = color("--grid");
    context.lineWidth = 1;
    context.beginPath();
    const labels = [];
    for (let value = -3; value <= 3; value += 1) {
      labels.push([value, 6, y(value) - 3]);
      context.moveTo(0, y(value));
      context.lineTo(width, y(value));
    }
    const step = 10 ** Math.floor(Math.log10((to - from) / rate));
    const first = Math.ceil((from - most) / rate / step) * step;
    for (let time = first; time < (to - most) / rate; time += step) {
      const x = ((time * rate + most - from) / (to - from)) * width;
      context.moveTo(x, 0);
      context.lineTo(x, height);
      labels.push([`${+time.toFixed(5)} s`, x + 4, height - 6]);
    }
    context.stroke();
    context.strokeStyle = context.fillStyle = color("--line");
    context.beginPath();
    const each = (to - from) / width;
    for (let x = 0; x < width; x += 1) {
      const start = Math.floor(from + x * each), end = Math.min(most, Math.max(start + 1, Math.ceil(start + each)));
      let low = data[start], high = low;
      for (let at = start + 1; at < end; at += 1) {
        const value = data[at];
        if (value < low) low = value;
        else if (value > high) high = value;
      }
      // Neighbours meet: a column begins where the one before ended.
      if (start > 0 && each >= 1) [low, high] = [Math.min(low, data[start - 1]), Math.max(high, data[start - 1])];
      if (each >= 1) context.fillRect(x, y(high) - 0.5, 1, y(low) - y(high) + 1);
      else context.lineTo(x, y(low));
    }
    context.stroke();
    context.fillStyle = color("--text");
    for (const [text, x, at] of labels) context.fillText(text, x, at);
    took = performance.now() - began;
    tell();
  };
  const tell = () => {
    const points = (to - from).toLocaleString("en-US", { maximumFractionDigits: 0 });
    told.textContent = `${points} points, version ${samples.version}, drawn in ${took.toFixed(0)} ms`;
  };
  const redraw = () => {
    if (!wanted) requestAnimationFrame(draw);
    wanted = true;
  };
  const look = (start, length) => {
    length = Math.min(most, Math.max(50, length));
    from = Math.round(Math.min(most - length, Math.max(0, start)));
    to = Math.round(from + length);
    redraw();
  };
  const zoom = (factor, at = 0.5) => look(from + (to - from) * (1 - factor) * at, (to - from) * factor);
  const move = (part) => look(from + (to - from) * part, to - from);

  const probe = document.body.appendChild(document.createElement("i"));
  probe.hidden = true;
  samples.on(redraw);
  addEventListener("resize", redraw);
  matchMedia("(prefers-color-scheme: dark)").onchange = redraw;
  closer.onclick = () => zoom(0.5);
  wider.onclick = () => zoom(2);
  all.onclick = () => look(0, most);
  canvas.onwheel = (event) => {
    event.preventDefault();
    zoom(event.deltaY < 0 ? 0.8 : 1.25, event.offsetX / canvas.clientWidth);
  };
  canvas.onpointermove = (event) => {
    if (event.buttons === 1) move(-event.movementX / canvas.clientWidth);
  };
  const keys = { "+": () => zoom(0.5), "-": () => zoom(2), "0": () => look(0, most), ArrowLeft: () => move(-0.1),
    ArrowRight: () => move(0.1), " ": () => toggle.click() };
  addEventListener("keydown", (event) => {
    if (!keys[event.key] || (event.key === " " && event.target.tagName === "BUTTON")) return;
    event.preventDefault();
    keys[event.key]();
  });
  let recording = true;
  auroraview.on("recording", (state) => {
    recording = state;
    toggle.textContent = recording ? "Stop" : "Start";
  });
  toggle.onclick = () => auroraview.send_event("record", !recording);
  redraw();
</script></html>"""


class Sensor:
    """Samples: a slow swing, a fast one, noise, and now and then a knock."""

    def __init__(self) -> None:
        self.view = WebView("A million points", html=PAGE, width=1000, height=520)
        self.buffer = self.view.buffer("samples", POINTS, "float32")
        self.samples = numpy.asarray(self.buffer)
        self.random = numpy.random.default_rng(7)
        self.taken = 0
        self.recording = threading.Event()
        for _ in range(POINTS // NEW):
            self.take()
        self.buffer.publish()
        self.view.on("record", self.record)
        self.record(True)
        threading.Thread(target=self.run, daemon=True).start()

    def take(self) -> None:
        """The newest samples push out the oldest."""
        time = numpy.arange(self.taken, self.taken + NEW) / (NEW / SECONDS)
        self.taken += NEW
        new = 0.9 * numpy.sin(2.2 * time) + 0.35 * numpy.sin(61 * time) + self.random.normal(0, 0.16, NEW)
        if self.random.random() < 0.12:
            new += 1.6 * numpy.exp(-numpy.arange(NEW) / 900) * numpy.sin(numpy.arange(NEW) / 25)
        self.samples[:-NEW] = self.samples[NEW:]
        self.samples[-NEW:] = new

    def record(self, wanted: bool) -> None:
        (self.recording.set if wanted else self.recording.clear)()
        self.view.emit("recording", wanted, retain=True)

    def run(self) -> None:
        pause = threading.Event()
        while self.recording.wait():
            self.take()
            self.buffer.publish()
            pause.wait(SECONDS)


if __name__ == "__main__":
    Sensor().view.show()
