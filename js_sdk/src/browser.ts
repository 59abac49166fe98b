/**
 * The script that the server gives to pages, `<script src="/auroraview.js">`: it makes `window.auroraview` over a
 * WebSocket to where the script came from. In a native window, which has its own, it does nothing.
 *
 * Built into one file by npm run build.
 */
import { takeToken } from "./address_bar";
import { createClient } from "./client";
import { newDocumentId } from "./document_id";
import { announce, live } from "./page";
import { defineProperty, getOwnPropertyDescriptor } from "./primitives";
import { Tab } from "./tab";
import { targetOf } from "./transports/endpoint";
import { WebSocketTransport } from "./transports/websocket";

/** Address of this script. A module, or a script put in later, has to look for it. */
function ownAddress(): string {
  const script = document.currentScript ?? document.querySelector('script[src*="auroraview.js"]');
  return (script as HTMLScriptElement | null)?.src || location.href;
}

function start(): void {
  const url = ownAddress();
  const { base } = targetOf(url);
  const key = base.startsWith(`${location.origin}/`) ? base.slice(location.origin.length) : base;
  const place = new Tab(key, takeToken());
  const transport = new WebSocketTransport({ url, place, reload: () => location.reload() });
  const { client, bridge } = createClient({
    transport,
    newDocument: newDocumentId,
    url: () => location.href,
    onReady: announce,
    debug: false,
  });
  defineProperty(window, "auroraview", { value: client, enumerable: true });
  window.addEventListener("hashchange", () => {
    const before = place.token;
    const token = takeToken();
    // A link opened in this tab, which differs in the fragment alone, loads nothing by itself.
    if (token !== undefined && (token !== before || client.connection.state === "closed")) {
      new Tab(key, token);
      location.reload();
    }
  });
  live(bridge);
}

// An element with this id would be found by `in`.
if (getOwnPropertyDescriptor(window, "auroraview") === undefined) {
  start();
}
