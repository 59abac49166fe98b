/** The table: rows stay, cells change; what has not changed is not touched. */

import { inUnits } from "./map.js";

const COLUMNS = {
  name: "Van",
  state: "State",
  speed: "Speed",
  battery: "Battery",
  parcels: "Parcels",
  where: "Where",
};
const NUMBERS = ["speed", "parcels"];

export function make(main, tools, program) {
  const heads = Object.entries(COLUMNS).map(
    ([key, text]) =>
      `<th scope="col" class="${NUMBERS.includes(key) ? "number" : ""}"><button data-key="${key}">${text}</button></th>`,
  );
  main.innerHTML = `<table role="grid" aria-label="All vans. Arrow keys move, Enter chooses, Escape chooses none.">
    <thead><tr>${heads.join("")}</tr></thead><tbody></tbody></table>`;
  const body = main.querySelector("tbody");
  const rows = new Map();
  let order = { key: "name", way: 1 };
  let chosen = null;
  let sorted = 0;
  let vans = [];

  function row(name) {
    const element = body.appendChild(document.createElement("tr"));
    element.dataset.name = name;
    element.tabIndex = rows.size === 0 ? 0 : -1;
    element.setAttribute("aria-selected", name === chosen);
    element.innerHTML = `<th scope="row"></th><td></td><td class="number"></td>
      <td><meter min="0" max="100" low="25" optimum="100" aria-hidden="true"></meter><span></span></td>
      <td class="number"></td><td></td>`;
    const [title, state, speed, battery, parcels, where] = element.children;
    title.textContent = name;
    const found = { element, state, speed, meter: battery.children[0], battery: battery.children[1], parcels, where };
    rows.set(name, found);
    return found;
  }

  function put(cell, text) {
    if (cell.textContent !== text) {
      cell.textContent = text;
    }
  }

  /** Once a second at most: rows that jump cannot be read. */
  function sort(now = false) {
    if (!now && performance.now() - sorted < 1000) {
      return;
    }
    sorted = performance.now();
    const { key, way } = order;
    const compare = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
    const wanted = vans.toSorted((one, other) => way * compare(one[key], other[key]) || compare(one.name, other.name));
    if (wanted.some((van, index) => body.children[index]?.dataset.name !== van.name)) {
      const focused = document.activeElement;
      body.append(...wanted.map((van) => rows.get(van.name).element));
      focused?.focus({ preventScroll: true });
    }
  }

  function headings() {
    for (const button of main.querySelectorAll("thead button")) {
      const { key, way } = order;
      const how = way > 0 ? "ascending" : "descending";
      button.parentElement.setAttribute("aria-sort", button.dataset.key === key ? how : "none");
    }
  }

  main.querySelector("thead").onclick = ({ target }) => {
    const { key } = target.dataset;
    if (key) {
      order = { key, way: key === order.key ? -order.way : 1 };
      headings();
      sort(true);
    }
  };
  body.onclick = ({ target }) => move(target.closest("tr"), true);
  body.onkeydown = (event) => {
    const at = event.target.closest("tr");
    const to = {
      ArrowDown: at.nextElementSibling,
      ArrowUp: at.previousElementSibling,
      Home: body.firstElementChild,
      End: body.lastElementChild,
    };
    if (event.key in to) {
      move(to[event.key] ?? at, false);
    } else if (event.key === "Enter" || event.key === " ") {
      move(at, true);
    } else if (event.key === "Escape") {
      program.choose(null);
    } else {
      return;
    }
    event.preventDefault();
  };

  /** The focus goes to one row; Tab leaves the table. */
  function move(to, choose) {
    body.querySelector("tr[tabindex='0']")?.setAttribute("tabindex", -1);
    to.tabIndex = 0;
    to.focus({ preventScroll: true });
    to.scrollIntoView({ block: "nearest" });
    if (choose) {
      program.choose(to.dataset.name);
    }
  }

  headings();
  return {
    title: "Vans",
    show(settings, snapshot) {
      vans = snapshot?.vans ?? [];
      for (const van of vans) {
        const cells = rows.get(van.name) ?? row(van.name);
        put(cells.state, van.state);
        cells.state.className = van.state;
        put(cells.speed, inUnits(van.speed, settings.units));
        put(cells.battery, `${Math.round(van.battery)} %`);
        cells.meter.value = Math.round(van.battery);
        put(cells.parcels, String(van.parcels));
        put(cells.where, van.where);
      }
      sort();
    },
    choose(name) {
      rows.get(chosen)?.element.setAttribute("aria-selected", false);
      chosen = name;
      const now = rows.get(name)?.element;
      now?.setAttribute("aria-selected", true);
      now?.scrollIntoView({ block: "nearest" });
    },
    summary() {
      return chosen ? `${chosen} is chosen` : `${vans.length} vans`;
    },
    add() {},
  };
}
