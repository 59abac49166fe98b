/**
 * How a page that was not told its server finds one: the ports it has word of, and the server it came from, if any.
 *
 * Each place has a memory of its own, so that neither the token nor the session of one is ever shown to another.
 */
import { isPage } from "./page";
import { Tab } from "./tab";
import { type Clues, candidates } from "./transports/discovery";
import { targetOf } from "./transports/endpoint";
import { Memory, type Place } from "./transports/place";
import type { Lead } from "./transports/search";

/** What a tab remembers a server by: its path, where the page is from there. */
export function nameOf(base: string): string {
  return base.startsWith(`${location.origin}/`) ? base.slice(location.origin.length) : base;
}

export class Discovery {
  readonly #token: string | undefined;
  readonly #leads = new Map<string, Lead>();

  /** `token`: of the page's address; places that the page was not led to are not told it. */
  constructor(token: string | undefined) {
    this.#token = token;
  }

  /** The places to ask now, in order. */
  readonly leads = (): Lead[] => {
    const found = candidates(globalThis as Clues, Date.now()).map(({ port, trusted, guessed }) => ({
      base: `http://127.0.0.1:${port}/`,
      trusted,
      guessed,
    }));
    const own = ownBase();
    const same = found.find(({ base }) => base === own);
    if (same !== undefined) {
      same.trusted = true;
      same.guessed = false;
    } else if (own !== undefined) {
      // Before the guess, after what somebody has said.
      const at = found.findIndex(({ guessed }) => guessed);
      found.splice(at < 0 ? found.length : at, 0, { base: own, trusted: true, guessed: false });
    }
    return found.map(({ base, trusted, guessed }) => this.#lead(base, trusted, guessed));
  };

  /** Remembers the token of another link for the next document; whether it is another one. */
  accept(token: string): boolean {
    let news = false;
    for (const { trusted, place, endpoint } of this.leads()) {
      if (trusted && place instanceof Tab && place.token !== token) {
        new Tab(nameOf(targetOf(endpoint).base), token);
        news = true;
      }
    }
    return news;
  }

  /** Always the same for the same place, which may hold a session. */
  #lead(base: string, trusted: boolean, guessed: boolean): Lead {
    const key = `${trusted} ${guessed} ${base}`;
    let lead = this.#leads.get(key);
    if (lead === undefined) {
      lead = { endpoint: targetOf(base).endpoint, trusted, guessed, place: this.#place(base, trusted) };
      this.#leads.set(key, lead);
    }
    return lead;
  }

  #place(base: string, trusted: boolean): Place {
    const token = trusted ? this.#token : undefined;
    return isPage() ? new Tab(nameOf(base), token) : new Memory(token);
  }
}

/** The server this page came from; undefined for files and pages of applications. */
function ownBase(): string | undefined {
  return isPage() && /^https?:/.test(location.href) ? targetOf(location.href).base : undefined;
}
