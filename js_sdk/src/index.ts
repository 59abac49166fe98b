/**
 * `@auroraview/sdk`: call a Python program from a page, and hear its events.
 *
 * In a native window `createAuroraView` returns the window's own `auroraview`; elsewhere it makes a client over the
 * transport it is given.
 */
import { type AnyMethods, type AuroraView, createClient } from "./client";
import { newDocumentId } from "./document_id";
import type { Transport } from "./transport";

export type { CallOptions } from "./bridge";
export type { AnyMethods, AuroraView, AuroraViewMembers, Remote } from "./client";
export { AuroraViewError } from "./errors";
export type { Handler } from "./events";
export type { ErrorCode, Json, Reason } from "./protocol";
export type { Receiver, Transport } from "./transport";
export { type Port, PortTransport } from "./transports/port";

declare global {
  interface Window {
    /** The bridge of a native window; absent in a browser. */
    readonly auroraview?: AuroraView;
  }
}

export interface CreateOptions {
  /** How to reach the program. Without it: the native window this page is in. */
  transport?: Transport;
  /** Console hints. */
  debug?: boolean;
}

let made: AuroraView | undefined;

/**
 * A client of the program. `createAuroraView<MyApi>()` types `client.api` by an interface of the program's methods.
 *
 * @throws Error outside a native window when no transport is given.
 */
export function createAuroraView<Api = AnyMethods, Namespaces = unknown>(
  options: CreateOptions = {},
): AuroraView<Api, Namespaces> {
  const { transport, debug = false } = options;
  const client = transport === undefined ? ofWindow() : overTransport(transport, debug);
  if (client === undefined) {
    throw new Error("this page is not in an AuroraView window: pass createAuroraView({ transport })");
  }
  made = client;
  return client as AuroraView<Api, Namespaces>;
}

/** The client made last, or that of the native window. Throws where there is neither. */
export function getAuroraView<Api = AnyMethods, Namespaces = unknown>(): AuroraView<Api, Namespaces> {
  return made === undefined ? createAuroraView() : (made as AuroraView<Api, Namespaces>);
}

function ofWindow(): AuroraView | undefined {
  return (globalThis as { auroraview?: AuroraView }).auroraview;
}

function overTransport(transport: Transport, debug: boolean): AuroraView {
  const { client, bridge } = createClient({
    transport,
    newDocument: newDocumentId,
    url: () => (typeof location === "object" ? location.href : ""),
    onReady: () => {
      if (typeof window === "object") {
        window.dispatchEvent(new Event("auroraviewready"));
      }
    },
    debug,
  });
  bridge.start();
  if (typeof document === "object" && document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", () => bridge.documentReady(), { once: true });
  } else {
    bridge.documentReady();
  }
  return client;
}
