const fields = document.querySelector("#fields");
const total = document.querySelector("#total");
const problem = document.querySelector("#problem");

auroraview.on("budget", ({ hours, total: sum }) => {
  for (const [department, value] of Object.entries(hours)) fieldOf(department).value = value;
  total.textContent = `${sum} hours`;
});

function fieldOf(department) {
  const there = fields.elements.namedItem(department);
  if (there) return there;
  const label = fields.appendChild(document.createElement("label"));
  label.textContent = department;
  const field = label.appendChild(document.createElement("input"));
  Object.assign(field, { name: department, type: "number", min: 0 });
  field.onchange = async () => {
    problem.textContent = "";
    try {
      await auroraview.call("set_hours", { department, hours: Number(field.value) });
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  return field;
}
