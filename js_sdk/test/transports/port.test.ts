import { expect, test, vi } from "vitest";
import { createClient } from "../../src/client";
import type { PageFrame } from "../../src/protocol";
import { type Port, PortTransport } from "../../src/transports/port";
import { welcome } from "../program";

test("the bridge runs over a MessageChannel, call, event and close", async () => {
  const { port1, port2 } = new MessageChannel();
  let seq = 0;
  let document = "";
  const say = (event: string, detail: unknown) =>
    port2.postMessage(JSON.stringify({ v: 1, doc: document, seq: ++seq, msgs: [{ type: "event", event, detail }] }));
  const acks: number[] = [];
  port2.onmessage = ({ data }) => {
    const frame = JSON.parse(data) as PageFrame;
    if (frame.ack !== undefined) {
      acks.push(frame.ack);
    }
    for (const message of frame.msgs) {
      if (message.type === "hello") {
        document = message.document;
        say("__auroraview_welcome", welcome());
      } else if (message.type === "call") {
        say("progress", 1);
        say("__auroraview_call_result", { id: message.id, ok: true, result: message.params });
      } else if (message.type === "event") {
        port2.postMessage({ not: "text" });
        say("__auroraview_closed", { reason: "done" });
      }
    }
  };
  const { client, bridge } = createClient({
    transport: new PortTransport(port1 as Port),
    newDocument: () => "channel",
    url: () => "",
    onReady: () => {},
    debug: false,
  });
  const progress = vi.fn();
  client.on("progress", progress);
  bridge.start();
  bridge.documentReady();
  await client.whenReady();
  await expect(client.call("echo", { a: [1] })).resolves.toEqual({ a: [1] });
  expect(progress.mock.calls).toEqual([[1]]);
  client.send_event("quit");
  await expect(client.call("never")).rejects.toMatchObject({ code: "closed" });
  expect(acks.every((ack, i) => i === 0 || ack >= (acks[i - 1] as number))).toBe(true);
  expect(acks.length).toBeGreaterThan(1);
  port2.close();
});

test("attachments travel beside the text", async () => {
  const { port1, port2 } = new MessageChannel();
  port2.onmessage = ({ data }) => {
    const { text, attachments } = typeof data === "string" ? { text: data, attachments: [] } : data;
    const frame = JSON.parse(text) as PageFrame;
    const [message] = frame.msgs;
    if (message?.type === "event") {
      const [bytes] = attachments as [Uint8Array];
      const msgs = [{ type: "event", event: "back", att: [{ bytes: 2, dtype: "int16" }], detail: { $av: 0 } }];
      port2.postMessage({
        text: JSON.stringify({ att: 1, v: 1, doc: "channel", seq: 1, msgs }),
        attachments: [bytes.slice().buffer],
      });
    }
  };
  const { client, bridge } = createClient({
    transport: new PortTransport(port1 as Port),
    newDocument: () => "channel",
    url: () => "",
    onReady: () => {},
    debug: false,
  });
  bridge.start();
  const back = new Promise((resolve) => client.on("back", resolve));
  client.send_event("there", new Int16Array([-3]));
  expect(await back).toEqual(new Int16Array([-3]));
  port2.close();
});
