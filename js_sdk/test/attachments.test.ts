import { runInNewContext } from "node:vm";
import { afterEach, expect, test, vi } from "vitest";
import { Attached, decode } from "../src/attached";
import { encode } from "../src/attachments";
import { UNTOLD } from "../src/encode";
import type { AttachmentInfo } from "../src/protocol";
import { turns, welcomed } from "./program";

afterEach(() => {
  vi.unstubAllGlobals();
});

function encoded(value: unknown) {
  const { text, att, attachments, bytes } = encode(value, UNTOLD);
  return { value: JSON.parse(text), att: att === "" ? undefined : JSON.parse(att), attachments, bytes };
}

/** There and back again. */
function roundTrip(value: unknown): unknown {
  const { value: json, att = [], attachments } = encoded(value);
  return decode(json, att, attachments);
}

test.each([null, 1, "x", [], {}, { a: [1, { b: null }] }, new Date(0), { $av: 0 }, { $av: [1] }])(
  "%j has no attachments and is the text JSON makes",
  (value) => {
    expect(encode(value, UNTOLD)).toEqual({ text: JSON.stringify(value), att: "", attachments: [], bytes: 0 });
  },
);

const ARRAYS = [
  ["int8", new Int8Array([-1, 2])],
  ["uint8", new Uint8Array([1, 255])],
  ["int16", new Int16Array([-300, 2])],
  ["uint16", new Uint16Array([65535])],
  ["int32", new Int32Array([-70000, 1])],
  ["uint32", new Uint32Array([4294967295])],
  ["int64", new BigInt64Array([-5n, 2n ** 62n])],
  ["uint64", new BigUint64Array([2n ** 64n - 1n])],
  ["float32", new Float32Array([0.5, -0, Number.NaN])],
  ["float64", new Float64Array([Math.PI])],
] as const;

test.each(ARRAYS)("%s arrays say so and come back as they were", (dtype, array) => {
  const { value, att, attachments, bytes } = encoded({ deep: [{ array }] });
  expect(value).toEqual({ deep: [{ array: { $av: 0 } }] });
  expect(att).toEqual([{ bytes: array.byteLength, dtype }]);
  expect(bytes).toBe(array.byteLength);
  expect(attachments[0]).toEqual(new Uint8Array(array.buffer));
  expect(roundTrip({ array })).toEqual({ array });
});

test("ArrayBuffer and DataView are plain bytes, of a view only its part", () => {
  const { buffer } = new Uint8Array([1, 2, 3, 4]);
  const { value, att, attachments } = encoded([buffer, new DataView(buffer, 1, 2), new Int16Array(buffer, 2, 1)]);
  expect(value).toEqual([{ $av: 0 }, { $av: 1 }, { $av: 2 }]);
  expect(att).toEqual([{ bytes: 4 }, { bytes: 2 }, { bytes: 2, dtype: "int16" }]);
  expect(attachments).toEqual([new Uint8Array([1, 2, 3, 4]), new Uint8Array([2, 3]), new Uint8Array([3, 4])]);
});

test("a clamped array is uint8, an empty one empty, a buffer itself the whole value", () => {
  expect(encoded(new Uint8ClampedArray([300])).att).toEqual([{ bytes: 1, dtype: "uint8" }]);
  expect(encoded(new Float64Array(0)).att).toEqual([{ bytes: 0, dtype: "float64" }]);
  expect(encoded(new ArrayBuffer(2)).value).toEqual({ $av: 0 });
});

test("a later change is not sent", () => {
  const array = new Uint8Array([1]);
  const { attachments } = encoded({ array });
  array[0] = 9;
  expect(attachments).toEqual([new Uint8Array([1])]);
});

test("shared memory is copied", () => {
  const shared = new SharedArrayBuffer(2);
  new Uint8Array(shared)[0] = 5;
  const { att, attachments } = encoded([shared, new Uint8Array(shared)]);
  expect(att).toEqual([{ bytes: 2 }, { bytes: 2, dtype: "uint8" }]);
  for (const attachment of attachments) {
    expect(attachment.buffer).toBeInstanceOf(ArrayBuffer);
    expect([...attachment]).toEqual([5, 0]);
  }
});

test("buffers of another realm are buffers", () => {
  const foreign = runInNewContext("({ a: new Float32Array([1]), b: new ArrayBuffer(1), c: { d: 1 } })");
  expect(encoded(foreign)).toMatchObject({
    value: { a: { $av: 0 }, b: { $av: 1 }, c: { d: 1 } },
    att: [{ bytes: 4, dtype: "float32" }, { bytes: 1 }],
  });
});

test("a Node Buffer is bytes, not what its toJSON says", () => {
  const make = (globalThis as unknown as { Buffer: { from(text: string): Uint8Array } }).Buffer;
  expect(encoded({ b: make.from("hi") })).toMatchObject({ value: { b: { $av: 0 } }, att: [{ bytes: 2 }] });
});

test("toJSON may give buffers", () => {
  const value = { toJSON: () => ({ a: new Uint8Array([1]) }) };
  expect(encoded([value])).toMatchObject({ value: [{ a: { $av: 0 } }], att: [{ bytes: 1, dtype: "uint8" }] });
});

test.each([
  ["Blob", () => new Blob(["x"])],
  ["File", () => new File(["x"], "x.txt")],
])("a %s is refused with what to do instead", (what, make) => {
  if (what === "File" && typeof File !== "function") {
    return;
  }
  expect(() => encode({ a: [make()] }, UNTOLD)).toThrowError(
    expect.objectContaining({
      code: "invalid_params",
      message: `a ${what} cannot be sent: send its arrayBuffer()`,
    }),
  );
});

test("an object that looks like a reference is told apart, in either direction", () => {
  const bytes = new Uint8Array([1]);
  const value = { a: { $av: 0 }, b: { $av: { $av: [2] } }, c: { $av: bytes }, d: { $av: 1, e: 2 }, f: bytes };
  expect(encoded(value).value).toEqual({
    a: { $av: [0] },
    b: { $av: [{ $av: [[2]] }] },
    c: { $av: [{ $av: 0 }] },
    d: { $av: 1, e: 2 },
    f: { $av: 1 },
  });
  expect(roundTrip(value)).toEqual(value);
  expect(encoded({ g: { $av: 0, h: undefined, i: () => 1 }, bytes }).value.g).toEqual({ $av: [0] });
});

test("a cycle is invalid_params, with or without buffers, and found at once", () => {
  const nodes = Array.from({ length: 30 }, (): { to: unknown[]; data?: unknown } => ({ to: [] }));
  for (const node of nodes) {
    node.to = nodes;
  }
  expect(() => encode(nodes, UNTOLD)).toThrowError(/cannot be sent as JSON/);
  (nodes[0] as { data?: unknown }).data = new Uint8Array(1);
  expect(() => encode({ first: new Uint8Array(1), nodes }, UNTOLD)).toThrowError(/cannot be sent as JSON/);
});

test("buffers are found at any depth that may be sent", () => {
  let value: unknown = new Uint8Array([1]);
  for (let i = 0; i < 150; i++) {
    value = { value };
  }
  expect(encoded(value).att).toEqual([{ bytes: 1, dtype: "uint8" }]);
});

test("a getter that throws is invalid_params", () => {
  const value = {
    get bad(): never {
      throw new Error("no");
    },
  };
  expect(() => encode(value, UNTOLD)).toThrowError(expect.objectContaining({ code: "invalid_params" }));
});

test("attachments count towards the size of a message", () => {
  const limits = { ...UNTOLD, message_bytes: 1000 };
  expect(() => encode([new Uint8Array(600), new Uint8Array(600)], limits)).toThrowError(
    expect.objectContaining({ code: "too_large" }),
  );
});

test("a shape is a property of arrays with more than one dimension, and goes back with them", () => {
  const data = new Uint8Array(new Float32Array([1, 2, 3, 4, 5, 6]).buffer);
  const info: AttachmentInfo = { bytes: 24, dtype: "float32", shape: [2, 3] };
  const array = decode({ $av: 0 }, [info], [data]) as Float32Array & { shape: number[] };
  expect(array.shape).toEqual([2, 3]);
  expect(Object.keys(array)).toHaveLength(6);
  expect(encoded(array).att).toEqual([info]);
  expect(encoded(array.subarray(3)).att).toEqual([{ bytes: 12, dtype: "float32" }]);
  const flat = decode({ $av: 0 }, [{ bytes: 24, dtype: "float32", shape: [6] }], [data]);
  expect(flat).not.toHaveProperty("shape");
  array.shape = [4, 4];
  expect(encoded(array).att).toEqual([{ bytes: 24, dtype: "float32" }]);
});

test("bool is a Uint8Array, plain bytes too", () => {
  const infos: AttachmentInfo[] = [{ bytes: 2, dtype: "bool" }, { bytes: 1 }];
  const data = [new Uint8Array([1, 0]), new Uint8Array([3])];
  expect(decode([{ $av: 0 }, { $av: 1 }, { $av: 0 }], infos, data)).toEqual([
    new Uint8Array([1, 0]),
    new Uint8Array([3]),
    new Uint8Array([1, 0]),
  ]);
});

test("float16 without Float16Array is a Uint16Array that says what it is, and goes back as float16", async () => {
  vi.stubGlobal("Float16Array", undefined);
  vi.resetModules();
  const old = await import("../src/attached");
  const info: AttachmentInfo = { bytes: 2, dtype: "float16" };
  const array = old.decode({ $av: 0 }, [info], [new Uint8Array([0, 60])]) as Uint16Array & { dtype: string };
  expect(array).toBeInstanceOf(Uint16Array);
  expect(array[0]).toBe(0x3c00);
  expect(array.dtype).toBe("float16");
  expect(JSON.parse(encode(array, UNTOLD).att)).toEqual([info]);
});

test("float16 is a Float16Array where there is one", async () => {
  class Float16Array extends Uint16Array {}
  vi.stubGlobal("Float16Array", Float16Array);
  vi.resetModules();
  const young = await import("../src/attached");
  const array = young.decode({ $av: 0 }, [{ bytes: 2, dtype: "float16" }], [new Uint8Array([0, 60])]);
  expect(array).toBeInstanceOf(Float16Array);
  expect(array).not.toHaveProperty("dtype");
});

test("bytes that do not lie at a multiple of the element size are moved", () => {
  const data = new Uint8Array([9, 0, 0, 128, 63]).subarray(1);
  expect(decode({ $av: 0 }, [{ bytes: 4, dtype: "float32" }], [data])).toEqual(new Float32Array([1]));
});

test.each<[string, unknown, AttachmentInfo[]]>([
  ["a reference past the list", { $av: 1 }, [{ bytes: 4 }]],
  ["a reference that is no index", { $av: "0" }, [{ bytes: 4 }]],
  ["an escape of two", { $av: [1, 2] }, [{ bytes: 4 }]],
  ["a wrong length", { $av: 0 }, [{ bytes: 5 }]],
  ["a length that is no multiple", { $av: 0 }, [{ bytes: 4, dtype: "int64" }]],
  ["an unknown dtype", { $av: 0 }, [{ bytes: 4, dtype: "complex" as never }]],
])("%s is an error", (_what, value, infos) => {
  expect(() => decode(value, infos, [new Uint8Array(4)])).toThrow(Error);
});

test("a message takes its own attachments only", () => {
  const attached = new Attached([new Uint8Array(1), new Uint8Array(2)]);
  expect(attached.take([{ bytes: 1 }])({ $av: 0 })).toEqual(new Uint8Array(1));
  expect(attached.take([])(3)).toBe(3);
  expect(() => attached.take([{ bytes: 2 }, { bytes: 2 }])).toThrow(/not there/);
});

test("calls, events and results carry them, and the frame says how many", async () => {
  const { client, program } = await welcomed();
  const call = client.call("m", { a: new Uint8Array([1]) });
  client.send_event("plain", { $av: 0 });
  client.send_event("e", [new ArrayBuffer(2), new Int8Array(1)]);
  await turns();
  expect(program.sent).toEqual([
    '{"att":3,"v":1,"doc":"d1","msgs":[{"type":"call","id":1,"method":"m","att":[{"bytes":1,"dtype":"uint8"}],"params":{"a":{"$av":0}}},{"type":"event","event":"plain","detail":{"$av":0}},{"type":"event","event":"e","att":[{"bytes":2},{"bytes":1,"dtype":"int8"}],"detail":[{"$av":0},{"$av":1}]}]}',
  ]);
  expect(program.attached[program.attached.length - 1]?.map(({ length }) => length)).toEqual([1, 2, 1]);
  const seen: unknown[] = [];
  client.on("e", (detail) => seen.push(detail));
  program.text(
    '{"att":3,"v":1,"doc":"d1","seq":2,"msgs":[{"type":"event","event":"e","att":[{"bytes":1}],"detail":{"$av":0}},{"type":"event","event":"e","detail":{"$av":0}},{"type":"event","event":"__auroraview_call_result","att":[{"bytes":2,"dtype":"int16"},{"bytes":1}],"detail":{"id":1,"ok":true,"result":{"x":{"$av":0},"y":{"$av":[[]]}}}}]}',
    [new Uint8Array([1]), new Uint8Array([2, 0]), new Uint8Array([3])],
  );
  expect(seen).toEqual([new Uint8Array([1]), { $av: 0 }]);
  expect(await call).toEqual({ x: new Int16Array([2]), y: { $av: [] } });
});

test("a result that makes no sense rejects its call", async () => {
  const { client, program } = await welcomed();
  const call = client.call("m");
  program.text(
    '{"att":1,"v":1,"doc":"d1","seq":2,"msgs":[{"type":"event","event":"__auroraview_call_result","att":[{"bytes":1}],"detail":{"id":1,"ok":true,"result":{"$av":7}}}]}',
    [new Uint8Array([1])],
  );
  await expect(call).rejects.toMatchObject({ code: "invalid_params" });
});

test("a turn of large attachments leaves as several frames", async () => {
  const { client, program } = await welcomed();
  for (let i = 0; i < 4; i++) {
    client.send_event("e", new Uint8Array(40_000));
  }
  await turns();
  expect(program.frames().map(({ att }) => att)).toEqual([1, 1, 1, 1]);
});

test("one array as the argument of a method is positional", async () => {
  const { client, program } = await welcomed({ methods: ["api.m"], namespaces: ["api"] });
  void client.api.m?.(new Uint8Array([1]));
  await turns();
  expect(program.messages()).toMatchObject([{ params: [{ $av: 0 }] }]);
});
