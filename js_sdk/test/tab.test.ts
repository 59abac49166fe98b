import { afterEach, expect, test, vi } from "vitest";
import { type Surroundings, Tab } from "../src/tab";
import { turns } from "./program";

afterEach(() => {
  vi.useRealTimers();
});

/** A tab's own storage; a duplicated tab begins with a copy. */
class Storage {
  readonly items: Map<string, string>;

  constructor(of?: Storage) {
    this.items = new Map(of?.items);
  }

  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }

  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }

  get stored(): unknown {
    return JSON.parse(this.items.get("auroraview:/") ?? "null");
  }
}

type Got = (lock: Lock | null) => Promise<void> | undefined;

/** The locks of a browser, which all tabs share. */
class Locks {
  readonly held = new Map<string, { waiting: (() => void)[] }>();

  request = (name: string, options: LockOptions, got: Got): Promise<unknown> => {
    const taken = this.held.get(name);
    if (taken === undefined) {
      return this.#grant(name, got);
    }
    if (options.ifAvailable === true) {
      return Promise.resolve(got(null));
    }
    return new Promise((resolve) => {
      taken.waiting.push(() => resolve(this.#grant(name, got)));
    });
  };

  async #grant(name: string, got: Got): Promise<void> {
    const entry = { waiting: [] as (() => void)[] };
    this.held.set(name, entry);
    await null;
    await got({ name, mode: "exclusive" });
    this.held.delete(name);
    const [next, ...others] = entry.waiting;
    next?.();
    this.held.get(name)?.waiting.push(...others);
  }
}

/** A browser whose tabs have no locks, but channels. */
class Channels {
  readonly #open = new Set<EventTarget & { onmessage: unknown; name: string }>();

  openChannel = (name: string): BroadcastChannel => {
    const all = this.#open;
    const channel = Object.assign(new EventTarget(), {
      name,
      onmessage: null as ((event: MessageEvent) => void) | null,
      postMessage(data: unknown): void {
        for (const other of all) {
          if (other !== channel && other.name === name) {
            queueMicrotask(() => {
              const event = new MessageEvent("message", { data });
              if (all.has(other)) {
                (other.onmessage as ((event: MessageEvent) => void) | null)?.(event);
                other.dispatchEvent(event);
              }
            });
          }
        }
      },
      close: (): void => void all.delete(channel),
    });
    all.add(channel);
    return channel as unknown as BroadcastChannel;
  };

  get open(): number {
    return this.#open.size;
  }
}

const KINDS = [
  ["locks", (): Surroundings => ({ locks: new Locks() as never })],
  ["channels", (): Surroundings => ({ openChannel: new Channels().openChannel })],
] as const;

/** Credentials, with the time that other tabs have for an answer. */
async function credentialsOf(tab: Tab) {
  const credentials = tab.credentials();
  await turns();
  await vi.advanceTimersByTimeAsync(200);
  return await credentials;
}

function makeTab(browser: Surroundings, storage: Storage, token?: string): Tab {
  return new Tab("/", token, { ...browser, storage });
}

test.each(KINDS)("with %s: a first visit has the token of its link and no session", async (_kind, browser) => {
  vi.useFakeTimers();
  const storage = new Storage();
  const tab = makeTab(browser(), storage, "T");
  expect(await credentialsOf(tab)).toEqual({ token: "T" });
  expect(storage.stored).toEqual({ token: "T" });
  tab.keep("S1", "R1");
  expect(storage.stored).toEqual({ token: "T", session: "S1", resume: "R1" });
});

test.each(KINDS)("with %s: a reload goes on with token and session, without asking", async (_kind, make) => {
  vi.useFakeTimers();
  const browser = make();
  const storage = new Storage();
  const first = makeTab(browser, storage, "T");
  await credentialsOf(first);
  first.keep("S1", "R1");
  first.keep("S1", "R2");
  first.leave();
  expect(storage.stored).toEqual({ token: "T", session: "S1", resume: "R2", leaving: true });
  const second = makeTab(browser, storage);
  expect(await second.credentials()).toEqual({ token: "T", session: "S1", resume: "R2" });
  expect(storage.stored).toEqual({ token: "T", session: "S1", resume: "R2" });
  await turns();
  // The second has it now: a copy of it gets none.
  expect(await credentialsOf(makeTab(browser, new Storage(storage)))).toEqual({ token: "T" });
});

test.each(KINDS)("with %s: a duplicated tab asks for a session of its own", async (_kind, make) => {
  vi.useFakeTimers();
  const browser = make();
  const storage = new Storage();
  const first = makeTab(browser, storage, "T");
  await credentialsOf(first);
  first.keep("S1", "R1");
  await turns();
  const copied = new Storage(storage);
  const copy = makeTab(browser, copied);
  expect(await credentialsOf(copy)).toEqual({ token: "T" });
  expect(copied.stored).toEqual({ token: "T" });
  copy.keep("S2", "Q1");
  // Each reloads to its own.
  first.leave();
  copy.leave();
  expect(await credentialsOf(makeTab(browser, storage))).toMatchObject({ session: "S1" });
  expect(await credentialsOf(makeTab(browser, copied))).toMatchObject({ session: "S2" });
});

test.each(KINDS)("with %s: a tab that comes back after a crash has its session", async (_kind, make) => {
  vi.useFakeTimers();
  const browser = make();
  const storage = new Storage();
  storage.setItem("auroraview:/", JSON.stringify({ token: "T", session: "S1", resume: "R1" }));
  expect(await credentialsOf(makeTab(browser, storage))).toEqual({ token: "T", session: "S1", resume: "R1" });
  await turns();
  expect(await credentialsOf(makeTab(browser, new Storage(storage)))).toEqual({ token: "T" });
});

test.each([
  [0.1, 0.2],
  [0.2, 0.1],
])("with channels: of two that ask at once one gets it, whatever their names", async (...names) => {
  vi.useFakeTimers();
  const random = vi.spyOn(Math, "random").mockImplementation(() => names.shift() ?? 0.5);
  const browser = { openChannel: new Channels().openChannel };
  const storage = new Storage();
  storage.setItem("auroraview:/", JSON.stringify({ session: "S1", resume: "R1" }));
  const tabs = [makeTab(browser, storage), makeTab(browser, new Storage(storage))];
  const both = await Promise.all(tabs.map(credentialsOf));
  expect(both.filter(({ session }) => session === "S1")).toHaveLength(1);
  random.mockRestore();
});

test("a page from the back-forward cache takes its session up again", async () => {
  vi.useFakeTimers();
  const locks = new Locks();
  const storage = new Storage();
  const tab = makeTab({ locks: locks as never }, storage, "T");
  await credentialsOf(tab);
  tab.keep("S1", "R1");
  await turns();
  tab.leave();
  await turns();
  expect(locks.held.size).toBe(0);
  expect(await credentialsOf(tab)).toEqual({ token: "T", session: "S1", resume: "R1" });
  await turns();
  expect(locks.held.size).toBe(1);
});

test("a channel is closed when the page is left", async () => {
  vi.useFakeTimers();
  const channels = new Channels();
  const tab = makeTab({ openChannel: channels.openChannel }, new Storage(), "T");
  await credentialsOf(tab);
  tab.keep("S1", "R1");
  expect(channels.open).toBe(1);
  tab.leave();
  expect(channels.open).toBe(0);
});

test("another token forgets the session, the same one does not", async () => {
  vi.useFakeTimers();
  const storage = new Storage();
  storage.setItem("auroraview:/", JSON.stringify({ token: "T", session: "S1", resume: "R1", leaving: true }));
  expect(await credentialsOf(makeTab({}, new Storage(storage), "T"))).toMatchObject({ session: "S1" });
  expect(await credentialsOf(makeTab({}, new Storage(storage), "U"))).toEqual({ token: "U" });
});

test("a frame that stored its own session is left alone", async () => {
  vi.useFakeTimers();
  const storage = new Storage();
  const tab = makeTab({}, storage, "T");
  tab.keep("S1", "R1");
  storage.setItem("auroraview:/", JSON.stringify({ token: "T", session: "S2", resume: "Q1" }));
  tab.leave();
  expect(storage.stored).toEqual({ token: "T", session: "S2", resume: "Q1" });
});

test.each([
  ["no storage", {}],
  [
    "storage that refuses",
    {
      storage: {
        getItem: () => {
          throw new Error("denied");
        },
        setItem: () => {
          throw new Error("denied");
        },
      },
    },
  ],
  ["storage with rubbish", { storage: { getItem: () => "{", setItem: () => {} } }],
] as [string, Surroundings][])("%s: it is known as long as the document lives", async (_what, browser) => {
  const tab = new Tab("/", "T", browser);
  expect(await tab.credentials()).toEqual({ token: "T" });
  tab.keep("S1", "R1");
  expect(await tab.credentials()).toEqual({ token: "T", session: "S1", resume: "R1" });
  tab.leave();
  expect(await tab.credentials()).toEqual({ token: "T", session: "S1", resume: "R1" });
});

test("locks that are forbidden keep nobody out", async () => {
  const storage = new Storage();
  storage.setItem("auroraview:/", JSON.stringify({ session: "S1", resume: "R1" }));
  const locks = { request: () => Promise.reject(new Error("SecurityError")) };
  expect(await makeTab({ locks: locks as never }, storage).credentials()).toMatchObject({ session: "S1" });
});

test("a holder whose lock is granted late says itself that it has the session", async () => {
  vi.useFakeTimers();
  const locks = new Locks();
  const { openChannel } = new Channels();
  // The browser takes its time for the first request: whoever asks next gets the lock before.
  const late = { locks: { request: () => new Promise(() => {}) } as never, openChannel };
  const storage = new Storage();
  const holder = makeTab(late, storage, "t");
  await credentialsOf(holder);
  holder.keep("s", "r");
  const twin = makeTab({ locks: locks as never, openChannel }, new Storage(storage));
  expect(await credentialsOf(twin)).toEqual({ token: "t" });
  expect(locks.held.size).toBe(0);
  // What it got instead is its own.
  twin.keep("s2", "r2");
  await turns();
  expect([...locks.held.keys()]).toEqual(["auroraview:/:s2"]);
});
