import { expect, test, vi } from "vitest";
import vectors from "../../protocol/vectors/envelope.json";
import { fromBase64, join, slowFromBase64, slowToBase64, split, toBase64 } from "../src/base64";

const { Buffer } = globalThis as unknown as {
  Buffer: { from(data: Uint8Array): { toString(encoding: "base64"): string } };
};
const lengths = [0, 1, 2, 3, 4, 255, 0x5fff, 0x6000, 0x6001, 100_003];

function bytesOf(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 131 + (i >> 8)) & 255);
}

test.each(lengths)("%i bytes there and back, by either way", (length) => {
  const bytes = bytesOf(length);
  const text = Buffer.from(bytes).toString("base64");
  expect(slowToBase64(bytes)).toBe(text);
  expect(toBase64(bytes)).toBe(text);
  expect(Buffer.from(slowFromBase64(text)).toString("base64")).toBe(text);
  expect(Buffer.from(fromBase64(text)).toString("base64")).toBe(text);
});

test("a part of a buffer is that part", () => {
  expect(slowToBase64(bytesOf(10).subarray(2, 5))).toBe(slowToBase64(bytesOf(10).slice(2, 5)));
});

test("the engine's own is used where it is", async () => {
  const toOwn = vi.fn(function (this: Uint8Array) {
    return `own ${this.length}`;
  });
  const fromOwn = vi.fn(() => new Uint8Array(6));
  Object.assign(Uint8Array.prototype, { toBase64: toOwn });
  Object.assign(Uint8Array, { fromBase64: fromOwn });
  try {
    vi.resetModules();
    const young = await import("../src/base64");
    expect(young.toBase64(new Uint8Array(3))).toBe("own 3");
    expect(young.fromBase64("AAAAAAAA")).toHaveLength(6);
  } finally {
    Reflect.deleteProperty(Uint8Array.prototype, "toBase64");
    Reflect.deleteProperty(Uint8Array, "fromBase64");
  }
});

test("a frame and its attachments are lines of one text", () => {
  const attachments = [bytesOf(5), bytesOf(0), bytesOf(300)];
  const text = join('{"att":3}', attachments);
  expect(text.split("\n")).toHaveLength(4);
  expect(split(text)).toEqual({ frame: '{"att":3}', attachments });
  expect(split("{}")).toEqual({ frame: "{}", attachments: [] });
});

const { cases } = vectors as unknown as {
  cases: { name: string; joined: string; text?: string; attachments?: string[] }[];
};

test.each(cases)("envelope.json: $name", ({ joined, text, attachments }) => {
  if (text === undefined || attachments === undefined) {
    expect(() => split(joined)).toThrow();
  } else {
    const parts = attachments.map(fromBase64);
    expect(split(joined)).toEqual({ frame: text, attachments: parts });
    expect(join(text, parts)).toBe(joined);
  }
});
