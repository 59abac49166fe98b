/**
 * The script that the server gives to pages, `<script src="/auroraview.js">`: it makes `window.auroraview` over a
 * WebSocket to where the script came from. Where it came from no server, as beside a file, the page looks for one. In a
 * native window, which has its own, it does nothing.
 *
 * Built into one file by npm run build.
 */
import { pageUrl, takeToken } from "./address_bar";
import { createClient } from "./client";
import { Discovery, nameOf } from "./discovery";
import { newDocumentId } from "./document_id";
import { announce, live } from "./page";
import { defineProperty, getOwnPropertyDescriptor } from "./primitives";
import { Tab } from "./tab";
import { targetOf } from "./transports/endpoint";
import { WebSocketTransport } from "./transports/websocket";

/** The way to the program, and what becomes of the token of a link that is opened in this very tab. */
interface Way {
  transport: WebSocketTransport;
  /** Remembers it for the next document; whether it is another token. */
  accept(token: string): boolean;
}

/** Address of this script; empty where it stands in the page. A module, or a script put in later, has to look for it. */
function ownAddress(): string {
  const script = document.currentScript ?? document.querySelector('script[src*="auroraview.js"]');
  return (script as HTMLScriptElement | null)?.src ?? "";
}

const reload = (): void => location.reload();

function toServer(url: string): Way {
  const key = nameOf(targetOf(url).base);
  const place = new Tab(key, takeToken());
  const accept = (token: string): boolean => {
    const news = token !== place.token;
    new Tab(key, token);
    return news;
  };
  return { transport: new WebSocketTransport({ url, place, reload }), accept };
}

function toWhatIsFound(): Way {
  const discovery = new Discovery(takeToken());
  return {
    transport: new WebSocketTransport({ leads: discovery.leads, reload }),
    accept: (token) => discovery.accept(token),
  };
}

function start(): void {
  const url = ownAddress();
  const { transport, accept } = /^https?:/.test(url) ? toServer(url) : toWhatIsFound();
  const { client, bridge } = createClient({
    transport,
    newDocument: newDocumentId,
    url: pageUrl,
    onReady: announce,
    debug: false,
  });
  defineProperty(window, "auroraview", { value: client, enumerable: true });
  window.addEventListener("hashchange", () => {
    const token = takeToken();
    // A link opened in this tab, which differs in the fragment alone, loads nothing by itself.
    if (token !== undefined && (accept(token) || client.connection.state === "closed")) {
      reload();
    }
  });
  live(bridge);
}

// An element with this id would be found by `in`.
if (getOwnPropertyDescriptor(window, "auroraview") === undefined) {
  start();
}
