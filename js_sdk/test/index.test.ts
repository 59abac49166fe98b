import { afterEach, beforeEach, expect, expectTypeOf, test, vi } from "vitest";
import type { AuroraView } from "../src/index";
import { Network, session } from "./network";
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

test("over a url it connects to the server's WebSocket, without a page too", async () => {
  const network = new Network();
  const { createAuroraView } = await import("../src/index");
  const client = createAuroraView({ url: "http://127.0.0.1:8000/#token=T", WebSocket: network.Socket });
  network.last.accept();
  expect(network.last.url).toBe("ws://127.0.0.1:8000/auroraview.ws");
  expect(network.last.said()).toMatchObject([{ type: "hello", token: "T", url: "" }]);
  expect(client.connection.state).toBe("connecting");
  network.last.drop(4000, "bye");
  expect(client.connection.state).toBe("closed");
});

test("over a url in a page the tab remembers the session", async () => {
  const network = new Network();
  const stored = new Map<string, string>();
  const onWindow = Object.assign(new EventTarget(), {
    sessionStorage: {
      getItem: (key: string) => stored.get(key) ?? null,
      setItem: (key: string, value: string) => stored.set(key, value),
    },
  });
  vi.stubGlobal("window", onWindow);
  vi.stubGlobal("document", Object.assign(new EventTarget(), { readyState: "complete" }));
  vi.stubGlobal("location", new URL("http://localhost:5173/"));
  const { createAuroraView } = await import("../src/index");
  const client = createAuroraView({ url: "http://127.0.0.1:8000/", token: "T", WebSocket: network.Socket });
  await vi.waitFor(() => expect(network.sockets).toHaveLength(1));
  network.last.accept();
  network.last.say(session());
  expect([...stored]).toEqual([["auroraview:http://127.0.0.1:8000/", '{"token":"T","session":"S1","resume":"R1"}']]);
  const call = client.call("m");
  onWindow.dispatchEvent(new Event("pagehide"));
  await expect(call).rejects.toMatchObject({ code: "closed" });
});
