// The tree as a grid of rows. Python sends it whole; the page keeps only what is its own: which rows are closed, what is
// searched for, and where the keyboard is.

const { api } = window.auroraview;
const $ = (selector, root = document) => root.querySelector(selector);
const tree = $("#tree");
const search = $("#search");
const kind = $("#kind");
const ICONS = {
  SCENE: "M8 2 14 5.5 8 9 2 5.5ZM2 8.5 8 12l6-3.5M2 11.5 8 15l6-3.5",
  COLLECTION: "M2.5 4.5h11v3h-11zM3.5 7.5v5.5h9V7.5M6.5 10h3",
  MESH: "m8 2 5.5 3v6L8 14l-5.5-3V5ZM2.5 5 8 8l5.5-3M8 8v6",
  LIGHT: "M6 11.5a4.5 4.5 0 1 1 4 0V13H6ZM6.5 15h3",
  CAMERA: "M1.5 5h8v6.5h-8zM9.5 8l5-2.5v5.5l-5-2.5",
  EMPTY: "M8 2v12M2 8h12M4 4l8 8",
  ARMATURE: "M4 12 8 8M8 8l4-4M3 14.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3ZM13 4.5a1.5 1.5 0 1 0 0-3 1.5 1.5 0 0 0 0 3Z",
  OTHER: "M2 12C5 12 4 4 8 4s3 8 6 8",
};
const EYE = "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8ZM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4Z";
const SHUT = "M1.5 7S4 11 8 11s6.5-4 6.5-4M4 10l-1 2M8 11v2.5M12 10l1 2";
const CHEVRON = "m6 3.5 4.5 4.5L6 12.5";

let scene = { rows: [], file: "", scene: "" };
let current = null; // the id of the row that has the keyboard
let anchor = null; // where a range of rows begins
let renaming = null;
const closed = new Set();

const icon = (path, name = "") =>
  `<svg class="${name}" viewBox="0 0 16 16" aria-hidden="true"><path d="${path}"/></svg>`;
const isCollection = (row) => row.id.startsWith("c:");
const rowOf = (id) => scene.rows.find((row) => row.id === id);
const label = (type) => type.charAt(0) + type.slice(1).toLowerCase().replaceAll("_", " ");
const selected = () => scene.rows.filter((row) => row.selected).map((row) => row.id);

function tell(text, problem = false) {
  $("#state").textContent = text;
  $("#state").classList.toggle("problem", problem);
}

/** Has Python do something; what it refuses is told below the tree. */
async function ask(promise) {
  try {
    return await promise;
  } catch (error) {
    tell(error.message, true);
    return undefined;
  }
}

/** The rows that are shown: without what is in closed rows, or what is searched for and what it is in. */
function shownRows() {
  const wanted = search.value.trim().toLowerCase();
  if (wanted || kind.value) {
    const keep = new Set();
    const above = [];
    for (const row of scene.rows) {
      above.length = row.level - 1;
      above.push(row);
      const found = row.name.toLowerCase().includes(wanted) && (!kind.value || row.kind === kind.value);
      if (found) above.forEach((one) => keep.add(one));
    }
    return scene.rows.filter((row) => keep.has(row));
  }
  let under = Infinity;
  return scene.rows.filter((row) => {
    if (row.level > under) return false;
    under = closed.has(row.id) ? row.level : Infinity;
    return true;
  });
}

function nameOf(row) {
  const wanted = search.value.trim();
  const at = wanted ? row.name.toLowerCase().indexOf(wanted.toLowerCase()) : -1;
  const name = document.createElement("span");
  name.className = "name";
  if (at < 0) return name.append(row.name), name;
  const mark = document.createElement("mark");
  mark.append(row.name.slice(at, at + wanted.length));
  name.append(row.name.slice(0, at), mark, row.name.slice(at + wanted.length));
  return name;
}

function draw() {
  if (renaming) return; // drawn when that is over
  const rows = shownRows();
  const keyboard = tree.contains(document.activeElement);
  if (!rows.some((row) => row.id === current)) current = (rows.find((row) => row.active) ?? rows[0])?.id ?? null;
  tree.replaceChildren(...rows.map((row) => rowElement(row, scene.rows[scene.rows.indexOf(row) + 1]?.level > row.level)));
  if (keyboard) $("[tabindex='0']", tree)?.focus();
  $("#none").hidden = rows.length > 0;
}

function rowElement(row, holds) {
  const element = document.createElement("div");
  element.role = "row";
  element.dataset.id = row.id;
  element.tabIndex = row.id === current ? 0 : -1;
  element.style.setProperty("--level", row.level);
  element.ariaLevel = row.level;
  if (holds) element.ariaExpanded = !closed.has(row.id);
  if (!isCollection(row)) element.ariaSelected = row.selected;
  element.classList.toggle("active", row.active);
  element.classList.toggle("unseen", !row.visible);
  element.innerHTML = `<span role="gridcell" class="what">
      <button class="open ${holds ? "" : "leaf"}" tabindex="-1" aria-label="Open or close">${icon(CHEVRON)}</button>
      ${icon(ICONS[row.kind] ?? ICONS.OTHER, `kind ${row.kind}`)}</span><span role="gridcell">
      <button class="eye" tabindex="-1" aria-pressed="${row.shown}">${icon(row.shown ? EYE : SHUT)}</button></span>`;
  $(".what", element).append(nameOf(row));
  $(".what", element).title = `${row.name}: ${label(row.kind)}`;
  const eye = $(".eye", element);
  eye.ariaLabel = `${row.name} is shown`;
  eye.title = row.shown ? "Hide (H)" : "Show (H)";
  eye.hidden = row.kind === "SCENE";
  return element;
}

function focusRow(id) {
  if (!id) return;
  current = id;
  for (const element of tree.children) element.tabIndex = element.dataset.id === id ? 0 : -1;
  const element = $("[tabindex='0']", tree);
  element?.focus();
  element?.scrollIntoView({ block: "nearest" });
}

const toggle = (id, close = !closed.has(id)) => {
  closed[close ? "add" : "delete"](id);
  draw();
};
const show = (row) => row.kind !== "SCENE" && ask(api.show(row.id, !row.shown));

/** Selects like any list: alone, with Ctrl one more or less, with Shift all up to there. */
function choose(id, { more = false, range = false } = {}) {
  const rows = shownRows();
  let ids = [id];
  if (range && anchor) {
    const ends = [anchor, id].map((one) => rows.findIndex((row) => row.id === one)).sort((a, b) => a - b);
    ids = rows.slice(ends[0], ends[1] + 1).map((row) => row.id);
  } else {
    anchor = id;
    if (isCollection(rowOf(id))) {
      const at = scene.rows.indexOf(rowOf(id));
      const end = scene.rows.findIndex((row, place) => place > at && row.level <= rowOf(id).level);
      ids = scene.rows.slice(at, end < 0 ? undefined : end).map((row) => row.id);
    }
    if (more) ids = rowOf(id).selected ? selected().filter((one) => one !== id) : [...selected(), ...ids];
  }
  ids = ids.filter((one) => one.startsWith("o:"));
  ask(api.select(ids, ids.includes(id) ? id : (ids[0] ?? null)));
}

function rename(id) {
  const row = rowOf(id);
  const name = $(`[data-id="${CSS.escape(id)}"] .name`, tree);
  if (!row || !name || row.kind === "SCENE") return;
  renaming = id;
  const input = document.createElement("input");
  input.value = row.name;
  input.ariaLabel = `New name of ${row.name}`;
  name.replaceWith(input);
  input.select();
  const end = async (keep) => {
    if (renaming !== id) return;
    renaming = null;
    if (keep && input.value !== row.name) current = (await ask(api.rename(id, input.value))) ?? id;
    draw();
    focusRow(current);
  };
  input.onblur = () => end(true);
  input.onkeydown = (event) => {
    event.stopPropagation();
    if (event.key === "Enter" || event.key === "Escape") end(event.key === "Enter");
  };
}

tree.addEventListener("click", (event) => {
  const id = event.target.closest("[role='row']")?.dataset.id;
  if (!id || event.target.matches("input")) return;
  focusRow(id);
  if (event.target.closest(".open")) toggle(id);
  else if (event.target.closest(".eye")) show(rowOf(id));
  else choose(id, { more: event.ctrlKey || event.metaKey, range: event.shiftKey });
});
tree.addEventListener("dblclick", (event) => {
  const id = event.target.closest(".what")?.parentElement.dataset.id;
  if (id && !event.target.closest("button")) rename(id);
});

tree.addEventListener("keydown", (event) => {
  const rows = shownRows();
  const at = rows.findIndex((row) => row.id === current);
  const row = rows[at];
  if (!row || event.ctrlKey || event.metaKey || event.altKey) return;
  const go = (to) => {
    focusRow(rows[Math.max(0, Math.min(rows.length - 1, to))].id);
    if (event.shiftKey) choose(current, { range: true });
  };
  const actions = {
    ArrowDown: () => go(at + 1),
    ArrowUp: () => go(at - 1),
    Home: () => go(0),
    End: () => go(rows.length - 1),
    ArrowRight: () => (closed.has(row.id) ? toggle(row.id, false) : go(at + 1)),
    ArrowLeft: () => {
      if (rows[at + 1]?.level > row.level && !closed.has(row.id)) toggle(row.id, true);
      else go(rows.slice(0, at).findLastIndex((one) => one.level < row.level));
    },
    " ": () => choose(row.id, { more: true }),
    Enter: () => rename(row.id),
    F2: () => rename(row.id),
    h: () => show(row),
    f: () => ask(api.frame(selected().length ? selected() : [row.id])),
    Delete: async () => {
      const count = await ask(api.delete(selected().length ? selected() : [row.id]));
      if (count) tell(`${count} deleted; Ctrl+Z brings ${count > 1 ? "them" : "it"} back`);
    },
    "/": () => search.focus(),
  };
  const action = actions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!action) return;
  event.preventDefault();
  action();
});

addEventListener("keydown", (event) => {
  if (event.target.matches("input") || !(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "z") return;
  event.preventDefault();
  ask(event.shiftKey ? api.redo() : api.undo());
});
$("#undo").onclick = () => ask(api.undo());
$("#redo").onclick = () => ask(api.redo());
search.oninput = kind.onchange = draw;
search.onkeydown = (event) => {
  if (event.key === "ArrowDown") event.preventDefault(), focusRow(shownRows()[0]?.id);
};

window.auroraview.on("tree", (sent) => {
  scene = sent;
  const objects = scene.rows.filter((row) => !isCollection(row));
  const kinds = [...new Set(objects.map((row) => row.kind))].sort();
  const wanted = kinds.includes(kind.value) ? kind.value : "";
  kind.replaceChildren(new Option("All kinds", ""), ...kinds.map((one) => new Option(label(one), one)));
  kind.value = wanted;
  const count = (number, what) => `${number} ${what}${number === 1 ? "" : "s"}`;
  tell(`${count(objects.length, "object")}, ${objects.filter((row) => row.selected).length} selected · ${scene.file}`);
  draw();
});
