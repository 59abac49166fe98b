import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { afterEach, expect, test, vi } from "vitest";
import { Inbound } from "../../src/transports/inbound";

afterEach(() => {
  vi.unstubAllGlobals();
});

async function compressed(text: string): Promise<ArrayBuffer> {
  const bytes = await promisify(gzip)(text);
  return new Uint8Array(bytes).buffer;
}

function bytes(...values: number[]): ArrayBuffer {
  return new Uint8Array(values).buffer;
}

function makeInbound() {
  const taken: [string, number[][]][] = [];
  const fail = vi.fn();
  const inbound = new Inbound(
    (text, attachments) => taken.push([text.slice(0, 40), attachments.map((data) => [...data])]),
    fail,
  );
  return { inbound, taken, fail };
}

test("a plain text is taken at once", () => {
  const { inbound, taken } = makeInbound();
  inbound.text("a");
  expect(taken).toEqual([["a", []]]);
});

test("compressed texts keep their place among the others, and attachments theirs", async () => {
  const { inbound, taken, fail } = makeInbound();
  const long = `{"v":1,"text":"${"x".repeat(200_000)}`;
  const [first, second] = await Promise.all([compressed(long), compressed("second")]);
  inbound.text("before");
  inbound.binary(first);
  inbound.text('{"att":2,"v":1}');
  inbound.binary(bytes(1));
  inbound.binary(bytes());
  inbound.binary(second);
  inbound.text('{"type":"ping"}');
  expect(taken).toEqual([["before", []]]);
  await vi.waitFor(() => expect(taken).toHaveLength(5));
  expect(taken.slice(1)).toEqual([
    [long.slice(0, 40), []],
    ['{"att":2,"v":1}', [[1], []]],
    ["second", []],
    ['{"type":"ping"}', []],
  ]);
  inbound.text("after");
  expect(taken).toHaveLength(6);
  expect(fail).not.toHaveBeenCalled();
});

test("what inflates after the end is not taken", async () => {
  const { inbound, taken } = makeInbound();
  const other = makeInbound();
  const data = await compressed("late");
  inbound.binary(data);
  inbound.end();
  other.inbound.binary(data);
  await vi.waitFor(() => expect(other.taken).toHaveLength(1));
  expect(taken).toEqual([]);
});

test("nonsense is told", async () => {
  const { inbound, fail } = makeInbound();
  inbound.binary(bytes(1, 2, 3));
  await vi.waitFor(() => expect(fail).toHaveBeenCalledTimes(1));
  inbound.text('{"att":1,"v":1}');
  inbound.text("too early");
  expect(fail).toHaveBeenCalledTimes(2);
});

test("where nothing inflates it is not asked for, and refused", async () => {
  vi.stubGlobal("DecompressionStream", undefined);
  vi.resetModules();
  const old = await import("../../src/transports/inbound");
  expect(old.canInflate).toBe(false);
  const fail = vi.fn();
  new old.Inbound(() => {}, fail).binary(bytes(1));
  expect(fail).toHaveBeenCalledTimes(1);
});
