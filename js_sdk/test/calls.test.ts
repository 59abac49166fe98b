import { afterEach, expect, test, vi } from "vitest";
import { turns, welcomed } from "./program";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

test("a call without an answer times out and is cancelled on the other side", async () => {
  const { client, program } = await welcomed();
  await expect(client.call("slow", undefined, { timeout: 5 })).rejects.toMatchObject({
    code: "timeout",
    name: "TimeoutError",
    message: "call of slow had no answer within 5 ms",
  });
  await turns();
  expect(program.messages()).toEqual([
    { type: "call", id: 1, method: "slow" },
    { type: "cancel", id: 1 },
  ]);
});

test("calls time out in the order of their deadlines, not of their start", async () => {
  const { client } = await welcomed();
  const order: string[] = [];
  const end = (name: string) => () => void order.push(name);
  await Promise.all([
    client.call("later", undefined, { timeout: 40 }).catch(end("later")),
    client.call("sooner", undefined, { timeout: 1 }).catch(end("sooner")),
  ]);
  expect(order).toEqual(["sooner", "later"]);
});

test("an answer in time leaves nothing behind", async () => {
  const { client, program } = await welcomed();
  const answered = client.call("quick", undefined, { timeout: 5 });
  program.respond(1, "yes");
  await expect(answered).resolves.toBe("yes");
  await expect(client.call("slow", undefined, { timeout: 20 })).rejects.toMatchObject({ code: "timeout" });
  await turns();
  expect(program.messages().filter((message) => message.type === "cancel")).toEqual([{ type: "cancel", id: 2 }]);
});

test("an aborted call is cancelled; the reason is its cause", async () => {
  const { client, program } = await welcomed();
  const controller = new AbortController();
  const call = client.call("m", undefined, { signal: controller.signal });
  await turns();
  const reason = new Error("changed my mind");
  controller.abort(reason);
  await expect(call).rejects.toMatchObject({ code: "cancelled", name: "Cancelled", cause: reason });
  await turns();
  expect(program.messages()).toEqual([
    { type: "call", id: 1, method: "m" },
    { type: "cancel", id: 1 },
  ]);
});

test("with a signal that is aborted already nothing is sent", async () => {
  const { client, program } = await welcomed();
  const reason = new Error("too late");
  await expect(client.call("m", 1, { signal: AbortSignal.abort(reason) })).rejects.toMatchObject({
    code: "cancelled",
    cause: reason,
  });
  await turns();
  expect(program.sent).toEqual([]);
});

test("an abort after the answer does nothing", async () => {
  const { client, program } = await welcomed();
  const controller = new AbortController();
  const call = client.call("m", undefined, { signal: controller.signal });
  program.respond(1, 5);
  await expect(call).resolves.toBe(5);
  controller.abort();
  await turns();
  expect(program.messages().map((message) => message.type)).toEqual(["call"]);
});

test("ten thousand calls travel in order, in few frames, and share one timer", async () => {
  const realSetTimeout = globalThis.setTimeout;
  const timer = vi.fn((task: () => void, delay: number) => realSetTimeout(task, delay));
  vi.stubGlobal("setTimeout", timer);
  vi.resetModules();
  const fresh = await import("./program");
  timer.mockClear();
  const { client, program } = await fresh.welcomed();
  const calls = Array.from({ length: 10_000 }, (_, i) => client.call("m", [i]));
  await turns();
  const frames = program.frames();
  expect(frames.length).toBeLessThan(20);
  const ids = frames.flatMap((frame) => frame.msgs.map((message) => (message as { id: number }).id));
  expect(ids).toEqual(Array.from({ length: 10_000 }, (_, i) => i + 1));
  for (let id = 1; id <= 10_000; id++) {
    program.respond(id, id);
  }
  expect(await Promise.all(calls)).toEqual(Array.from({ length: 10_000 }, (_, i) => i + 1));
  expect(timer).toHaveBeenCalledTimes(1);
});

test("timeout 0 waits forever: no timer is set", async () => {
  const timer = vi.fn();
  vi.stubGlobal("setTimeout", timer);
  vi.resetModules();
  const fresh = await import("./program");
  const { client, program } = await fresh.welcomed();
  const call = client.call("m", undefined, { timeout: 0 });
  expect(timer).not.toHaveBeenCalled();
  program.respond(1, "at last");
  await expect(call).resolves.toBe("at last");
});
