/** The package as it is published: its size, and its core as it was minified, with built-ins that are not taken early. */
import { expect, test, vi } from "vitest";
import { bundleEntry, INTERNAL } from "../scripts/package.mjs";
import { CORE_LIMIT, sizes } from "../scripts/size.mjs";
import { Attached } from "../src/attached";
import type * as Index from "../src/index";
import * as taken from "../src/primitives";
import * as plain from "../src/primitives_plain";
import protocol from "../src/protocol.ts?raw";
import { Program, turns } from "./program";

const compressed = await sizes();
const { code, map } = await bundleEntry("index");
const core = (await import(/* @vite-ignore */ `data:text/javascript,${encodeURIComponent(code)}`)) as typeof Index;

test("the core stays small", () => {
  expect(compressed["@auroraview/sdk"]).toBeLessThanOrEqual(CORE_LIMIT);
});

test("the core has nothing of the network in it", () => {
  expect(code).toContain("./transports.js");
  expect(code).not.toContain("auroraview.ws");
  const { sources } = JSON.parse(map) as { sources: string[] };
  expect(sources).toContain("../src/bridge.ts");
  expect(sources.filter((source) => source.includes("websocket"))).toEqual([]);
});

test("both kinds of built-ins have the same names", () => {
  expect(Object.keys(plain).sort()).toEqual(Object.keys(taken).sort());
});

test("no name of a message is shortened", () => {
  const names = [...protocol.matchAll(/(?:^|[{;])\s*(\w+)\??: /gm)].map(([, name]) => name as string);
  expect(names).toContain("removed");
  expect(names).toContain("method");
  expect(names.filter((name) => INTERNAL.test(name))).toEqual([]);
});

test("the minified core calls, hears, sends and takes arrays", async () => {
  const program = new Program();
  const client = core.createAuroraView({ transport: program });
  expect(core.getAuroraView()).toBe(client);
  const heard: unknown[] = [];
  client.on("e", (detail) => heard.push(detail));
  program.welcome({ methods: ["api.scene.rename"], namespaces: ["api", "tools"] });
  await client.whenReady();
  expect([client.isReady, client.connection.state, Object.isFrozen(client), "tools" in client]).toEqual([
    true,
    "open",
    true,
    true,
  ]);
  expect([Object.keys(client.api), String(client.api.scene)]).toEqual([["scene"], "auroraview.api.scene"]);
  await turns();
  program.sent.length = 0;

  const call = client.api.scene?.rename?.({ points: new Float32Array([1, 2]), at: new Date(0) });
  client.send_event("f", [new Uint8ClampedArray(2), { $av: 0 }]);
  await turns();
  expect(program.messages()).toEqual([
    {
      type: "call",
      id: 1,
      method: "api.scene.rename",
      att: [{ bytes: 8, dtype: "float32" }],
      params: { points: { $av: 0 }, at: "1970-01-01T00:00:00.000Z" },
    },
    {
      type: "event",
      event: "f",
      att: [{ bytes: 2, dtype: "uint8" }],
      detail: [{ $av: 0 }, { $av: [0] }],
    },
  ]);
  program.seq++;
  const detail = { id: 1, ok: true, result: { data: { $av: 0 } } };
  const att = [{ bytes: 4, dtype: "int16" }];
  const msgs = [{ type: "event", event: "__auroraview_call_result", detail, att }];
  const frame = JSON.stringify({ v: 1, doc: program.document, seq: program.seq, msgs });
  program.receiver.receive(frame, new Attached([new Uint8Array([1, 0, 2, 0])]));
  expect(await call).toEqual({ data: new Int16Array([1, 2]) });

  program.emit("e", 5);
  expect(heard).toEqual([5]);
  await expect(client.call("m", undefined, { timeout: 1 })).rejects.toMatchObject({
    name: "TimeoutError",
    code: "timeout",
    message: "call of m had no answer within 1 ms",
  });
  const controller = new AbortController();
  const given = client.call("m", {}, { signal: controller.signal });
  controller.abort();
  await expect(given).rejects.toBeInstanceOf(core.AuroraViewError);
  const cycle: unknown[] = [];
  cycle.push(cycle);
  await expect(client.call("m", cycle)).rejects.toMatchObject({ code: "invalid_params" });
  await expect(client.call("m", "ä".repeat(3e7) + "ä".repeat(4e7))).rejects.toMatchObject({ code: "too_large" });
  expect(() => client.send_event("__auroraview_x")).toThrow(TypeError);
  program.receiver.lost("forgotten");
  program.end("over");
  await expect(client.call("m")).rejects.toMatchObject({ code: "closed" });
  expect(client.connection.reason).toBe("over");
});

test("buffers of the core are filled by attachments of the other entry", async () => {
  const { code: transports } = await bundleEntry("transports");
  // Its imports of the core are types alone, but for what it does not need here.
  const at = `data:text/javascript,${encodeURIComponent(transports)}`;
  const { Attached: Built } = (await import(/* @vite-ignore */ at)) as { Attached: typeof Attached };
  const program = new Program();
  const client = core.createAuroraView({ transport: program });
  program.welcome();
  const asked = client.buffer("asked", [2], "int16");
  const { array } = asked;
  const told: number[] = [];
  asked.on(({ version }) => told.push(version));
  const publish = (name: string, version: number, dtype: string, shape: number[], bytes: Uint8Array): void => {
    program.seq++;
    const detail = { version, array: { $av: 0 } };
    const att = [{ bytes: bytes.length, dtype, shape }];
    const msgs = [{ type: "event", event: `__auroraview_buffer:${name}`, detail, att }];
    const frame = JSON.stringify({ att: 1, v: 1, doc: program.document, seq: program.seq, msgs });
    program.receiver.receive(frame, new Built([bytes]));
  };
  publish("asked", 1, "int16", [2], new Uint8Array([1, 0, 2, 0]));
  const warning = vi.spyOn(console, "warn").mockImplementation(() => {});
  publish("asked", 2, "int8", [4], new Uint8Array(4));
  expect(String(warning.mock.calls[0]?.[0])).toBe("Error: buffer asked is int8[4], and the page asked for int16[2]");
  warning.mockRestore();
  expect([asked.array === array, [...array], asked.version, told]).toEqual([true, [1, 2], 1, [1]]);
  publish("other", 5, "float32", [1, 1], new Uint8Array([0, 0, 128, 63]));
  const other = client.buffer("other");
  expect([other.array, other.shape, other.dtype, other.version]).toMatchObject([{ 0: 1 }, [1, 1], "float32", 5]);
  expect(() => client.buffer("other", [2])).toThrow("buffer other is float32[1,1]");
  expect(() => client.callSync("m")).toThrow("callSync needs the fast lane of a window: use call");
});
