/** A browser without a browser: a realm with as much of a window as the server's script touches. */
import { webcrypto as crypto } from "node:crypto";
import { createContext, runInContext } from "node:vm";
import { buildScript } from "../scripts/scripts.mjs";
import type { AuroraView } from "../src/client";
import { type FakeSocket, Network } from "./network";

/** Built from the source as it is now. */
const script = await buildScript("src/browser.ts");

export interface BrowserOptions {
  /** Address in the address bar. */
  href?: string;
  /** Address of the script, empty where it stands in the page; null where the document does not know which one runs. */
  src?: string | null;
  /** What `sessionStorage` holds; null where it may not be used. */
  stored?: Map<string, string> | null;
  readyState?: string;
  /** Run before the script. */
  before?: string;
}

export interface BrowserPage {
  readonly network: Network;
  readonly socket: FakeSocket;
  readonly auroraview: AuroraView;
  readonly stored: Map<string, string>;
  /** The address bar. */
  readonly address: string;
  readonly reloads: () => number;
  setFragment(fragment: string): void;
  fire(type: string, fields?: object): void;
  run(code: string): unknown;
}

export async function openBrowser(options: BrowserOptions = {}): Promise<BrowserPage> {
  const {
    href = "http://127.0.0.1:8000/#token=secret",
    src = "http://127.0.0.1:8000/auroraview.js",
    stored = new Map<string, string>(),
    readyState = "loading",
    before = "",
  } = options;
  const network = new Network();
  const onWindow = new EventTarget();
  const onDocument = new EventTarget();
  const location = new URL(href);
  let reloads = 0;
  const globals: Record<string, unknown> = {
    setTimeout,
    clearTimeout,
    queueMicrotask,
    performance,
    console,
    crypto,
    Event,
    URL,
    URLSearchParams,
    btoa,
    atob,
    WebSocket: network.Socket,
    location: {
      get href() {
        return location.href;
      },
      get origin() {
        return location.origin;
      },
      get hash() {
        return location.hash;
      },
      get pathname() {
        return location.pathname;
      },
      get search() {
        return location.search;
      },
      reload: () => void reloads++,
    },
    history: {
      state: { kept: true },
      replaceState(state: { kept?: boolean }, _title: string, to: string) {
        if (state.kept !== true) {
          throw new Error("the state of the page was lost");
        }
        location.href = new URL(to, location).href;
      },
    },
    document: {
      readyState,
      visibilityState: "visible",
      currentScript: src === null ? null : { src },
      querySelector: (selector: string) =>
        selector.includes("auroraview.js") ? { src: "http://127.0.0.1:8000/found/auroraview.js" } : null,
      addEventListener: onDocument.addEventListener.bind(onDocument),
      removeEventListener: onDocument.removeEventListener.bind(onDocument),
    },
    addEventListener: onWindow.addEventListener.bind(onWindow),
    removeEventListener: onWindow.removeEventListener.bind(onWindow),
    dispatchEvent: onWindow.dispatchEvent.bind(onWindow),
  };
  if (stored !== null) {
    globals.sessionStorage = {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => void stored.set(key, value),
    };
  }
  const context = createContext(globals);
  const run = (text: string): unknown => runInContext(text, context);
  run("var window = globalThis;");
  if (stored === null) {
    run(
      'Object.defineProperty(window, "sessionStorage", { get() { throw new DOMException("denied"); } }); var DOMException = Error;',
    );
  }
  run(before);
  run(script);
  return {
    network,
    get socket() {
      return network.last;
    },
    get auroraview() {
      return run("window.auroraview") as AuroraView;
    },
    stored: stored ?? new Map(),
    get address() {
      return location.href;
    },
    reloads: () => reloads,
    setFragment: (fragment) => {
      location.hash = fragment;
      onWindow.dispatchEvent(new Event("hashchange"));
    },
    fire: (type, fields = {}) => {
      const target = type === "DOMContentLoaded" || type === "visibilitychange" ? onDocument : onWindow;
      target.dispatchEvent(Object.assign(new Event(type), fields));
    },
    run,
  };
}
