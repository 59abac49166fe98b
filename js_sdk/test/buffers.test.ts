import { expect, test, vi } from "vitest";
import { Attached } from "../src/attached";
import { createClient } from "../src/client";
import type { SessionMessage } from "../src/protocol";
import type { Attachments } from "../src/transport";
import { EmbeddedTransport } from "../src/transports/embedded";
import { LaneTransport } from "../src/transports/lane";
import { FakeNative } from "./native";
import { type Program, turns, welcome, welcomed } from "./program";

const NAME = "__auroraview_buffer:frame";

interface Version {
  shape?: number[];
  dtype?: string;
  bytes: number[];
}

function message(version: number, { shape, dtype = "uint8", bytes }: Version): SessionMessage {
  const info = { bytes: bytes.length, dtype, ...(shape && { shape }) };
  return {
    type: "event",
    event: NAME,
    detail: { version, array: { $av: 0 } },
    retain: true,
    att: [info],
  } as unknown as SessionMessage;
}

/** Two ways to the same page: over any transport, and over the lane. */
async function pageOver(way: string) {
  let seq = 1;
  if (way === "any transport") {
    const { client, bridge, program } = await welcomed();
    return {
      client,
      bridge,
      publish: (version: number, what: Version) => {
        program.seq++;
        const text = JSON.stringify({
          att: 1,
          v: 1,
          doc: program.document,
          seq: program.seq,
          msgs: [message(version, what)],
        });
        program.text(text, [new Uint8Array(what.bytes)]);
      },
      native: undefined,
      program: program as Program | undefined,
    };
  }
  const native = new FakeNative();
  const silent = { postMessage: () => undefined };
  const { client, bridge } = createClient({
    transport: new LaneTransport(native, new EmbeddedTransport("k".repeat(32), silent, silent)),
    newDocument: () => "AAAAAAAAAAAAAAA1",
    url: () => "",
    onReady: () => {},
    debug: false,
  });
  const frame = (msgs: object[], more: object = {}) =>
    JSON.stringify({ ...more, v: 1, doc: "AAAAAAAAAAAAAAA1", seq: seq++, msgs });
  bridge.start();
  native.deliver(frame([{ type: "event", event: "__auroraview_welcome", detail: welcome() }]));
  return {
    client,
    bridge,
    publish: (version: number, what: Version) =>
      native.deliver(frame([message(version, what)], { att: 1 }), [new Uint8Array(what.bytes)]),
    native,
    program: undefined,
  };
}

const WAYS = ["any transport", "the lane"];

test.each(WAYS)("with a shape there is one array from the beginning, filled in place (%s)", async (way) => {
  const { client, publish, native } = await pageOver(way);
  const buffer = client.buffer("frame", [2, 2]);
  const { array } = buffer;
  expect({ ...buffer, on: undefined }).toMatchObject({ name: "frame", version: 0, shape: [2, 2], dtype: "uint8" });
  expect(array).toEqual(new Uint8Array(4));
  const seen: [number, number | undefined][] = [];
  buffer.on((now) => seen.push([now.version, now.array[0]]));
  publish(1, { shape: [2, 2], bytes: [1, 2, 3, 4] });
  publish(2, { shape: [2, 2], bytes: [5, 6, 7, 8] });
  expect(buffer.array).toBe(array);
  expect([...array]).toEqual([5, 6, 7, 8]);
  expect(seen).toEqual([
    [1, 1],
    [2, 5],
  ]);
  expect(native && [native.reads, native.readsInto]).toEqual(native && [0, 2]);
  expect(client.buffer("frame")).toBe(buffer);
});

test.each(WAYS)(
  "without a shape the first version makes the array, and another shape another one (%s)",
  async (way) => {
    const { client, publish } = await pageOver(way);
    const buffer = client.buffer("frame");
    expect([buffer.version, buffer.array, buffer.shape, buffer.dtype]).toEqual([0, undefined, undefined, undefined]);
    publish(1, { dtype: "int16", bytes: [1, 0, 2, 0] });
    const first = buffer.array;
    expect([buffer.version, first, buffer.shape, buffer.dtype]).toEqual([1, new Int16Array([1, 2]), [2], "int16"]);
    publish(2, { dtype: "int16", bytes: [3, 0, 4, 0] });
    expect(buffer.array).toBe(first);
    expect(first).toEqual(new Int16Array([3, 4]));
    publish(3, { dtype: "float32", shape: [1, 1], bytes: [0, 0, 128, 63] });
    expect([buffer.version, buffer.array, buffer.shape, buffer.dtype]).toEqual([
      3,
      expect.any(Float32Array),
      [1, 1],
      "float32",
    ]);
    expect(first).toEqual(new Int16Array([3, 4]));
  },
);

test.each(WAYS)("what comes before the page asks is there when it does (%s)", async (way) => {
  const { client, publish } = await pageOver(way);
  publish(7, { shape: [1, 3], bytes: [1, 2, 3] });
  const buffer = client.buffer("frame", [1, 3]);
  expect([buffer.version, [...buffer.array]]).toEqual([7, [1, 2, 3]]);
  const seen = vi.fn();
  const stop = buffer.on(({ version }) => seen(version));
  expect(seen).not.toHaveBeenCalled();
  await turns();
  expect(seen.mock.calls).toEqual([[7]]);
  stop();
  publish(8, { shape: [1, 3], bytes: [4, 5, 6] });
  expect(seen).toHaveBeenCalledTimes(1);
  expect(() => client.buffer("frame", [3, 1])).toThrow("buffer frame is uint8[1,3]");
});

test.each(WAYS)("another shape or kind than the page asked for is reported, and changes nothing (%s)", async (way) => {
  const { client, publish } = await pageOver(way);
  const buffer = client.buffer("frame", [2], "int8");
  publish(1, { dtype: "int8", bytes: [1, 2] });
  const seen = vi.fn();
  buffer.on(seen);
  await turns();
  seen.mockClear();
  for (const wrong of [
    { dtype: "int8", bytes: [9, 9, 9] },
    { dtype: "uint8", bytes: [9, 9] },
    { dtype: "int8", shape: [1, 2], bytes: [9, 9] },
  ]) {
    publish(2, wrong);
  }
  expect([buffer.version, [...buffer.array], buffer.shape]).toEqual([1, [1, 2], [2]]);
  expect(seen).not.toHaveBeenCalled();
  publish(3, { dtype: "int8", bytes: [3, 4] });
  expect([buffer.version, [...buffer.array]]).toEqual([3, [3, 4]]);
});

test.each(WAYS)("a page that gave its array to a worker gets another one (%s)", async (way) => {
  const { client, publish } = await pageOver(way);
  const buffer = client.buffer("frame", [2]);
  structuredClone(buffer.array, { transfer: [buffer.array.buffer] });
  publish(1, { bytes: [1, 2] });
  expect([...buffer.array]).toEqual([1, 2]);
});

test("it outlives its document, and later ones fill the same array", async () => {
  const { client, bridge, publish, program } = await pageOver("any transport");
  const buffer = client.buffer("frame", [1]);
  const seen = vi.fn();
  publish(4, { bytes: [1] });
  bridge.leave();
  bridge.start();
  program?.welcome();
  buffer.on(({ version }) => seen(version));
  await turns();
  expect(seen).not.toHaveBeenCalled();
  publish(5, { bytes: [2] });
  expect([seen.mock.calls, [...buffer.array]]).toEqual([[[5]], [2]]);
});

test("a transport with attachments of its own that knows no buffers is passed over", async () => {
  const { client, program } = await welcomed();
  const buffer = client.buffer("frame");
  const own: Attachments = { take: () => (value) => value };
  program.seq++;
  const text = JSON.stringify({ v: 1, doc: program.document, seq: program.seq, msgs: [message(1, { bytes: [1] })] });
  program.receiver.receive(text, own);
  expect(buffer.version).toBe(0);
  program.emit("e");
  expect(program.receiver.received).toBe(program.seq);
});

test("every kind has its class of array", async () => {
  const { client } = await welcomed();
  const kinds = "int8 uint8 int16 uint16 int32 uint32 int64 uint64 float32 float64 bool".split(" ");
  const made = kinds.map((dtype) => client.buffer(dtype, [2, 3], dtype as "int8").array);
  expect(made.map((array) => array.length)).toEqual(kinds.map(() => 6));
  expect(made.map((array) => array.constructor.name.replace("Big", "").replace("Array", "").toLowerCase())).toEqual([
    ...kinds.slice(0, -1),
    "uint8",
  ]);
  expect(client.buffer("none", [0, 5]).array.length).toBe(0);
});

test.each([
  ["", [1], "uint8"],
  ["b", [-1], "uint8"],
  ["b", [1.5], "uint8"],
  ["b", ["2"], "uint8"],
  ["b", 5, "uint8"],
  ["b", [1], "uint9"],
])("buffer(%j, %j, %j) throws, and does not spoil the name", async (name, shape, dtype) => {
  const { client } = await welcomed();
  expect(() => client.buffer(name as string, shape as number[], dtype as "uint8")).toThrow();
  expect(client.buffer("b", [2]).array.length).toBe(2);
  expect(() => client.buffer("b").on("no" as never)).toThrow(TypeError);
});

test("in a frame with other messages each takes its own attachments", async () => {
  const { client, program } = await welcomed();
  const seen: unknown[] = [];
  client.on("e", (detail) => seen.push(detail));
  client.buffer("frame", [1]);
  const event = { type: "event", event: "e", detail: { $av: 0 }, att: [{ bytes: 1 }] };
  const msgs = [event, message(1, { bytes: [1] }), event, message(2, { bytes: [2, 2] }), event];
  program.seq++;
  const text = JSON.stringify({ att: 5, v: 1, doc: program.document, seq: program.seq, msgs });
  program.receiver.receive(text, new Attached([10, 1, 11, 2, 12].map((n) => new Uint8Array(n === 2 ? [2, 2] : [n]))));
  expect(seen).toEqual([new Uint8Array([10]), new Uint8Array([11]), new Uint8Array([12])]);
  expect(client.buffer("frame").version).toBe(1);
});
