/**
 * The search for the program: the places where it may be, asked one after another until one gives a session.
 *
 * Sans-IO: the transport says what became of the place it asked, and learns which one to ask now. Who gave a session
 * once is asked ever after.
 */
import { min } from "../primitives";
import type { Place } from "./place";

/** A place where the program may be. */
export interface Lead {
  /** Address of the WebSocket. */
  endpoint: string;
  /** May be told the secret. */
  trusted: boolean;
  /** Nobody named it: what it answers says little about where the program is. */
  guessed: boolean;
  /** What was remembered for it. */
  place: Place;
}

/** How an attempt ended: a close code, 0 where there was none, and words for people. */
export interface End {
  code: number;
  reason: string;
}

/** How long a place has for its answer when there are others, and at most, in milliseconds. */
const PATIENCE = 2000;
const LONGEST = 15_000;

const REFUSED = 4001;
const PROTOCOL_ERROR = 4002;

export class Search {
  readonly #look: () => readonly Lead[];
  #leads: readonly Lead[] = [];
  #at = 0;
  #settled = false;
  /** Passes that found nothing, in a row. */
  #passes = 0;
  /** What a place of this pass said that is a program's, but does not want us; rather a trusted one. */
  #refusal: End | undefined;
  /** A place that was named has not answered: the program may come there yet. */
  #hope = false;

  /** `look` gives the places of one pass; it is asked again for each. */
  constructor(look: () => readonly Lead[]) {
    this.#look = look;
  }

  /** The place to ask now. */
  get lead(): Lead {
    return this.#leads[this.#at] as Lead;
  }

  /** A place has given a session. */
  get settled(): boolean {
    return this.#settled;
  }

  /** How long the place has to give a session, in milliseconds; more in each pass, for programs that are slow. */
  get patience(): number {
    return this.#alone ? LONGEST : min(PATIENCE * 2 ** min(this.#passes, 8), LONGEST);
  }

  /** Looks anew for where the program may be, unless that is known. */
  begin(): void {
    if (!this.#settled) {
      this.#leads = this.#look();
      this.#at = 0;
      this.#refusal = undefined;
      this.#hope = false;
    }
  }

  /** The place gave a session. */
  settle(): void {
    this.#settled = true;
    this.#passes = 0;
  }

  /**
   * The attempt has ended so. Undefined: the next place is to be asked. Otherwise this is how the whole pass ended: with
   * a refusal where no named place is left that could still be the program's.
   */
  ended(end: End): End | undefined {
    if (this.#alone) {
      return end;
    }
    const { place, trusted, guessed } = this.lead;
    place.leave();
    if (end.code === REFUSED || end.code === PROTOCOL_ERROR) {
      if (this.#refusal === undefined || trusted) {
        this.#refusal = end;
      }
    } else {
      this.#hope ||= !guessed;
    }
    if (this.#at + 1 < this.#leads.length) {
      this.#at++;
      return undefined;
    }
    this.#passes++;
    if (this.#refusal !== undefined) {
      return this.#hope ? { code: 0, reason: this.#refusal.reason } : this.#refusal;
    }
    return { code: 0, reason: `no program answered at ${this.#tried()}` };
  }

  get #alone(): boolean {
    return this.#settled || this.#leads.length === 1;
  }

  #tried(): string {
    let text = "";
    for (let i = 0; i < this.#leads.length; i++) {
      text += `${i === 0 ? "" : ", "}${(this.#leads[i] as Lead).endpoint}`;
    }
    return text;
  }
}
