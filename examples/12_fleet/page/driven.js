/** For `--drive`: does what a person would, one order after another, and answers what is there afterwards. Orders come
    from the program alone. */

const problems = [];
addEventListener("error", ({ message }) => problems.push(message));
addEventListener("unhandledrejection", ({ reason }) => problems.push(String(reason)));

const ORDERS = {
  click: (element) => element.click(),
  press(element, key) {
    element.focus();
    document.activeElement.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
  },
  pick(element, value) {
    element.value = value;
    element.dispatchEvent(new Event("change", { bubbles: true }));
  },
  text: (element) => element.textContent,
  title: () => document.title,
  scheme: (element) => getComputedStyle(element).colorScheme,
  count: (_, selector) => document.querySelectorAll(selector).length,
  problems: () => problems,
  /** Of numbered elements: those that do not follow the one before. */
  gaps(element) {
    const numbers = [...element.children].map((one) => Number(one.dataset.number));
    return numbers.filter((number, index) => index > 0 && number !== numbers[index - 1] + 1);
  },
};

auroraview.on("order", ({ number, what, selector, value }) => {
  let answer;
  try {
    const element = document.querySelector(selector);
    if (element === null) {
      throw new Error(`there is no ${selector}`);
    }
    answer = { value: ORDERS[what](element, value) ?? null };
  } catch (error) {
    answer = { problem: String(error) };
  }
  auroraview.send_event("obeyed", { number, ...answer });
});
