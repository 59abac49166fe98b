import { afterEach, expect, test, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A clock that can go on while timers sleep, as in a laptop that is closed. */
class Clock {
  time = 1000;
  #timers = new Map<number, { task: () => void; at: number }>();
  #last = 0;

  constructor() {
    vi.stubGlobal("performance", { now: () => this.time });
    vi.stubGlobal("setTimeout", (task: () => void, delay: number) => {
      this.#timers.set(++this.#last, { task, at: this.time + delay });
      return this.#last;
    });
    vi.stubGlobal("clearTimeout", (id: number) => this.#timers.delete(id));
  }

  run(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const [next] = [...this.#timers].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
      if (next === undefined) {
        break;
      }
      const [id, { task, at }] = next;
      this.time = Math.max(this.time, at);
      this.#timers.delete(id);
      task();
    }
    this.time = end;
  }

  sleep(milliseconds: number): void {
    this.time += milliseconds;
  }
}

async function makeHeartbeat() {
  const clock = new Clock();
  vi.resetModules();
  const { Heartbeat } = await import("../../src/transports/heartbeat");
  const ping = vi.fn();
  const dead = vi.fn();
  const heartbeat = new Heartbeat(ping, dead);
  heartbeat.start(10, 20);
  return { clock, heartbeat, ping, dead };
}

test("as long as something comes nothing is asked", async () => {
  const { clock, heartbeat, ping, dead } = await makeHeartbeat();
  for (let i = 0; i < 20; i++) {
    clock.run(9000);
    heartbeat.heard();
  }
  expect(ping).not.toHaveBeenCalled();
  expect(dead).not.toHaveBeenCalled();
});

test("silence is asked about once, and ends it once", async () => {
  const { clock, ping, dead } = await makeHeartbeat();
  clock.run(14_900);
  expect(ping).not.toHaveBeenCalled();
  clock.run(200);
  expect(ping).toHaveBeenCalledTimes(1);
  clock.run(4800);
  expect(dead).not.toHaveBeenCalled();
  clock.run(200);
  expect(dead).toHaveBeenCalledTimes(1);
  clock.run(100_000);
  expect([ping.mock.calls.length, dead.mock.calls.length]).toEqual([1, 1]);
});

test("an answer counts from when it came", async () => {
  const { clock, heartbeat, dead } = await makeHeartbeat();
  clock.run(16_000);
  heartbeat.heard();
  clock.run(19_900);
  expect(dead).not.toHaveBeenCalled();
  clock.run(200);
  expect(dead).toHaveBeenCalledTimes(1);
});

test("after a sleep it asks first, and an answer keeps the connection", async () => {
  const { clock, heartbeat, ping, dead } = await makeHeartbeat();
  clock.run(5000);
  clock.sleep(3_600_000);
  clock.run(1);
  expect(ping).toHaveBeenCalledTimes(1);
  expect(dead).not.toHaveBeenCalled();
  clock.run(4000);
  heartbeat.heard();
  clock.run(10_000);
  expect(dead).not.toHaveBeenCalled();
});

test("after a sleep without an answer it is given up within seconds", async () => {
  const { clock, dead } = await makeHeartbeat();
  clock.sleep(3_600_000);
  clock.run(4000);
  expect(dead).not.toHaveBeenCalled();
  clock.run(1100);
  expect(dead).toHaveBeenCalledTimes(1);
});

test("timers that are always late do not keep a dead connection", async () => {
  const { clock, ping, dead } = await makeHeartbeat();
  clock.sleep(60_000);
  clock.run(1);
  clock.sleep(60_000);
  clock.run(1);
  expect([ping.mock.calls.length, dead.mock.calls.length]).toEqual([1, 1]);
});

test("a probe in doubt ends sooner than silence", async () => {
  const { clock, heartbeat, ping, dead } = await makeHeartbeat();
  clock.run(1000);
  heartbeat.probe();
  heartbeat.probe();
  expect(ping).toHaveBeenCalledTimes(1);
  clock.run(5100);
  expect(dead).toHaveBeenCalledTimes(1);
});

test("a long message may take its time, and is asked about again and again", async () => {
  const { clock, heartbeat, ping, dead } = await makeHeartbeat();
  heartbeat.expect(3_200_000);
  clock.run(100_000);
  expect(ping).toHaveBeenCalledTimes(6);
  expect(dead).not.toHaveBeenCalled();
  clock.run(19_000);
  heartbeat.heard();
  heartbeat.expect(0);
  clock.run(19_000);
  expect(dead).not.toHaveBeenCalled();
  clock.run(1100);
  expect(dead).toHaveBeenCalledTimes(1);
});

test("a long message that never comes is given up", async () => {
  const { clock, heartbeat, dead } = await makeHeartbeat();
  heartbeat.expect(320_000);
  heartbeat.probe();
  clock.run(14_900);
  expect(dead).not.toHaveBeenCalled();
  clock.run(200);
  expect(dead).toHaveBeenCalledTimes(1);
});

test("it asks before it gives up, also where the timeout is hardly longer than the interval", async () => {
  const { clock, heartbeat, ping, dead } = await makeHeartbeat();
  heartbeat.start(10, 11);
  clock.run(9000);
  expect(ping).toHaveBeenCalledTimes(1);
  heartbeat.heard();
  clock.run(10_900);
  expect(dead).not.toHaveBeenCalled();
});

test("stopped, or without an interval, it does nothing", async () => {
  const { clock, heartbeat, ping, dead } = await makeHeartbeat();
  heartbeat.stop();
  heartbeat.probe();
  clock.run(100_000);
  heartbeat.start(0, 0);
  heartbeat.probe();
  clock.run(100_000);
  expect(ping).not.toHaveBeenCalled();
  expect(dead).not.toHaveBeenCalled();
});
