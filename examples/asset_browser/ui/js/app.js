/** Puts the parts together: lists what there is, keeps it up to date, and hands what people type to the store. */
import "./activity.js";
import { call, on, send } from "./bridge.js";
import "./details.js";
import "./exporting.js";
import "./grid.js";
import "./settings.js";
import { bytes, store } from "./store.js";

const element = (id) => document.getElementById(id);
const [search, sort, grid] = [element("search"), element("sort"), element("grid")];

search.addEventListener("input", () => store.filter({ search: search.value.trim().toLowerCase() }));
search.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    search.value = "";
    store.filter({ search: "" });
    grid.focus();
  } else if (event.key === "ArrowDown" || event.key === "Enter") {
    grid.focus();
  }
});
sort.addEventListener("change", () => store.filter({ order: sort.value }));
element("kinds").addEventListener("change", (event) => store.filter({ kind: event.target.value }));
element("show-all").addEventListener("click", () => {
  search.value = "";
  document.querySelector('input[name="kind"][value="all"]').checked = true;
  store.filter({ search: "", kind: "all" });
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
    search.focus();
    event.preventDefault();
  }
});

store.addEventListener("assets", () => {
  for (const count of document.querySelectorAll("[data-count]")) {
    count.textContent = store.count(count.dataset.count);
  }
  const size = [...store.assets.values()].reduce((sum, asset) => sum + asset.size, 0);
  element("on-disk").textContent = bytes(size);
});

// What the watching thread of Python says.
on("assets_changed", ({ changed, removed }) => store.merge(changed, removed));

const memory = [];
on("pulse", ({ memory: now }) => {
  memory.push(now);
  memory.splice(0, memory.length - 60);
  element("memory").textContent = bytes(now);
  drawSpark();
  const dot = document.querySelector(".pulse .dot");
  dot.classList.remove("beat");
  requestAnimationFrame(() => dot.classList.add("beat"));
});

function drawSpark() {
  // At least two megabytes from top to bottom, so that a calm process looks calm.
  const [low, high] = [Math.min(...memory), Math.max(...memory)];
  const span = Math.max(high - low, 2e6);
  const floor = (low + high - span) / 2;
  const points = memory.map((value, index) => {
    const x = 120 - (memory.length - 1 - index) * (120 / 59);
    return `${x.toFixed(1)} ${(25 - ((value - floor) / span) * 22).toFixed(1)}`;
  });
  const first = points[0].split(" ")[0];
  document.querySelector("#spark .line").setAttribute("d", `M${points.join("L")}`);
  document.querySelector("#spark .area").setAttribute("d", `M${first} 28L${points.join("L")}L120 28Z`);
}

const { folder, assets } = await call("library.list_assets");
element("folder").textContent = folder.split("/").slice(-2).join("/");
element("folder").title = folder;
store.merge(assets, []);
for (const tile of document.querySelectorAll(".arrived")) {
  tile.classList.remove("arrived");
}
send("opened", { assets: assets.length });
