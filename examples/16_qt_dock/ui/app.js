// Columns of cards. Each field of a card is an input that stays where it is, and is only written to when Python says
// something else than it has and nobody is typing in it. Cards are moved by keyboard, by their status, or dragged.

const { api } = window.auroraview;
const $ = (selector, root = document) => root.querySelector(selector);
const FIELDS = ["Shot", "Note", "Team", "Status"];
const cards = new Map(); // elements, by the number of their shot
const columns = new Map(); // lists, by status

let shots = [];
let selected = [];

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

function makeColumns(statuses) {
  for (const status of statuses) {
    const column = $("#column").content.cloneNode(true).firstElementChild;
    column.dataset.status = status;
    column.ariaLabel = status;
    $("h2 span", column).textContent = status;
    $("ul", column).ariaLabel = `Shots: ${status}`;
    const add = $(".add", column);
    add.ariaLabel = `Add a shot: ${status}`;
    add.onclick = async () => {
      const number = await ask(api.add(status));
      const name = number && (await drawn(number)) && $(".Shot", cards.get(number));
      name?.focus();
      name?.select();
    };
    columns.set(status, $("ul", column));
    $("#board").append(column);
  }
}

/** Waits until a card is there: a result may come before the event that it caused was drawn. */
async function drawn(number) {
  for (let frame = 0; frame < 60 && !cards.has(number); frame++) await new Promise(requestAnimationFrame);
  return cards.has(number);
}

function makeCard(number) {
  const card = $("#card").content.cloneNode(true).firstElementChild;
  card.dataset.number = number;
  for (const field of FIELDS)
    $(`.${field}`, card).onchange = (event) => ask(api.set(number, field, event.target.value));
  $(".Status", card).append(...[...columns.keys()].map((status) => new Option(status)));
  $(".remove", card).onclick = () => ask(api.remove(number));
  card.onfocus = () => selected.includes(number) || ask(api.select(number));
  card.onkeydown = (event) => moveByKey(event, card, number);
  card.onpointerdown = (event) => drag(event, card, number);
  cards.set(number, card);
  return card;
}

function moveByKey(event, card, number) {
  const statuses = [...columns.keys()];
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  const to = statuses[statuses.indexOf(card.dataset.status) + step];
  if (event.altKey && step) {
    event.preventDefault();
    if (to) ask(api.set(number, "Status", to));
  } else if (event.target === card && event.key === "Delete") {
    ask(api.remove(number));
  } else if (event.target === card && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
    event.preventDefault();
    (event.key === "ArrowDown" ? card.nextElementSibling : card.previousElementSibling)?.focus();
  } else if (event.target === card && step) {
    event.preventDefault();
    columns.get(to)?.querySelector("li:not([hidden])")?.focus();
  } else if (event.target === card && event.key === "Enter") {
    event.preventDefault();
    $(".Note", card).focus();
  } else if (event.key === "Escape") {
    card.focus();
  }
}

function drag(event, card, number) {
  if (event.button !== 0 || event.target.closest("input, textarea, select, button")) return;
  const [x, y] = [event.clientX, event.clientY];
  let over = null;
  const move = (at) => {
    if (!over && Math.hypot(at.clientX - x, at.clientY - y) < 5) return;
    card.classList.add("moving");
    card.style.translate = `${at.clientX - x}px ${at.clientY - y}px`;
    over?.classList.remove("over");
    over = document.elementFromPoint(at.clientX, at.clientY)?.closest("section") ?? over;
    over?.classList.add("over");
  };
  const end = (at) => {
    removeEventListener("pointermove", move);
    removeEventListener("pointerup", end);
    removeEventListener("pointercancel", end);
    card.classList.remove("moving");
    card.style.translate = "";
    over?.classList.remove("over");
    if (over && at.type === "pointerup" && over.dataset.status !== card.dataset.status)
      ask(api.set(number, "Status", over.dataset.status));
  };
  addEventListener("pointermove", move);
  addEventListener("pointerup", end);
  addEventListener("pointercancel", end);
}

const matches = (shot) =>
  (!$("#team").value || shot.Team === $("#team").value) &&
  FIELDS.some((field) => shot[field].toLowerCase().includes($("#search").value.trim().toLowerCase()));

function draw() {
  for (const [number, card] of cards)
    if (!shots.some((shot) => shot.number === number)) {
      card.remove();
      cards.delete(number);
    }
  const places = new Map([...columns.keys()].map((status) => [status, 0]));
  for (const shot of shots) {
    const card = cards.get(shot.number) ?? makeCard(shot.number);
    const status = columns.has(shot.Status) ? shot.Status : columns.keys().next().value;
    const place = places.get(status);
    places.set(status, place + 1);
    if (columns.get(status).children[place] !== card) {
      const keyboard = card.contains(document.activeElement) ? document.activeElement : null;
      columns.get(status).insertBefore(card, columns.get(status).children[place] ?? null);
      keyboard?.focus();
    }
    card.dataset.status = status;
    card.hidden = !matches(shot);
    card.classList.toggle("selected", selected.includes(shot.number));
    card.ariaCurrent = selected.includes(shot.number);
    for (const field of FIELDS) {
      const input = $(`.${field}`, card);
      const value = field === "Status" ? status : shot[field];
      if (input.value !== value && (input !== document.activeElement || field === "Status")) input.value = value;
      if (field === "Note") input.style.height = "auto", (input.style.height = `${input.scrollHeight + 2}px`);
    }
    $(".face", card).textContent = shot.Team.slice(0, 1).toUpperCase();
    $(".face", card).style.setProperty("--hue", [...shot.Team].reduce((sum, letter) => sum + letter.codePointAt(0) * 47, 0) % 360);
  }
  for (const list of columns.values()) {
    const shown = [...list.children].filter((card) => !card.hidden);
    $("small", list.parentElement).textContent = shown.length;
    const current = shown.find((card) => card.classList.contains("selected")) ?? shown[0];
    for (const card of list.children) card.tabIndex = card === current ? 0 : -1;
  }
  const done = shots.filter((shot) => shot.Status === "Done").length;
  tell(`${shots.length} shots, ${done} done`);
}

$("#search").oninput = $("#team").onchange = draw;
addEventListener("resize", draw); // notes take other heights

window.auroraview.on("shots", (sent) => {
  shots = sent.shots;
  if (!columns.size) makeColumns(sent.statuses);
  const teams = [...new Set(shots.map((shot) => shot.Team))].filter(Boolean).sort();
  const wanted = teams.includes($("#team").value) ? $("#team").value : "";
  $("#team").replaceChildren(new Option("All", ""), ...teams.map((name) => new Option(name)));
  $("#team").value = wanted;
  draw();
});
window.auroraview.on("selected", (numbers) => {
  selected = numbers;
  draw();
  if (selected.length === 1) cards.get(selected[0])?.scrollIntoView({ block: "nearest", inline: "nearest" });
});
