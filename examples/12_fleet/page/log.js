/** The log: each line that happened, once; what happened before this page is asked for. */

const KINDS = { "": "All", delivery: "Deliveries", load: "Loads", charge: "Charging", problem: "Problems" };
const MOST = 400;

export function make(main, tools, program) {
  main.innerHTML = `<ol class="log" role="log" aria-live="off" aria-label="What happened" tabindex="0"></ol>`;
  const list = main.firstElementChild;
  const kinds = Object.entries(KINDS).map(
    ([kind, text]) => `<button data-kind="${kind}" aria-pressed="${kind === ""}">${text}</button>`,
  );
  tools.innerHTML = kinds.join("");
  tools.setAttribute("role", "group");
  tools.setAttribute("aria-label", "Show");
  let shown = "";
  let chosen = null;
  let newest = 0;

  function element({ number, seconds, van, kind, text }) {
    const item = document.createElement("li");
    item.className = kind;
    item.dataset.van = van;
    item.dataset.number = number;
    const minutes = Math.floor(seconds / 60);
    item.innerHTML = "<time></time><b></b><span class='kind'></span><span></span>";
    item.children[0].textContent = `${minutes}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
    item.children[1].textContent = van;
    item.children[2].textContent = kind;
    item.children[3].textContent = text;
    item.classList.toggle("chosen", van === chosen);
    item.hidden = shown !== "" && kind !== shown;
    return item;
  }

  /** Follows the end, unless somebody has scrolled up to read. */
  function add(lines) {
    const follows = main.scrollHeight - main.scrollTop - main.clientHeight < 40;
    for (const line of lines) {
      if (line.number > newest) {
        newest = line.number;
        list.append(element(line));
      }
    }
    while (list.children.length > MOST) {
      list.firstElementChild.remove();
    }
    if (follows) {
      main.scrollTop = main.scrollHeight;
    }
  }

  tools.onclick = ({ target }) => {
    if (target.dataset.kind === undefined) {
      return;
    }
    shown = target.dataset.kind;
    for (const button of tools.children) {
      button.setAttribute("aria-pressed", button === target);
    }
    for (const item of list.children) {
      item.hidden = shown !== "" && !item.classList.contains(shown);
    }
    main.scrollTop = main.scrollHeight;
  };

  // Lines that come meanwhile wait: the history has all before its answer.
  let waiting = [];
  program.history().then((lines) => {
    const later = waiting;
    waiting = undefined;
    add([...lines, ...later]);
  });

  return {
    title: "Log",
    show() {},
    choose(name) {
      chosen = name;
      for (const item of list.children) {
        item.classList.toggle("chosen", item.dataset.van === name);
      }
    },
    summary() {
      return chosen ? `${chosen} is chosen` : "All vans";
    },
    add: (lines) => (waiting ? void waiting.push(...lines) : add(lines)),
  };
}
