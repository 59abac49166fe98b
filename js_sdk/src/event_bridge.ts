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
import { makeCallSync } from "./sync";
import { EmbeddedTransport, type MessageHandler } from "./transports/embedded";
import { LaneTransport } from "./transports/lane";
import { NAME, type NativeLane } from "./transports/native_lane";

interface Config {
  /** The view's secret, part of every post. */
  key: string;
  /** Origins that may use the bridge. */
  origins: string[];
  debug: boolean;
}

declare const __AURORAVIEW_CONFIG__: Config;
declare const webkit: { messageHandlers: { ipc: MessageHandler; auroraview: MessageHandler } };

/** The way past the message loop, where the window gave one; from here on no script finds it. */
function takeLane(): NativeLane | undefined {
  const native = getOwnPropertyDescriptor(window, NAME)?.value as NativeLane | undefined;
  if (native !== undefined) {
    delete (window as { [NAME]?: unknown })[NAME];
  }
  return native;
}

function start({ key, debug }: Config, native: NativeLane | undefined): void {
  const { ipc, auroraview } = webkit.messageHandlers;
  const embedded = new EmbeddedTransport(key, ipc, auroraview);
  const lane = native && new LaneTransport(native, embedded);
  const { client, bridge } = createClient({
    transport: lane ?? embedded,
    sync: lane && ((own) => makeCallSync(own, lane)),
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
const native = takeLane();
if (
  window.top === window &&
  origins.indexOf(location.origin) >= 0 &&
  getOwnPropertyDescriptor(window, "auroraview") === undefined
) {
  start(__AURORAVIEW_CONFIG__, native);
}
