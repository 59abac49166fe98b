// The page. `auroraview.api` has the public methods of the class Tool in tool.py.

const { api } = window.auroraview;
const $ = (selector) => document.querySelector(selector);

/** Has Python do something; what it refuses is told at the bottom. */
async function ask(promise) {
  try {
    const answer = await promise;
    $("#state").classList.remove("problem");
    return answer;
  } catch (error) {
    $("#state").textContent = error.message;
    $("#state").classList.add("problem");
    return undefined;
  }
}

$("#add").onclick = async () => {
  const name = await ask(api.add());
  if (name !== undefined) $("#state").textContent = `${name} was added`;
};

window.auroraview.on("items", ({ where, items }) => {
  $("#where").textContent = where;
  $("#items").replaceChildren(
    ...items.map((name) => {
      const item = document.createElement("li");
      item.textContent = name;
      return item;
    }),
  );
});
