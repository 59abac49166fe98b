/** The life of a document, told to its bridge: parsed, left, back from the back-forward cache. */
import type { Bridge } from "./bridge";

/** Whether there is a document that can be left, and a tab to remember things in. */
export function isPage(): boolean {
  return typeof document === "object";
}

/** Starts a bridge for the document it runs in. Call it before anything else happens on the page. */
export function live(bridge: Bridge): void {
  addEventListener("pagehide", bridge.leave);
  addEventListener("pageshow", (event) => {
    if (event.persisted) {
      bridge.start();
      bridge.documentReady();
    }
  });
  bridge.start();
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", bridge.documentReady, { once: true });
  } else {
    bridge.documentReady();
  }
}

/** Tells the page by a DOM event that the program has welcomed it. */
export function announce(): void {
  dispatchEvent(new Event("auroraviewready"));
}
