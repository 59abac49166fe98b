import { afterEach, beforeEach, expect, expectTypeOf, test, vi } from "vitest";
import type { AuroraView } from "../src/index";
import { Program, turns } from "./program";

beforeEach(() => {
  vi.resetModules();
});
afterEach(() => {
  vi.unstubAllGlobals();
});

interface MyApi {
  get(): { name: string };
  rename(args: { old: string; to: string }): Promise<boolean>;
  scene: { count(kind: string): number };
}

test("in a window it is the window's own object", async () => {
  const own = { call: () => {} };
  vi.stubGlobal("auroraview", own);
  const { createAuroraView, getAuroraView } = await import("../src/index");
  expect(createAuroraView()).toBe(own);
  expect(getAuroraView()).toBe(own);
});

test("elsewhere without a transport the error says what to pass", async () => {
  const { createAuroraView, getAuroraView } = await import("../src/index");
  expect(() => createAuroraView()).toThrow("createAuroraView({ transport })");
  expect(() => getAuroraView()).toThrow("createAuroraView({ transport })");
});

test("over a transport it says hello and ready, and works", async () => {
  const { createAuroraView, getAuroraView } = await import("../src/index");
  const program = new Program();
  const client = createAuroraView<MyApi>({ transport: program });
  expect(getAuroraView()).toBe(client);
  await turns();
  expect(program.document).toMatch(/^[A-Za-z0-9_-]{16}$/);
  expect(program.messages()).toMatchObject([{ type: "hello", protocol: 1 }, { type: "ready" }]);
  program.welcome({ methods: ["api.get"], namespaces: ["api"] });
  await client.whenReady();
  const call = client.api.get();
  program.respond(1, { name: "cube" });
  expect((await call).name).toBe("cube");
});

test("interfaces type the api", () => {
  expectTypeOf<AuroraView<MyApi>["api"]["get"]>().returns.toEqualTypeOf<Promise<{ name: string }>>();
  expectTypeOf<AuroraView<MyApi>["api"]["rename"]>().returns.toEqualTypeOf<Promise<boolean>>();
  expectTypeOf<AuroraView<MyApi>["api"]["scene"]["count"]>().parameters.toEqualTypeOf<[string]>();
  expectTypeOf<AuroraView<MyApi, { tools: { run(): null } }>["tools"]["run"]>().returns.toEqualTypeOf<Promise<null>>();
  expectTypeOf<AuroraView["call"]>().returns.toEqualTypeOf<Promise<unknown>>();
});
