/**
 * Notices that nothing comes any more from the other end of a connection.
 *
 * A laptop that slept, or a tab whose timers were slowed down, finds its timers late: then what came meanwhile may not
 * have been delivered yet, so it asks first and waits a little before it gives up.
 */
import { clearTimer, min, now, setTimer } from "../primitives";

/** A timer that is so late has slept, in milliseconds. */
const LATE = 2000;
/** How long an answer may take after that, in milliseconds. */
const GRACE = 5000;
/** A long message may come as slowly as so many bytes in a millisecond. */
const SLOWEST = 32;
/** Silence after which the other end is asked: in heartbeat intervals, and as a part of what is too long. */
const ASK = 1.5;
const ASK_BEFORE = 0.75;

export class Heartbeat {
  readonly #ping: () => void;
  readonly #dead: () => void;
  readonly #check = (): void => this.#look();
  /** In milliseconds; 0 while stopped. */
  #interval = 0;
  #timeout = 0;
  #heard = 0;
  #asked = false;
  /** When it last asked. */
  #pinged = 0;
  /** How much longer silence may last because a long message is coming, of which no part shows. */
  #allowance = 0;
  /** When to give up after a probe. */
  #deadline = Number.POSITIVE_INFINITY;
  #due = 0;
  #timer: unknown;

  /** `ping` asks the other end for a sign of life; `dead` is told once when there was none. */
  constructor(ping: () => void, dead: () => void) {
    this.#ping = ping;
    this.#dead = dead;
  }

  /** Begins; both in seconds. An interval that is not above 0 means none. */
  start(interval: number, timeout: number): void {
    this.stop();
    if (interval > 0) {
      this.#interval = interval * 1000;
      this.#timeout = timeout * 1000;
      this.#allowance = 0;
      this.heard();
      this.#arm();
    }
  }

  stop(): void {
    clearTimer(this.#timer);
    this.#interval = 0;
  }

  /** Something came. */
  heard(): void {
    this.#heard = now();
    this.#asked = false;
    this.#deadline = Number.POSITIVE_INFINITY;
  }

  /** What comes next is so many bytes long; 0: it has come. Meanwhile the other end is asked again and again, for it must hear, too. */
  expect(bytes: number): void {
    this.#allowance = bytes / SLOWEST;
  }

  /** Asks at once, and gives up soon without an answer: there is reason to doubt the connection. */
  probe(): void {
    if (this.#interval > 0 && this.#deadline === Number.POSITIVE_INFINITY) {
      this.#deadline = now() + GRACE;
      this.#ask();
      this.#arm();
    }
  }

  #ask(): void {
    this.#asked = true;
    this.#pinged = now();
    this.#ping();
  }

  #arm(): void {
    clearTimer(this.#timer);
    const next = min(this.#end(), this.#nextAsk());
    this.#due = next;
    // Rounded up, so that the timer does not fire just before it is due.
    this.#timer = setTimer(this.#check, next - now() + 1);
  }

  /** When silence has lasted too long. After a probe its own deadline holds. */
  #end(): number {
    const end = this.#deadline === Number.POSITIVE_INFINITY ? this.#heard + this.#timeout : this.#deadline;
    return end + this.#allowance;
  }

  /** When to ask: once, but for a long message that takes its time. */
  #nextAsk(): number {
    const silence = min(ASK * this.#interval, ASK_BEFORE * this.#timeout);
    if (!this.#asked) {
      return this.#heard + silence;
    }
    return this.#allowance > 0 ? this.#pinged + silence : Number.POSITIVE_INFINITY;
  }

  #look(): void {
    const time = now();
    if (time - this.#due > LATE && this.#deadline === Number.POSITIVE_INFINITY) {
      this.probe();
    } else if (time >= this.#end()) {
      this.stop();
      this.#dead();
    } else {
      if (time >= this.#nextAsk()) {
        this.#ask();
      }
      this.#arm();
    }
  }
}
