import { row } from "./parts/row.js";

const planets = await (await fetch("planets.json")).json();
document.querySelector("#planets").append(...planets.map(row));

const { directory, origin } = await auroraview.call("where");
document.querySelector("#where").textContent = `The directory ${directory}/ is ${origin}`;
