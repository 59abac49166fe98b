/** The strip at the bottom: what crossed the bridge last, how long it took, and a table of more. */
import { crossings } from "./bridge.js";
import { make } from "./dom.js";

const strip = document.getElementById("crossings");
const rows = document.getElementById("log-rows");
const totals = document.getElementById("totals");
const toggle = document.getElementById("log-toggle");
const ARROWS = { call: "⇄", event: "→", pushed: "←" };
const WAYS = { call: "page ⇄ Python", event: "page → Python", pushed: "Python → page" };
const KEPT_IN_STRIP = 8;
const KEPT_IN_LOG = 200;

const history = []; // newest first; equal neighbours are one entry with a count
const counts = { call: 0, event: 0, pushed: 0 };
let drawn = true;

/** Milliseconds for people. The page's clock has steps of one, so the time of many is told as a whole. */
function took({ total, count, way }) {
  if (total === null) {
    return "";
  }
  const time = total < 1 ? "<1 ms" : total < 10_000 ? `${Math.round(total)} ms` : `${(total / 1000).toFixed(1)} s`;
  return count > 1 && way === "call" ? `${time} in all` : time;
}

function brief(carrying) {
  if (carrying === undefined || carrying === null) {
    return "";
  }
  const text = typeof carrying === "string" ? carrying : JSON.stringify(carrying, (key, value) => (key === "sent" ? undefined : value));
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

crossings.addEventListener("crossing", ({ detail }) => {
  counts[detail.way] += 1;
  const last = history[0];
  if (last !== undefined && last.name === detail.name && last.way === detail.way && last.failed === detail.failed) {
    last.count += 1;
    last.carrying = detail.carrying;
    // Of calls that waited side by side, each moment counts once; pushes tell of the last one.
    const waited = Math.min(detail.took, detail.ended - last.ended);
    last.total = detail.way === "call" ? last.total + waited : detail.took;
    last.ended = detail.ended;
  } else {
    history.unshift({ ...detail, total: detail.took, count: 1 });
    history.length = Math.min(history.length, KEPT_IN_LOG);
  }
  if (drawn) {
    drawn = false;
    requestAnimationFrame(draw);
  }
});

function draw() {
  drawn = true;
  strip.replaceChildren(
    ...history.slice(0, KEPT_IN_STRIP).map((entry) =>
      make(
        "li",
        { title: `${WAYS[entry.way]}: ${brief(entry.carrying)}` },
        make("span", { class: `way ${entry.failed ? "failed" : entry.way}`, "aria-label": WAYS[entry.way] }, ARROWS[entry.way]),
        make("b", {}, entry.count > 1 ? `${entry.name} ×${entry.count}` : entry.name),
        took(entry),
      ),
    ),
  );
  totals.textContent = `${counts.call} calls, ${counts.event} sent, ${counts.pushed} pushed`;
  if (toggle.getAttribute("aria-expanded") === "true") {
    drawLog();
  }
}

function drawLog() {
  rows.replaceChildren(
    ...history.map((entry) =>
      make(
        "tr",
        {},
        make("td", {}, entry.at.toLocaleTimeString()),
        make("td", {}, make("span", { class: `way ${entry.failed ? "failed" : entry.way}` }, WAYS[entry.way])),
        make("td", {}, make("b", {}, entry.count > 1 ? `${entry.name} ×${entry.count}` : entry.name)),
        make("td", {}, brief(entry.carrying)),
        make("td", { class: "number" }, took(entry)),
      ),
    ),
  );
}

toggle.addEventListener("click", () => {
  const open = toggle.getAttribute("aria-expanded") !== "true";
  toggle.setAttribute("aria-expanded", String(open));
  document.getElementById("log").hidden = !open;
  if (open) {
    drawLog();
  }
});
