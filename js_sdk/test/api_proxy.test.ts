import { expect, test } from "vitest";
import { toParams } from "../src/api_proxy";
import { makeBridge, turns, welcomed } from "./program";

class Point {
  x = 1;
}
const bare = Object.assign(Object.create(null), { a: 1 });

test.each([
  [[], undefined],
  [[undefined], undefined],
  [[{ a: 1 }], { a: 1 }],
  [[{}], {}],
  [[bare], bare],
  [[{ a: 1 }, undefined], { a: 1 }],
  [[null], [null]],
  [[[1, 2]], [[1, 2]]],
  [
    [1, { a: 1 }],
    [1, { a: 1 }],
  ],
  [
    [undefined, 2],
    [undefined, 2],
  ],
  [["x"], ["x"]],
  [[new Point()], [new Point()]],
])("arguments %j become params %j", (args, params) => {
  expect(toParams(args)).toEqual(params);
});

test("paths are methods, before the welcome too", async () => {
  const { bridge, program } = makeBridge();
  bridge.start();
  const api = bridge.methods.node("api") as { scene: { rename(args: object): Promise<unknown> } };
  const call = api.scene.rename({ old: "a" });
  await turns();
  expect(program.messages()).toContainEqual({ type: "call", id: 1, method: "api.scene.rename", params: { old: "a" } });
  program.respond(1, "done");
  await expect(call).resolves.toBe("done");
});

test("a namespace can be awaited, printed and serialised without calling anything", async () => {
  const { client, program } = await welcomed({ methods: ["api.get"] });
  expect((await client.api) === client.api).toBe(true);
  expect((await client.api.get) === client.api.get).toBe(true);
  expect(`${client.api}`).toBe("auroraview.api");
  expect(JSON.stringify({ api: client.api })).toBe('{"api":{}}');
  expect(Object.prototype.toString.call(client.api)).toBe("[object Object]");
  const marks = client.api as unknown as Record<string, unknown>;
  expect([marks.__v_skip, marks.$$typeof, marks["@@iterator"], marks._private]).toEqual(Array(4).fill(undefined));
  await turns();
  expect(program.sent).toEqual([]);
});

test("one function per path", async () => {
  const { client } = await welcomed();
  // Compared here: a matcher that prints a proxy asks it for everything.
  const { api } = client;
  const { save, scene } = api;
  expect(save === api.save).toBe(true);
  expect(scene?.rename === api.scene?.rename).toBe(true);
  expect(save === api.load).toBe(false);
});

test("what is bound shows, and changes while the page is open", async () => {
  const { client, program } = await welcomed({ methods: ["api.b", "api.scene.rename", "api.scene.drop", "other.x"] });
  expect(Object.keys(client.api)).toEqual(["b", "scene"]);
  expect(Object.keys(client.api.scene as object)).toEqual(["rename", "drop"]);
  expect("b" in client.api).toBe(true);
  expect("nope" in client.api).toBe(false);
  program.emit("__auroraview_bound", { added: ["api.new"], removed: ["api.b", "api.scene.rename"] });
  expect(Object.keys(client.api)).toEqual(["scene", "new"]);
  expect(Object.keys(client.api.scene as object)).toEqual(["drop"]);
  program.welcome({ methods: [] });
  expect(Object.keys(client.api)).toEqual([]);
});

test("a bound method may have a name the language uses", async () => {
  const { client, program } = await welcomed({ methods: ["api.toString", "api.then"] });
  void client.api.toString();
  expect((client.api as { then?: unknown }).then).toBeUndefined();
  await turns();
  expect(program.messages()).toMatchObject([{ method: "api.toString" }]);
});

test("the proxies cannot be changed", async () => {
  const { client } = await welcomed();
  const api = client.api as unknown as Record<string, unknown>;
  expect(() => {
    api.save = 1;
  }).toThrow(TypeError);
  expect(() => Object.defineProperty(api, "save", { value: 1 })).toThrow(TypeError);
  expect(Reflect.setPrototypeOf(api, null)).toBe(false);
});
