/**
 * The bridge as this page uses it: `window.auroraview`, with a note of everything that crosses.
 *
 * Only the notes make this file necessary; elsewhere a page calls `auroraview` directly.
 */
const { auroraview } = window;

export const crossings = new EventTarget();

/** What crossed: `way` is call, event (page to Python) or pushed (Python to page); times are in milliseconds. */
function note(way, name, carrying, took, failed = false) {
  const detail = { at: new Date(), ended: performance.now(), way, name, carrying, took, failed };
  crossings.dispatchEvent(new CustomEvent("crossing", { detail }));
}

/** Calls a Python function and waits for its result. */
export async function call(method, params, options) {
  const began = performance.now();
  try {
    const result = await auroraview.call(method, params, options);
    note("call", method, params, performance.now() - began);
    return result;
  } catch (error) {
    note("call", method, `${error.name}: ${error.message}`, performance.now() - began, true);
    throw error;
  }
}

/** Tells Python something. */
export function send(event, detail) {
  auroraview.send_event(event, detail);
  note("event", event, detail, null);
}

/** Listens to Python. An event that says when it was sent (milliseconds since 1970) shows how long it took. */
export function on(event, handler) {
  return auroraview.on(event, (detail) => {
    note("pushed", event, detail, detail?.sent === undefined ? null : Date.now() - detail.sent);
    handler(detail);
  });
}
