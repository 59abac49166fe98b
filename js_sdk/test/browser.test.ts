import { expect, test, vi } from "vitest";
import { type BrowserPage, openBrowser } from "./browser_page";
import { frameText, session, welcomeText } from "./network";
import { turns } from "./program";

const STORED = '{"token":"secret","session":"S1","resume":"R1"}';

/** Accepts the connection and gives it a session; returns the hello. */
async function connect(page: BrowserPage): Promise<Record<string, unknown>> {
  await vi.waitFor(() => expect(page.network.sockets.length).toBeGreaterThan(0));
  page.socket.accept();
  const [hello] = page.socket.said() as unknown as Record<string, unknown>[];
  page.socket.say(session());
  page.socket.say(welcomeText(String(hello?.document)));
  await turns();
  return hello ?? {};
}

test("it makes window.auroraview over the WebSocket beside the script", async () => {
  const page = await openBrowser();
  page.run("var fired = 0; addEventListener('auroraviewready', () => { fired++; });");
  const call = page.auroraview.call("early");
  const hello = await connect(page);
  expect(page.socket.url).toBe("ws://127.0.0.1:8000/auroraview.ws");
  expect(hello).toMatchObject({ type: "hello", protocol: 1, url: "http://127.0.0.1:8000/", token: "secret" });
  expect(hello.document).toMatch(/^[A-Za-z0-9_-]{16}$/);
  expect(page.run("fired")).toBe(1);
  page.fire("DOMContentLoaded");
  await turns();
  expect(page.socket.frames().map(({ msgs }) => msgs.map(({ type }) => type))).toEqual([["call"], [], ["ready"]]);
  page.socket.say(
    frameText(String(hello.document), 2, "__auroraview_call_result", { id: 1, ok: true, result: "done" }),
  );
  expect(await call).toBe("done");
  expect(page.run("Object.isFrozen(auroraview)")).toBe(true);
  expect(page.run("Reflect.defineProperty(window, 'auroraview', { value: 1 })")).toBe(false);
});

test.each([
  ["http://127.0.0.1:8000/#token=secret", "http://127.0.0.1:8000/"],
  ["http://127.0.0.1:8000/a/b.html?c=d#token=secret&e=f", "http://127.0.0.1:8000/a/b.html?c=d#e=f"],
  ["http://127.0.0.1:8000/#/route&token=secret", "http://127.0.0.1:8000/#/route"],
])("the token in %s leaves the address bar for the tab's storage", async (href, left) => {
  const page = await openBrowser({ href });
  expect(page.address).toBe(left);
  expect([...page.stored]).toEqual([["auroraview:/", '{"token":"secret"}']]);
  expect(await connect(page)).toMatchObject({ token: "secret", url: left });
  expect([...page.stored]).toEqual([["auroraview:/", STORED]]);
});

test("an address without a token stays as it is", async () => {
  const page = await openBrowser({ href: "http://127.0.0.1:8000/#section" });
  expect(page.address).toBe("http://127.0.0.1:8000/#section");
  expect(await connect(page)).not.toHaveProperty("token");
});

test.each([
  ["http://127.0.0.1:8000/panel/auroraview.js?v=2", "ws://127.0.0.1:8000/panel/auroraview.ws", "auroraview:/panel/"],
  ["http://localhost:9000/auroraview.js", "ws://localhost:9000/auroraview.ws", "auroraview:http://localhost:9000/"],
  [null, "ws://127.0.0.1:8000/found/auroraview.ws", "auroraview:/found/"],
])("the script at %s connects to %s", async (src, endpoint, key) => {
  const page = await openBrowser({ src });
  await connect(page);
  expect(page.socket.url).toBe(endpoint);
  expect([...page.stored.keys()]).toEqual([key]);
});

test("in a native window it does nothing", async () => {
  const page = await openBrowser({ before: "window.auroraview = 'native'" });
  expect(page.auroraview).toBe("native");
  await turns();
  expect(page.network.sockets).toEqual([]);
  expect(page.address).toContain("#token=secret");
});

test("a reload goes on with the session, as a new document", async () => {
  const first = await openBrowser({ readyState: "complete" });
  const { document } = await connect(first);
  first.fire("pagehide", { persisted: false });
  expect(first.socket.said()).toEqual([{ type: "bye" }]);
  expect(first.stored.get("auroraview:/")).toBe('{"token":"secret","session":"S1","resume":"R1","leaving":true}');
  const second = await openBrowser({ href: "http://127.0.0.1:8000/", stored: first.stored });
  const hello = await connect(second);
  expect(hello).toMatchObject({ token: "secret", session: "S1", resume: "R1" });
  expect(hello).not.toHaveProperty("received");
  expect(hello.document).not.toBe(document);
});

test("a page from the back-forward cache connects anew", async () => {
  const page = await openBrowser({ readyState: "complete" });
  await connect(page);
  page.fire("pagehide", { persisted: true });
  page.run("document.visibilityState = 'hidden'");
  page.fire("visibilitychange");
  expect(page.socket.closed).toBe(true);
  page.fire("pageshow", { persisted: true });
  await vi.waitFor(() => expect(page.network.sockets).toHaveLength(2));
  expect(await connect(page)).toMatchObject({ session: "S1", resume: "R1" });
  expect(page.auroraview.connection.state).toBe("open");
});

test("without a token the console says what to do", async () => {
  const warning = vi.spyOn(console, "warn").mockImplementation(() => {});
  const page = await openBrowser({ href: "http://127.0.0.1:8000/" });
  await vi.waitFor(() => expect(page.network.sockets.length).toBeGreaterThan(0));
  page.socket.accept();
  page.socket.drop(4001, "token");
  const remedy = "the page has no token: open the link with #token=... that the program printed";
  expect(warning.mock.calls).toEqual([[`auroraview: ${remedy}`]]);
  warning.mockRestore();
  expect({ ...page.auroraview.connection }).toMatchObject({ state: "closed", reason: remedy });
  // The link opened in this very tab changes the fragment alone.
  page.setFragment("#token=fresh");
  expect(page.address).toBe("http://127.0.0.1:8000/");
  expect(page.stored.get("auroraview:/")).toBe('{"token":"fresh"}');
  expect(page.reloads()).toBe(1);
});

test("the same link again, while all is well, only cleans the address bar", async () => {
  const page = await openBrowser();
  await connect(page);
  page.setFragment("#token=secret");
  expect(page.address).toBe("http://127.0.0.1:8000/");
  expect(page.reloads()).toBe(0);
  page.setFragment("#elsewhere");
  expect(page.address).toBe("http://127.0.0.1:8000/#elsewhere");
});

test("where storage is forbidden it works all the same", async () => {
  const page = await openBrowser({ stored: null });
  expect(await connect(page)).toMatchObject({ token: "secret" });
  expect(page.auroraview.isReady).toBe(true);
});

test("the server can have the page load anew", async () => {
  const page = await openBrowser();
  await connect(page);
  page.socket.say({ type: "reload" });
  expect(page.reloads()).toBe(1);
});

test("a page that breaks built-ins does not break the connection", async () => {
  const page = await openBrowser({ readyState: "complete" });
  const { document } = await connect(page);
  page.socket.taken();
  page.run(`
    const broken = () => { throw new Error("patched by the page"); };
    for (const kind of [Map, Array, String, Promise, Function]) {
      for (const name of Object.getOwnPropertyNames(kind.prototype)) {
        if (name !== "constructor" && Object.getOwnPropertyDescriptor(kind.prototype, name).configurable) {
          Object.defineProperty(kind.prototype, name, { configurable: true, value: broken });
        }
      }
    }
    for (const space of [JSON, Reflect]) {
      for (const name of Object.getOwnPropertyNames(space)) space[name] = broken;
    }
    for (const name of ["freeze", "defineProperty", "getPrototypeOf", "create", "entries"]) Object[name] = broken;
    for (const name of ["queueMicrotask", "setTimeout", "Promise", "Map", "Proxy", "Error", "TypeError"]) {
      globalThis[name] = broken;
    }
    var seen = [], result;
    auroraview.on("e", (detail) => { seen = detail; });
    (async () => { result = await auroraview.api.m({ a: new Uint8Array([1, 2]) }); })();
  `);
  await turns();
  const [text, bytes] = page.socket.taken();
  expect(JSON.parse(text as string)).toMatchObject({ att: 1, seq: 2, msgs: [{ params: { a: { $av: 0 } } }] });
  expect([...(bytes as Uint8Array)]).toEqual([1, 2]);
  page.socket.say(
    `{"att":1,"v":1,"doc":"${String(document)}","seq":2,"msgs":[{"type":"event","event":"e","att":[{"bytes":1}],"detail":[{"$av":0}]}]}`,
  );
  page.socket.say(new Uint8Array([5]).buffer);
  page.socket.say(frameText(String(document), 3, "__auroraview_call_result", { id: 1, ok: true, result: 6 }));
  await turns();
  expect([page.run("seen[0][0]"), page.run("result")]).toEqual([5, 6]);
  page.socket.drop();
  await vi.waitFor(() => expect(page.network.sockets).toHaveLength(2), { timeout: 2000 });
  page.socket.accept();
  page.socket.say(session({ resumed: true, received: 2, resume: "R2" }));
  expect(page.auroraview.connection.state).toBe("open");
});

const FILE = { href: "file:///home/ann/panel.html", src: "file:///home/ann/auroraview.js" };
const FRESH = "window.WS_CONFIG = { port: 5001, timestamp: new Date().toISOString() };";

test.each([
  ["a file", FILE.src, FILE.href],
  ["a window's own scheme", "auroraview://view/auroraview.js", "auroraview://view/index.html"],
  ["an application", "tauri://localhost/auroraview.js", "tauri://localhost/index.html"],
  ["the page itself", "", "data:text/html,page"],
])("a script out of %s looks for its program", async (_, src, href) => {
  const page = await openBrowser({ src, href, before: FRESH });
  const hello = await connect(page);
  expect(page.socket.url).toBe("ws://127.0.0.1:5001/auroraview.ws");
  expect(hello).toMatchObject({ url: href });
  expect(page.auroraview.isReady).toBe(true);
});

test("the token goes to the port of the address, and into the tab's memory of that port alone", async () => {
  const href = `${FILE.href}?port=5002#token=secret`;
  const page = await openBrowser({ ...FILE, href, before: FRESH });
  expect(page.address).toBe(`${FILE.href}?port=5002`);
  await vi.waitFor(() => expect(page.network.sockets).toHaveLength(1));
  page.socket.accept();
  expect(page.socket.url).toContain(":5001/");
  expect(page.socket.said()[0]).not.toHaveProperty("token");
  page.socket.drop(4001);
  await vi.waitFor(() => expect(page.network.sockets).toHaveLength(2));
  expect(await connect(page)).toMatchObject({ token: "secret", url: `${FILE.href}?port=5002` });
  expect(page.socket.url).toContain(":5002/");
  const remembered = [...page.stored].filter(([, value]) => value !== "{}");
  expect(remembered).toEqual([["auroraview:http://127.0.0.1:5002/", STORED]]);
  page.fire("pagehide", { persisted: false });

  // The same address, without the token: it goes on with what the tab remembers.
  const again = await openBrowser({ ...FILE, href: `${FILE.href}?port=5002`, stored: page.stored });
  expect(await connect(again)).toMatchObject({ token: "secret", session: "S1", resume: "R1" });
  again.fire("pagehide", { persisted: false });

  // A script that names the very same port is no reason to say it.
  const other = await openBrowser({ ...FILE, stored: page.stored, before: FRESH.replace("5001", "5002") });
  const hello = await connect(other);
  expect(other.socket.url).toContain(":5002/");
  expect(hello).not.toHaveProperty("token");
});

test("a token that cannot be taken out of the address is told to nobody by it", async () => {
  const before = `${FRESH} history.replaceState = () => { throw new Error("sandboxed"); };`;
  const page = await openBrowser({ ...FILE, href: `${FILE.href}#token=secret`, before });
  const hello = await connect(page);
  expect(page.socket.url).toContain(":5001/");
  expect(JSON.stringify(hello)).not.toContain("secret");
  expect(hello.url).toBe(FILE.href);
});

test("an application's variable names the port, and may be set while the page is looking", async () => {
  const page = await openBrowser({ ...FILE, href: `${FILE.href}#token=secret` });
  await vi.waitFor(() => expect(page.network.sockets).toHaveLength(1));
  expect(page.socket.url).toContain(":8765/");
  page.run("window.TAURI_WS_PORT = '5003'");
  page.socket.drop();
  await vi.waitFor(() => expect(page.network.sockets).toHaveLength(2), { timeout: 2000 });
  expect(page.socket.url).toContain(":5003/");
  expect(await connect(page)).toMatchObject({ token: "secret" });
});

test("a new link in the tab of a file is taken for the port of the address", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const page = await openBrowser({ ...FILE, href: `${FILE.href}?port=5002#token=old` });
  await vi.waitFor(() => expect(page.network.sockets).toHaveLength(1));
  page.socket.drop(4001);
  await vi.waitFor(() => expect(page.network.sockets).toHaveLength(2));
  page.socket.drop();
  expect(page.auroraview.connection.state).toBe("closed");
  page.setFragment("#token=fresh");
  expect(page.address).toBe(`${FILE.href}?port=5002`);
  expect(page.reloads()).toBe(1);
  expect(page.stored.get("auroraview:http://127.0.0.1:5002/")).toBe('{"token":"fresh"}');
  expect(page.stored.get("auroraview:http://127.0.0.1:8765/")).toBe("{}");
  vi.restoreAllMocks();
});

test("a script inside a served page asks that server before it guesses", async () => {
  const page = await openBrowser({ src: "" });
  expect(await connect(page)).toMatchObject({ token: "secret" });
  expect(page.socket.url).toBe("ws://127.0.0.1:8000/auroraview.ws");
  expect(page.stored.get("auroraview:/")).toBe(STORED);
});

test("a page of the port that its address names is that server's, and remembers it as such", async () => {
  const page = await openBrowser({ src: "", href: "http://127.0.0.1:8000/?port=8000#token=secret" });
  expect(await connect(page)).toMatchObject({ token: "secret" });
  expect(page.stored.get("auroraview:/")).toBe(STORED);
});

test("a script from a server knows no other, whatever the page has heard", async () => {
  const page = await openBrowser({ href: "http://127.0.0.1:8000/?port=5002#token=secret", before: FRESH });
  await vi.waitFor(() => expect(page.network.sockets).toHaveLength(1));
  page.socket.drop();
  await vi.waitFor(() => expect(page.network.sockets).toHaveLength(2), { timeout: 2000 });
  expect(page.network.sockets.map(({ url }) => url)).toEqual(Array(2).fill("ws://127.0.0.1:8000/auroraview.ws"));
});
