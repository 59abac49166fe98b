import { expect, test } from "vitest";
import type { AuroraView } from "../src/client";
import { turns, welcomed } from "./program";

type Open = AuroraView & Record<string, { [name: string]: () => Promise<unknown> }>;

test("nothing of the client can be replaced by accident", async () => {
  const { client } = await welcomed();
  const open = client as unknown as Record<string, unknown>;
  expect(Object.isFrozen(client)).toBe(true);
  expect(Object.isFrozen(client.call)).toBe(true);
  expect(() => {
    open.call = () => {};
  }).toThrow(TypeError);
  expect(() => {
    open.fresh = 1;
  }).toThrow(TypeError);
  expect(() => {
    (client.on as unknown as { x: number }).x = 1;
  }).toThrow(TypeError);
});

test("methods work without their object", async () => {
  const { client, program } = await welcomed();
  const { call, on } = client;
  const seen: unknown[] = [];
  on("e", (detail) => seen.push(detail));
  program.emit("e", 1);
  const answer = call("m");
  program.respond(1, 2);
  expect(await answer).toBe(2);
  expect(seen).toEqual([1]);
});

test("namespaces of the welcome appear, in the frozen object", async () => {
  const { client, program } = await welcomed({ methods: ["scene.save"], namespaces: ["api", "scene"] });
  const open = client as Open;
  expect("scene" in client).toBe(true);
  expect(Object.keys(open.scene as object)).toEqual(["save"]);
  const call = open.scene?.save?.();
  await turns();
  expect(program.messages()).toMatchObject([{ method: "scene.save" }]);
  program.respond(1, true);
  expect(await call).toBe(true);
});

test("namespaces that are bound later appear then", async () => {
  const { client, program } = await welcomed();
  expect((client as Open).tools).toBeUndefined();
  program.emit("__auroraview_bound", { added: ["tools.run"], removed: [], namespaces: ["tools"] });
  expect(Object.keys((client as Open).tools as object)).toEqual(["run"]);
});

test("a namespace never replaces a member", async () => {
  const { client } = await welcomed({ namespaces: ["call", "on", "__proto__", "then", "toString", "isReady"] });
  expect(typeof client.call).toBe("function");
  expect(client.isReady).toBe(true);
  expect(await client).toBe(client);
  expect(String(client)).toBe("[object Object]");
  expect(({} as { call?: unknown }).call).toBeUndefined();
});
