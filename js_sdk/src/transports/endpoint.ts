/** Addresses: where the WebSocket is, for the address of the server that people know. */
import { tokenIn } from "./token";

/** The file the WebSocket is at, below the address of the server. */
const ENDPOINT = "auroraview.ws";

export interface Target {
  /** `ws:` or `wss:`. */
  endpoint: string;
  /** Address of the directory the endpoint is in. */
  base: string;
  /** From a fragment `#token=...`. */
  token: string | undefined;
}

/** In a page an address may be relative to it. Understands `http://host:port/prefix/`, also with a page's name or `#token=...`, and the address of the endpoint. */
export function targetOf(address: string | URL): Target {
  const url = new URL(address, typeof location === "object" ? location.href : undefined);
  const { token } = tokenIn(url.hash);
  url.hash = "";
  url.search = "";
  url.protocol = url.protocol.replace(/^http/, "ws");
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw new TypeError(`no http or ws address: ${address}`);
  }
  const last = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
  if (last.includes(".")) {
    url.pathname = url.pathname.slice(0, -last.length);
  } else if (last !== "") {
    url.pathname += "/";
  }
  return { endpoint: url.href + ENDPOINT, base: url.href.replace(/^ws/, "http"), token };
}
