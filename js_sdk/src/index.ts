/**
 * `@auroraview/sdk`: call a Python program from a page, and hear its events.
 *
 * In a native window `createAuroraView` returns the window's own `auroraview`; elsewhere it makes a client over the
 * transport it is given, or over a WebSocket to the server it is told.
 */
import { takeToken } from "./address_bar";
import { type AnyMethods, type AuroraView, createClient } from "./client";
import { newDocumentId } from "./document_id";
import { announce, live } from "./page";
import { Tab } from "./tab";
import type { Transport } from "./transport";
import { targetOf } from "./transports/endpoint";
import { type SocketClass, WebSocketTransport } from "./transports/websocket";

export type { CallOptions } from "./bridge";
export type { AnyMethods, AuroraView, AuroraViewMembers, Remote } from "./client";
export type { Connection, ConnectionState } from "./connection";
export { AuroraViewError } from "./errors";
export type { Handler } from "./events";
export type { ErrorCode, Json, Reason } from "./protocol";
export type { Receiver, Transport } from "./transport";
export type { Credentials, Place } from "./transports/place";
export { type Port, type PortFrame, PortTransport } from "./transports/port";
export { type Socket, type SocketClass, type WebSocketOptions, WebSocketTransport } from "./transports/websocket";

declare global {
  interface Window {
    /** The bridge of a native window, or of the server's script in a browser. */
    readonly auroraview?: AuroraView;
  }
}

export interface CreateOptions {
  /** How to reach the program. Without it and `url`: the native window this page is in, or the server's script. */
  transport?: Transport;
  /** Address of the program's server (`http://127.0.0.1:8000/`, also with `#token=...`). */
  url?: string | URL;
  /** The secret of the link that the program printed. In a page the token of its own address will do. */
  token?: string;
  /** The class to connect with, where there is no global one. */
  WebSocket?: SocketClass;
  /** Attempts to connect in a row before it is given up; without it there is no limit. */
  maxAttempts?: number;
  /** Console hints. */
  debug?: boolean;
}

let made: AuroraView | undefined;

/**
 * A client of the program. `createAuroraView<MyApi>()` types `client.api` by an interface of the program's methods.
 *
 * @throws Error where there is no `window.auroraview` and neither a transport nor a url is given; TypeError for a url
 * that is no address of a server, or where there is no WebSocket.
 */
export function createAuroraView<Api = AnyMethods, Namespaces = unknown>(
  options: CreateOptions = {},
): AuroraView<Api, Namespaces> {
  const { url, transport = url === undefined ? undefined : overWebSocket(url, options), debug = false } = options;
  const client = transport === undefined ? ofWindow() : over(transport, debug);
  if (client === undefined) {
    throw new Error("this page is not in an AuroraView window: pass createAuroraView({ transport }) or ({ url })");
  }
  made = client;
  return client as AuroraView<Api, Namespaces>;
}

/** The client made last, or `window.auroraview`. Throws where there is neither. */
export function getAuroraView<Api = AnyMethods, Namespaces = unknown>(): AuroraView<Api, Namespaces> {
  return made === undefined ? createAuroraView() : (made as AuroraView<Api, Namespaces>);
}

function ofWindow(): AuroraView | undefined {
  return (globalThis as { auroraview?: AuroraView }).auroraview;
}

/** Whether there is a document that can be left, and a tab to remember things in. */
function isPage(): boolean {
  return typeof window === "object" && typeof document === "object" && typeof location === "object";
}

function overWebSocket(url: string | URL, { token, WebSocket, maxAttempts }: CreateOptions): Transport {
  if (!isPage()) {
    return new WebSocketTransport({ url, token, WebSocket, maxAttempts });
  }
  const target = targetOf(url);
  // A token in the address that is not asked for may be another's.
  const place = new Tab(target.base, token ?? target.token ?? takeToken());
  return new WebSocketTransport({ url, WebSocket, maxAttempts, place, reload: () => location.reload() });
}

function over(transport: Transport, debug: boolean): AuroraView {
  const { client, bridge } = createClient({
    transport,
    newDocument: newDocumentId,
    url: () => (typeof location === "object" ? location.href : ""),
    onReady: () => {
      if (isPage()) {
        announce();
      }
    },
    debug,
  });
  if (isPage()) {
    live(bridge);
  } else {
    bridge.start();
    bridge.documentReady();
  }
  return client;
}
