/** Sockets that lead nowhere: the test is the server. */
import { vi } from "vitest";
import type { ClientMessage, PageFrame, ServerMessage } from "../src/protocol";
import { welcome } from "./program";

export class FakeSocket {
  binaryType = "blob";
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  /** The page closed it. */
  closed = false;
  readonly sent: (string | Uint8Array)[] = [];

  constructor(readonly url: string) {}

  send(data: string | Uint8Array): void {
    if (!this.closed) {
      this.sent.push(data);
    }
  }

  close(): void {
    this.closed = true;
  }

  // What follows is the server's side.

  accept(): void {
    this.onopen?.({} as never);
  }

  say(data: string | ArrayBuffer | ServerMessage): void {
    const plain = typeof data === "string" || data instanceof ArrayBuffer;
    this.onmessage?.({ data: plain ? data : JSON.stringify(data) } as never);
  }

  drop(code = 1006, reason = ""): void {
    this.onerror?.({} as never);
    this.onclose?.({ code, reason } as never);
  }

  /** What was sent since the last time. */
  taken(): (string | Uint8Array)[] {
    return this.sent.splice(0);
  }

  /** The frames among it, parsed. */
  frames(): PageFrame[] {
    return this.taken()
      .filter((data) => typeof data === "string" && !data.startsWith('{"type":'))
      .map((data) => JSON.parse(data as string) as PageFrame);
  }

  /** The messages of the connection itself among it. */
  said(): ClientMessage[] {
    return this.taken()
      .filter((data) => typeof data === "string" && data.startsWith('{"type":'))
      .map((data) => JSON.parse(data as string) as ClientMessage);
  }
}

/** The class pages connect with, and the sockets it made. */
export class Network {
  readonly sockets: FakeSocket[] = [];
  readonly Socket: new (
    url: string,
  ) => FakeSocket;

  constructor() {
    const { sockets } = this;
    this.Socket = class extends FakeSocket {
      constructor(url: string) {
        super(url);
        sockets.push(this);
      }
    };
  }

  get last(): FakeSocket {
    const socket = this.sockets[this.sockets.length - 1];
    if (socket === undefined) {
      throw new Error("nobody has connected");
    }
    return socket;
  }
}

export const SESSION: ServerMessage = {
  type: "session",
  id: "S1",
  resume: "R1",
  received: 0,
  resumed: false,
  heartbeat: 10,
  timeout: 20,
};

export function session(change: Partial<ServerMessage & { type: "session" }> = {}): ServerMessage {
  return { ...SESSION, ...change } as ServerMessage;
}

/** A frame for the page. */
export function frameText(document: string, seq: number, event: string, detail: unknown): string {
  return JSON.stringify({ v: 1, doc: document, seq, msgs: [{ type: "event", event, detail }] });
}

export function welcomeText(document: string, seq = 1): string {
  return frameText(document, seq, "__auroraview_welcome", welcome());
}

/** Modules that see the fake clock: they take their timers when they are loaded. */
export async function withFakeTimers() {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "performance"],
  });
  vi.resetModules();
  const { WebSocketTransport } = await import("../src/transports/websocket");
  const { createClient } = await import("../src/client");
  const { Heartbeat } = await import("../src/transports/heartbeat");
  return { WebSocketTransport, createClient, Heartbeat };
}

/** A page that has connected and is waiting for the server to accept. */
export async function connectedPage(
  options: {
    token?: string;
    maxAttempts?: number;
    place?: import("../src/transports/place").Place;
    leads?: () => readonly import("../src/transports/search").Lead[];
    debug?: boolean;
  } = {},
) {
  const { WebSocketTransport, createClient } = await withFakeTimers();
  const network = new Network();
  const { debug = false, ...more } = options;
  const reload = vi.fn();
  const transport = new WebSocketTransport({
    url: "http://127.0.0.1:8000/",
    WebSocket: network.Socket as never,
    reload,
    ...more,
  });
  let documents = 0;
  const { client, bridge } = createClient({
    transport,
    newDocument: () => `d${++documents}`,
    url: () => "http://127.0.0.1:8000/index.html",
    onReady: () => {},
    debug,
  });
  bridge.start();
  bridge.documentReady();
  return { network, transport, client, bridge, reload };
}

/** A page whose session is there and that was welcomed; what it sent up to there is forgotten. */
export async function openPage(options: Parameters<typeof connectedPage>[0] = {}) {
  const page = await connectedPage(options);
  const socket = page.network.last;
  socket.accept();
  socket.say(session());
  socket.say(welcomeText("d1"));
  await vi.advanceTimersByTimeAsync(0);
  socket.sent.length = 0;
  return { ...page, socket };
}

/** Lets microtasks run, and the timers of so many milliseconds. */
export async function pass(milliseconds = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(milliseconds);
  for (let i = 0; i < 30; i++) {
    await null;
  }
}
