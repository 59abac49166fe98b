/** Draws Wavefront OBJ texts: flat shaded, far faces first, lit from the upper left. */

export function parse(text) {
  const points = [];
  const faces = [];
  for (const line of text.split("\n")) {
    const [word, ...rest] = line.trim().split(/\s+/);
    if (word === "v") {
      points.push(rest.slice(0, 3).map(Number));
    } else if (word === "f") {
      faces.push(rest.map((corner) => Number.parseInt(corner, 10) - 1));
    }
  }
  const middle = [0, 1, 2].map((axis) => {
    const values = points.map((point) => point[axis]);
    return (Math.min(...values) + Math.max(...values)) / 2;
  });
  const centered = points.map((point) => point.map((value, axis) => value - middle[axis]));
  const radius = Math.max(...centered.map((point) => Math.hypot(...point)), 1e-6);
  return { points: centered, faces, radius };
}

const LIGHT = [-0.45, 0.72, 0.53];

/** Draws a mesh, turned by `turn` and tipped by `tip` (radians), as large as the canvas allows. */
export function draw(canvas, mesh, turn = -0.6, tip = 0.42) {
  const box = canvas.getBoundingClientRect();
  const scale = window.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round((box.width || 160) * scale));
  canvas.height = Math.max(1, Math.round((box.height || 136) * scale));
  const style = getComputedStyle(canvas);
  const bright = rgb(style.getPropertyValue("--mesh-light"), style);
  const dark = rgb(style.getPropertyValue("--mesh-dark"), style);
  const context = canvas.getContext("2d");
  const zoom = (Math.min(canvas.width, canvas.height) * 0.44) / mesh.radius;
  const [sinTurn, cosTurn, sinTip, cosTip] = [Math.sin(turn), Math.cos(turn), Math.sin(tip), Math.cos(tip)];
  const seen = mesh.points.map(([x, y, z]) => {
    const across = x * cosTurn + z * sinTurn;
    const deep = z * cosTurn - x * sinTurn;
    return [across, y * cosTip - deep * sinTip, y * sinTip + deep * cosTip];
  });
  const sorted = mesh.faces
    .map((face) => ({ face, depth: face.reduce((sum, corner) => sum + seen[corner][2], 0) / face.length }))
    .sort((a, b) => a.depth - b.depth);
  context.lineWidth = 0.7 * scale;
  context.lineJoin = "round";
  for (const { face } of sorted) {
    const color = shade(face, seen, bright, dark);
    context.beginPath();
    for (const corner of face) {
      const [x, y] = seen[corner];
      context.lineTo(canvas.width / 2 + x * zoom, canvas.height / 2 - y * zoom);
    }
    context.closePath();
    context.fillStyle = color;
    context.strokeStyle = color;
    context.fill();
    context.stroke();
  }
}

function shade(face, seen, bright, dark) {
  // Newell's sum: right for any polygon, also where its first three corners lie on a line or coincide.
  const normal = [0, 0, 0];
  face.forEach((corner, index) => {
    const [ax, ay, az] = seen[corner];
    const [bx, by, bz] = seen[face[(index + 1) % face.length]];
    normal[0] += (ay - by) * (az + bz);
    normal[1] += (az - bz) * (ax + bx);
    normal[2] += (ax - bx) * (ay + by);
  });
  const length = Math.hypot(...normal) || 1;
  const toViewer = normal[2] < 0 ? -1 : 1; // both sides are lit: some files wind their faces the other way
  const lit = normal.reduce((sum, value, axis) => sum + (value / length) * toViewer * LIGHT[axis], 0);
  const share = Math.min(1, Math.max(0, 0.18 + 0.82 * lit));
  return `rgb(${bright.map((value, channel) => Math.round(dark[channel] + (value - dark[channel]) * share)).join(" ")})`;
}

/** A colour of the style sheet as three numbers. A custom property is text: `light-dark()` is resolved here. */
function rgb(text, style) {
  const probe = document.createElement("i");
  probe.style.color = text;
  probe.style.colorScheme = style.colorScheme;
  document.body.append(probe);
  const found = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  probe.remove();
  return found;
}
