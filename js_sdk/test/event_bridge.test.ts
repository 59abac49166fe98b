import { expect, test } from "vitest";
import { FakeNative } from "./native";
import { frame, KEY, openPage, type Page } from "./page";
import { turns, welcome } from "./program";

function documentOf(page: Page): string {
  return (page.polls[0]?.text ?? "").slice(KEY.length, KEY.length + 16);
}

test("it makes window.auroraview, which cannot be replaced", async () => {
  const page = await openPage();
  expect(typeof page.auroraview?.call).toBe("function");
  expect(page.run("Object.isFrozen(auroraview)")).toBe(true);
  expect(page.run("Reflect.defineProperty(window, 'auroraview', { value: 1 })")).toBe(false);
  expect(page.run("delete window.auroraview")).toBe(false);
});

test("hello goes out at once, ready when the document is parsed", async () => {
  const page = await openPage();
  await turns();
  const document = documentOf(page);
  expect(document).toMatch(/^[A-Za-z0-9_-]{16}$/);
  expect(page.frames()).toEqual([
    {
      v: 1,
      doc: document,
      msgs: [{ type: "hello", protocol: 1, document, url: "auroraview://view/index.html" }],
    },
  ]);
  page.fire("DOMContentLoaded");
  await turns();
  expect(page.frames()).toEqual([{ v: 1, doc: document, msgs: [{ type: "ready" }] }]);
});

test("in a document that is parsed already ready follows hello", async () => {
  const page = await openPage({ readyState: "interactive" });
  await turns();
  expect(page.frames().map(({ msgs }) => msgs.map(({ type }) => type))).toEqual([["hello"], ["ready"]]);
});

test("the welcome makes it ready and fires auroraviewready", async () => {
  const page = await openPage();
  page.run("var fired = 0; addEventListener('auroraviewready', () => { fired += auroraview.isReady ? 1 : 100; });");
  page.polls[0]?.reply(frame(documentOf(page), 1, "__auroraview_welcome", welcome()));
  await page.auroraview?.whenReady();
  expect(page.run("fired")).toBe(1);
});

test.each([
  ["a document of another origin", { origin: "https://elsewhere.example", origins: ["auroraview://view"] }],
  ["a frame", { top: false }],
])("%s gets no bridge", async (_what, options) => {
  const page = await openPage(options);
  expect(page.auroraview).toBeUndefined();
  expect(page.polls).toEqual([]);
  expect(page.run("'ipc' in window")).toBe(false);
});

test("a second run in one document does nothing", async () => {
  const page = await openPage();
  const first = page.auroraview;
  page.inject();
  expect(page.auroraview).toBe(first);
  expect(page.polls).toHaveLength(2);
});

test("window.ipc posts raw text, without the key", async () => {
  const page = await openPage();
  page.run("window.ipc.postMessage('hi')");
  expect(page.plain).toEqual(["hi"]);
  expect(page.run("Object.isFrozen(window.ipc) && Object.isFrozen(window.ipc.postMessage)")).toBe(true);
});

test("the key is nowhere to be found by the page", async () => {
  const page = await openPage();
  const found = page.run(`
    const seen = new Set(), texts = [];
    (function walk(value) {
      if (Object(value) !== value || seen.has(value)) return;
      seen.add(value);
      texts.push(typeof value === "function" ? Function.prototype.toString.call(value) : "");
      for (const key of Reflect.ownKeys(value)) {
        const descriptor = Reflect.getOwnPropertyDescriptor(value, key);
        texts.push(String(key), typeof descriptor.value === "string" ? descriptor.value : "");
        walk(descriptor.value); walk(descriptor.get);
      }
      walk(Reflect.getPrototypeOf(value));
    })(window.auroraview);
    texts.join(" ");
  `) as string;
  expect(found.length).toBeGreaterThan(1000);
  expect(found).not.toContain(KEY);
});

test("a page that is left and comes back is a new document with its old handlers", async () => {
  const page = await openPage({ readyState: "interactive" });
  page.run(`
    var fired = 0, seen = [], codes = [];
    addEventListener("auroraviewready", () => { fired++; });
    auroraview.on("e", (detail) => seen.push(detail));
  `);
  const first = documentOf(page);
  page.polls[0]?.reply(frame(first, 1, "__auroraview_welcome", welcome()));
  await turns();
  page.run("auroraview.call('slow').catch((error) => codes.push(error.code))");
  page.fire("pagehide", { persisted: true });
  await turns();
  expect(page.run("codes.join()")).toBe("closed");
  page.frames();
  page.polls.length = 0;

  page.fire("pageshow", { persisted: true });
  await turns();
  const second = documentOf(page);
  expect(second).not.toBe(first);
  expect(page.frames().map(({ doc, msgs }) => [doc, msgs[0]?.type])).toEqual([
    [second, "hello"],
    [second, "ready"],
  ]);
  page.polls[0]?.reply(frame(second, 1, "__auroraview_welcome", welcome()));
  page.polls[1]?.reply(frame(second, 2, "e", 7));
  await turns();
  expect(page.run("[fired, ...seen].join()")).toBe("2,7");
});

test("the first pageshow of a document starts nothing", async () => {
  const page = await openPage();
  page.fire("pageshow", { persisted: false });
  expect(page.polls).toHaveLength(2);
});

/** What a page may do to what everybody uses. */
const BREAK_BUILT_INS = `
    const broken = () => { throw new Error("patched by the page"); };
    for (const kind of [Map, Array, String, Promise, Function]) {
      for (const name of Object.getOwnPropertyNames(kind.prototype)) {
        // The engine itself asks for these: the class of a derived promise, the length of a string.
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
    webkit.messageHandlers.ipc.postMessage = broken;
    webkit.messageHandlers.auroraview.postMessage = broken;
`;

test("a page that breaks built-ins does not break the bridge", async () => {
  const page = await openPage();
  const document = documentOf(page);
  page.polls[0]?.reply(frame(document, 1, "__auroraview_welcome", welcome({ methods: ["api.m"] })));
  await turns();
  page.frames();
  page.run(`${BREAK_BUILT_INS}
    var seen, result;
    auroraview.on("e", (detail) => { seen = detail; });
    (async () => { result = await auroraview.api.m({ a: [1] }); })();
    auroraview.send_event("f", "x");
  `);
  await turns();
  expect(page.frames()).toEqual([
    {
      v: 1,
      doc: document,
      msgs: [
        { type: "call", id: 1, method: "api.m", params: { a: [1] } },
        { type: "event", event: "f", detail: "x" },
      ],
    },
  ]);
  page.run('auroraview.send_event("b", new Float32Array([1]));');
  await turns();
  expect(page.plain.pop()).toBe(
    `${KEY}${document}{"att":1,"v":1,"doc":"${document}","msgs":[{"type":"event","event":"b","att":[{"bytes":4,"dtype":"float32"}],"detail":{"$av":0}}]}\nAACAPw==`,
  );
  page.polls[1]?.reply(frame(document, 2, "e", 5));
  page.polls[2]?.reply(frame(document, 3, "__auroraview_call_result", { id: 1, ok: true, result: 6 }));
  await turns();
  expect([page.run("seen"), page.run("result")]).toEqual([5, 6]);
});

test("the way past the message loop is taken at once, and nobody finds it", async () => {
  const native = new FakeNative();
  const page = await openPage({ native });
  expect(page.run("'__auroraview_lane' in window")).toBe(false);
  const document = native.opened[0] as string;
  expect(page.plain).toEqual([expect.stringContaining(`${KEY}${document}~{"v":1`)]);
  expect(page.polls).toEqual([]);
  native.deliver(frame(document, 1, "__auroraview_welcome", welcome({ methods: ["api.m"] })));
  await page.auroraview?.whenReady();
  expect(page.run("auroraview.isReady")).toBe(true);
  page.inject();
  expect(native.opened).toHaveLength(1);
});

test.each([
  ["a document of another origin", { origin: "https://elsewhere.example", origins: ["auroraview://view"] }],
  ["a frame", { top: false }],
])("in %s it is taken away all the same, and not used", async (_what, options) => {
  const native = new FakeNative();
  const page = await openPage({ ...options, native });
  expect(page.run("'__auroraview_lane' in window")).toBe(false);
  expect([native.opened, page.auroraview]).toEqual([[], undefined]);
});

test("a document that comes back from the back-forward cache opens the lane again", async () => {
  const native = new FakeNative();
  const page = await openPage({ native });
  const [first] = native.opened as [string];
  native.deliver(frame(first, 1, "__auroraview_welcome", welcome()));
  page.fire("pagehide", { persisted: true });
  page.run("auroraview.send_event('bye')");
  await turns();
  expect(native.texts().join()).toContain("bye");
  page.fire("pageshow", { persisted: true });
  const [, second] = native.opened as [string, string];
  expect(second).not.toBe(first);
  expect(page.plain.at(-1)).toContain(`${KEY}${second}~`);
  native.deliver(frame(second, 1, "__auroraview_welcome", welcome()));
  await page.auroraview?.whenReady();
});

test("without a lane callSync says what to do instead", async () => {
  const page = await openPage();
  expect(page.run("try { auroraview.callSync('m') } catch ({ code, name }) { [code, name].join(' ') }")).toBe(
    "forbidden Forbidden",
  );
});

test("a page that breaks built-ins does not break the lane", async () => {
  const native = new FakeNative();
  const page = await openPage({ native });
  const document = native.opened[0] as string;
  native.deliver(frame(document, 1, "__auroraview_welcome", welcome({ methods: ["api.m"] })));
  await turns();
  native.texts();
  native.onSync = (_text, answer) => {
    const detail = { id: 1, ok: true, result: [{ $av: 0 }] };
    const msgs = [{ type: "event", event: "__auroraview_call_result", detail, att: [{ bytes: 2, dtype: "int16" }] }];
    answer(JSON.stringify({ att: 1, v: 1, doc: document, msgs }), [new Uint8Array([1, 1])]);
    return 0;
  };
  page.run(`${BREAK_BUILT_INS}
    for (const name of ["set", "subarray", "slice", "fill"]) Uint8Array.prototype.__proto__[name] = broken;
    var result, seen, versions = "";
    const synced = auroraview.callSync("may", { a: [1] })[0][0];
    const buffer = auroraview.buffer("frame", [2]);
    buffer.on(({ version, array }) => { versions += version + ":" + array[1] + " "; });
    auroraview.on("e", (detail) => { seen = detail; });
    (async () => { result = await auroraview.api.m(new Uint8Array([4])); })();
    var code = "";
  `);
  await turns();
  expect(page.run("synced")).toBe(257);
  expect(native.posted.splice(0)).toEqual([
    {
      text: `{"att":1,"v":1,"doc":"${document}","msgs":[{"type":"call","id":2,"method":"api.m","att":[{"bytes":1,"dtype":"uint8"}],"params":[{"$av":0}]}]}`,
      attachments: [expect.objectContaining({ 0: 4 })],
    },
  ]);
  const published = {
    type: "event",
    event: "__auroraview_buffer:frame",
    detail: { version: 3, array: { $av: 0 } },
    att: [{ bytes: 2, dtype: "uint8" }],
  };
  const done = { type: "event", event: "__auroraview_call_result", detail: { id: 2, ok: true, result: 6 } };
  const text = JSON.stringify({ att: 1, v: 1, doc: document, seq: 2, msgs: [published, done] });
  native.deliver(text, [new Uint8Array([8, 9])]);
  native.deliver(frame(document, 3, "e", 5));
  native.onSync = () => 1;
  page.run("try { auroraview.callSync('slow') } catch (error) { code = error.code; }");
  await turns();
  expect([page.run("versions"), page.run("seen"), page.run("result"), page.run("code")]).toEqual([
    "3:9 ",
    5,
    6,
    "timeout",
  ]);
});
