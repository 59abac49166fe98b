import { afterEach, expect, test, vi } from "vitest";
import { createClient } from "../../src/client";
import { EmbeddedTransport } from "../../src/transports/embedded";
import { turns, welcome } from "../program";

const KEY = "0123456789abcdef0123456789abcdef";
const DOCUMENT = "AAAAAAAAAAAAAAA1";
const PREFIX = KEY + DOCUMENT;

interface Poll {
  text: string;
  reply(text: unknown): void;
  refuse(): void;
}

/** The host's side of the two handlers. */
class Host {
  readonly plain: string[] = [];
  readonly polls: Poll[] = [];
  seq = 0;
  readonly ipc = { postMessage: (text: string) => void this.plain.push(text) };
  readonly auroraview = {
    postMessage: (text: string) =>
      new Promise((_, reject) =>
        this.polls.push({
          text,
          reply: (frame) => reject(new Error(String(frame))),
          refuse: () => reject(new Error("no")),
        }),
      ),
  };

  frame(event: string, detail: unknown, document = DOCUMENT): string {
    this.seq++;
    return JSON.stringify({ v: 1, doc: document, seq: this.seq, msgs: [{ type: "event", event, detail }] });
  }

  /** Takes the oldest poll. */
  take(): Poll {
    const poll = this.polls.shift();
    if (poll === undefined) {
      throw new Error("no poll is open");
    }
    return poll;
  }
}

function makePage() {
  const host = new Host();
  let documents = 0;
  const { client, bridge } = createClient({
    transport: new EmbeddedTransport(KEY, host.ipc, host.auroraview),
    newDocument: () => `AAAAAAAAAAAAAAA${++documents}`,
    url: () => "auroraview://view/",
    onReady: () => {},
    debug: false,
  });
  bridge.start();
  return { host, client, bridge };
}

async function welcomedPage() {
  const page = makePage();
  const { host } = page;
  host.take().reply(host.frame("__auroraview_welcome", welcome()));
  await turns();
  expect(host.polls.map((poll) => poll.text)).toEqual([
    PREFIX,
    `${PREFIX}{"v":1,"doc":"${DOCUMENT}","ack":1,"msgs":[]}`,
  ]);
  host.polls[1] = { ...(host.polls[1] as Poll), text: "" };
  return page;
}

afterEach(() => {
  vi.useRealTimers();
});

test("it starts with hello in a poll, then a bare poll", () => {
  const { host } = makePage();
  expect(host.polls.map((poll) => poll.text)).toEqual([
    `${PREFIX}{"v":1,"doc":"${DOCUMENT}","msgs":[{"type":"hello","protocol":1,"document":"${DOCUMENT}","url":"auroraview://view/"}]}`,
    PREFIX,
  ]);
  expect(host.plain).toEqual([]);
});

test("with two polls open a frame goes to the plain handler", async () => {
  const { host, client } = await welcomedPage();
  client.send_event("e");
  await turns();
  expect(host.plain).toEqual([`${PREFIX}{"v":1,"doc":"${DOCUMENT}","msgs":[{"type":"event","event":"e"}]}`]);
  expect(host.polls).toHaveLength(2);
});

test("call after call costs one post and one reply each", async () => {
  const { host, client } = await welcomedPage();
  const run = (async () => {
    for (let i = 0; i < 5; i++) {
      await client.call("m");
    }
  })();
  for (let id = 1; id <= 5; id++) {
    await turns();
    const posts = [...host.plain.splice(0), ...host.polls.map((poll) => poll.text).filter((text) => text.length > 48)];
    expect(posts).toHaveLength(1);
    expect(posts[0]).toContain(`"id":${id}`);
    expect(host.polls).toHaveLength(2);
    host.polls.forEach((poll) => {
      poll.text = "";
    });
    host.take().reply(host.frame("__auroraview_call_result", { id, ok: true, result: null }));
  }
  await run;
});

test("two replies at once are acknowledged together and both polls open again", async () => {
  const { host } = await welcomedPage();
  const [first, second] = [host.take(), host.take()];
  first.reply(host.frame("a", 1));
  second.reply(host.frame("b", 2));
  await turns();
  expect(host.polls.map((poll) => poll.text)).toEqual([
    `${PREFIX}{"v":1,"doc":"${DOCUMENT}","ack":3,"msgs":[]}`,
    PREFIX,
  ]);
});

test("an empty reply and a frame for another document open the poll again", async () => {
  const { host } = await welcomedPage();
  host.take().reply("");
  await turns();
  expect(host.polls.map((poll) => poll.text)).toEqual(["", PREFIX]);
  host.take().reply(host.frame("e", 1, "BBBBBBBBBBBBBBBB"));
  await turns();
  expect(host.polls).toHaveLength(2);
});

test("a refused poll is not asked again before the next frame", async () => {
  const { host, client } = await welcomedPage();
  host.take().refuse();
  host.take().refuse();
  await turns();
  expect(host.polls).toHaveLength(0);
  client.send_event("e");
  await turns();
  expect(host.polls.map((poll) => poll.text)).toEqual([
    `${PREFIX}{"v":1,"doc":"${DOCUMENT}","msgs":[{"type":"event","event":"e"}]}`,
    PREFIX,
  ]);
});

test("a host that answers nothing again and again is asked slower", async () => {
  vi.useFakeTimers();
  vi.resetModules();
  const { host } = await welcomedPage();
  for (let i = 0; i < 50 && host.polls.length > 0; i++) {
    host.take().reply("");
    await turns();
  }
  expect(host.polls).toHaveLength(0);
});

test("a handler that throws loses nothing but that post", async () => {
  const { host, client } = await welcomedPage();
  const failing = new EmbeddedTransport(
    KEY,
    {
      postMessage: () => {
        throw new Error("detached");
      },
    },
    { postMessage: () => undefined },
  );
  const nobody = {
    received: 0,
    debug: false,
    receive: () => false,
    paused() {},
    resumed() {},
    lost() {},
    failed() {},
    closed() {},
  };
  failing.open(DOCUMENT, "auroraview://view/", nobody);
  expect(() => failing.send("{}", [])).not.toThrow();
  client.send_event("e");
  await turns();
  expect(host.plain).toHaveLength(1);
});

test("replies to an older document's polls are ignored", async () => {
  const { host, client, bridge } = await welcomedPage();
  const seen = vi.fn();
  client.on("e", seen);
  const old = [host.take(), host.take()];
  bridge.leave();
  bridge.start();
  expect(host.polls).toHaveLength(2);
  old[0]?.reply(host.frame("e", 1));
  old[1]?.refuse();
  await turns();
  expect(seen).not.toHaveBeenCalled();
  expect(host.polls).toHaveLength(2);
  host.seq = 0;
  host.take().reply(host.frame("__auroraview_welcome", welcome(), "AAAAAAAAAAAAAAA2"));
  await client.whenReady();
});

test("after closed nothing is posted any more", async () => {
  const { host, client } = await welcomedPage();
  host.take().reply(host.frame("__auroraview_closed", { reason: "closed" }));
  await turns();
  client.send_event("e");
  await turns();
  host.take().reply("");
  await turns();
  expect(host.polls).toEqual([]);
  expect(host.plain).toEqual([]);
});

test("attachments follow the frame as lines of base64, in a post and in a reply", async () => {
  const { host, client } = await welcomedPage();
  client.send_event("e", [new Uint8Array([1, 2, 3]), new ArrayBuffer(0)]);
  await turns();
  expect(host.plain).toEqual([
    `${PREFIX}{"att":2,"v":1,"doc":"${DOCUMENT}","msgs":[{"type":"event","event":"e","att":[{"bytes":3,"dtype":"uint8"},{"bytes":0}],"detail":[{"$av":0},{"$av":1}]}]}\nAQID\n`,
  ]);
  const seen = vi.fn();
  client.on("e", seen);
  const frame = (seq: number) =>
    `{"att":1,"v":1,"doc":"${DOCUMENT}","seq":${seq},"msgs":[{"type":"event","event":"e","att":[{"bytes":4,"dtype":"float32"}],"detail":{"$av":0}}]}`;
  host.take().reply(`${frame(2)}\nAACAPw==`);
  await turns();
  expect(seen.mock.calls).toEqual([[new Float32Array([1])]]);
});

test("a reply whose attachment is not base64 is dropped, and the poll opens again", async () => {
  const warning = vi.spyOn(console, "warn").mockImplementation(() => {});
  vi.resetModules();
  const { EmbeddedTransport: Fresh } = await import("../../src/transports/embedded");
  const host = new Host();
  const receive = vi.fn(() => true);
  const transport = new Fresh(KEY, host.ipc, host.auroraview);
  transport.open(DOCUMENT, "", {
    received: 0,
    receive,
    paused() {},
    resumed() {},
    lost() {},
    failed() {},
    debug: false,
    closed() {},
  });
  host.take().reply('{"att":1,"v":1}\n!');
  await turns();
  expect(receive).not.toHaveBeenCalled();
  expect(warning).toHaveBeenCalledTimes(1);
  expect(host.polls).toHaveLength(2);
  warning.mockRestore();
});
