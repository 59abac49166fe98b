/**
 * The assets as a list box: one focus for the whole grid, arrows move the current tile, Space and Ctrl select.
 */
import { icon, make } from "./dom.js";
import { show } from "./previews.js";
import { bytes, split, store } from "./store.js";

const grid = document.getElementById("grid");
const nothing = document.getElementById("nothing");
const summary = document.getElementById("summary");
const tiles = new Map(); // name -> element
let anchor = null; // where a range that Shift extends begins

function makeTile(asset) {
  const [stem] = split(asset.name);
  const tile = make(
    "div",
    { class: "tile", role: "option", id: `asset-${asset.name}`, "data-name": asset.name, "aria-label": `${stem}, ${asset.kind}, ${bytes(asset.size)}`, title: `${asset.name}, ${bytes(asset.size)}` },
    make("div", { class: "picture", "data-name": asset.name }),
    make("div", { class: "label" }, icon(asset.kind, asset.kind), make("span")),
    make("div", { class: "tick" }, icon("check")),
  );
  show(tile.querySelector(".picture"), asset);
  return tile;
}

/** The name with what was searched for marked in it. */
function writeName(tile, asset) {
  const [stem] = split(asset.name);
  const at = store.search === "" ? -1 : stem.toLowerCase().indexOf(store.search);
  const end = at + store.search.length;
  const parts = at < 0 ? [stem] : [stem.slice(0, at), make("mark", {}, stem.slice(at, end)), stem.slice(end)];
  tile.querySelector(".label span").replaceChildren(...parts);
}

function drawList({ changed = [], arrived = [] } = {}) {
  for (const name of changed) {
    tiles.delete(name); // made again below, with a new picture
  }
  const visible = store.visible;
  const elements = visible.map((asset) => {
    if (!tiles.has(asset.name)) {
      tiles.set(asset.name, makeTile(asset));
    }
    const tile = tiles.get(asset.name);
    writeName(tile, asset);
    return tile;
  });
  for (const name of tiles.keys()) {
    if (!store.assets.has(name)) {
      tiles.delete(name);
    }
  }
  grid.replaceChildren(...elements);
  for (const name of arrived) {
    tiles.get(name)?.classList.add("arrived");
  }
  nothing.hidden = visible.length > 0;
  document.getElementById("nothing-what").textContent = store.search || store.kind;
  drawChoice();
}

function drawChoice() {
  for (const [name, tile] of tiles) {
    tile.setAttribute("aria-selected", String(store.selected.has(name)));
    tile.classList.toggle("current", name === store.current);
  }
  const current = store.current === null ? null : tiles.get(store.current);
  if (current?.isConnected) {
    grid.setAttribute("aria-activedescendant", current.id);
  } else {
    grid.removeAttribute("aria-activedescendant");
  }
  const visible = store.visible;
  const size = bytes(visible.reduce((sum, asset) => sum + asset.size, 0));
  const chosen = store.selected.size > 0 ? `, ${store.selected.size} selected` : "";
  summary.textContent = `${visible.length} ${visible.length === 1 ? "asset" : "assets"}, ${size}${chosen}`;
}

function columns() {
  return getComputedStyle(grid).gridTemplateColumns.split(" ").length;
}

/** Moves to an asset by its place among the visible ones. */
function moveTo(place, event) {
  const names = store.visible.map((asset) => asset.name);
  if (names.length === 0) {
    return;
  }
  const name = names[Math.min(names.length - 1, Math.max(0, place))];
  if (event.shiftKey) {
    const from = Math.max(0, names.indexOf(anchor ?? store.current));
    const [low, high] = [from, names.indexOf(name)].sort((a, b) => a - b);
    store.choose(name, names.slice(low, high + 1));
  } else {
    anchor = name;
    store.choose(name, event.ctrlKey || event.metaKey ? store.selected : [name]);
  }
  tiles.get(name)?.scrollIntoView({ block: "nearest" });
}

function toggle(name) {
  const selected = new Set(store.selected);
  if (!selected.delete(name)) {
    selected.add(name);
  }
  anchor = name;
  store.choose(name, selected);
}

const STEPS = { ArrowRight: () => 1, ArrowLeft: () => -1, ArrowDown: columns, ArrowUp: () => -columns(), Home: () => -Infinity, End: () => Infinity };

grid.addEventListener("keydown", (event) => {
  const place = store.visible.findIndex((asset) => asset.name === store.current);
  if (event.key in STEPS) {
    const step = STEPS[event.key]();
    moveTo(place < 0 ? 0 : place + step, event);
  } else if (event.key === " " && store.current !== null) {
    toggle(store.current);
  } else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
    const names = store.visible.map((asset) => asset.name);
    store.choose(store.current ?? names[0] ?? null, names);
  } else if (event.key === "Escape") {
    store.choose(store.current, []);
  } else {
    return;
  }
  event.preventDefault();
});

grid.addEventListener("click", (event) => {
  const name = event.target.closest(".tile")?.dataset.name;
  if (name === undefined) {
    store.choose(null, []);
  } else if (event.ctrlKey || event.metaKey || event.target.closest(".tick")) {
    toggle(name);
  } else {
    moveTo(
      store.visible.findIndex((asset) => asset.name === name),
      event,
    );
  }
});

grid.addEventListener("dblclick", () => document.getElementById("rename")?.click());

store.addEventListener("assets", (event) => drawList(event.detail));
store.addEventListener("filter", () => drawList());
store.addEventListener("choice", drawChoice);

/** Shows an asset that a link leads to, whatever the filters are. */
export function goTo(name) {
  const wanted = store.assets.get(name);
  if (wanted === undefined) {
    return;
  }
  if (!store.visible.includes(wanted)) {
    document.getElementById("show-all").click();
  }
  store.choose(name, [name]);
  tiles.get(name)?.scrollIntoView({ block: "nearest" });
  grid.focus();
}
