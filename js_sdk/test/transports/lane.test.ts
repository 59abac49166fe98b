import { afterEach, expect, test, vi } from "vitest";
import { createClient } from "../../src/client";
import { makeCallSync } from "../../src/sync";
import { EmbeddedTransport } from "../../src/transports/embedded";
import { LaneTransport } from "../../src/transports/lane";
import { FakeNative } from "../native";
import { turns, welcome } from "../program";

const KEY = "0123456789abcdef0123456789abcdef";
const DOCUMENT = "AAAAAAAAAAAAAAA1";
const PREFIX = KEY + DOCUMENT;
const HELLO = `{"v":1,"doc":"${DOCUMENT}","msgs":[{"type":"hello","protocol":1,"document":"${DOCUMENT}","url":"auroraview://view/"}]}`;

function makePage(native = new FakeNative()) {
  /** What went the ordinary way: posts, and polls with how to answer them. */
  const plain: string[] = [];
  const polls: { text: string; reply: (frame: string) => void }[] = [];
  const lane = new LaneTransport(
    native,
    new EmbeddedTransport(
      KEY,
      { postMessage: (text: string) => void plain.push(text) },
      {
        postMessage: (text: string) =>
          new Promise((_, reject) => polls.push({ text, reply: (frame) => reject(new Error(frame)) })),
      },
    ),
  );
  let documents = 0;
  const { client, bridge } = createClient({
    transport: lane,
    sync: (own) => makeCallSync(own, lane),
    newDocument: () => `AAAAAAAAAAAAAAA${++documents}`,
    url: () => "auroraview://view/",
    onReady: () => {},
    debug: false,
  });
  bridge.start();
  return { native, plain, polls, client, bridge };
}

let seq = 0;

function frame(messages: object[], attachments = 0, document = DOCUMENT): string {
  seq++;
  return JSON.stringify({ ...(attachments && { att: attachments }), v: 1, doc: document, seq, msgs: messages });
}

const event = (name: string, detail: unknown, more: object = {}) => ({ type: "event", event: name, detail, ...more });
const result = (id: number, value: unknown, more: object = {}) =>
  event("__auroraview_call_result", { id, ok: true, result: value }, more);

async function welcomedPage(native = new FakeNative()) {
  const page = makePage(native);
  page.bridge.documentReady();
  native.deliver(frame([event("__auroraview_welcome", welcome())]));
  await turns();
  native.texts();
  page.plain.length = 0;
  return page;
}

afterEach(() => {
  seq = 0;
});

test("hello goes the ordinary way with a mark, everything else takes the lane", async () => {
  const { native, plain, polls, client, bridge } = makePage();
  expect(native.opened).toEqual([DOCUMENT]);
  expect(plain).toEqual([`${PREFIX}~${HELLO}`]);
  bridge.documentReady();
  client.send_event("early");
  await turns();
  native.deliver(frame([event("__auroraview_welcome", welcome())]));
  await client.whenReady();
  await turns();
  expect(native.texts()).toEqual([
    `{"v":1,"doc":"${DOCUMENT}","msgs":[{"type":"ready"},{"type":"event","event":"early"}]}`,
    `{"v":1,"doc":"${DOCUMENT}","ack":1,"msgs":[]}`,
  ]);
  expect(plain).toHaveLength(1);
  expect(polls).toEqual([]);
});

test.each([
  [
    "has no connection",
    (native: FakeNative) => {
      native.available = false;
    },
  ],
  [
    "throws",
    (native: FakeNative) => {
      Object.defineProperty(native, "open", {
        value: () => {
          throw new Error("gone");
        },
      });
    },
  ],
])("where the lane %s the document goes the ordinary way", async (_what, spoil) => {
  const native = new FakeNative();
  spoil(native);
  const { plain, polls, client } = makePage(native);
  expect(polls.map(({ text }) => text)).toEqual([PREFIX + HELLO, PREFIX]);
  polls[0]?.reply(frame([event("__auroraview_welcome", welcome())]));
  await client.whenReady();
  await turns();
  polls.splice(0, 1);
  client.send_event("e");
  await turns();
  expect([...plain, ...polls.map(({ text }) => text)].join()).toContain('"event":"e"');
  expect(native.posted).toEqual([]);
  expect(() => client.callSync("m")).toThrow(expect.objectContaining({ code: "forbidden", name: "Forbidden" }));
});

test("frames for a former document, and what comes after it was closed, reach nobody", async () => {
  const { native, client, bridge, plain } = await welcomedPage();
  const seen = vi.fn();
  client.on("e", seen);
  bridge.leave();
  bridge.start();
  expect(plain).toEqual([expect.stringContaining(`${KEY}AAAAAAAAAAAAAAA2~`)]);
  native.deliver(frame([event("e", "of the former")]));
  seq = 0;
  native.deliver(frame([event("__auroraview_welcome", welcome())], 0, "AAAAAAAAAAAAAAA2"));
  native.deliver(frame([event("__auroraview_closed", { reason: "over" })], 0, "AAAAAAAAAAAAAAA2"));
  native.deliver(frame([event("e", "too late")], 0, "AAAAAAAAAAAAAAA2"));
  client.send_event("nobody");
  await turns();
  expect(seen).not.toHaveBeenCalled();
  expect(native.opened).toEqual([DOCUMENT, "AAAAAAAAAAAAAAA2", ""]);
  expect(native.texts().join()).not.toContain("nobody");
});

test("when the lane ends calls reject, and the same document begins anew in the ordinary way", async () => {
  const { native, client, plain, polls } = await welcomedPage();
  const resets: string[] = [];
  client.onReset(({ reason }) => {
    resets.push(reason);
    client.send_event("x".repeat(70_000));
    client.send_event("from the handler");
  });
  const states: string[] = [];
  client.connection.onChange(({ state }) => states.push(state));
  const call = client.call("m");
  await turns();
  native.texts();
  native.end();
  await expect(call).rejects.toMatchObject({ code: "closed", message: expect.stringContaining("fast lane") });
  expect(resets).toEqual(["the fast lane was lost"]);
  await turns();
  const said = [...polls.map(({ text }) => text), ...plain].filter((text) => text !== PREFIX);
  expect(said[0]).toBe(PREFIX + HELLO);
  expect(said.slice(1).join()).toMatch(/"type":"ready".*"event":"x+".*"event":"from the handler"/);
  expect(native.posted).toEqual([]);
  seq = 0;
  polls[0]?.reply(frame([event("__auroraview_welcome", welcome())]));
  await turns();
  expect(states).toEqual(["reconnecting", "open"]);
  // A second time it is not lost.
  native.end();
  expect(resets).toHaveLength(1);
  expect(() => client.callSync("m")).toThrow(/call/);
});

test("a document that is being left does not begin anew", async () => {
  const { native, client, bridge, plain, polls } = await welcomedPage();
  bridge.leave();
  client.send_event("bye");
  await turns();
  expect(native.texts().join()).toContain("bye");
  native.end();
  client.send_event("nobody");
  await turns();
  expect([plain, polls]).toEqual([[], []]);
});

test("a lane that takes no more makes calls busy until it does", async () => {
  const { native, client } = await welcomedPage();
  native.isFull = true;
  client.send_event("taken");
  await turns();
  await expect(client.call("m")).rejects.toMatchObject({ code: "busy" });
  expect(() => client.send_event("e")).toThrow(/too much waits/);
  expect(native.texts()).toHaveLength(1);
  native.isFull = false;
  client.send_event("again");
  await turns();
  expect(native.texts().join()).toContain("again");
});

test("a frame that is refused for want of room fails its calls and still acknowledges", async () => {
  const warning = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { native, client } = await welcomedPage();
  native.deliver(frame([event("e", 1)]));
  native.refusal = new Error("full");
  native.isFull = true;
  const call = client.call("m");
  await expect(call).rejects.toMatchObject({
    code: "busy",
    message: expect.stringContaining("call of m was not sent"),
  });
  expect(native.texts()).toEqual([`{"v":1,"doc":"${DOCUMENT}","ack":2,"msgs":[]}`]);
  native.isFull = false;
  client.send_event("after");
  await turns();
  expect(native.texts().join()).toContain("after");
  expect(native.opened).toEqual([DOCUMENT]);
  warning.mockRestore();
});

test("what must arrive waits for room: an acknowledgement, that the document is ready, a call that is given up", async () => {
  const { native, client, bridge } = makePage();
  native.deliver(frame([event("__auroraview_welcome", welcome())]));
  await turns();
  native.texts();
  const waiting = new AbortController();
  const given = client.call("given up", [], { signal: waiting.signal });
  await turns();
  native.texts();
  native.isFull = true;
  native.stuck = true;
  waiting.abort();
  await expect(given).rejects.toMatchObject({ code: "cancelled" });
  bridge.documentReady();
  native.deliver(frame([event("e", 1)]));
  await turns();
  await vi.waitFor(() => expect(native.refused).toBeGreaterThan(6));
  expect(native.texts()).toEqual([]);
  native.stuck = false;
  native.isFull = false;
  const said: { ack?: number; msgs: object[] }[] = [];
  await vi.waitFor(() => {
    said.push(...native.texts().map((text) => JSON.parse(text)));
    expect(said.flatMap(({ msgs }) => msgs)).toEqual([{ type: "cancel", id: 1 }, { type: "ready" }]);
    expect(said.map(({ ack }) => ack)).toContain(2);
  });
  expect(native.opened).toEqual([DOCUMENT]);
  // A document that has gone says nothing later.
  native.stuck = true;
  native.isFull = true;
  native.deliver(frame([event("e", 1)]));
  await turns();
  bridge.leave();
  bridge.start();
  const { refused } = native;
  seq = 0;
  native.deliver(frame([event("__auroraview_welcome", welcome())], 0, "AAAAAAAAAAAAAAA2"));
  await vi.waitFor(() => expect(native.refused).toBeGreaterThan(refused + 2));
  native.stuck = false;
  await vi.waitFor(() => expect(native.posted).not.toEqual([]));
  expect(native.texts().join()).not.toContain(DOCUMENT);
});

test("a lane that ends while something waits for room is lost", async () => {
  const { native, client, polls } = await welcomedPage();
  const call = client.call("m");
  await turns();
  native.isFull = true;
  native.stuck = true;
  native.deliver(frame([event("e", 1)]));
  await turns();
  expect(polls).toEqual([]);
  native.isFull = false;
  await expect(call).rejects.toMatchObject({ code: "closed" });
  expect(polls[0]?.text).toBe(PREFIX + HELLO);
});

test("a frame that is too large, or for which there is no room yet, fails its calls alone", async () => {
  const { native, client } = await welcomedPage();
  const first = client.call("first");
  await turns();
  native.texts();
  native.refusal = new RangeError("a message of 9 bytes is too large; expected at most 8");
  await expect(client.call("m")).rejects.toMatchObject({
    code: "too_large",
    message: "call of m was not sent: a message of 9 bytes is too large; expected at most 8",
  });
  native.refusal = new Error("many bytes wait");
  await expect(client.call("m")).rejects.toMatchObject({ code: "busy" });
  expect(native.opened).toEqual([DOCUMENT]);
  native.deliver(frame([result(1, "there")]));
  expect(await first).toBe("there");
});

test("a frame that is refused where nothing at all is taken is the end of the lane", async () => {
  const { native, client, polls } = await welcomedPage();
  native.stuck = true;
  const call = client.call("m");
  await expect(call).rejects.toMatchObject({ code: "closed" });
  expect(native.opened).toEqual([DOCUMENT, ""]);
  expect(polls[0]?.text).toBe(PREFIX + HELLO);
  client.send_event("e");
  await turns();
  expect(native.posted).toEqual([]);
});

test("attachments go as they are, and each that comes is copied once, as its message is taken", async () => {
  const { native, client } = await welcomedPage();
  client.send_event("e", [new Uint8Array([1, 2, 3]), new Float32Array([1])]);
  await turns();
  expect(native.posted.splice(0)).toEqual([
    {
      text: `{"att":2,"v":1,"doc":"${DOCUMENT}","msgs":[{"type":"event","event":"e","att":[{"bytes":3,"dtype":"uint8"},{"bytes":4,"dtype":"float32"}],"detail":[{"$av":0},{"$av":1}]}]}`,
      attachments: [new Uint8Array([1, 2, 3]), new Uint8Array([0, 0, 128, 63])],
    },
  ]);
  const seen: unknown[] = [];
  client.on("a", (detail) => seen.push(detail));
  client.on("b", (detail) => seen.push(detail));
  const messages = [
    event("a", { $av: 0 }, { att: [{ bytes: 2, dtype: "int16" }] }),
    event("escaped", { $av: [1] }, { att: [] }),
    event("b", [{ $av: 0 }], { att: [{ bytes: 1 }] }),
  ];
  native.deliver(frame(messages, 2), [new Uint8Array([1, 1]), new Uint8Array([7])]);
  expect(seen).toEqual([new Int16Array([257]), [new Uint8Array([7])]]);
  expect(native.reads).toBe(2);
});

test("a program that promises more attachments than it sends loses only those messages", async () => {
  const reported = vi.spyOn(console, "error").mockImplementation(() => {});
  const { native, client } = await welcomedPage();
  const seen = vi.fn();
  client.on("good", seen);
  const missing = event("bad", { $av: 0 }, { att: [{ bytes: 1 }] });
  native.deliver(frame([missing, event("good", 1)]));
  native.deliver(frame([missing, missing, event("good", 2)], 1), [new Uint8Array(1)]);
  expect(seen.mock.calls).toEqual([[1], [2]]);
  reported.mockRestore();
});

test("a library that answers nonsense does no harm", async () => {
  const native = new FakeNative();
  Object.defineProperty(native, "read", { value: () => undefined });
  Object.defineProperty(native, "post", { value: () => undefined });
  const reported = vi.spyOn(console, "error").mockImplementation(() => {});
  const { client } = await welcomedPage(native);
  const seen = vi.fn();
  client.on("e", seen);
  native.deliver("not json");
  native.deliver(undefined as never, Number.NaN as never);
  native.deliver(frame([event("e", { $av: 0 }, { att: [{ bytes: 8 }] }), event("e", 1)], 1), [new Uint8Array(8)]);
  expect(seen.mock.calls).toEqual([[1]]);
  // `undefined` is no "there is room", so the lane is asked.
  client.send_event("e");
  await turns();
  expect(() => client.send_event("e")).not.toThrow();
  reported.mockRestore();
});

test("call after call costs one post each, with the acknowledgement", async () => {
  const { native, client } = await welcomedPage();
  const run = (async () => {
    for (let i = 0; i < 5; i++) {
      await client.call("m");
    }
  })();
  for (let id = 1; id <= 5; id++) {
    await turns();
    const texts = native.texts();
    expect(texts).toHaveLength(1);
    expect(texts[0]).toContain(`"id":${id}`);
    native.deliver(frame([result(id, null)]));
  }
  await run;
});

test("a frame that comes while another is received is taken at once", async () => {
  const { native, client } = await welcomedPage();
  const seen: unknown[] = [];
  client.on("inner", (detail) => seen.push(detail));
  client.on("outer", (detail) => {
    native.deliver(frame([event("inner", 1)]));
    seen.push(detail);
  });
  const messages = [event("outer", 2), event("inner", { $av: 0 }, { att: [{ bytes: 1 }] })];
  native.deliver(frame(messages, 1), [new Uint8Array([3])]);
  expect(seen).toEqual([1, 2, new Uint8Array([3])]);
});
