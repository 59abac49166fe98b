import { expect, test, vi } from "vitest";
import { createClient } from "../../src/client";
import { laterTransport } from "../../src/transports/later";
import { Program, turns } from "../program";

/** A client whose transport comes when `arrive` is called, or never by `fail`. */
function waitingClient() {
  const program = new Program();
  let arrive = (): void => {};
  let fail = (_error: Error): void => {};
  const coming = new Promise<Program>((resolve, reject) => {
    arrive = () => resolve(program);
    fail = reject;
  });
  let documents = 0;
  const { client, bridge } = createClient({
    transport: laterTransport(coming),
    newDocument: () => `d${++documents}`,
    url: () => "",
    onReady: () => {},
    debug: false,
  });
  bridge.start();
  bridge.documentReady();
  return { client, bridge, program, arrive, fail };
}

test("what is said before it is there arrives in order, and nothing twice", async () => {
  const { client, program, arrive } = waitingClient();
  const first = client.call("first", [1]);
  const big = "x".repeat(40_000);
  client.send_event("a", big);
  client.send_event("b", big);
  await turns();
  const last = client.call("last");
  expect(program.sent).toEqual([]);
  arrive();
  await turns();
  program.receiver.resumed();
  const said = program.messages().map((message) => ("method" in message ? message.method : message.type));
  expect(said).toEqual(["hello", "ready", "first", "event", "event", "last"]);
  program.welcome({});
  program.respond(1, "one");
  program.respond(2, "two");
  expect([await first, await last]).toEqual(["one", "two"]);
});

test("where it cannot be had the connection is closed, and calls say why", async () => {
  const { client, fail } = waitingClient();
  const call = client.call("m");
  const rejected = expect(call).rejects.toMatchObject({ code: "closed", message: expect.stringContaining("offline") });
  fail(new Error("offline"));
  await rejected;
  expect(client.connection).toMatchObject({ state: "closed", reason: "no connection: offline" });
});

test("a document that was left before it came is not begun", async () => {
  const { bridge, program, arrive } = waitingClient();
  bridge.leave();
  arrive();
  await turns();
  expect(program.sent).toEqual([]);
  bridge.start();
  await turns();
  expect(program.document).toBe("d2");
});

test("once it is there it is as good as itself", async () => {
  const { bridge, client, program, arrive } = waitingClient();
  arrive();
  await turns();
  program.welcome({});
  const full = vi.fn(() => "too much waits");
  (program as { full?: () => string }).full = full;
  await expect(client.call("m")).rejects.toMatchObject({ code: "busy" });
  program.end("over");
  expect(program.closed).toBe(true);
  bridge.leave();
});
