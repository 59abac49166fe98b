import { afterEach, expect, test, vi } from "vitest";
import { createClient } from "../src/client";
import { makeCallSync } from "../src/sync";
import { EmbeddedTransport } from "../src/transports/embedded";
import { LaneTransport } from "../src/transports/lane";
import { FakeNative } from "./native";
import { turns, welcome, welcomed } from "./program";

const DOCUMENT = "AAAAAAAAAAAAAAA1";

/** A page with a lane, welcomed. */
async function lanePage() {
  const native = new FakeNative();
  const silent = { postMessage: () => undefined };
  const lane = new LaneTransport(native, new EmbeddedTransport("k".repeat(32), silent, silent));
  const { client, bridge } = createClient({
    transport: lane,
    sync: (own) => makeCallSync(own, lane),
    newDocument: () => DOCUMENT,
    url: () => "",
    onReady: () => {},
    debug: false,
  });
  bridge.start();
  bridge.documentReady();
  native.deliver(
    said(1, "__auroraview_welcome", welcome({ limits: { message_bytes: 1000, depth: 3, calls_in_flight: 9 } })),
  );
  await turns();
  native.texts();
  return { native, client, bridge };
}

function said(seq: number, event: string, detail: object): string {
  return JSON.stringify({ v: 1, doc: DOCUMENT, seq, msgs: [{ type: "event", event, detail }] });
}

/** An answer is no numbered frame. */
function answer(detail: object, att?: object[]): string {
  const message = { type: "event", event: "__auroraview_call_result", detail, ...(att && { att }) };
  return JSON.stringify({ ...(att?.length && { att: att.length }), v: 1, doc: DOCUMENT, msgs: [message] });
}

function thrownBy(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

afterEach(() => {
  vi.restoreAllMocks();
});

test("it gives the result, and sends what was said before it first", async () => {
  const { native, client } = await lanePage();
  const order: string[] = [];
  native.onSync = (_text, give) => {
    order.push(...native.texts());
    give(answer({ id: 2, ok: true, result: { yes: true } }));
    return 0;
  };
  const before = client.call("before");
  client.send_event("e");
  expect(client.callSync("may.drop", { path: "a" })).toEqual({ yes: true });
  expect(order).toEqual([
    `{"v":1,"doc":"${DOCUMENT}","msgs":[{"type":"call","id":1,"method":"before"},{"type":"event","event":"e"}]}`,
  ]);
  expect(native.syncCalls).toEqual([
    {
      text: `{"v":1,"doc":"${DOCUMENT}","msgs":[{"type":"call","id":2,"method":"may.drop","params":{"path":"a"}}]}`,
      attachments: [],
      milliseconds: 1000,
    },
  ]);
  void client.call("after");
  await turns();
  expect(native.texts().join()).toContain('"id":3');
  native.deliver(said(2, "__auroraview_call_result", { id: 1, ok: true, result: "b" }));
  await expect(before).resolves.toBe("b");
});

test("arrays go and come", async () => {
  const { native, client } = await lanePage();
  native.onSync = (_text, give) => {
    give(answer({ id: 1, ok: true, result: [{ $av: 0 }] }, [{ bytes: 4, dtype: "int16" }]), [
      new Uint8Array([1, 0, 2, 0]),
    ]);
    return 0;
  };
  expect(client.callSync("m", new Uint8Array([5]))).toEqual([new Int16Array([1, 2])]);
  expect(native.syncCalls[0]).toMatchObject({
    text: expect.stringMatching(/^\{"att":1,"v":1/),
    attachments: [new Uint8Array([5])],
  });
});

test("from a handler of a frame with attachments, which are still there afterwards", async () => {
  const { native, client } = await lanePage();
  native.onSync = (_text, give) => {
    give(answer({ id: 1, ok: true, result: { $av: 0 } }, [{ bytes: 1 }]), [new Uint8Array([9])]);
    return 0;
  };
  const seen: unknown[] = [];
  client.on("first", () => seen.push(client.callSync("m")));
  client.on("second", (detail) => seen.push(detail));
  const msgs = [
    { type: "event", event: "first" },
    { type: "event", event: "second", detail: { $av: 0 }, att: [{ bytes: 1 }] },
  ];
  native.deliver(JSON.stringify({ att: 1, v: 1, doc: DOCUMENT, seq: 2, msgs }), [new Uint8Array([3])]);
  expect(seen).toEqual([new Uint8Array([9]), new Uint8Array([3])]);
});

test("an error of the program is thrown as it is", async () => {
  const { native, client } = await lanePage();
  native.onSync = (_text, give) => {
    // The id of a call that could not be read is 0.
    give(
      answer({ id: 0, ok: false, error: { name: "KeyError", message: "no such key", code: "handler_error", data: 1 } }),
    );
    return 0;
  };
  const thrown = { name: "KeyError", message: "no such key", code: "handler_error", data: 1 };
  expect(thrownBy(() => client.callSync("m"))).toMatchObject(thrown);
});

test("when time is up the call is cancelled", async () => {
  const { native, client } = await lanePage();
  const error = thrownBy(() => client.callSync("slow", undefined, { timeout: 20 }));
  expect(error).toMatchObject({
    name: "TimeoutError",
    code: "timeout",
    message: "call of slow had no answer within 20 ms",
  });
  expect(native.syncCalls[0]?.milliseconds).toBe(20);
  await turns();
  expect(native.texts()).toEqual([`{"v":1,"doc":"${DOCUMENT}","msgs":[{"type":"cancel","id":1}]}`]);
});

test.each([
  ["the lane is lost", () => 2],
  ["there is no answer after all", () => 0],
])("where %s it is closed", async (_what, onSync) => {
  const { native, client } = await lanePage();
  native.onSync = onSync as FakeNative["onSync"];
  expect(thrownBy(() => client.callSync("m"))).toMatchObject({ code: "closed", name: "Closed" });
});

test.each([
  [new Error("many bytes wait"), "busy", "too much waits"],
  [new RangeError("9 bytes are too many"), "too_large", "9 bytes are too many"],
])("where it was not sent for %s it is %s", async (error, code, reason) => {
  const { native, client } = await lanePage();
  native.onSync = () => {
    throw error;
  };
  expect(thrownBy(() => client.callSync("m"))).toMatchObject({
    code,
    message: expect.stringContaining(`call of m was not sent: ${reason}`),
  });
});

test.each(["not json", "{}", "null", '{"msgs":[]}', '{"msgs":[{}]}', '{"msgs":[{"detail":null}]}'])(
  "an answer %s is no result",
  async (text) => {
    const { native, client } = await lanePage();
    native.onSync = (_text, give) => {
      give(text);
      return 0;
    };
    expect(thrownBy(() => client.callSync("m"))).toBeInstanceOf(Error);
    void client.call("the page goes on");
    await turns();
    expect(native.texts().join()).toContain("the page goes on");
  },
);

test.each([0, -1, Number.NaN, "5", null])("a timeout of %j is a TypeError, and nothing is sent", async (timeout) => {
  const { native, client } = await lanePage();
  const error = thrownBy(() => client.callSync("m", undefined, { timeout: timeout as number }));
  expect(timeout === null ? native.syncCalls.length : error instanceof TypeError).toBeTruthy();
  expect(native.syncCalls.length).toBe(timeout === null ? 1 : 0);
});

test("what a call refuses it refuses too", async () => {
  const { native, client, bridge } = await lanePage();
  expect(thrownBy(() => client.callSync(""))).toBeInstanceOf(TypeError);
  expect(thrownBy(() => client.callSync("m", { n: 1n }))).toMatchObject({ code: "invalid_params" });
  expect(thrownBy(() => client.callSync("m", "x".repeat(2000)))).toMatchObject({ code: "too_large" });
  expect(thrownBy(() => client.callSync("m", [[[[1]]]]))).toMatchObject({ code: "too_large" });
  bridge.leave();
  expect(thrownBy(() => client.callSync("m"))).toMatchObject({ code: "closed" });
  expect(native.syncCalls).toEqual([]);
});

test("over any other transport it is forbidden", async () => {
  const { client, program } = await welcomed();
  const error = { code: "forbidden", name: "Forbidden", message: "callSync needs the fast lane of a window: use call" };
  expect(thrownBy(() => client.callSync("m"))).toMatchObject(error);
  await turns();
  expect(program.sent).toEqual([]);
  expect(Object.isFrozen(client.callSync)).toBe(true);
});
