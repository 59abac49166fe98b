/**
 * Whatever breaks, and whenever: each message takes effect exactly once and in order, in both directions.
 *
 * The server here is a small model of the real one: numbered frames, duplicates dropped, at most two frames to the page
 * unacknowledged, resume tokens. A seeded generator of chance decides who acts next, and where connections break: any
 * part of what is under way may be lost then, from its end.
 */
import { afterEach, expect, test, vi } from "vitest";
import type { ClientMessage, PageFrame, SessionMessage } from "../../src/protocol";
import { type FakeSocket, Network, pass, withFakeTimers } from "../network";
import { welcome } from "../program";

afterEach(() => {
  vi.useRealTimers();
});

/** Numbers from 0 to 1, the same for the same seed. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Data = string | Uint8Array;
interface Outgoing {
  seq: number;
  parts: Data[];
}
interface Waiting {
  message: SessionMessage;
  attachment?: Uint8Array;
}

/** One session of the model server, and the connection it has. */
class Server {
  readonly events: unknown[] = [];
  readonly calls: number[] = [];
  readonly resumes: string[] = [];
  document = "";
  received = 0;
  #seq = 0;
  #acked = 0;
  #frames: Outgoing[] = [];
  #queue: Waiting[] = [];
  #ready = false;
  #numbered = 0;
  #tokens = 0;
  #out: Data[] = [];
  #expects: { frame: PageFrame; parts: Uint8Array[] } | undefined;

  /** What goes to the page next. */
  get out(): Data[] {
    return this.#out;
  }

  connected(): void {
    this.#out = [];
    this.#expects = undefined;
  }

  take(data: Data): void {
    if (typeof data !== "string") {
      const expected = this.#expects;
      if (expected === undefined) {
        throw new Error("a binary message nobody announced");
      }
      expected.parts.push(data);
      if (expected.parts.length === expected.frame.att) {
        this.#expects = undefined;
        this.#process(expected.frame, expected.parts);
      }
      return;
    }
    if (this.#expects !== undefined) {
      throw new Error("a text where an attachment was announced");
    }
    if (data.startsWith('{"type":')) {
      this.#hear(JSON.parse(data) as ClientMessage);
      return;
    }
    const frame = JSON.parse(data) as PageFrame;
    if (frame.att === undefined) {
      this.#process(frame, []);
    } else {
      this.#expects = { frame, parts: [] };
    }
  }

  emit(detail: number, attachment?: Uint8Array): void {
    const message: SessionMessage = { type: "event", event: "e", detail };
    this.#queue.push(attachment === undefined ? { message } : { message: attached(message, detail), attachment });
    this.#send();
  }

  acknowledge(): void {
    this.#out.push(JSON.stringify({ type: "ack", received: this.received }));
  }

  #hear(message: ClientMessage): void {
    if (message.type !== "hello") {
      return;
    }
    const known = message.resume !== undefined && this.resumes.includes(message.resume);
    if (message.resume !== undefined && !known) {
      throw new Error("the page presents a resume token it was never given");
    }
    const resumed = message.received !== undefined && message.document === this.document;
    const resume = `R${++this.#tokens}`;
    this.resumes.push(resume);
    this.#out.push(
      JSON.stringify({
        type: "session",
        id: "S",
        resume,
        received: resumed ? this.received : 0,
        resumed,
        heartbeat: 1000,
        timeout: 2000,
      }),
    );
    if (resumed) {
      this.#forget(message.received ?? 0);
      for (const { parts } of this.#frames) {
        this.#out.push(...parts);
      }
    } else {
      this.document = message.document;
      this.#queue.unshift({
        message: { type: "event", event: "__auroraview_welcome", detail: welcome() as never },
      });
    }
    this.#send();
  }

  #process(frame: PageFrame, parts: Uint8Array[]): void {
    this.#forget(frame.ack ?? 0);
    if (frame.seq !== undefined) {
      if (frame.seq <= this.received) {
        return;
      }
      if (frame.seq !== this.received + 1) {
        throw new Error(`frame ${frame.seq} came after frame ${this.received}`);
      }
      this.received = frame.seq;
      this.#numbered++;
      if (this.#numbered % 16 === 0) {
        this.acknowledge();
      }
    }
    let at = 0;
    for (const message of frame.msgs) {
      if (message.type === "ready") {
        this.#ready = true;
      } else if (message.type === "call") {
        this.calls.push(message.params as number);
        this.#queue.push({
          message: {
            type: "event",
            event: "__auroraview_call_result",
            detail: { id: message.id, ok: true, result: message.params ?? null },
          },
        });
      } else if (message.type === "event") {
        this.events.push(message.att === undefined ? message.detail : [...(parts[at++] ?? [])]);
      }
    }
    this.#send();
  }

  #forget(acked: number): void {
    this.#acked = Math.max(this.#acked, acked);
    this.#frames = this.#frames.filter(({ seq }) => seq > this.#acked);
  }

  #send(): void {
    if (this.document === "") {
      return;
    }
    while (this.#frames.length < 2 && this.#queue.length > 0 && (this.#ready || this.#seq === 0)) {
      const batch = this.#queue.splice(0, this.#seq === 0 ? 1 : 3);
      const attachments = batch.flatMap(({ attachment }) => (attachment === undefined ? [] : [attachment]));
      this.#seq++;
      const head = attachments.length === 0 ? "{" : `{"att":${attachments.length},`;
      const msgs = JSON.stringify(batch.map(({ message }) => message));
      const text = `${head}"v":1,"doc":"${this.document}","seq":${this.#seq},"msgs":${msgs}}`;
      this.#frames.push({ seq: this.#seq, parts: [text, ...attachments] });
      this.#out.push(text, ...attachments);
    }
  }
}

function attached(message: SessionMessage, detail: number): SessionMessage {
  return { ...message, att: [{ bytes: 2, dtype: "uint8" }], detail: [detail, { $av: 0 }] };
}

async function converse(seed: number): Promise<void> {
  const random = chance(seed);
  const { WebSocketTransport, createClient } = await withFakeTimers();
  const network = new Network();
  const server = new Server();
  const transport = new WebSocketTransport({ url: "http://127.0.0.1:1/", WebSocket: network.Socket as never });
  const { client, bridge } = createClient({
    transport,
    newDocument: () => "d",
    url: () => "",
    onReady: () => {},
    debug: false,
  });
  const heard: unknown[] = [];
  client.on("e", (detail) => heard.push(detail));
  client.onReset(() => heard.push("reset"));
  bridge.start();
  bridge.documentReady();

  const said: unknown[] = [];
  const emitted: unknown[] = [];
  const called: number[] = [];
  const answers: Promise<unknown>[] = [];
  let socket: FakeSocket | undefined;
  let drops = 0;

  const toServer = (): void => {
    const data = socket?.sent.shift();
    if (data !== undefined) {
      server.take(data);
    }
  };
  const toPage = (): void => {
    const data = server.out.shift();
    if (data !== undefined) {
      socket?.say(typeof data === "string" ? data : (data.slice().buffer as ArrayBuffer));
    }
  };
  const some = (actions: number, act: () => void): void => {
    for (let i = 0; i < actions; i++) {
      act();
    }
  };
  const connect = async (): Promise<void> => {
    for (let timers = 0; network.last === socket; timers++) {
      expect(timers).toBeLessThan(10);
      await vi.advanceTimersToNextTimerAsync();
    }
    socket = network.last;
    server.connected();
    socket.accept();
  };
  const act = (kind: number): void => {
    const n = said.length + emitted.length + called.length;
    if (kind < 0.3) {
      if (random() < 0.3) {
        said.push([n & 255, 7]);
        client.send_event("p", new Uint8Array([n & 255, 7]));
      } else {
        said.push(n);
        client.send_event("p", n);
      }
    } else if (kind < 0.5) {
      called.push(n);
      answers.push(client.call("m", n, { timeout: 0 }));
    } else if (random() < 0.3) {
      emitted.push([n, new Uint8Array([n & 255, 9])]);
      server.emit(n, new Uint8Array([n & 255, 9]));
    } else {
      emitted.push(n);
      server.emit(n);
    }
  };

  await connect();
  for (let step = 0; step < 300; step++) {
    const kind = random();
    if (kind < 0.35) {
      act(random());
    } else if (kind < 0.6) {
      some(1 + random() * 3, toServer);
    } else if (kind < 0.85) {
      some(1 + random() * 3, toPage);
    } else if (kind < 0.92) {
      await pass();
    } else if (kind < 0.96) {
      server.acknowledge();
    } else {
      drops++;
      // What is under way arrives up to some point, at either end; the page may hear of the drop before the server does.
      some(random() * (server.out.length + 1), toPage);
      const there = socket as FakeSocket;
      some(random() * (there.sent.length + 1), toServer);
      there.drop();
      await connect();
    }
  }
  for (let quiet = 0, rounds = 0; quiet < 5; rounds++) {
    expect(rounds).toBeLessThan(1000);
    const before = [socket?.sent.length, server.out.length].join();
    some(100, toServer);
    some(100, toPage);
    await pass();
    quiet = before === "0,0" && socket?.sent.length === 0 && server.out.length === 0 ? quiet + 1 : 0;
  }
  expect(drops).toBeGreaterThan(2);
  expect(server.events).toEqual(said);
  expect(server.calls).toEqual(called);
  expect(heard).toEqual(emitted);
  expect(await Promise.all(answers)).toEqual(called);
  transport.close();
}

test.each([...Array(40).keys()].map((i) => 1 + i * 7919))("chance %i", (seed) => converse(seed));
