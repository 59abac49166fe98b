/**
 * The shared test cases of the protocol, from the page's side: what it says is what the session accepts, and what the
 * session sends is understood, acknowledged and handed to where it belongs.
 */
import { expect, test, vi } from "vitest";
import { callHead, encodeCancel, encodeHello, encodeMessage, encodeValue, eventHead, READY } from "../src/encode";
import type { CallResult, Json, PageFrame, PageMessage, SessionFrame } from "../src/protocol";
import { makeBridge, turns } from "./program";

type Step = { page?: PageFrame | string; sends?: SessionFrame[] };
type Accepted = PageMessage & { params_text?: string; detail_text?: string };
type Case = { name: string; ends?: string[]; accepts?: Accepted[]; steps?: Step[] };

const files = import.meta.glob<{ cases: Case[] }>("../../protocol/vectors/*.json", { eager: true, import: "default" });
const cases = Object.entries(files).flatMap(([path, file]) =>
  (file as unknown as { cases: Case[] }).cases
    .filter(({ ends }) => ends?.includes("typescript") ?? true)
    .map((entry) => ({
      title: `${path.replace(/.*\//, "")}: ${entry.name}`,
      accepts: (entry.accepts ?? []).map(parsed),
      steps: entry.steps ?? [],
    })),
);
/** What is given as text (`params_text`, `detail_text`) as the value JavaScript can say: it has no `-0` and no `1e400`. */
function parsed(accepted: Accepted): PageMessage {
  const { params_text, detail_text, ...message } = accepted;
  return {
    ...message,
    ...(params_text === undefined ? {} : { params: sayable(params_text) }),
    ...(detail_text === undefined ? {} : { detail: sayable(detail_text) }),
  };
}

function sayable(text: string): Json {
  return JSON.parse(JSON.stringify(JSON.parse(text)));
}

const messages = cases.filter(({ accepts }) => accepts.length > 0);
const transcripts = cases.filter(({ steps }) => steps.some(({ sends }) => sends?.length));

test("there are vectors of both kinds", () => {
  expect(messages.length).toBeGreaterThan(20);
  expect(transcripts.length).toBeGreaterThan(20);
});

function encoded(message: PageMessage): string {
  const text = (key: string): string => {
    const value = (message as unknown as Record<string, Json>)[key];
    return value === undefined ? "" : encodeValue(value);
  };
  switch (message.type) {
    case "hello":
      return encodeHello(message.document, message.url);
    case "ready":
      return READY;
    case "call":
      return encodeMessage(callHead(message.id, message.method), "", "params", text("params"));
    case "event":
      return encodeMessage(eventHead(message.event), "", "detail", text("detail"));
    case "cancel":
      return encodeCancel(message.id);
  }
}

test.each(messages)("$title: the page can say what is accepted", ({ accepts }) => {
  for (const message of accepts) {
    const said = JSON.parse(encoded(message)) as PageMessage;
    expect(said).toEqual(message.type === "hello" ? { ...message, protocol: 1 } : message);
    // As text too, since a matcher overlooks an own key called __proto__.
    const value = "detail" in message ? message.detail : "params" in message ? message.params : undefined;
    expect(JSON.stringify(said)).toContain(JSON.stringify(value) ?? "");
  }
});

/** A page that does what a transcript says, as far as a page of this project would, and keeps what reaches it. */
class TranscriptPage {
  readonly #document = { next: "" };
  readonly #made = makeBridge({ newDocument: () => this.#document.next });
  /** Calls by the transcript's id; the bridge numbers for itself. */
  readonly #calls = new Map<number, { id: number; outcome: ReturnType<typeof vi.fn> }>();
  readonly #heard: [string, Json][] = [];
  #expected: [string, Json][] = [];
  #retained = new Map<string, Json>();
  #lastId = 0;

  constructor(events: Iterable<string>) {
    for (const event of events) {
      this.#made.bridge.on(event, ((detail: Json) => this.#heard.push([event, detail])) as never, false);
    }
  }

  say(message: PageMessage): void {
    const { bridge, program } = this.#made;
    if (message.type === "hello" && message.document !== program.document) {
      this.#document.next = message.document;
      bridge.leave();
      bridge.start();
      this.#retained = new Map();
      this.#calls.clear();
    } else if (message.type === "call" && typeof message.method === "string") {
      const outcome = vi.fn();
      this.#calls.set(message.id, { id: ++this.#lastId, outcome });
      bridge.call(message.method, message.params, { timeout: 0 }).then(
        (result) => outcome(null, result),
        (error) => outcome(error.code, error.message),
      );
    } else if (message.type === "ready") {
      bridge.documentReady();
    }
  }

  /** Receives a frame and checks what becomes of it. */
  async hear(frame: SessionFrame): Promise<void> {
    const { bridge, program } = this.#made;
    const answered: { outcome: ReturnType<typeof vi.fn>; detail: CallResult }[] = [];
    let ends = false;
    const msgs = frame.msgs.map((message) => {
      ends ||= message.event === "__auroraview_closed";
      if (message.event !== "__auroraview_call_result") {
        if (!message.event.startsWith("__auroraview_")) {
          this.#expected.push([message.event, message.detail ?? null]);
          if (message.retain) {
            this.#retained.set(message.event, message.detail ?? null);
          }
        }
        return message;
      }
      const detail = message.detail as unknown as CallResult;
      const call = this.#calls.get(detail.id);
      if (call === undefined) {
        return message;
      }
      answered.push({ outcome: call.outcome, detail });
      this.#calls.delete(detail.id);
      return { ...message, detail: { ...detail, id: call.id } as unknown as Json };
    });
    await turns();
    program.sent.length = 0;
    expect(program.text(JSON.stringify({ ...frame, msgs }))).toBe(!ends);
    await turns();
    expect(program.frames().map(({ doc, ack }) => [doc, ack])).toEqual(ends ? [] : [[frame.doc, frame.seq]]);
    expect(this.#heard).toEqual(this.#expected);
    for (const { outcome, detail } of answered) {
      expect(outcome.mock.calls).toEqual([
        detail.ok ? [null, detail.result] : [detail.error.code, detail.error.message],
      ]);
    }
    for (const [event, detail] of this.#retained) {
      const late = vi.fn();
      bridge.on(event, late, true);
      await turns();
      expect(late.mock.calls).toEqual([[detail]]);
    }
    expect(bridge.isReady).toBe(!ends);
  }
}

test.each(transcripts)("$title: the page understands what is sent", async ({ steps }) => {
  const events = steps
    .flatMap(({ sends }) => sends ?? [])
    .flatMap(({ msgs }) => msgs)
    .map(({ event }) => event)
    .filter((event) => !event.startsWith("__auroraview_"));
  const page = new TranscriptPage(new Set(events));
  for (const { page: frame, sends } of steps) {
    for (const message of typeof frame === "object" ? frame.msgs : []) {
      page.say(message);
    }
    for (const sent of sends ?? []) {
      await page.hear(sent);
    }
  }
});
