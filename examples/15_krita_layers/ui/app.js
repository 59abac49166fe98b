// A list of layers, each a button that makes it the active one, with toggles beside it. Thumbnails come as bytes, each
// with the id of its layer, and only when they have changed.

const { api } = window.auroraview;
const $ = (selector, root = document) => root.querySelector(selector);
const list = $("#layers");
const EYE = "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z";
const SHUT = "M1.5 7S4 11 8 11s6.5-4 6.5-4M4 10l-1 2M8 11v2.5M12 10l1 2";
const LOCK = "M4 7.5h8v6H4ZM5.5 7.5V5.5a2.5 2.5 0 0 1 5 0v2";
const OPEN = "M4 7.5h8v6H4ZM5.5 7.5V5a2.5 2.5 0 0 1 4.8-1";

let board = { layers: [] };
let renaming = null;
let held = false; // the slider; what Krita says does not move it meanwhile
const pictures = new Map(); // addresses of thumbnails, by the id of their layer
const rows = new Map(); // elements, by the id of their layer

const icon = (path) => `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${path}"/></svg>`;
const active = () => board.layers.find((layer) => layer.active);
const modeName = (id) => board.modes.find((mode) => mode.id === id)?.name ?? id;
const KINDS = { paintlayer: "", grouplayer: "group, ", filelayer: "file, ", filllayer: "fill, ", vectorlayer: "vector, ",
  clonelayer: "clone, ", adjustmentlayer: "filter, " };

function tell(text, problem = false) {
  $("#state").textContent = text;
  $("#state").classList.toggle("problem", problem);
}

/** Has Python do something; what it refuses is told at the bottom. */
async function ask(promise) {
  try {
    return await promise;
  } catch (error) {
    tell(error.message, true);
    return undefined;
  }
}

function rowFor(id) {
  const row = document.createElement("li");
  row.dataset.id = id;
  row.innerHTML = `<button class="pick"><img class="picture" alt="" /><span class="text"><b></b><small></small></span></button>
    <button class="toggle lock"></button><button class="toggle eye"></button>`;
  rows.set(id, row);
  return row;
}

function update(row, layer) {
  row.style.setProperty("--level", layer.level);
  row.classList.toggle("active", layer.active);
  row.classList.toggle("hidden-layer", !layer.shown);
  const pick = $(".pick", row);
  pick.ariaCurrent = layer.active;
  pick.tabIndex = layer.active || (!active() && layer === board.layers[0]) ? 0 : -1;
  pick.title = "Rename: double click or F2";
  if (renaming !== layer.id) {
    $("b", row).textContent = layer.name;
    $("small", row).textContent = `${KINDS[layer.kind]}${modeName(layer.mode)}, ${layer.opacity} %`;
  }
  const [eye, lock] = [$(".eye", row), $(".lock", row)];
  eye.innerHTML = icon(layer.shown ? EYE : SHUT);
  lock.innerHTML = icon(layer.locked ? LOCK : OPEN);
  Object.assign(eye, { ariaPressed: layer.shown, ariaLabel: `${layer.name} is shown`, title: layer.shown ? "Hide" : "Show" });
  Object.assign(lock, { ariaPressed: layer.locked, ariaLabel: `${layer.name} is locked`, title: layer.locked ? "Unlock" : "Lock" });
  const picture = $(".picture", row);
  if (pictures.has(layer.id) && picture.src !== pictures.get(layer.id)) picture.src = pictures.get(layer.id);
}

function draw() {
  const ids = board.layers.map((layer) => layer.id);
  for (const [id, row] of rows)
    if (!ids.includes(id)) {
      row.remove();
      rows.delete(id);
      URL.revokeObjectURL(pictures.get(id));
      pictures.delete(id);
    }
  board.layers.forEach((layer, place) => {
    const row = rows.get(layer.id) ?? rowFor(layer.id);
    if (list.children[place] !== row) {
      const keyboard = row.contains(document.activeElement);
      list.insertBefore(row, list.children[place] ?? null);
      if (keyboard) $(".pick", row).focus();
    }
    update(row, layer);
  });
  const layer = active();
  $("#none").hidden = board.layers.length > 0;
  $("#form").hidden = !layer;
  for (const button of document.querySelectorAll("[data-action]")) button.disabled = board.document === null;
  if (!layer) return;
  if (!held) $("#opacity").value = layer.opacity;
  $("#percent").textContent = `${$("#opacity").value} %`;
  $("#opacity").style.setProperty("--part", `${$("#opacity").value}%`);
  const modes = board.modes.some((mode) => mode.id === layer.mode) ? board.modes : [...board.modes, { id: layer.mode, name: layer.mode }];
  $("#mode").replaceChildren(...modes.map(({ id, name }) => new Option(name, id, false, id === layer.mode)));
}

function rename(id) {
  const layer = board.layers.find((one) => one.id === id);
  const text = $(".text", rows.get(id));
  if (!layer || renaming) return;
  renaming = id;
  const input = document.createElement("input");
  Object.assign(input, { value: layer.name, ariaLabel: `New name of ${layer.name}` });
  text.replaceChildren(input);
  input.select();
  const end = async (keep) => {
    if (renaming !== id) return;
    renaming = null;
    text.innerHTML = "<b></b><small></small>";
    draw();
    $(".pick", rows.get(id))?.focus();
    if (keep && input.value !== layer.name) await ask(api.rename(id, input.value));
  };
  input.onblur = () => end(true);
  input.onkeyup = (event) => event.preventDefault(); // a button would take the space for a click
  input.onkeydown = (event) => {
    event.stopPropagation();
    if (event.key === "Enter" || event.key === "Escape") {
      event.preventDefault();
      end(event.key === "Enter");
    }
  };
}

list.onclick = (event) => {
  const id = event.target.closest("li")?.dataset.id;
  const layer = board.layers.find((one) => one.id === id);
  if (!layer || event.target.matches("input")) return;
  if (event.target.closest(".eye")) ask(api.show(id, !layer.shown));
  else if (event.target.closest(".lock")) ask(api.lock(id, !layer.locked));
  else if (event.target.closest(".pick") && !layer.active) ask(api.activate(id));
};
list.ondblclick = (event) => {
  if (event.target.closest(".text")) rename(event.target.closest("li").dataset.id);
};
list.onkeydown = (event) => {
  const at = board.layers.findIndex((layer) => layer.id === event.target.closest("li")?.dataset.id);
  const layer = board.layers[at];
  if (!layer) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && event.altKey) ask(api.act(layer.id, step > 0 ? "down" : "up"));
  else if (step) $(".pick", rows.get(board.layers[at + step]?.id) ?? list).focus();
  else if (event.key === "F2") rename(layer.id);
  else if (event.key === "Delete") ask(api.act(layer.id, "delete"));
  else return;
  event.preventDefault();
};

for (const button of document.querySelectorAll("[data-action]"))
  button.onclick = () => ask(api.act(active()?.id ?? null, button.dataset.action));
$("#mode").onchange = () => ask(api.set_blending(active().id, $("#mode").value));

let sending = false;
$("#opacity").oninput = async () => {
  held = true;
  draw();
  if (sending) return;
  sending = true;
  let sent;
  while (sent !== $("#opacity").value && active()) {
    sent = $("#opacity").value;
    await ask(api.set_opacity(active().id, Number(sent)));
  }
  sending = held = false;
};

window.auroraview.on("board", (sent) => {
  board = sent;
  $("#document").replaceChildren(board.document ?? "Layers", " ");
  if (board.size) {
    const size = document.createElement("small");
    size.textContent = board.size.join(" × ");
    $("#document").append(size);
  }
  const shown = board.layers.filter((layer) => layer.shown).length;
  tell(board.document === null ? "No document is open" : `${board.layers.length} layers, ${shown} shown`);
  draw();
});
window.auroraview.on("thumbnail", ({ id, png }) => {
  URL.revokeObjectURL(pictures.get(id));
  pictures.set(id, URL.createObjectURL(new Blob([png], { type: "image/png" })));
  draw();
});
window.auroraview.whenReady().then(() => ask(api.thumbnails()));
