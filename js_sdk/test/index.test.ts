import { afterEach, beforeEach, expect, expectTypeOf, test, vi } from "vitest";
import type { AuroraView } from "../src/index";
import { Network, session, welcomeText } from "./network";
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

/** A page at this address; returns what its tab remembers. */
function stubPage(href: string): Map<string, string> {
  const stored = new Map<string, string>();
  const sessionStorage = {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => stored.set(key, value),
  };
  const location = new URL(href);
  const replaceState = (_state: unknown, _title: string, to: string): void => {
    location.href = new URL(to, location).href;
  };
  const onWindow = Object.assign(new EventTarget(), { sessionStorage });
  vi.stubGlobal("window", onWindow);
  vi.stubGlobal("addEventListener", onWindow.addEventListener.bind(onWindow));
  vi.stubGlobal("dispatchEvent", onWindow.dispatchEvent.bind(onWindow));
  vi.stubGlobal("document", Object.assign(new EventTarget(), { readyState: "complete" }));
  vi.stubGlobal("location", location);
  vi.stubGlobal("history", { state: null, replaceState });
  return stored;
}

test("in a window it is the window's own object", async () => {
  const own = { call: () => {} };
  vi.stubGlobal("auroraview", own);
  const { createAuroraView, getAuroraView } = await import("../src/index");
  expect(createAuroraView()).toBe(own);
  expect(getAuroraView()).toBe(own);
});

test("elsewhere it looks for a program, and says its token only where an application led it", async () => {
  const network = new Network();
  vi.stubGlobal("WebSocket", network.Socket);
  vi.stubGlobal("WS_CONFIG", { port: 5001, timestamp: new Date().toISOString() });
  vi.stubGlobal("AURORAVIEW_WS_PORT", "5002");
  const { createAuroraView, getAuroraView } = await import("../src/index");
  const client = createAuroraView({ token: "T" });
  expect(getAuroraView()).toBe(client);
  const seen: unknown[] = [];
  let document = "";
  await vi.waitFor(() => expect(network.sockets).toHaveLength(1));
  for (let i = 0; i < 3; i++) {
    network.last.accept();
    const [hello] = network.last.said() as { document: string; token?: string }[];
    document = hello?.document ?? "";
    seen.push([new URL(network.last.url).port, hello?.token]);
    if (i < 2) {
      network.last.drop();
    }
  }
  expect(seen).toEqual([
    ["5001", undefined],
    ["5002", "T"],
    ["8765", undefined],
  ]);
  network.last.say(session());
  network.last.say(welcomeText(document));
  expect(client.connection.state).toBe("open");
  network.last.drop(4000);
});

test("in a page it looks too, with the token of the address, and the tab remembers it", async () => {
  const network = new Network();
  const stored = stubPage("file:///home/ann/panel.html?port=5002#token=T");
  const { getAuroraView } = await import("../src/index");
  vi.stubGlobal("WebSocket", network.Socket);
  const client = getAuroraView();
  await vi.waitFor(() => expect(network.sockets).toHaveLength(1));
  network.last.accept();
  expect(network.last.said()).toMatchObject([{ token: "T", url: "file:///home/ann/panel.html?port=5002" }]);
  network.last.say(session());
  expect(stored.get("auroraview:http://127.0.0.1:5002/")).toBe('{"token":"T","session":"S1","resume":"R1"}');
  expect(client.connection.state).toBe("connecting");
  network.last.drop(4000);
});

test("without any WebSocket it says what to pass", async () => {
  vi.stubGlobal("WebSocket", undefined);
  const { createAuroraView, getAuroraView } = await import("../src/index");
  expect(() => createAuroraView()).toThrow("pass the option WebSocket");
  expect(() => getAuroraView()).toThrow("pass the option WebSocket");
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
  await vi.waitFor(() => expect(network.sockets).toHaveLength(1));
  network.last.accept();
  expect(network.last.url).toBe("ws://127.0.0.1:8000/auroraview.ws");
  expect(network.last.said()).toMatchObject([{ type: "hello", token: "T", url: "" }]);
  expect(client.connection.state).toBe("connecting");
  network.last.drop(4000, "bye");
  expect(client.connection.state).toBe("closed");
});

test("over a url in a page the tab remembers the session", async () => {
  const network = new Network();
  const stored = stubPage("http://localhost:5173/");
  const { createAuroraView } = await import("../src/index");
  const client = createAuroraView({ url: "http://127.0.0.1:8000/", token: "T", WebSocket: network.Socket });
  const call = client.call("m");
  await vi.waitFor(() => expect(network.sockets).toHaveLength(1));
  network.last.accept();
  network.last.say(session());
  expect([...stored]).toEqual([["auroraview:http://127.0.0.1:8000/", '{"token":"T","session":"S1","resume":"R1"}']]);
  window.dispatchEvent(new Event("pagehide"));
  await expect(call).rejects.toMatchObject({ code: "closed" });
});
