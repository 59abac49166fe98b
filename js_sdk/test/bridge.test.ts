import { expect, test, vi } from "vitest";
import { makeBridge, turns, welcomed } from "./program";

test("hello is the first frame, alone, even when a call follows at once", async () => {
  const { bridge, program } = makeBridge();
  bridge.start();
  void bridge.call("m");
  expect(program.sent).toEqual([
    '{"v":1,"doc":"d1","msgs":[{"type":"hello","protocol":1,"document":"d1","url":"auroraview://view/"}]}',
  ]);
  await turns();
  expect(program.sent[1]).toBe('{"v":1,"doc":"d1","msgs":[{"type":"call","id":1,"method":"m"}]}');
});

test("all messages of a turn leave as one frame, in order", async () => {
  const { client, program } = await welcomed();
  void client.call("a", { x: 1 });
  client.send_event("e", 0);
  client.send_event("f");
  void client.call("b", null);
  await turns();
  expect(program.sent).toEqual([
    '{"v":1,"doc":"d1","msgs":[{"type":"call","id":1,"method":"a","params":{"x":1}},{"type":"event","event":"e","detail":0},{"type":"event","event":"f"},{"type":"call","id":2,"method":"b","params":null}]}',
  ]);
});

test("a later change to an object is not sent", async () => {
  const { client, program } = await welcomed();
  const params = { x: 1 };
  void client.call("m", params);
  params.x = 2;
  await turns();
  expect(program.messages()).toEqual([{ type: "call", id: 1, method: "m", params: { x: 1 } }]);
});

test.each([0, "", false, null, [], {}])("%j arrives as itself", async (value) => {
  const { client, program } = await welcomed();
  void client.call("m", value);
  client.send_event("e", value);
  await turns();
  expect(program.messages()).toEqual([
    { type: "call", id: 1, method: "m", params: value },
    { type: "event", event: "e", detail: value },
  ]);
});

test("results and errors reach their calls whatever their order", async () => {
  const { client, program } = await welcomed();
  const first = client.call("a");
  const second = client.call("b");
  program.fail(2, { name: "KeyError", message: "no such key", code: "handler_error", data: { key: "k" } });
  program.respond(1, [1]);
  await expect(first).resolves.toEqual([1]);
  await expect(second).rejects.toMatchObject({
    name: "KeyError",
    message: "no such key",
    code: "handler_error",
    data: { key: "k" },
  });
});

test("a result that is no longer waited for is ignored", async () => {
  const { client, program } = await welcomed();
  program.respond(77, 1);
  const call = client.call("a");
  program.respond(1, "mine");
  program.respond(1, "again");
  await expect(call).resolves.toBe("mine");
});

test("a frame is acknowledged once, with nothing else to say", async () => {
  const { program } = await welcomed();
  program.emit("e");
  await turns();
  expect(program.sent).toEqual(['{"v":1,"doc":"d1","ack":2,"msgs":[]}']);
});

test("one call after another costs one frame each, acknowledgement included", async () => {
  const { client, program } = await welcomed();
  const wrapped = async (method: string) => await client.call(method);
  const twice = async (method: string) => wrapped(method);
  const run = (async () => {
    await client.call("a");
    await wrapped("b");
    await twice("c");
    await client.call("d");
  })();
  for (let id = 1; id <= 4; id++) {
    await turns();
    const frames = program.frames();
    expect(frames).toHaveLength(1);
    expect(frames[0]).toMatchObject(id === 1 ? {} : { ack: id });
    expect(frames[0]?.msgs).toMatchObject([{ type: "call", id }]);
    program.respond(id, null);
  }
  await run;
});

test("what a handler sends travels with the acknowledgement", async () => {
  const { client, program } = await welcomed();
  client.on("ping", () => client.send_event("pong"));
  program.emit("ping");
  await turns();
  expect(program.sent).toEqual(['{"v":1,"doc":"d1","ack":2,"msgs":[{"type":"event","event":"pong"}]}']);
});

test("a frame that came before is acknowledged and not delivered again", async () => {
  const { client, program } = await welcomed();
  const seen = vi.fn();
  client.on("e", seen);
  program.emit("e", 1);
  await turns();
  program.sent.length = 0;
  expect(program.text('{"v":1,"doc":"d1","seq":2,"msgs":[{"type":"event","event":"e","detail":1}]}')).toBe(true);
  await turns();
  expect(seen).toHaveBeenCalledTimes(1);
  expect(program.frames()).toEqual([{ v: 1, doc: "d1", ack: 2, msgs: [] }]);
});

test.each([
  '{"v":1,"doc":"d0","seq":2,"msgs":[{"type":"event","event":"e"}]}',
  '{"v":1,"doc":"d1","msgs":[{"type":"event","event":"e"}]}',
  '{"v":1,"doc":"d1","seq":2}',
  "null",
  "[]",
  "7",
])("%s is dropped without an acknowledgement", async (text) => {
  const { client, program } = await welcomed();
  const seen = vi.fn();
  client.on("e", seen);
  expect(program.text(text)).toBe(false);
  await turns();
  expect(seen).not.toHaveBeenCalled();
  expect(program.sent).toEqual([]);
});

test("a frame that is not JSON is dropped with a warning", async () => {
  const warning = vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.resetModules();
  const { program } = await (await import("./program")).welcomed();
  expect(program.text("{")).toBe(false);
  expect(warning).toHaveBeenCalledTimes(1);
  warning.mockRestore();
});

test("odd messages do not stop their neighbours", async () => {
  const reported = vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.resetModules();
  const { client, program } = await (await import("./program")).welcomed();
  const seen: unknown[] = [];
  client.on("e", (detail) => seen.push(detail));
  program.text(
    '{"v":1,"doc":"d1","seq":2,"msgs":[null,1,{"type":"stream"},{"type":"event"},{"type":"event","event":"__auroraview_future"},{"type":"event","event":"__auroraview_call_result"},{"type":"event","event":"e","detail":2}]}',
  );
  await turns();
  expect(seen).toEqual([2]);
  expect(program.frames()).toMatchObject([{ ack: 2 }]);
  expect(reported).toHaveBeenCalledTimes(1);
  reported.mockRestore();
});

test("an answer with keys such as __proto__ is plain data", async () => {
  const { client, program } = await welcomed();
  const call = client.call("m");
  const text = '{"__proto__":{"polluted":1},"constructor":2}';
  program.text(
    `{"v":1,"doc":"d1","seq":2,"msgs":[{"type":"event","event":"__auroraview_call_result","detail":{"id":1,"ok":true,"result":${text}}}]}`,
  );
  expect(JSON.stringify(await call)).toBe(text);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
});

test("an event called __proto__ is an event like any other", async () => {
  const { client, program } = await welcomed();
  const seen: unknown[] = [];
  client.on("__proto__", (detail) => seen.push(detail));
  program.emit("__proto__", { a: 1 }, true);
  client.on("__proto__", (detail) => seen.push(detail));
  await turns();
  expect(seen).toEqual([{ a: 1 }, { a: 1 }]);
});

test("what JSON cannot say is invalid_params and sinks nothing else", async () => {
  const { client, program } = await welcomed();
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  const good = client.call("good");
  await expect(client.call("m", cycle)).rejects.toMatchObject({ code: "invalid_params", name: "InvalidParams" });
  await expect(client.call("m", { n: 1n })).rejects.toMatchObject({ code: "invalid_params" });
  await expect(client.call("m", () => 1)).rejects.toMatchObject({ code: "invalid_params" });
  await expect(client.call("m", Symbol("s"))).rejects.toMatchObject({ code: "invalid_params" });
  expect(program.messages()).toEqual([{ type: "call", id: 1, method: "good" }]);
  program.respond(1, "fine");
  await expect(good).resolves.toBe("fine");
});

test("what is too deep or too long is too_large", async () => {
  const { client, program } = await welcomed({ limits: { message_bytes: 1000, depth: 3, calls_in_flight: 9 } });
  await expect(client.call("m", [[[["x".repeat(10)]]]])).rejects.toMatchObject({ code: "too_large" });
  await expect(client.call("m", ["é".repeat(500)])).rejects.toMatchObject({ code: "too_large", name: "TooLarge" });
  let deep: unknown[] = [];
  for (let i = 0; i < 100_000; i++) {
    deep = [deep];
  }
  await expect(client.call("m", deep)).rejects.toMatchObject({ code: "too_large" });
  expect(() => client.send_event("e", "x".repeat(1000))).toThrowError(/longer than 1000 bytes/);
  expect(program.sent).toEqual([]);
});

test("before the welcome a nesting no program allows is refused already", async () => {
  const { bridge } = makeBridge();
  bridge.start();
  let deep: unknown[] = [];
  for (let i = 0; i < 200; i++) {
    deep = [deep];
  }
  await expect(bridge.call("m", deep)).rejects.toMatchObject({ code: "too_large" });
});

test("a turn that would make a frame too long is sent as several, in order", async () => {
  const { client, program } = await welcomed({ limits: { message_bytes: 2000, depth: 200, calls_in_flight: 99 } });
  for (let i = 0; i < 20; i++) {
    client.send_event("e", "x".repeat(200) + i);
  }
  client.send_event("long", "y".repeat(1700));
  await turns();
  const lengths = program.sent.map((text) => text.length);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(2000);
  const details = program.messages().map((message) => ("detail" in message ? String(message.detail) : ""));
  expect(details.map((detail) => detail.replace(/^x+/, "")).slice(0, 20)).toEqual([...Array(20).keys()].map(String));
  expect(details).toHaveLength(21);
});

test.each([
  ["", undefined],
  [7, undefined],
  ["m", -1],
  ["m", Number.NaN],
  ["m", "5"],
])("call(%j) with timeout %j is a TypeError", async (method, timeout) => {
  const { client, program } = await welcomed();
  await expect(client.call(method as string, 1, { timeout: timeout as number })).rejects.toBeInstanceOf(TypeError);
  expect(program.sent).toEqual([]);
});

test("reserved event names, empty names and handlers that are no functions are TypeErrors", async () => {
  const { client } = await welcomed();
  expect(() => client.send_event("__auroraview_welcome", {})).toThrow(TypeError);
  expect(() => client.trigger("__auroraview_call_result", {})).toThrow(TypeError);
  expect(() => client.on("__auroraview_call_result", () => {})).toThrow(TypeError);
  expect(() => client.send_event("")).toThrow(TypeError);
  expect(() => client.on("e", "no" as never)).toThrow(TypeError);
});

test("whenReady resolves with the welcome, once per document", async () => {
  const onReady = vi.fn();
  const { bridge, program } = makeBridge({ onReady });
  bridge.start();
  const early = bridge.whenReady();
  expect(bridge.isReady).toBe(false);
  program.welcome();
  program.welcome();
  await early;
  await bridge.whenReady();
  expect(bridge.isReady).toBe(true);
  expect(onReady).toHaveBeenCalledTimes(1);
});

test("closed ends everything", async () => {
  const { client, program } = await welcomed();
  const call = client.call("m");
  program.deliver({ type: "event", event: "__auroraview_closed", detail: { reason: "the window was closed" } });
  await expect(call).rejects.toMatchObject({ code: "closed", name: "Closed" });
  await expect(call).rejects.toThrow(/the window was closed/);
  await expect(client.call("m")).rejects.toMatchObject({ code: "closed" });
  await expect(client.whenReady()).rejects.toMatchObject({ code: "closed" });
  client.send_event("nobody");
  await turns();
  expect(client.isReady).toBe(false);
  expect(program.closed).toBe(true);
  expect(program.sent).toEqual([]);
});

test("a transport that is lost closes", async () => {
  const { bridge, program } = makeBridge();
  bridge.start();
  const call = bridge.call("m");
  const ready = bridge.whenReady();
  program.end("the connection ended");
  await expect(call).rejects.toMatchObject({ code: "closed" });
  await expect(ready).rejects.toThrow("the connection ended");
});

test("a page that is left rejects its calls but may still send events; when it returns it is a new document", async () => {
  const { client, bridge, program } = await welcomed({ methods: ["api.a"] });
  const seen: unknown[] = [];
  client.on("e", (detail) => seen.push(detail));
  program.emit("kept", "old", true);
  const call = client.call("m");
  bridge.leave();
  await expect(call).rejects.toMatchObject({ code: "closed" });
  await expect(client.call("m")).rejects.toMatchObject({ code: "closed" });
  client.send_event("bye");
  await turns();
  expect(program.messages()).toContainEqual({ type: "event", event: "bye" });

  bridge.start();
  bridge.documentReady();
  await turns();
  expect(program.frames()).toMatchObject([
    { doc: "d2", msgs: [{ type: "hello", document: "d2" }] },
    { doc: "d2", msgs: [{ type: "ready" }] },
  ]);
  expect(client.isReady).toBe(false);
  program.welcome();
  const kept = vi.fn();
  client.on("kept", kept);
  program.emit("e", 2);
  const again = client.call("m");
  await turns();
  expect(program.messages()).toMatchObject([{ type: "call", id: 2 }]);
  program.text('{"v":1,"doc":"d1","seq":9,"msgs":[{"type":"event","event":"e","detail":"old document"}]}');
  program.respond(2, "new");
  await expect(again).resolves.toBe("new");
  expect(seen).toEqual([2]);
  expect(kept).not.toHaveBeenCalled();
});

test("onReset tells that events were lost", async () => {
  const { client, program } = await welcomed();
  const reset = vi.fn();
  const stop = client.onReset(reset);
  program.emit("__auroraview_reset", { reason: "too slow" });
  stop();
  program.emit("__auroraview_reset", { reason: "again" });
  expect(reset.mock.calls).toEqual([[{ reason: "too slow" }]]);
});

test("trigger reaches the page's own handlers only", async () => {
  const { client, program } = await welcomed();
  const seen: unknown[] = [];
  client.on("e", (detail) => seen.push(detail));
  client.trigger("e", 1);
  client.trigger("e");
  await turns();
  expect(seen).toEqual([1, null]);
  expect(program.sent).toEqual([]);
});

test("connection: connecting until the welcome, then open, closed at the end", async () => {
  const { bridge, program } = makeBridge();
  const { connection } = bridge;
  const seen: unknown[] = [];
  const stop = connection.onChange(({ state, reason }) => seen.push([state, reason]));
  bridge.start();
  expect(connection.state).toBe("connecting");
  program.welcome();
  program.end("the window was closed");
  expect(seen).toEqual([
    ["open", undefined],
    ["closed", "the window was closed"],
  ]);
  stop();
  program.receiver.paused("late");
  bridge.start();
  expect(connection.state).toBe("connecting");
  expect(seen).toHaveLength(2);
  expect(() => connection.onChange("no" as never)).toThrow(TypeError);
  expect(Object.isFrozen(connection)).toBe(true);
});

test("while a transport is paused what is said gathers, and leaves together when it resumes", async () => {
  const { client, program } = await welcomed();
  program.receiver.paused("cable");
  expect({ ...client.connection }).toMatchObject({ state: "reconnecting", reason: "cable" });
  void client.call("a");
  await turns();
  client.send_event("b");
  await turns();
  expect(program.sent).toEqual([]);
  program.receiver.resumed();
  expect(program.messages()).toMatchObject([{ type: "call" }, { type: "event" }]);
  expect({ ...client.connection }).toMatchObject({ state: "open", reason: undefined });
});

test("a lost place begins anew: closed, reset, ready again, new bindings, nothing retained", async () => {
  const { client, program } = await welcomed({ methods: ["api.old"] });
  program.emit("kept", "old", true);
  await turns();
  program.sent.length = 0;
  const call = client.call("m");
  const order: string[] = [];
  call.catch((error) => order.push(error.code));
  client.onReset(({ reason }) => {
    order.push(reason);
    client.send_event("from the handler");
  });
  program.receiver.paused("cable");
  expect(program.receiver.received).toBe(2);
  program.receiver.lost("forgotten");
  expect(program.receiver.received).toBe(0);
  program.receiver.resumed();
  await turns();
  expect(order).toEqual(["forgotten", "closed"]);
  expect(program.messages()).toEqual([{ type: "ready" }, { type: "event", event: "from the handler" }]);
  expect(client.connection.state).toBe("reconnecting");
  program.seq = 0;
  program.welcome({ methods: ["api.new"] });
  expect(client.connection.state).toBe("open");
  expect(Object.keys(client.api)).toEqual(["new"]);
  const kept = vi.fn();
  client.on("kept", kept);
  await turns();
  expect(kept).not.toHaveBeenCalled();
});

test("a place lost before the document was parsed says ready once, when it is", async () => {
  const { bridge, program } = makeBridge();
  bridge.start();
  program.receiver.paused("cable");
  program.receiver.lost("forgotten");
  program.receiver.resumed();
  bridge.documentReady();
  await turns();
  expect(program.messages().filter(({ type }) => type === "ready")).toHaveLength(1);
});
