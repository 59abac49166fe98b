/**
 * The script a native window injects at the start of every document: it makes `window.auroraview`.
 *
 * Built into one file (npm run build) that the host wraps in a function with the parameter `__AURORAVIEW_CONFIG__`. It
 * does nothing in frames, and nothing in documents of origins that may not use the bridge.
 */
import { createClient } from "./client";
import { newDocumentId } from "./document_id";
import { announce, live } from "./page";
import { apply, defineProperty, freeze, getOwnPropertyDescriptor } from "./primitives";
import { EmbeddedTransport, type MessageHandler } from "./transports/embedded";

interface Config {
  /** The view's secret, part of every post. */
  key: string;
  /** Origins that may use the bridge. */
  origins: string[];
  debug: boolean;
}

declare const __AURORAVIEW_CONFIG__: Config;
declare const webkit: { messageHandlers: { ipc: MessageHandler; auroraview: MessageHandler } };

function start({ key, debug }: Config): void {
  const { ipc, auroraview } = webkit.messageHandlers;
  const { client, bridge } = createClient({
    transport: new EmbeddedTransport(key, ipc, auroraview),
    newDocument: newDocumentId,
    url: () => location.href,
    onReady: announce,
    debug,
  });
  defineProperty(window, "auroraview", { value: client, enumerable: true });
  if (getOwnPropertyDescriptor(window, "ipc") === undefined) {
    const { postMessage } = ipc;
    const post = freeze((text: string) => apply(postMessage, ipc, [text]));
    defineProperty(window, "ipc", { value: freeze({ postMessage: post }) });
  }
  live(bridge);
}

const { origins } = __AURORAVIEW_CONFIG__;
if (
  window.top === window &&
  origins.indexOf(location.origin) >= 0 &&
  getOwnPropertyDescriptor(window, "auroraview") === undefined
) {
  start(__AURORAVIEW_CONFIG__);
}
