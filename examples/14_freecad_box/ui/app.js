// A list of boxes and a form for the one that is selected, here or in FreeCAD. While a slider is held, one size is on its
// way to FreeCAD at a time, and the last one always goes: the model follows as fast as FreeCAD can compute it.

const { api } = window.auroraview;
const $ = (selector, root = document) => root.querySelector(selector);
const list = $("#list");
const SIZES = { Length: 200, Width: 200, Height: 200, Fillet: 50 };
const fields = {};

let state = { boxes: [] };
let current = null; // the name of the box in the form
let held = null; // the slider that is held; what FreeCAD says does not move it meanwhile

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

const wanted = new Map(); // size: [box, value, final]
let busy = false;

async function resize(what, value, final) {
  if (!Number.isFinite(value)) return;
  wanted.set(what, [current, value, final]);
  if (busy) return;
  busy = true;
  while (wanted.size) {
    const [[next, [name, size, last]]] = wanted;
    wanted.delete(next);
    await ask(api.resize(name, next, size, last));
  }
  busy = false;
}

for (const [what, most] of Object.entries(SIZES)) {
  const row = $("#size").content.cloneNode(true).firstElementChild;
  const [range, number] = [$("[type=range]", row), $("[type=number]", row)];
  const least = what === "Fillet" ? 0 : 1;
  const step = what === "Fillet" ? 0.1 : 0.5;
  Object.assign(range, { min: least, max: most, step, id: `range-${what}` });
  Object.assign(number, { min: least, step, ariaLabel: `${what} in millimetres` });
  Object.assign($("label", row), { htmlFor: range.id, textContent: what });
  range.oninput = () => {
    held = what;
    number.value = range.value;
    fill(range);
    resize(what, range.valueAsNumber, false);
  };
  range.onchange = () => {
    held = null;
    resize(what, range.valueAsNumber, true);
  };
  number.onchange = () => resize(what, number.valueAsNumber, true);
  fields[what] = { range, number };
  $("#sizes").append(row);
}

/** The part of the track before the thumb. */
function fill(range) {
  range.style.setProperty("--part", `${(100 * (range.value - range.min)) / (range.max - range.min)}%`);
}

const decimal = (value, digits) => value.toLocaleString("en", { maximumFractionDigits: digits });
const mass = (grams) => (grams >= 1000 ? `${decimal(grams / 1000, 2)} kg` : `${decimal(grams, 1)} g`);

/** A small box of these proportions, seen from above. */
function picture({ Length: length, Width: width, Height: height }) {
  const scale = 17 / (0.87 * Math.max(length + width, (length + width) / 2 + height));
  const at = (x, y, z) => `${17 + (x - y) * 0.87 * scale},${17 + ((x + y) / 2 - z) * scale}`;
  const [l, w, h] = [length / 2, width / 2, height / 2];
  const face = (...points) => `<polygon points="${points.join(" ")}"/>`;
  return `<svg viewBox="0 0 34 34" aria-hidden="true">${face(at(-l, -w, h), at(l, -w, h), at(l, w, h), at(-l, w, h))}${
    face(at(-l, w, h), at(l, w, h), at(l, w, -h), at(-l, w, -h))}${face(at(l, w, h), at(l, -w, h), at(l, -w, -h), at(l, w, -h))}</svg>`;
}

function draw() {
  const keyboard = list.contains(document.activeElement);
  list.replaceChildren(
    ...state.boxes.map((box) => {
      const option = document.createElement("div");
      option.role = "option";
      option.dataset.name = box.name;
      option.ariaSelected = box.name === current;
      option.tabIndex = box.name === current ? 0 : -1;
      option.innerHTML = `${picture(box.sizes)}<span><b></b><small></small></span><span class="mass"></span>`;
      $("b", option).textContent = box.label;
      $("small", option).textContent = `${["Length", "Width", "Height"].map((side) => decimal(box.sizes[side], 1)).join(" × ")} mm, ${box.material}`;
      $(".mass", option).textContent = mass(box.mass);
      return option;
    }),
  );
  if (keyboard) $("[tabindex='0']", list)?.focus();
  $("#none").hidden = state.boxes.length > 0;
  drawForm(state.boxes.find((box) => box.name === current));
}

function drawForm(box) {
  $("#form").hidden = !box;
  if (!box) return;
  if (document.activeElement !== $("#label")) $("#label").value = box.label;
  $("#material").value = box.material;
  $("#material").title = `${state.materials.find((one) => one.name === box.material).density} g/cm³`;
  for (const [what, { range, number }] of Object.entries(fields)) {
    range.max = what === "Fillet" ? box.largest_fillet : Math.max(SIZES[what], box.sizes[what]);
    number.max = what === "Fillet" ? box.largest_fillet : 10000;
    if (held !== what) {
      range.value = box.sizes[what];
      if (document.activeElement !== number || number.valueAsNumber !== box.sizes[what]) number.value = box.sizes[what];
    }
    fill(range);
  }
  $("#volume").textContent = `${decimal(box.volume, 1)} cm³`;
  $("#area").textContent = `${decimal(box.area, 1)} cm²`;
  $("#mass").textContent = mass(box.mass);
}

function choose(name) {
  current = name;
  draw();
  $("[tabindex='0']", list)?.focus();
  ask(api.select(name));
}

list.onclick = (event) => {
  const option = event.target.closest("[role=option]");
  if (option) choose(option.dataset.name);
};
list.onkeydown = (event) => {
  const at = state.boxes.findIndex((box) => box.name === current);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: state.boxes.length - 1 }[event.key];
  if (event.key === "Delete") ask(api.remove(current));
  if (to === undefined) return;
  event.preventDefault();
  if (state.boxes[to]) choose(state.boxes[to].name);
};

$("#form").onsubmit = (event) => event.preventDefault();
$("#label").onchange = () => ask(api.rename(current, $("#label").value));
$("#material").onchange = () => ask(api.set_material(current, $("#material").value));
$("#add").onclick = () => ask(api.add());
$("#copy").onclick = () => ask(api.copy(current));
$("#remove").onclick = () => ask(api.remove(current));
$("#undo").onclick = () => ask(api.undo());
$("#redo").onclick = () => ask(api.redo());
addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z" || event.target === $("#label")) return;
  event.preventDefault();
  ask(event.shiftKey ? api.redo() : api.undo());
});

window.auroraview.on("boxes", (sent) => {
  state = sent;
  if (!$("#material").options.length)
    $("#material").append(...state.materials.map(({ name }) => new Option(name)));
  const selected = state.boxes.filter((box) => box.selected);
  if (selected.length && !selected.some((box) => box.name === current)) current = selected[0].name;
  if (!state.boxes.some((box) => box.name === current)) current = state.boxes[0]?.name ?? null;
  for (const what of ["undo", "redo"]) {
    $(`#${what}`).disabled = !state[what];
    $(`#${what}`).title = state[what];
  }
  const total = state.boxes.reduce((sum, box) => sum + box.mass, 0);
  const count = `${state.boxes.length} box${state.boxes.length === 1 ? "" : "es"}`;
  tell(state.document === null ? "No document is open" : `${state.document}: ${count}, ${mass(total)}`);
  draw();
});
