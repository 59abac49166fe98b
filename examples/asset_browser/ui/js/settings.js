/** Theme and density. The page asks, Python keeps them and answers with the retained event `settings`. */
import { on, send } from "./bridge.js";
import { redrawAll } from "./previews.js";

for (const name of ["theme", "density"]) {
  document.getElementById(name).addEventListener("change", (event) => send("change_settings", { [name]: event.target.value }));
}

on("settings", (settings) => {
  for (const [name, choice] of Object.entries(settings)) {
    document.documentElement.dataset[name] = choice;
    document.querySelector(`input[name="${name}"][value="${choice}"]`).checked = true;
  }
  redrawAll();
});

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redrawAll);
