/** The life of a document, told to its bridge: parsed, left, back from the back-forward cache. */
import type { Bridge } from "./bridge";

/** Starts a bridge for the document it runs in. Call it before anything else happens on the page. */
export function live(bridge: Bridge): void {
  window.addEventListener("pagehide", () => bridge.leave());
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      bridge.start();
      bridge.documentReady();
    }
  });
  bridge.start();
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", () => bridge.documentReady(), { once: true });
  } else {
    bridge.documentReady();
  }
}

/** Tells the page by a DOM event that the program has welcomed it. */
export function announce(): void {
  window.dispatchEvent(new Event("auroraviewready"));
}
