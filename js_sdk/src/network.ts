/**
 * The way to a program that is not the page's own window: a WebSocket to the server that was named, or to the one that
 * is found. In the package it lies with the other transports, apart from the core, which loads it where it is needed.
 */
import { Discovery } from "./discovery";
import { isPage } from "./page";
import { Tab } from "./tab";
import type { Transport } from "./transport";
import { targetOf } from "./transports/endpoint";
import { type SocketClass, WebSocketTransport } from "./transports/websocket";

/** Where to, and how. */
export interface Way {
  /** Address of the server; undefined: it is looked for. */
  url?: string | URL | undefined;
  token?: string | undefined;
  WebSocket?: SocketClass | undefined;
  maxAttempts?: number | undefined;
}

/** A transport over the network; in a page with the memory of its tab. */
export function reach({ url, token, WebSocket, maxAttempts }: Way): Transport {
  const page = isPage();
  const reload = page ? (): void => location.reload() : undefined;
  if (url === undefined) {
    return new WebSocketTransport({ leads: new Discovery(token).leads, WebSocket, maxAttempts, reload });
  }
  const place = page ? new Tab(targetOf(url).base, token) : undefined;
  return new WebSocketTransport({ url, token, WebSocket, maxAttempts, place, reload });
}
