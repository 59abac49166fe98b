import { afterEach, expect, test, vi } from "vitest";
import { connectedPage, frameText, openPage, pass, session, welcomeText } from "../network";

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("hello comes first, and frames only after the session is there", async () => {
  const { network, client } = await connectedPage({ token: "T" });
  const socket = network.last;
  expect(socket.url).toBe("ws://127.0.0.1:8000/auroraview.ws");
  expect(socket.binaryType).toBe("arraybuffer");
  client.send_event("early");
  await pass();
  socket.accept();
  expect(socket.said()).toEqual([
    {
      type: "hello",
      protocol: 1,
      document: "d1",
      url: "http://127.0.0.1:8000/index.html",
      token: "T",
      accepts: ["gzip"],
    },
  ]);
  await pass();
  expect(socket.sent).toEqual([]);
  socket.say(session());
  expect(socket.frames()).toEqual([
    { seq: 1, v: 1, doc: "d1", msgs: [{ type: "ready" }, { type: "event", event: "early" }] },
  ]);
});

test("frames are numbered, acknowledgements alone are not", async () => {
  const { socket, client } = await openPage();
  const call = client.call("m");
  await pass();
  client.send_event("e");
  await pass();
  expect(socket.frames()).toMatchObject([{ seq: 2 }, { seq: 3 }]);
  socket.say(frameText("d1", 2, "__auroraview_call_result", { id: 1, ok: true, result: 5 }));
  await pass();
  expect(await call).toBe(5);
  expect(socket.taken()).toEqual(['{"v":1,"doc":"d1","ack":2,"msgs":[]}']);
});

test("attachments go as a text that announces them and a binary message each", async () => {
  const { socket, client } = await openPage();
  client.send_event("e", { a: new Uint8Array([1, 2]), b: new Float32Array([1]) });
  await pass();
  expect(socket.taken()).toEqual([
    '{"att":2,"seq":2,"v":1,"doc":"d1","msgs":[{"type":"event","event":"e","att":[{"bytes":2,"dtype":"uint8"},{"bytes":4,"dtype":"float32"}],"detail":{"a":{"$av":0},"b":{"$av":1}}}]}',
    new Uint8Array([1, 2]),
    new Uint8Array([0, 0, 128, 63]),
  ]);
});

test("a long frame is announced, since a server may not see that a part of it came", async () => {
  const { socket, client } = await openPage();
  client.send_event("e", new Uint8Array(300_000));
  await pass();
  const [long, text, bytes] = socket.taken() as [string, string, Uint8Array];
  expect(JSON.parse(long)).toEqual({ type: "long", bytes: text.length + 300_000 });
  expect(text).toMatch(/^{"att":1,"seq":2,/);
  expect(bytes.length).toBe(300_000);
});

test("attachments are put into the frame that announced them", async () => {
  const { socket, client } = await openPage();
  const seen: unknown[] = [];
  client.on("e", (detail) => seen.push(detail));
  socket.say(
    '{"att":2,"v":1,"doc":"d1","seq":2,"msgs":[{"type":"event","event":"e","att":[{"bytes":1},{"bytes":8,"dtype":"int16","shape":[2,2]}],"detail":[{"$av":1},{"$av":0}]}]}',
  );
  socket.say(new Uint8Array([7]).buffer);
  expect(seen).toEqual([]);
  socket.say(new Int16Array([1, -2, 3, 4]).buffer);
  const [[array, bytes]] = seen as [[Int16Array & { shape: number[] }, Uint8Array]];
  expect(bytes).toEqual(new Uint8Array([7]));
  expect([...array]).toEqual([1, -2, 3, 4]);
  expect(array.shape).toEqual([2, 2]);
});

test("after a drop both ends learn how far the other is, and only the missing is sent again", async () => {
  const { network, socket, client } = await openPage();
  client.send_event("a");
  await pass();
  client.send_event("b");
  await pass();
  socket.say(frameText("d1", 2, "x", null));
  await pass();
  socket.drop();
  expect(client.connection.state).toBe("reconnecting");
  await pass(250);
  const second = network.last;
  expect(second).not.toBe(socket);
  second.accept();
  expect(second.said()).toMatchObject([{ type: "hello", document: "d1", session: "S1", resume: "R1", received: 2 }]);
  second.say(session({ resume: "R2", resumed: true, received: 2 }));
  expect(second.frames()).toEqual([{ seq: 3, v: 1, doc: "d1", msgs: [{ type: "event", event: "b" }] }]);
  expect(client.connection.state).toBe("open");
  second.drop();
  await pass(500);
  network.last.accept();
  expect(network.last.said()).toMatchObject([{ session: "S1", resume: "R2" }]);
});

test("what was acknowledged is not sent again", async () => {
  const { network, socket, client } = await openPage();
  for (const event of ["a", "b", "c"]) {
    client.send_event(event);
    await pass();
  }
  socket.say({ type: "ack", received: 3 });
  socket.drop();
  await pass(250);
  network.last.accept();
  network.last.taken();
  network.last.say(session({ resumed: true, received: 3 }));
  expect(network.last.frames()).toMatchObject([{ seq: 4, msgs: [{ event: "c" }] }]);
});

test("calls and events wait while there is no connection, and travel together", async () => {
  const { network, socket, client } = await openPage();
  socket.drop();
  const call = client.call("m");
  await pass(10);
  client.send_event("e", new Uint8Array([9]));
  await pass(250);
  network.last.accept();
  network.last.taken();
  network.last.say(session({ resumed: true, received: 1 }));
  const [text, bytes, ...rest] = network.last.taken();
  expect(JSON.parse(text as string)).toMatchObject({ att: 1, seq: 2, msgs: [{ type: "call" }, { type: "event" }] });
  expect(bytes).toEqual(new Uint8Array([9]));
  expect(rest).toEqual([]);
  network.last.say(frameText("d1", 2, "__auroraview_call_result", { id: 1, ok: true, result: 1 }));
  expect(await call).toBe(1);
});

test("a call times out as usual while there is no connection", async () => {
  const { socket, client } = await openPage();
  socket.drop();
  const call = client.call("m", null, { timeout: 1000 });
  const failed = expect(call).rejects.toMatchObject({ code: "timeout" });
  await pass(1100);
  await failed;
});

test("what waits is bounded: then a call is busy, and an event too", async () => {
  const { network, socket, client } = await openPage();
  socket.drop();
  const chunk = "x".repeat(1 << 20);
  for (let i = 0; i < 33; i++) {
    client.send_event("e", chunk);
  }
  await expect(client.call("m")).rejects.toMatchObject({ code: "busy", name: "Busy" });
  expect(() => client.send_event("e")).toThrowError(/wait for the connection/);
  await pass(250);
  network.last.accept();
  network.last.say(session({ resumed: true, received: 1 }));
  expect(() => client.send_event("e")).not.toThrow();
});

test("many small messages are bounded by their number", async () => {
  const { socket, client } = await openPage();
  socket.drop();
  let sent = 0;
  expect(() => {
    for (; sent < 60_000; sent++) {
      client.send_event("e");
    }
  }).toThrowError(/20\d\d\d messages|2\d{4} messages/);
  expect(sent).toBeGreaterThanOrEqual(20_000);
  expect(sent).toBeLessThan(24_000);
});

test("one message may be as large as the program takes", async () => {
  const { network, socket, client } = await openPage();
  socket.drop();
  client.send_event("big", new Uint8Array(40 << 20));
  expect(() => client.send_event("next")).not.toThrow();
  await pass();
  expect(() => client.send_event("third")).toThrowError(/bytes wait/);
  await pass(250);
  network.last.accept();
  network.last.taken();
  network.last.say(session({ resumed: true, received: 1 }));
  expect((network.last.taken()[2] as Uint8Array).length).toBe(40 << 20);
});

test("a lost place: calls reject, onReset is told, ready is said again, the rest starts over", async () => {
  const warning = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { network, socket, client } = await openPage({ debug: true });
  const call = client.call("m");
  client.send_event("unsent");
  await pass();
  socket.say(frameText("d1", 2, "x", null));
  socket.drop();
  const reset = vi.fn();
  client.onReset(reset);
  const states: string[] = [];
  client.connection.onChange(({ state }) => states.push(state));
  await pass(250);
  const second = network.last;
  second.accept();
  second.taken();
  second.say(session({ id: "S2", resume: "Q1" }));
  await expect(call).rejects.toMatchObject({ code: "closed" });
  expect(reset.mock.calls).toEqual([[{ reason: expect.stringContaining("no longer knew") }]]);
  expect(second.frames()).toEqual([{ seq: 1, v: 1, doc: "d1", msgs: [{ type: "ready" }] }]);
  expect(states).toEqual([]);
  expect(warning).toHaveBeenCalledWith(expect.stringContaining("event unsent"));
  warning.mockRestore();
  second.say(welcomeText("d1"));
  expect(states).toEqual(["open"]);
  const seen = vi.fn();
  client.on("x", seen);
  second.say(frameText("d1", 2, "x", 1));
  await pass();
  expect(seen.mock.calls).toEqual([[1]]);
  const again = client.call("m");
  await pass();
  expect(second.frames()).toMatchObject([
    { ack: 2, msgs: [] },
    { seq: 2, msgs: [{ type: "call", id: 2 }] },
  ]);
  second.say(frameText("d1", 3, "__auroraview_call_result", { id: 2, ok: true, result: 2 }));
  expect(await again).toBe(2);
});

test("a handshake that broke loses nothing", async () => {
  const { network, client } = await connectedPage();
  const reset = vi.fn();
  client.onReset(reset);
  const call = client.call("m");
  await pass();
  network.last.accept();
  network.last.drop();
  expect(client.connection.state).toBe("connecting");
  await pass(250);
  const second = network.last;
  second.accept();
  expect(second.said()).toMatchObject([{ type: "hello", received: 0 }]);
  second.say(session());
  expect(second.frames()).toMatchObject([{ seq: 1, msgs: [{ type: "ready" }, { type: "call", id: 1 }] }]);
  second.say(frameText("d1", 1, "__auroraview_call_result", { id: 1, ok: true, result: 1 }));
  expect(await call).toBe(1);
  expect(reset).not.toHaveBeenCalled();
});

test("what arrives late from a connection that was given up is ignored", async () => {
  const { network, socket, client } = await openPage();
  const seen = vi.fn();
  client.on("e", seen);
  socket.drop();
  await pass(250);
  network.last.accept();
  network.last.say(session({ resumed: true, received: 1 }));
  socket.say(frameText("d1", 2, "e", 1));
  socket.drop();
  expect(seen).not.toHaveBeenCalled();
  expect(network.sockets).toHaveLength(2);
});

test("attempts come slower and slower, with some chance, up to half a minute apart", async () => {
  const { network } = await connectedPage();
  const delays: number[] = [];
  for (let i = 0; i < 12; i++) {
    const from = performance.now();
    const before = network.sockets.length;
    network.last.drop();
    while (network.sockets.length === before) {
      await vi.advanceTimersToNextTimerAsync();
    }
    delays.push(performance.now() - from);
  }
  delays.forEach((delay, i) => {
    const full = Math.min(250 * 2 ** i, 30_000);
    expect(delay).toBeGreaterThanOrEqual(full / 2 - 1);
    expect(delay).toBeLessThanOrEqual(full + 2);
  });
  expect(new Set(delays.slice(8).map(Math.round)).size).toBeGreaterThan(1);
});

test("a connection that lasted makes the next attempt quick; one that did not, not", async () => {
  const { network, socket } = await openPage();
  for (let i = 0; i < 5; i++) {
    network.last.drop();
    await pass(8000);
    network.last.accept();
    network.last.say(session({ resumed: true, received: 1 }));
  }
  network.last.drop();
  const count = network.sockets.length;
  await pass(3000);
  expect(network.sockets).toHaveLength(count);
  await pass(6000);
  network.last.accept();
  network.last.say(session({ resumed: true, received: 1 }));
  await pass(5000);
  network.last.drop();
  await pass(250);
  expect(network.sockets).toHaveLength(count + 2);
  expect(socket.closed).toBe(true);
});

test("maxAttempts ends it", async () => {
  const { network, client } = await connectedPage({ maxAttempts: 3 });
  const call = client.call("m");
  const failed = expect(call).rejects.toMatchObject({
    code: "closed",
    message: expect.stringContaining("no connection after 3 attempts"),
  });
  for (let i = 0; i < 3; i++) {
    network.last.drop();
    await pass(2000);
  }
  await failed;
  expect(network.sockets).toHaveLength(3);
  expect(client.connection.state).toBe("closed");
  expect(client.connection.reason).toBe("no connection after 3 attempts");
});

test.each([
  [4000, "kicked out", "kicked out"],
  [4000, "", "the program closed the session"],
  [4001, "", "the page has no token: open the link with #token=... that the program printed"],
  [4002, "protocol 1 to 2", "protocol 1 to 2"],
  [4004, "", "another page took the session over"],
])("close code %i %j ends it", async (code, reason, told) => {
  const warning = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { network, socket, client } = await openPage();
  const call = client.call("m");
  socket.drop(code, reason);
  await expect(call).rejects.toMatchObject({ code: "closed", message: expect.stringContaining(told) });
  expect({ ...client.connection }).toMatchObject({ state: "closed", reason: told });
  await expect(client.call("again")).rejects.toMatchObject({ code: "closed" });
  await pass(60_000);
  expect(network.sockets).toHaveLength(1);
  expect(warning.mock.calls.length).toBe(code === 4001 || code === 4002 ? 1 : 0);
  warning.mockRestore();
});

test.each([1000, 1001, 1002, 1006, 1007, 1009, 1011, 4003, 4005, 4008, 4029])(
  "close code %i leads to another attempt",
  async (code) => {
    const { network, socket, client } = await openPage();
    socket.drop(code, "why");
    expect({ ...client.connection }).toMatchObject({ state: "reconnecting", reason: "why" });
    await pass(250);
    expect(network.sockets).toHaveLength(2);
  },
);

test("when the server goes away calls end at once, and the page connects to the next one", async () => {
  const { network, socket, client } = await openPage();
  const call = client.call("m");
  await pass();
  socket.drop(1001, "the server was closed");
  await expect(call).rejects.toMatchObject({ code: "closed", message: expect.stringContaining("server was closed") });
  expect(client.connection.state).toBe("reconnecting");
  await pass(250);
  network.last.accept();
  network.last.say(session({ id: "S2", resume: "Q1" }));
  network.last.say(welcomeText("d1"));
  expect(client.connection.state).toBe("open");
});

test("a frame that is too large is left out, its call rejects, and the others arrive", async () => {
  const { network, socket, client } = await openPage();
  socket.taken();
  client.send_event("before");
  await pass();
  const call = client.call("m", [new Uint8Array(1000)]);
  await pass();
  client.send_event("after", "x".repeat(900));
  await pass();
  const [before, big, , after] = socket.taken();
  expect([before, big, after]).toEqual([
    expect.stringContaining('"before"'),
    expect.stringContaining('"att":1'),
    expect.stringContaining('"after"'),
  ]);
  socket.drop(1009);
  const refused = expect(call).rejects.toMatchObject({ code: "too_large" });
  await pass(250);
  network.last.accept();
  network.last.taken();
  network.last.say(session({ resumed: true, received: 2 }));
  await refused;
  expect(network.last.taken()).toEqual(['{"seq":3,"v":1,"doc":"d1","msgs":[]}', after]);
  expect(client.connection.state).toBe("open");
});

test("what is too large again and again does not go round for ever", async () => {
  const { network, socket, client } = await openPage();
  client.send_event("big");
  await pass();
  socket.drop(1009);
  for (const state of ["reconnecting", "closed"]) {
    await pass(500);
    network.last.accept();
    network.last.say(session({ resumed: true, received: 1 }));
    network.last.drop(1009);
    expect(client.connection.state).toBe(state);
  }
});

test("a kick told in a frame ends it too, and closes the socket", async () => {
  const { network, socket, client } = await openPage();
  socket.say(frameText("d1", 2, "__auroraview_closed", { reason: "enough" }));
  expect(client.connection.reason).toBe("enough");
  expect(socket.closed).toBe(true);
  socket.drop(4000, "enough");
  await pass(60_000);
  expect(network.sockets).toHaveLength(1);
});

test("ping is answered, and silence asked about, then given up", async () => {
  const { network, socket } = await openPage();
  socket.say({ type: "ping" });
  expect(socket.said()).toEqual([{ type: "pong" }]);
  await pass(14_000);
  expect(socket.said()).toEqual([]);
  await pass(1100);
  expect(socket.said()).toEqual([{ type: "ping" }]);
  socket.say({ type: "pong" });
  await pass(14_000);
  expect(socket.closed).toBe(false);
  await pass(6500);
  expect(socket.closed).toBe(true);
  expect(network.sockets).toHaveLength(2);
});

test("a server that answers nothing to the handshake is given up", async () => {
  const { network } = await connectedPage();
  network.last.accept();
  await pass(15_300);
  expect(network.sockets[0]?.closed).toBe(true);
  expect(network.sockets).toHaveLength(2);
});

test("nonsense from the server leads to another connection", async () => {
  const { network, socket } = await openPage();
  socket.say('{"type":');
  await pass(250);
  expect(network.sockets).toHaveLength(2);
  network.last.accept();
  network.last.say(session({ resumed: true, received: 1 }));
  network.last.say('{"att":1,"v":1}');
  network.last.say('{"v":1}');
  await pass(500);
  expect(network.sockets).toHaveLength(3);
});

test("reload is passed on", async () => {
  const { socket, reload } = await openPage();
  socket.say({ type: "reload" });
  expect(reload).toHaveBeenCalledTimes(1);
});

function stubWindow() {
  const onWindow = new EventTarget();
  const onDocument = Object.assign(new EventTarget(), { visibilityState: "visible" });
  vi.stubGlobal("window", onWindow);
  vi.stubGlobal("document", onDocument);
  return { onWindow, onDocument };
}

test.each(["online", "visible"])("%s: the next attempt is made at once", async (sign) => {
  const { onWindow, onDocument } = stubWindow();
  const { network } = await connectedPage();
  for (let i = 0; i < 8; i++) {
    network.last.drop();
    await pass(i < 7 ? 31_000 : 0);
  }
  const count = network.sockets.length;
  if (sign === "online") {
    onWindow.dispatchEvent(new Event("online"));
  } else {
    onDocument.dispatchEvent(new Event("visibilitychange"));
  }
  expect(network.sockets).toHaveLength(count + 1);
});

test("online: an open connection is asked for a sign of life", async () => {
  const { onWindow } = stubWindow();
  const { network, socket } = await openPage();
  onWindow.dispatchEvent(new Event("online"));
  expect(socket.said()).toEqual([{ type: "ping" }]);
  await pass(5300);
  expect(socket.closed).toBe(true);
  expect(network.sockets).toHaveLength(2);
});

test("a page that is left says bye, may still send events, and connects no more until it is back", async () => {
  const { onDocument } = stubWindow();
  const { network, socket, client, bridge } = await openPage();
  const call = client.call("m");
  await pass();
  socket.taken();
  bridge.leave();
  await expect(call).rejects.toMatchObject({ code: "closed" });
  client.send_event("last words");
  await pass();
  const [bye, frame] = socket.taken();
  expect(JSON.parse(bye as string)).toEqual({ type: "bye" });
  expect(frame).toContain("last words");
  onDocument.visibilityState = "hidden";
  onDocument.dispatchEvent(new Event("visibilitychange"));
  expect(socket.closed).toBe(true);
  await pass(60_000);
  expect(network.sockets).toHaveLength(1);

  bridge.start();
  bridge.documentReady();
  await pass();
  const second = network.last;
  second.accept();
  const [hello] = second.said();
  expect(hello).toMatchObject({ document: "d2", session: "S1", resume: "R1" });
  expect(hello).not.toHaveProperty("received");
  second.say(session({ resume: "R2" }));
  expect(second.frames()).toEqual([{ seq: 1, v: 1, doc: "d2", msgs: [{ type: "ready" }] }]);
});

test("a page that is left while it is not connected stops trying", async () => {
  const { network, socket, bridge } = await openPage();
  socket.drop();
  bridge.leave();
  await pass(60_000);
  expect(network.sockets).toHaveLength(1);
});

test("an address that is none, or no WebSocket to be had, is a TypeError", async () => {
  const { WebSocketTransport } = await import("../../src/transports/websocket");
  expect(() => new WebSocketTransport({ url: "ftp://x/", WebSocket: class {} as never })).toThrow(TypeError);
  vi.stubGlobal("WebSocket", undefined);
  expect(() => new WebSocketTransport({ url: "http://x/" })).toThrow(/pass the option WebSocket/);
});
