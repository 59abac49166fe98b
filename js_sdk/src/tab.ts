/**
 * What a browser tab remembers: the launch token and its session, in `sessionStorage`, so that a reload goes on with both.
 *
 * Duplicating a tab copies that storage, and two pages cannot share one session. The page that leaves marks the session
 * as free for the next document of its tab. Where there is no such mark, tabs are asked who has it: by a lock with the
 * session's name, which also a frozen tab keeps, and by messages, since a browser may take its time to grant the first
 * lock, and has none for some origins.
 */
import type { Credentials, Place } from "./transports/place";

interface Remembered extends Credentials {
  /** The document that had the session has been left. */
  leaving?: boolean | undefined;
}

/** What a tab needs of its browser; each may be missing. */
export interface Surroundings {
  storage?: Pick<Storage, "getItem" | "setItem"> | undefined;
  locks?: Pick<LockManager, "request"> | undefined;
  openChannel?: ((name: string) => BroadcastChannel) | undefined;
}

/** How long other tabs have for an answer by message, in milliseconds. */
const ANSWER_TIME = 150;

type Said = { ask: string; by: string } | { held: string; to: string };

export class Tab implements Place {
  readonly #key: string;
  readonly #browser: Surroundings;
  /** What this page knows; also where nothing may be stored. */
  #known: Remembered = {};
  /** The session this page has. */
  #held: string | undefined;
  #asking: string | undefined;
  #release: () => void = () => {};
  #channel: BroadcastChannel | undefined;
  readonly #name = `${Math.random()}`;

  /** `key` tells servers of one origin apart; `token` replaces the one that is remembered. */
  constructor(key: string, token: string | undefined, browser: Surroundings = surroundings()) {
    this.#key = `auroraview:${key}`;
    this.#browser = browser;
    const before = this.#read();
    // Another token is another program, or another run of it: it does not know the session.
    this.#known = token === undefined || token === before.token ? before : { token };
    this.#write();
  }

  /** The token that is remembered. */
  get token(): string | undefined {
    return this.#known.token;
  }

  async credentials(): Promise<Credentials> {
    const { token, session, resume, leaving } = this.#read();
    this.#known = { token, session, resume };
    if (session === undefined || resume === undefined) {
      return { token };
    }
    if (leaving === true || session === this.#held) {
      this.#write();
      this.#hold(session);
      return { token, session, resume };
    }
    if (await this.#isFree(session)) {
      return { token, session, resume };
    }
    this.#known = { token };
    this.#write();
    return { token };
  }

  keep(session: string, resume: string): void {
    this.#known = { token: this.#known.token, session, resume };
    this.#write();
    this.#hold(session);
  }

  leave(): void {
    // Another page of this tab (a frame) may have stored its own meanwhile.
    if (this.#held !== undefined && this.#read().session === this.#held) {
      this.#known = { ...this.#known, leaving: true };
      this.#write();
    }
    this.#letGo();
  }

  #read(): Remembered {
    const { storage } = this.#browser;
    if (storage === undefined) {
      return this.#known;
    }
    try {
      const stored: unknown = JSON.parse(storage.getItem(this.#key) ?? "{}");
      return typeof stored === "object" && stored !== null ? stored : {};
    } catch {
      return this.#known;
    }
  }

  #write(): void {
    try {
      this.#browser.storage?.setItem(this.#key, JSON.stringify(this.#known));
    } catch {
      // Full, or forbidden: then it lasts as long as the document.
    }
  }

  /** Shows other tabs that the session is taken. */
  #hold(session: string): void {
    if (session !== this.#held) {
      this.#letGo();
      this.#held = session;
      this.#listen();
      if (this.#browser.locks !== undefined) {
        void this.#lock(session, false);
      }
    }
  }

  #letGo(): void {
    this.#held = undefined;
    this.#release();
    this.#release = () => {};
    this.#channel?.close();
    this.#channel = undefined;
  }

  /** Whether no other tab has the session; if so this one has it now. */
  async #isFree(session: string): Promise<boolean> {
    if (this.#browser.locks !== undefined && !(await this.#lock(session, true))) {
      return false;
    }
    const free = await this.#nobodyAnswers(session);
    if (free) {
      this.#held = session;
    } else {
      this.#letGo();
    }
    return free;
  }

  /** Whether no other tab says that it has the session. */
  async #nobodyAnswers(session: string): Promise<boolean> {
    const channel = this.#listen();
    if (channel === undefined) {
      return true;
    }
    this.#asking = session;
    const free = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(true), ANSWER_TIME);
      channel.addEventListener("message", ({ data }: MessageEvent<Said>) => {
        const taken = "held" in data && data.held === session && data.to === this.#name;
        // Of two that ask at the same time the one with the smaller name wins, even where only one hears the other.
        const yields = "ask" in data && data.ask === session && data.by < this.#name;
        if (taken || yields) {
          clearTimeout(timer);
          resolve(false);
        }
      });
      channel.postMessage({ ask: session, by: this.#name } satisfies Said);
    });
    this.#asking = undefined;
    return free;
  }

  /** Resolves with whether the lock was got; it is kept until {@link Tab.#letGo}. */
  #lock(session: string, ifAvailable: boolean): Promise<boolean> {
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    return new Promise((resolve) => {
      const got = (lock: Lock | null): Promise<void> | undefined => {
        resolve(lock !== null);
        return lock === null ? undefined : released;
      };
      this.#release = release;
      try {
        // Where locks are forbidden there is nobody to share with.
        this.#browser.locks?.request(`${this.#key}:${session}`, { ifAvailable }, got).catch(() => resolve(true));
      } catch {
        resolve(true);
      }
    });
  }

  #listen(): BroadcastChannel | undefined {
    try {
      this.#channel ??= this.#browser.openChannel?.(this.#key);
    } catch {
      return undefined;
    }
    if (this.#channel !== undefined) {
      const channel = this.#channel;
      channel.onmessage = ({ data }: MessageEvent<Said>) => {
        if ("ask" in data && (data.ask === this.#held || (data.ask === this.#asking && this.#name < data.by))) {
          channel.postMessage({ held: data.ask, to: data.by } satisfies Said);
        }
      };
    }
    return this.#channel;
  }
}

/** What this browser has. Looking is enough to be refused in a sandboxed frame. */
export function surroundings(): Surroundings {
  const found: Surroundings = {};
  try {
    found.storage = window.sessionStorage;
  } catch {
    // Forbidden: the page knows what it knows.
  }
  if (typeof navigator === "object" && "locks" in navigator && navigator.locks !== undefined) {
    found.locks = navigator.locks;
  }
  if (typeof BroadcastChannel === "function") {
    found.openChannel = (name) => new BroadcastChannel(name);
  }
  return found;
}
