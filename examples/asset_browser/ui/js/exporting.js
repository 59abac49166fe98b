/** The bar that exports what is selected. The button's AbortSignal cancels the coroutine in Python. */
import { call, on } from "./bridge.js";
import { bytes, store } from "./store.js";

const element = (id) => document.getElementById(id);
const [bar, text, progress] = [element("export"), element("export-text"), element("progress")];
const [start, cancel, clear] = [element("export-start"), element("export-cancel"), element("export-clear")];
let running = null; // the AbortController of the export that runs
let outcome = null; // what the last export of this selection came to

function draw() {
  const assets = [...store.selected].map((name) => store.assets.get(name)).filter(Boolean);
  bar.hidden = running === null && assets.length === 0 && outcome === null;
  start.hidden = running !== null || assets.length === 0;
  clear.hidden = running !== null;
  cancel.hidden = running === null;
  progress.hidden = running === null;
  clear.textContent = assets.length > 0 ? "Clear selection" : "Close";
  if (running === null) {
    const size = bytes(assets.reduce((sum, asset) => sum + asset.size, 0));
    text.textContent = outcome?.text ?? `${assets.length} selected, ${size}`;
    text.className = outcome?.manner ?? "";
  }
}

function say(manner, words) {
  outcome = { manner, text: words };
}

start.addEventListener("click", async () => {
  const names = [...store.selected];
  running = new AbortController();
  outcome = null;
  onProgress({ done: 0, total: names.length, name: null });
  draw();
  try {
    const { folder, files, bytes: size } = await call("library.export", { names }, { signal: running.signal, timeout: 0 });
    say("good", `Exported ${files} ${files === 1 ? "file" : "files"}, ${bytes(size)}, to ${folder.split("/").at(-1)}`);
  } catch (error) {
    if (error.code === "cancelled") {
      say("", "Export cancelled; nothing was left behind");
    } else {
      say("bad", `Export failed: ${error.message}`);
    }
  }
  running = null;
  draw();
});

cancel.addEventListener("click", () => running?.abort());

clear.addEventListener("click", () => {
  outcome = null;
  store.choose(store.current, []);
  draw();
});

function onProgress({ done, total, name }) {
  if (running === null || running.signal.aborted) {
    return; // an event that was on its way when the button was pressed
  }
  const percent = Math.round((100 * done) / total);
  progress.setAttribute("aria-valuenow", percent);
  progress.firstElementChild.style.width = `${percent}%`;
  text.textContent = name === null ? `Exporting ${total}` : `${done} of ${total}`;
  text.className = "";
}

on("export_progress", onProgress);
store.addEventListener("choice", () => {
  outcome = null;
  draw();
});
store.addEventListener("assets", draw);
