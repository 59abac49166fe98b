import { afterEach, beforeEach, expect, type MockInstance, test, vi } from "vitest";
import { turns, welcomed } from "./program";

let reported: MockInstance;
beforeEach(async () => {
  vi.resetModules();
  reported = vi.spyOn(console, "error").mockImplementation(() => {});
});
afterEach(() => {
  reported.mockRestore();
});

test("handlers run in order of registration until they are removed", async () => {
  const { client, program } = await welcomed();
  const seen: string[] = [];
  const stop = client.on("e", () => seen.push("a"));
  const b = () => seen.push("b");
  client.on("e", b);
  client.on("e", b);
  program.emit("e");
  stop();
  stop();
  program.emit("e");
  client.off("e", b);
  program.emit("e");
  expect(seen).toEqual(["a", "b", "b", "b", "b"]);
});

test("off without a handler removes all of that event", async () => {
  const { client, program } = await welcomed();
  const seen = vi.fn();
  client.on("e", seen);
  client.on("e", () => seen());
  client.on("other", seen);
  client.off("e");
  client.off("never");
  program.emit("e");
  program.emit("other", 1);
  expect(seen.mock.calls).toEqual([[1]]);
});

test("once runs once, also when the event comes back while it runs", async () => {
  const { client } = await welcomed();
  const seen = vi.fn((detail: unknown) => {
    if (detail === 1) {
      client.trigger("e", 2);
    }
  });
  client.once("e", seen);
  client.trigger("e", 1);
  client.trigger("e", 3);
  expect(seen.mock.calls).toEqual([[1]]);
});

test("handlers added or removed meanwhile behave as with EventTarget", async () => {
  const { client } = await welcomed();
  const seen: string[] = [];
  const late = () => seen.push("late");
  const gone = () => seen.push("gone");
  client.on("e", () => {
    seen.push("first");
    client.off("e", gone);
    client.on("e", late);
  });
  client.on("e", gone);
  client.trigger("e");
  expect(seen).toEqual(["first"]);
  client.trigger("e");
  expect(seen).toEqual(["first", "first", "late"]);
});

test("a handler that fails, at once or later, is reported and stops nobody", async () => {
  const fresh = await import("./program");
  const { client, program } = await fresh.welcomed();
  const seen = vi.fn();
  const thrown = new Error("thrown");
  const rejected = new Error("rejected");
  client.on("e", () => {
    throw thrown;
  });
  client.on("e", async () => {
    throw rejected;
  });
  client.on("e", seen);
  program.emit("e", 1);
  await turns();
  expect(seen.mock.calls).toEqual([[1]]);
  expect(reported.mock.calls).toEqual([[thrown], [rejected]]);
  expect(program.frames()).toMatchObject([{ ack: 2 }]);
});

test("an event without a detail has the detail null", async () => {
  const { client, program } = await welcomed();
  const seen = vi.fn();
  client.on("e", seen);
  program.emit("e");
  expect(seen.mock.calls).toEqual([[null]]);
});

test("a late handler gets the last retained value, in a microtask", async () => {
  const { client, program } = await welcomed();
  const seen = vi.fn();
  program.emit("settings", 1, true);
  program.emit("settings", 2, true);
  client.on("settings", seen);
  expect(seen).not.toHaveBeenCalled();
  await turns();
  expect(seen.mock.calls).toEqual([[2]]);
});

test("a retained value never comes after a newer event", async () => {
  const { client, program } = await welcomed();
  const seen = vi.fn();
  program.emit("settings", 1, true);
  client.on("settings", seen);
  program.emit("settings", 2, true);
  program.emit("settings", 3);
  await turns();
  expect(seen.mock.calls).toEqual([[1], [2], [3]]);
});

test("once with a retained value gets that and ends", async () => {
  const { client, program } = await welcomed();
  const seen = vi.fn();
  program.emit("settings", 1, true);
  client.once("settings", seen);
  await turns();
  program.emit("settings", 2, true);
  expect(seen.mock.calls).toEqual([[1]]);
});

test("a handler removed before its retained value came does not get it", async () => {
  const { client, program } = await welcomed();
  const seen = vi.fn();
  program.emit("settings", 1, true);
  client.on("settings", seen)();
  await turns();
  expect(seen).not.toHaveBeenCalled();
});
