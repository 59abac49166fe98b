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
  ["has no connection", (native: FakeNative) => void (native.available = false)],
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
