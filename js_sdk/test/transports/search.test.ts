import { afterEach, expect, test, vi } from "vitest";
import type { Place } from "../../src/transports/place";
import { type Lead, Search } from "../../src/transports/search";
import { connectedPage, type FakeSocket, Network, pass, session, welcomeText, withFakeTimers } from "../network";

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

const TOKEN = "a-secret-of-sixteen";

interface FakePlace extends Place {
  readonly left: ReturnType<typeof vi.fn>;
  readonly kept: unknown[];
}

function place(token: string | undefined): FakePlace {
  const kept: unknown[] = [];
  const left = vi.fn();
  const keep = (...what: unknown[]) => void kept.push(what);
  return { credentials: () => ({ token }), keep, leave: left, left, kept };
}

function lead(port: number, change: Partial<Lead> = {}): Lead & { place: FakePlace } {
  const ours = place(TOKEN);
  return { endpoint: `ws://127.0.0.1:${port}/auroraview.ws`, trusted: true, guessed: false, ...change, place: ours };
}

function guess(): Lead & { place: FakePlace } {
  return lead(8765, { trusted: false, guessed: true });
}

function portsOf(sockets: readonly FakeSocket[]): number[] {
  return sockets.map(({ url }) => Number(new URL(url).port));
}

/** A page that looks for its program at these places. */
async function searching(leads: readonly Lead[], options: Parameters<typeof connectedPage>[0] = {}) {
  const look = vi.fn(() => leads);
  return { ...(await connectedPage({ leads: look, ...options })), look };
}

test("the first place that gives a session stays, also for later connections", async () => {
  const [config, asked] = [lead(5001, { trusted: false }), lead(5002)];
  const { network, client, look } = await searching([config, asked, guess()]);
  expect(portsOf(network.sockets)).toEqual([5001]);
  network.last.drop();
  expect(config.place.left).toHaveBeenCalledTimes(1);
  expect(portsOf(network.sockets)).toEqual([5001, 5002]);
  network.last.accept();
  network.last.say(session());
  network.last.say(welcomeText("d1"));
  expect(client.connection.state).toBe("open");
  expect([config.place.kept, asked.place.kept]).toEqual([[], [["S1", "R1"]]]);
  for (let i = 0; i < 3; i++) {
    network.last.drop();
    await pass(2000);
  }
  expect(portsOf(network.sockets)).toEqual([5001, 5002, 5002, 5002, 5002]);
  expect(look).toHaveBeenCalledTimes(1);
});

test("the secret is said to trusted places only", async () => {
  const { network } = await searching([lead(5001, { trusted: false }), lead(5002), guess()]);
  const tokens: unknown[] = [];
  for (let i = 0; i < 3; i++) {
    network.last.accept();
    tokens.push((network.last.said()[0] as { token?: string }).token);
    network.last.drop();
  }
  expect(portsOf(network.sockets)).toEqual([5001, 5002, 8765]);
  expect(tokens).toEqual([undefined, TOKEN, undefined]);
});

test("a place that accepts and says nothing, or nonsense, has two seconds", async () => {
  const { network } = await searching([lead(5001), lead(5002), lead(5003)]);
  await pass(1900);
  expect(portsOf(network.sockets)).toEqual([5001]);
  await pass(200);
  expect(network.sockets[0]?.closed).toBe(true);
  network.last.accept();
  network.last.say("hello, who is there?");
  network.last.say(new Uint8Array([1, 2, 3]).buffer);
  network.last.say('{"type":"hello","protocol":1}');
  await pass(2100);
  network.last.accept();
  network.last.say('{"type":');
  expect(network.sockets.map(({ closed }) => closed)).toEqual([true, true, true]);
});

test("when nobody answered it begins again, later and later, with more patience, and looks anew", async () => {
  const { network, client, look } = await searching([lead(5001), guess()]);
  network.last.drop();
  network.last.drop();
  expect({ ...client.connection }).toMatchObject({
    state: "connecting",
    reason: "no program answered at ws://127.0.0.1:5001/auroraview.ws, ws://127.0.0.1:8765/auroraview.ws",
  });
  look.mockReturnValue([lead(6001), guess()]);
  await pass(250);
  expect(look).toHaveBeenCalledTimes(2);
  expect(portsOf(network.sockets)).toEqual([5001, 8765, 6001]);
  await pass(3800);
  expect(network.sockets).toHaveLength(3);
  await pass(300);
  expect(portsOf(network.sockets)).toEqual([5001, 8765, 6001, 8765]);
  network.last.drop();
  await pass(500);
  expect(portsOf(network.sockets).slice(4)).toEqual([6001]);
  network.last.accept();
  network.last.say(session());
  network.last.say(welcomeText("d1"));
  expect(client.connection.state).toBe("open");
});

test("a place that is alone has as long as a server that was named", async () => {
  const { network } = await searching([guess()]);
  await pass(14_000);
  expect(network.sockets).toHaveLength(1);
  await pass(1500);
  expect(network.sockets).toHaveLength(2);
});

test("a refusal leads to the next place", async () => {
  const { network, client } = await searching([lead(5001), lead(5002)]);
  network.last.accept();
  network.last.drop(4001, "token");
  network.last.accept();
  network.last.say(session());
  network.last.say(welcomeText("d1"));
  expect(client.connection.state).toBe("open");
});

test("refused by all that were named, it ends with the remedy, whatever is at the guess", async () => {
  const warning = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { network, client } = await searching([lead(5001, { trusted: false }), lead(5002), guess()]);
  const call = client.call("m");
  const failed = expect(call).rejects.toMatchObject({ code: "closed" });
  for (const code of [4001, 4001, 1006]) {
    network.last.drop(code);
  }
  await failed;
  const reason = "the token was refused: open the link with #token=... that the program printed";
  expect({ ...client.connection }).toMatchObject({ state: "closed", reason });
  expect(warning.mock.calls).toEqual([[`auroraview: ${reason}`]]);
  await pass(60_000);
  expect(network.sockets).toHaveLength(3);
});

test("refused only where no secret may be said, it says that the address must lead there", async () => {
  const warning = vi.spyOn(console, "warn").mockImplementation(() => {});
  const { network, client } = await searching([lead(5001, { trusted: false }), guess()]);
  network.last.drop(4001);
  network.last.drop();
  expect(client.connection.state).toBe("closed");
  expect(client.connection.reason).toMatch(/^ws:\/\/127\.0\.0\.1:5001\/auroraview\.ws wants a token.*add \?port=/);
  expect(warning).toHaveBeenCalledTimes(1);
});

test("a stranger's refusal ends nothing while the program's own port may yet answer", async () => {
  const { network, client } = await searching([lead(5001), guess()]);
  network.last.drop();
  network.last.drop(4001);
  expect(client.connection.state).toBe("connecting");
  expect(client.connection.reason).toMatch(/8765.* wants a token/);
  await pass(250);
  expect(portsOf(network.sockets)).toEqual([5001, 8765, 5001]);
});

test.each([4000, 4002, 4003, 4004, 4008, 1009, 1011])(
  "close code %i before a session: the next place",
  async (code) => {
    const { network } = await searching([lead(5001), lead(5002)]);
    network.last.accept();
    network.last.drop(code, "why");
    expect(portsOf(network.sockets)).toEqual([5001, 5002]);
  },
);

test("a place that spoke another protocol is a refusal too", async () => {
  vi.spyOn(console, "warn").mockImplementation(() => {});
  const { network, client } = await searching([lead(5001), guess()]);
  network.last.drop(4002, "protocol 1 to 2");
  network.last.drop();
  expect({ ...client.connection }).toMatchObject({ state: "closed", reason: "protocol 1 to 2" });
});

test("a port that a page may not connect to is passed over", async () => {
  const { WebSocketTransport, createClient } = await withFakeTimers();
  const made: string[] = [];
  class Picky {
    constructor(url: string) {
      made.push(url);
      if (url.includes(":6000/")) {
        throw new Error("the port is blocked");
      }
    }
    close(): void {}
  }
  const leads = [lead(6000), lead(5002)];
  const transport = new WebSocketTransport({ leads: () => leads, WebSocket: Picky as never });
  const { client, bridge } = createClient({
    transport,
    newDocument: () => "d1",
    url: () => "",
    onReady: () => {},
    debug: false,
  });
  bridge.start();
  expect(made).toEqual(leads.map(({ endpoint }) => endpoint));
  expect(client.connection.state).toBe("connecting");
  transport.close();
});

test("maxAttempts counts passes over all places", async () => {
  const { network, client } = await searching([lead(5001), guess()], { maxAttempts: 2 });
  for (let i = 0; i < 2; i++) {
    network.last.drop();
    network.last.drop();
    await pass(1000);
  }
  expect(network.sockets).toHaveLength(4);
  expect({ ...client.connection }).toMatchObject({ state: "closed", reason: "no connection after 2 attempts" });
});

test("a place that was greeted for this document hears so when it is asked again, others do not", async () => {
  const { network } = await searching([lead(5001), lead(5002)]);
  network.last.accept();
  network.last.drop();
  network.last.drop();
  await pass(250);
  network.last.accept();
  expect(network.last.said()).toMatchObject([{ type: "hello", received: 0 }]);
  network.last.drop();
  network.last.accept();
  expect(network.last.said()[0]).not.toHaveProperty("received");
});

test("what the page says meanwhile arrives where the session is, once", async () => {
  const { network, client } = await searching([lead(5001), lead(5002)]);
  client.send_event("early");
  await pass();
  network.last.accept();
  expect(network.last.frames()).toEqual([]);
  network.last.drop();
  network.last.accept();
  network.last.say(session());
  expect(network.last.frames()).toMatchObject([{ seq: 1, msgs: [{ type: "ready" }, { event: "early" }] }]);
});

test("a page that is left while it searches lets go of the place, and searches no more", async () => {
  const [first, second] = [lead(5001), lead(5002)];
  const { network, bridge } = await searching([first, second]);
  bridge.leave();
  expect(first.place.left).toHaveBeenCalledTimes(1);
  await pass(60_000);
  expect(network.sockets).toHaveLength(1);
  bridge.start();
  expect(portsOf(network.sockets)).toEqual([5001, 5001]);
});

test("the trusted place's refusal is the one that is told", () => {
  const search = new Search(() => [lead(1), lead(2, { trusted: false })]);
  search.begin();
  expect(search.ended({ code: 4001, reason: "of the trusted one" })).toBeUndefined();
  expect(search.ended({ code: 4001, reason: "of the other" })).toEqual({ code: 4001, reason: "of the trusted one" });
});

test("the address a program is told has an end", async () => {
  const { WebSocketTransport } = await withFakeTimers();
  const network = new Network();
  const transport = new WebSocketTransport({ url: "http://127.0.0.1:1/", WebSocket: network.Socket });
  transport.open("d1", `data:text/html,${"x".repeat(100_000)}`, { received: 0, paused: () => {} } as never);
  network.last.accept();
  expect((network.last.said()[0] as { url: string }).url).toHaveLength(16_384);
  transport.close();
});
