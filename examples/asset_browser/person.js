/**
 * What a person does with a page, for the driver: finds elements by role and name, clicks, types, presses keys, waits.
 * Goes through the same DOM events as a hand on mouse and keyboard; it knows nothing of the page's modules.
 */
(() => {
  const SELECTORS = {
    button: "button, [role=button]",
    textbox: "input:not([type=radio]):not([type=search]), textarea",
    searchbox: "input[type=search]",
    radio: "input[type=radio]",
    combobox: "select",
    listbox: "[role=listbox]",
    option: "[role=option]",
    progressbar: "[role=progressbar]",
    alert: "[role=alert]",
    status: "[role=status]",
    heading: "h1, h2, h3",
  };

  const shown = (element) => element.matches("input[type=radio]") || element.getClientRects().length > 0;

  function nameOf(element) {
    const label = element.getAttribute("aria-label") ?? element.labels?.[0]?.querySelector("span")?.textContent;
    return (label ?? element.labels?.[0]?.textContent ?? element.textContent).trim();
  }

  function all(role, name) {
    const fits = (element) => name === undefined || nameOf(element) === name || nameOf(element).startsWith(`${name},`);
    return [...document.querySelectorAll(SELECTORS[role])].filter((element) => shown(element) && fits(element));
  }

  function find(role, name) {
    const found = all(role, name);
    if (found.length === 0) {
      throw new Error(`there is no ${role} ${name ?? ""}; there are: ${all(role).map(nameOf).join(" | ")}`);
    }
    return found[0];
  }

  function click(element, keys = {}) {
    const target = element.matches("input[type=radio]") ? element.closest("label") : element;
    target.scrollIntoView({ block: "nearest" });
    const init = { bubbles: true, cancelable: true, composed: true, button: 0, detail: 1, view: window, ...keys };
    target.dispatchEvent(new PointerEvent("pointerdown", { ...init, buttons: 1 }));
    target.dispatchEvent(new MouseEvent("mousedown", { ...init, buttons: 1 }));
    target.closest("[tabindex], button, input, select")?.focus();
    target.dispatchEvent(new PointerEvent("pointerup", init));
    target.dispatchEvent(new MouseEvent("mouseup", init));
    target.dispatchEvent(new MouseEvent("click", init));
  }

  /** Presses a key where the focus is; Enter in a form sends it, as browsers do. */
  function press(key, keys = {}) {
    const target = document.activeElement;
    const init = { key, bubbles: true, cancelable: true, ...keys };
    const goesOn = target.dispatchEvent(new KeyboardEvent("keydown", init));
    if (goesOn && key === "Enter" && target.form) {
      target.form.requestSubmit();
    }
    target.dispatchEvent(new KeyboardEvent("keyup", init));
  }

  /** Replaces what stands in the focused field. */
  function type(text) {
    const field = document.activeElement;
    field.value = "";
    for (const letter of text) {
      field.value += letter;
      field.dispatchEvent(new InputEvent("input", { bubbles: true, data: letter, inputType: "insertText" }));
    }
    if (text === "") {
      field.dispatchEvent(new InputEvent("input", { bubbles: true, inputType: "deleteContentBackward" }));
    }
  }

  function pick(select, value) {
    select.value = value;
    select.dispatchEvent(new Event("change", { bubbles: true }));
  }

  /** Waits until the condition gives something true, and gives that. */
  async function until(condition, what, seconds = 20) {
    const end = performance.now() + seconds * 1000;
    for (;;) {
      let value;
      try {
        value = condition();
      } catch {
        value = false; // an element that is not there yet
      }
      if (value) {
        return value;
      }
      if (performance.now() > end) {
        throw new Error(`waited ${seconds} s for ${what}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 8));
    }
  }

  window.person = { all, find, click, press, type, pick, until, nameOf };
})();
