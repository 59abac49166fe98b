/** What all panels have in common. Which one this is stands in the settings, which are there before all data. */

import "./driven.js";
import * as log from "./log.js";
import * as map from "./map.js";
import * as table from "./table.js";

const PANELS = { map, table, log };
const find = (id) => document.getElementById(id);

let panel;
let settings;
let chosen = null;
let last;
let arrived = 0;

/** What a panel may do. */
const program = {
  choose: (name) => auroraview.send_event("choose", name),
  history: () => auroraview.call("history"),
};

auroraview.on("settings", (now) => {
  settings = now;
  document.documentElement.dataset.theme = now.theme;
  if (panel === undefined) {
    panel = PANELS[now.panel].make(find("main"), find("tools"), program);
    find("title").textContent = panel.title;
    document.title = `Fleet: ${panel.title}`;
    panel.choose(chosen);
    document.body.dataset.panel = now.panel;
  }
  find("units").value = now.units;
  find("theme").value = now.theme;
  find("pause").setAttribute("aria-pressed", now.paused);
  panel.show(settings, last);
});

auroraview.on("snapshot", (snapshot) => {
  if (panel === undefined) {
    throw new Error("data came before the settings");
  }
  last = snapshot;
  arrived += 1;
  find("tick").textContent = snapshot.tick;
  panel.show(settings, snapshot);
});

auroraview.on("chosen", (name) => {
  chosen = name;
  panel?.choose(name);
});

auroraview.on("line", (line) => panel.add([line]));

find("pause").onclick = () => auroraview.send_event("change_settings", { paused: !settings.paused });
for (const name of ["units", "theme"]) {
  find(name).onchange = ({ target }) => auroraview.send_event("change_settings", { [name]: target.value });
}

let since = performance.now();
setInterval(() => {
  const now = performance.now();
  find("rate").textContent = Math.round((arrived * 1000) / (now - since));
  arrived = 0;
  since = now;
  const summary = panel?.summary() ?? "";
  // Text that is put anew is read aloud anew.
  if (connected && find("state").textContent !== summary) {
    find("state").textContent = summary;
  }
}, 1000);

let connected = true;
auroraview.connection.onChange(({ state, reason }) => {
  connected = state === "open";
  find("state").textContent = connected ? "" : state === "closed" ? `Closed: ${reason}.` : "Connecting again…";
});
