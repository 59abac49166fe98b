/** The pane beside the grid: one asset in full, and the form that renames it. */
import { call } from "./bridge.js";
import { icon, make } from "./dom.js";
import { goTo } from "./grid.js";
import { show } from "./previews.js";
import { bytes, split, store } from "./store.js";

const pane = document.getElementById("details");
const grid = document.getElementById("grid");
let shown = null; // name and time of the asset that is shown
let renaming = false;

const KEYS = [
  ["←↑→↓", "move"],
  ["Space", "select or not"],
  ["Ctrl A", "select all"],
  ["F2", "rename"],
  ["/", "search"],
  ["Esc", "give up"],
];

function drawHint() {
  const keys = KEYS.flatMap(([key, what]) => [make("kbd", {}, key), make("span", {}, what)]);
  pane.replaceChildren(
    make("div", { class: "hint" }, make("p", {}, "Choose an asset to see it in full."), make("div", { class: "keys" }, ...keys)),
  );
}

function update() {
  const asset = store.assets.get(store.current);
  const key = asset === undefined ? null : `${asset.name} ${asset.modified}`;
  if (key === shown) {
    return;
  }
  shown = key;
  renaming = false;
  if (asset === undefined) {
    drawHint();
  } else {
    draw(asset);
  }
}

async function draw(asset) {
  const [stem, ending] = split(asset.name);
  const picture = make("div", { class: "picture", "data-name": asset.name });
  const head = make("div", { id: "head" });
  const list = make("dl");
  const links = make("div");
  pane.replaceChildren(picture, head, list, links);
  drawHead(asset);
  fill(list, [
    ["File", `${stem}${ending}`],
    ["Size", bytes(asset.size)],
    ["Changed", new Date(asset.modified).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })],
  ]);
  show(picture, asset, true);
  let facts;
  try {
    facts = await call("library.facts", { name: asset.name });
  } catch (error) {
    fill(list, [["Problem", error.message]]);
    return;
  }
  fill(list, facts.rows);
  for (const [title, names] of Object.entries({ Uses: facts.uses, "Used by": facts.used_by })) {
    if (names.length > 0) {
      links.append(make("h3", {}, title), make("div", { class: "links" }, ...names.map(link)));
    }
  }
}

function fill(list, rows) {
  for (const [label, value] of rows) {
    const swatch = /^#[0-9a-f]{6}$/i.test(value) ? make("i", { class: "swatch" }) : "";
    if (swatch) {
      swatch.style.background = value;
    }
    list.append(make("dt", {}, label), make("dd", {}, swatch, value));
  }
}

function link(name) {
  const kind = store.assets.get(name)?.kind ?? "note";
  return make("button", { type: "button", onclick: () => goTo(name) }, icon(kind, kind), split(name)[0]);
}

function drawHead(asset) {
  const kind = asset.kind[0].toUpperCase() + asset.kind.slice(1);
  document.getElementById("head").replaceChildren(
    make("h2", {}, split(asset.name)[0]),
    make("p", { class: `kind kind-${asset.kind}` }, icon(asset.kind), kind),
    make("button", { type: "button", id: "rename", onclick: () => startRename(asset) }, "Rename"),
  );
}

function startRename(asset) {
  renaming = true;
  const [stem, ending] = split(asset.name);
  const input = make("input", { id: "new-name", value: stem, "aria-describedby": "problem", autocomplete: "off", spellcheck: "false" });
  const problem = make("p", { class: "problem", id: "problem", role: "alert" });
  const stop = () => {
    renaming = false;
    drawHead(asset);
    grid.focus();
  };
  const form = make(
    "form",
    {
      onsubmit: async (event) => {
        event.preventDefault();
        try {
          // Python decides whether the name will do; its exceptions come back as errors with their text.
          const { name } = await call("library.rename", { name: asset.name, new_name: input.value });
          if (form.isConnected) {
            stop(); // unless the watching thread's news has replaced the pane already
          }
          store.renamed(asset.name, name);
          grid.focus();
        } catch (error) {
          problem.textContent = error.message;
          input.setAttribute("aria-invalid", "true");
          input.focus();
        }
      },
      oninput: () => {
        problem.textContent = "";
        input.removeAttribute("aria-invalid");
      },
      onkeydown: (event) => {
        if (event.key === "Escape") {
          event.stopPropagation();
          stop();
        }
      },
    },
    make("label", { for: "new-name" }, "New name"),
    make("div", { class: "field" }, input, make("span", {}, ending)),
    problem,
    make("div", { class: "row" }, make("button", { class: "primary" }, "Rename"), make("button", { type: "button", class: "quiet", onclick: stop }, "Cancel")),
  );
  document.getElementById("head").replaceChildren(form);
  input.focus();
  input.select();
}

grid.addEventListener("keydown", (event) => {
  if (event.key === "F2" && !renaming) {
    document.getElementById("rename")?.click();
    event.preventDefault();
  } else if (event.key === "Enter") {
    document.getElementById("rename")?.focus();
    event.preventDefault();
  }
});

pane.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    grid.focus();
  }
});

store.addEventListener("choice", update);
store.addEventListener("assets", update);
drawHint();
