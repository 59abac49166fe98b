/**
 * `@auroraview/sdk`: call a Python program from a page, and hear its events.
 *
 * In a native window `createAuroraView` returns the window's own `auroraview`; elsewhere it makes a client over the
 * transport it is given, or over a WebSocket to the server it is told or finds.
 */
import { pageUrl, takeToken } from "./address_bar";
import { type AnyMethods, type AuroraView, createClient } from "./client";
import { newDocumentId } from "./document_id";
import { announce, isPage, live } from "./page";
import type { Transport } from "./transport";
import { laterTransport } from "./transports/later";
import { tokenIn } from "./transports/token";
import type { SocketClass } from "./transports/websocket";

export type { CallOptions } from "./bridge";
export type { ArrayTypes, LiveBuffer } from "./buffers";
export type { AnyMethods, AuroraView, AuroraViewMembers, Remote } from "./client";
export type { Connection, ConnectionState } from "./connection";
export { AuroraViewError } from "./errors";
export type { Handler } from "./events";
export type { Dtype, ErrorCode, Json, Reason } from "./protocol";
export type { SyncOptions } from "./sync";
export type { Transport } from "./transport";
export type { Socket, SocketClass } from "./transports/websocket";

declare global {
  interface Window {
    /** The bridge of a native window, or of the server's script in a browser. */
    readonly auroraview?: AuroraView;
  }
}

export interface CreateOptions {
  /**
   * How to reach the program. Without it and `url`: the native window this page is in, or the server's script; where
   * there is neither, the program is looked for on this machine.
   */
  transport?: Transport;
  /** Address of the program's server (`http://127.0.0.1:8000/`, also with `#token=...`). */
  url?: string | URL;
  /**
   * The secret of the link that the program printed. In a page the token of its own address will do. It goes to `url`,
   * or to ports that the page's address or its application named, never to those that a script or the default did.
   */
  token?: string;
  /** The class to connect with, where there is no global one. */
  WebSocket?: SocketClass;
  /** Attempts to connect (or to find the program) in a row before it is given up; without it there is no limit. */
  maxAttempts?: number;
  /** Console hints. */
  debug?: boolean;
}

let made: AuroraView | undefined;

/**
 * A client of the program. `createAuroraView<MyApi>()` types `client.api` by an interface of the program's methods.
 *
 * Without `window.auroraview`, a transport and a url it looks for a program on 127.0.0.1: at the port of a `WS_CONFIG`
 * that is at most 5 s old, of the page's `?port=`, of `window.AURORAVIEW_WS_PORT` and `window.TAURI_WS_PORT`, at the
 * server of the page, and at 8765. The first that gives a session stays.
 *
 * @throws TypeError for a url that is no address of a server, or where there is no WebSocket.
 */
export function createAuroraView<Api = AnyMethods, Namespaces = unknown>(
  options: CreateOptions = {},
): AuroraView<Api, Namespaces> {
  const { transport, url, debug = false } = options;
  const own = transport || url ? undefined : ofWindow();
  made = own ?? over(transport ?? overNetwork(options), debug);
  return made as AuroraView<Api, Namespaces>;
}

/**
 * The client made last; where there is none, what {@link createAuroraView} makes without options.
 *
 * @param otherwise gives one where none was made, in its place.
 */
export function getAuroraView<Api = AnyMethods, Namespaces = unknown>(
  otherwise: () => AuroraView = createAuroraView,
): AuroraView<Api, Namespaces> {
  return (made ?? otherwise()) as AuroraView<Api, Namespaces>;
}

function ofWindow(): AuroraView | undefined {
  return (globalThis as { auroraview?: AuroraView }).auroraview;
}

/** Over a WebSocket, whose code a page in a window never loads. */
function overNetwork({ url, token, WebSocket = globalThis.WebSocket, maxAttempts }: CreateOptions): Transport {
  if (!WebSocket) {
    throw new TypeError("there is no global WebSocket here: pass the option WebSocket");
  }
  const page = isPage();
  const address = url && new URL(url, page ? location.href : undefined);
  // A token in the page's address that is not asked for may be another's.
  const said = token ?? (address && tokenIn(address.hash).token) ?? (page ? takeToken() : undefined);
  const way = { url: address, token: said, WebSocket, maxAttempts };
  return laterTransport(import("./transports").then(({ reach }) => reach(way)));
}

function over(transport: Transport, debug: boolean): AuroraView {
  const page = isPage();
  const { client, bridge } = createClient({
    transport,
    newDocument: newDocumentId,
    url: () => (page ? pageUrl() : ""),
    onReady: () => page && announce(),
    debug,
  });
  if (page) {
    live(bridge);
  } else {
    bridge.start();
    bridge.documentReady();
  }
  return client;
}
