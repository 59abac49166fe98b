/** The map: a canvas, drawn when something has changed, at most once a frame. */

const BLOCK = 100;
const COLUMNS = 11;
const ROWS = 7;
const MARGIN = 40;
const NAMES = ["ground", "block", "street", "park", "water", "driving", "stopped", "charging", "ink", "panel", "accent"];
const PARKS = [[1, 1], [2, 1], [7, 4], [7, 5]];

export function make(main, tools, program) {
  main.innerHTML = `<canvas tabindex="0" role="application" aria-label="Map of the vans. Arrow keys choose a van, Escape none."></canvas>`;
  tools.innerHTML = `<ul class="legend"><li><span class="driving" aria-hidden="true">▶</span> driving</li>
    <li><span class="stopped" aria-hidden="true">■</span> stopped</li>
    <li><span class="charging" aria-hidden="true">●</span> charging</li></ul>`;
  const canvas = main.querySelector("canvas");
  const paint = canvas.getContext("2d");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const dark = matchMedia("(prefers-color-scheme: dark)");
  let colours;
  let settings;
  let vans = [];
  let chosen = null;
  let scale = 1;
  let left = 0;
  let top = 0;
  let asked = false;
  let drawn = 0;

  /** A canvas knows nothing of variables: an element works them out. */
  function read() {
    const probe = document.body.appendChild(document.createElement("i"));
    colours = {};
    for (const name of NAMES) {
      probe.style.color = `var(--${name})`;
      colours[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    ask(true);
  }

  function resize() {
    const ratio = devicePixelRatio;
    canvas.width = main.clientWidth * ratio;
    canvas.height = main.clientHeight * ratio;
    const width = (COLUMNS - 1) * BLOCK + 2 * MARGIN;
    const height = (ROWS - 1) * BLOCK + 2 * MARGIN;
    scale = Math.min(main.clientWidth / width, main.clientHeight / height);
    left = (main.clientWidth - width * scale) / 2 + MARGIN * scale;
    top = (main.clientHeight - height * scale) / 2 + MARGIN * scale;
    ask(true);
  }

  function ask(now = false) {
    if (asked || (calm.matches && !now && performance.now() - drawn < 1000)) {
      return;
    }
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      drawn = performance.now();
      draw();
    });
  }

  function draw() {
    const ratio = devicePixelRatio;
    paint.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint.fillStyle = colours.ground;
    paint.fillRect(0, 0, canvas.width, canvas.height);
    paint.setTransform(scale * ratio, 0, 0, scale * ratio, left * ratio, top * ratio);
    town();
    for (const van of vans) {
      mark(van);
    }
    const one = vans.find((van) => van.name === chosen);
    if (one) {
      label(one);
    }
  }

  function town() {
    const width = (COLUMNS - 1) * BLOCK;
    const height = (ROWS - 1) * BLOCK;
    paint.fillStyle = colours.street;
    paint.beginPath();
    paint.roundRect(-18, -18, width + 36, height + 36, 18);
    paint.fill();
    for (let column = 0; column < COLUMNS - 1; column += 1) {
      for (let row = 0; row < ROWS - 1; row += 1) {
        const park = PARKS.some(([x, y]) => x === column && y === row);
        paint.fillStyle = park ? colours.park : row === 3 && column < 6 ? colours.water : colours.block;
        paint.beginPath();
        paint.roundRect(column * BLOCK + 9, row * BLOCK + 9, BLOCK - 18, BLOCK - 18, 8);
        paint.fill();
      }
    }
  }

  function mark({ name, x, y, angle, state }) {
    paint.save();
    paint.translate(x, y);
    if (name === chosen) {
      paint.beginPath();
      paint.arc(0, 0, 21, 0, 2 * Math.PI);
      paint.lineWidth = 4;
      paint.strokeStyle = colours.accent;
      paint.stroke();
    }
    paint.beginPath();
    if (state === "driving") {
      paint.rotate(angle);
      paint.moveTo(14, 0);
      paint.lineTo(-10, 10);
      paint.lineTo(-5, 0);
      paint.lineTo(-10, -10);
      paint.closePath();
    } else if (state === "charging") {
      paint.arc(0, 0, 10, 0, 2 * Math.PI);
    } else {
      paint.rect(-9, -9, 18, 18);
    }
    paint.fillStyle = colours[state];
    paint.lineWidth = 2.5;
    paint.strokeStyle = colours.panel;
    paint.stroke();
    paint.fill();
    paint.restore();
  }

  function label({ name, x, y, speed, state }) {
    const text = `${name}  ${state === "driving" ? inUnits(speed, settings.units) : state}`;
    const size = 14 / scale;
    paint.font = `600 ${size}px system-ui, sans-serif`;
    const width = paint.measureText(text).width + size * 1.2;
    const at = Math.min(Math.max(x - width / 2, -MARGIN), (COLUMNS - 1) * BLOCK + MARGIN - width);
    const above = y > 60 ? y - 30 - size * 1.8 : y + 30;
    paint.fillStyle = colours.ink;
    paint.beginPath();
    paint.roundRect(at, above, width, size * 1.8, 6 / scale);
    paint.fill();
    paint.fillStyle = colours.panel;
    paint.textBaseline = "middle";
    paint.fillText(text, at + size * 0.6, above + size * 0.95);
  }

  canvas.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (step && vans.length) {
      const at = vans.findIndex((van) => van.name === chosen);
      program.choose(vans[at < 0 ? 0 : (at + step + vans.length) % vans.length].name);
    } else if (event.key === "Escape") {
      program.choose(null);
    } else {
      return;
    }
    event.preventDefault();
  };
  canvas.onclick = ({ offsetX, offsetY }) => {
    const away = (van) => Math.hypot(van.x - (offsetX - left) / scale, van.y - (offsetY - top) / scale);
    const nearest = vans.reduce((one, van) => (one && away(one) <= away(van) ? one : van), undefined);
    program.choose(nearest && away(nearest) * scale < 24 ? nearest.name : null);
  };
  new ResizeObserver(resize).observe(main);
  dark.onchange = read;
  read();

  return {
    title: "Map",
    show(now, snapshot) {
      if (now !== settings) {
        settings = now;
        read();
      }
      vans = snapshot?.vans ?? [];
      ask();
    },
    choose(name) {
      chosen = name;
      ask(true);
    },
    summary() {
      const one = vans.find((van) => van.name === chosen);
      return one ? `${one.name}: ${one.state}, ${one.where}, ${one.parcels} parcels` : `${vans.length} vans`;
    },
    add() {},
  };
}

/** A speed for people. */
export function inUnits(speed, units) {
  return `${Math.round(units === "mph" ? speed / 1.609 : speed)} ${units}`;
}
