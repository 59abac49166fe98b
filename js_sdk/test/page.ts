/** A page without a browser: a realm of its own with as much of a window as the injected script touches. */
import { webcrypto as crypto } from "node:crypto";
import { createContext, runInContext } from "node:vm";
import { buildScript } from "../scripts/scripts.mjs";
import type { AuroraView } from "../src/client";
import type { PageFrame } from "../src/protocol";
import type { NativeLane } from "../src/transports/native_lane";

export const KEY = "0123456789abcdef0123456789abcdef";

/** Built from the source as it is now. */
const script = await buildScript("src/event_bridge.ts");

export interface PageOptions {
  origin?: string;
  origins?: string[];
  readyState?: string;
  /** The page is the top frame. */
  top?: boolean;
  /** What the library of the web process put there. */
  native?: NativeLane;
}

export interface Page {
  /** What went to the plain handler and to the one with replies. */
  readonly plain: string[];
  readonly polls: { text: string; reply: (text: string) => void }[];
  readonly auroraview: AuroraView | undefined;
  /** Fires an event on the window, or `DOMContentLoaded` on the document. */
  fire(type: string, fields?: object): void;
  run(code: string): unknown;
  /** Runs the injected script again. */
  inject(): void;
  /** Frames posted since the last time; both handlers together, hello first. */
  frames(): PageFrame[];
}

export async function openPage(options: PageOptions = {}): Promise<Page> {
  const { origin = "auroraview://view", origins = [origin], readyState = "loading", top = true, native } = options;
  const onWindow = new EventTarget();
  const onDocument = new EventTarget();
  const plain: string[] = [];
  const polls: Page["polls"] = [];
  const posted: string[] = [];
  const globals: Record<string, unknown> = {
    setTimeout,
    clearTimeout,
    queueMicrotask,
    performance,
    console,
    crypto,
    Event,
    EventTarget,
    TextDecoder,
    btoa,
    atob,
    location: { origin, href: `${origin}/index.html` },
    document: { readyState, addEventListener: onDocument.addEventListener.bind(onDocument) },
    addEventListener: onWindow.addEventListener.bind(onWindow),
    dispatchEvent: onWindow.dispatchEvent.bind(onWindow),
    plainPost: (text: string) => {
      plain.push(text);
      posted.push(text);
    },
    replyingPost: (text: string, reply: (text: string) => void) => {
      polls.push({ text, reply });
      posted.push(text);
    },
  };
  const context = createContext(globals);
  const run = (text: string): unknown => runInContext(text, context);
  run(`
    var window = globalThis;
    window.top = ${top ? "window" : "{}"};
    var webkit = { messageHandlers: {
      ipc: { postMessage(text) { plainPost(text); } },
      auroraview: { postMessage(text) { return new Promise((_, reject) => replyingPost(text, (message) => reject({ message }))); } },
    } };
  `);
  if (native !== undefined) {
    globals.given = native;
    run(
      "Object.defineProperty(window, '__auroraview_lane', { value: given, configurable: true }); delete window.given;",
    );
  }
  const config = JSON.stringify({ key: KEY, origins, debug: false });
  const inject = (): void => void run(`(function (__AURORAVIEW_CONFIG__) {\n${script}\n})(${config});`);
  inject();
  return {
    plain,
    polls,
    get auroraview() {
      return run("window.auroraview") as AuroraView | undefined;
    },
    fire: (type, fields = {}) => {
      const target = type === "DOMContentLoaded" ? onDocument : onWindow;
      target.dispatchEvent(Object.assign(new Event(type), fields));
    },
    run,
    inject,
    frames: () =>
      posted
        .splice(0)
        .map((text) => text.slice(KEY.length + 16))
        .filter((text) => text !== "")
        .map((text) => JSON.parse(text) as PageFrame),
  };
}

/** A frame for the page, as text. */
export function frame(document: string, seq: number, event: string, detail: unknown): string {
  return JSON.stringify({ v: 1, doc: document, seq, msgs: [{ type: "event", event, detail }] });
}
