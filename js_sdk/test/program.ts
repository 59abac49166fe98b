/** The other end for tests: a transport whose far side is the test itself. It feeds text and keeps text. */
import { Attached } from "../src/attached";
import { type Bridge, type BridgeOptions, makeBridge as make } from "../src/bridge";
import { createClient } from "../src/client";
import { encodeHelloFrame } from "../src/encode";
import type { Json, Limits, PageFrame, PageMessage, SessionMessage, Welcome } from "../src/protocol";
import type { Receiver, Transport } from "../src/transport";

export const LIMITS: Limits = { message_bytes: 134_217_728, depth: 200, calls_in_flight: 50_000 };

export function welcome(change: Partial<Welcome> = {}): Welcome {
  return { protocol: 1, methods: [], namespaces: [], limits: LIMITS, debug: false, ...change };
}

export class Program implements Transport {
  document = "";
  seq = 0;
  closed = false;
  /** Frames the page has sent, as text. */
  readonly sent: string[] = [];
  /** The attachments of each frame in `sent`. */
  readonly attached: (readonly Uint8Array[])[] = [];
  #receiver: Receiver | undefined;

  open(document: string, url: string, receiver: Receiver): void {
    this.document = document;
    this.seq = 0;
    this.#receiver = receiver;
    this.sent.push(encodeHelloFrame(document, url));
    this.attached.push([]);
  }

  send(frame: string, attachments: readonly Uint8Array[]): void {
    this.sent.push(frame);
    this.attached.push(attachments);
  }

  close(): void {
    this.closed = true;
  }

  /** Frames sent since the last time, parsed. */
  frames(): PageFrame[] {
    return this.sent.splice(0).map((text) => JSON.parse(text) as PageFrame);
  }

  /** Messages sent since the last time. */
  messages(): PageMessage[] {
    return this.frames().flatMap((frame) => frame.msgs);
  }

  /** The bridge's end. */
  get receiver(): Receiver {
    if (this.#receiver === undefined) {
      throw new Error("the bridge has not started");
    }
    return this.#receiver;
  }

  text(text: string, attachments: readonly Uint8Array[] = []): boolean {
    return this.receiver.receive(text, new Attached(attachments));
  }

  deliver(...msgs: SessionMessage[]): boolean {
    this.seq++;
    return this.text(JSON.stringify({ v: 1, doc: this.document, seq: this.seq, msgs }));
  }

  emit(event: string, detail?: Json, retain = false): void {
    this.deliver({ type: "event", event, ...(detail === undefined ? {} : { detail }), ...(retain ? { retain } : {}) });
  }

  welcome(change: Partial<Welcome> = {}): void {
    this.deliver({ type: "event", event: "__auroraview_welcome", detail: welcome(change) as unknown as Json });
  }

  respond(id: number, result: Json): void {
    this.deliver({ type: "event", event: "__auroraview_call_result", detail: { id, ok: true, result } });
  }

  fail(id: number, error: Json): void {
    this.deliver({ type: "event", event: "__auroraview_call_result", detail: { id, ok: false, error } });
  }

  end(reason: string): void {
    this.receiver.closed(reason);
  }
}

function options(program: Program, change: Partial<BridgeOptions>): BridgeOptions {
  let documents = 0;
  return {
    transport: program,
    newDocument: () => `d${++documents}`,
    url: () => "auroraview://view/",
    onNamespaces: () => {},
    onReady: () => {},
    debug: false,
    ...change,
  };
}

/** A bridge that has not started, and its program. */
export function makeBridge(change: Partial<BridgeOptions> = {}): { bridge: Bridge; program: Program } {
  const program = new Program();
  return { bridge: make(options(program, change)), program };
}

/** A client that was welcomed; what it sent up to there is forgotten. */
export async function welcomed(change: Partial<Welcome> = {}) {
  const program = new Program();
  const { client, bridge } = createClient(options(program, {}));
  bridge.start();
  bridge.documentReady();
  program.welcome(change);
  await turns();
  program.sent.length = 0;
  return { client, bridge, program };
}

/** Waits until all that microtasks can do is done. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 50; i++) {
    await null;
  }
}
