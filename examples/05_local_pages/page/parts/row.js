export function row({ name, moons }) {
  const item = document.createElement("li");
  item.textContent = `${name}: ${moons} ${moons === 1 ? "moon" : "moons"}`;
  return item;
}
