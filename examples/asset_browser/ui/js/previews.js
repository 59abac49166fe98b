/** Pictures of assets. Contents come from Python one by one; what is asked in one turn travels as one batch. */
import { call } from "./bridge.js";
import { make } from "./dom.js";
import { draw, parse } from "./mesh.js";
import { store } from "./store.js";

const texts = new Map(); // name and time of change -> promise of the text

function textOf(asset) {
  const key = `${asset.name} ${asset.modified}`;
  if (!texts.has(key)) {
    const text = call("library.preview", { name: asset.name });
    text.catch(() => texts.delete(key));
    texts.set(key, text);
  }
  return texts.get(key);
}

/** Fills an element with the picture of an asset. Turns meshes by dragging where `turnable`. */
export async function show(holder, asset, turnable = false) {
  let text;
  try {
    text = await textOf(asset);
  } catch {
    holder.replaceChildren(); // gone meanwhile; the list will say so
    return;
  }
  if (holder.dataset.name !== asset.name) {
    return; // the holder shows another one by now
  }
  const picture = await PAINTERS[asset.kind](text);
  holder.replaceChildren(picture);
  if (asset.kind === "mesh") {
    const mesh = parse(text);
    draw(picture, mesh);
    picture.redraw = () => draw(picture, mesh);
    if (turnable) {
      letTurn(picture, mesh);
    }
  }
  holder.dataset.shown = "true";
}

const PAINTERS = {
  texture: (text) => {
    const source = URL.createObjectURL(new Blob([text], { type: "image/svg+xml" }));
    const image = make("img", { src: source, alt: "" });
    image.addEventListener("load", () => URL.revokeObjectURL(source), { once: true });
    return image;
  },
  mesh: () => make("canvas"),
  material: async (text) => {
    const ball = make("span", { class: "ball" });
    let values = {};
    try {
      values = JSON.parse(text);
    } catch {
      // Shown as a grey ball; the details say that it is no material.
    }
    const { base_color: color = "#888888", metallic = 0, roughness = 0.5 } = values;
    ball.style.background = await ballOf(color, metallic, roughness, values.texture);
    return ball;
  },
  note: (text) => {
    const [title, ...rest] = text.split("\n");
    return make("span", { class: "sheet" }, make("b", {}, title.replace(/^#+\s*/, "")), rest.join("\n").trim());
  },
};

/** A lit ball as layers of gradients: highlight, shade, reflected light for metals, the texture or colour below. */
async function ballOf(color, metallic, roughness, texture) {
  const gloss = 1 - roughness;
  const spot = 6 + 40 * roughness;
  const layers = [
    `radial-gradient(circle at 34% 28%, rgb(255 255 255 / ${0.15 + 0.75 * gloss}) 0, transparent ${spot}%)`,
    "radial-gradient(circle at 36% 30%, transparent 40%, rgb(0 0 0 / 0.28) 78%, rgb(0 0 0 / 0.5))",
  ];
  if (metallic > 0.2) {
    const band = `rgb(255 255 255 / ${0.5 * metallic * (0.3 + gloss)})`;
    layers.push(`linear-gradient(168deg, transparent 44%, rgb(0 0 0 / ${0.3 * metallic}) 56%, ${band} 66%, transparent 88%)`);
  }
  if (texture) {
    try {
      const text = await textOf(store.assets.get(texture));
      layers.push(`center / 90% url("data:image/svg+xml,${encodeURIComponent(text)}")`);
    } catch {
      // The texture is missing: the colour alone.
    }
  }
  return `${layers.join(", ")}, ${CSS.supports("color", color) ? color : "#888888"}`;
}

function letTurn(canvas, mesh) {
  let [turn, tip] = [-0.6, 0.42];
  canvas.redraw = () => draw(canvas, mesh, turn, tip);
  canvas.style.cursor = "grab";
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  canvas.addEventListener("pointermove", (event) => {
    if (event.buttons === 1) {
      turn += event.movementX * 0.012;
      tip = Math.min(1.5, Math.max(-1.5, tip + event.movementY * 0.012));
      canvas.redraw();
    }
  });
}

/** Draws what depends on the colours again. */
export function redrawAll() {
  for (const canvas of document.querySelectorAll(".picture canvas")) {
    canvas.redraw?.();
  }
}
