/** How long to wait before the next attempt to connect. */
import { max, min, random } from "../primitives";

/** In milliseconds. */
const FIRST = 250;
const LONGEST = 30_000;

export class Backoff {
  #step = 0;

  /** The next delay in milliseconds: doubling, with up to half of it left to chance. */
  next(): number {
    const delay = min(FIRST * 2 ** this.#step, LONGEST);
    this.#step = min(this.#step + 1, 16);
    return max(1, delay * (0.5 + random() / 2));
  }

  reset(): void {
    this.#step = 0;
  }
}
