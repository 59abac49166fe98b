/** The library of the web process without a process: a lane whose far side is the test. */
import type { NativeLane, SyncOutcome, Take } from "../src/transports/native_lane";

interface Posted {
  text: string;
  attachments: readonly Uint8Array[] | undefined;
}

export class FakeNative implements NativeLane {
  /** Frames of the page, oldest first; synchronous calls are not among them. */
  readonly posted: Posted[] = [];
  readonly syncCalls: (Posted & { milliseconds: number })[] = [];
  /** The documents that were opened, and "" for each time one was closed. */
  readonly opened: string[] = [];
  /** How often an attachment was copied into a new array, and into one of the page. */
  reads = 0;
  readsInto = 0;
  available = true;
  isFull = false;
  /** What is thrown by the next post. */
  refusal: Error | undefined;
  /** Nothing is taken any more. */
  stuck = false;
  /** How many posts were not taken. */
  refused = 0;
  /** Plays the program for a synchronous call. */
  onSync: (text: string, answer: (text: string, attachments?: Uint8Array[]) => void) => SyncOutcome = () => 1;
  #receive: Take | undefined;
  #lost: (() => void) | undefined;
  /** What may be read now; the outermost frame first. */
  readonly #readable: Uint8Array[][] = [];

  readonly open = (document: string, receive: Take, lost: () => void): boolean => {
    this.opened.push(document);
    this.#receive = receive;
    this.#lost = lost;
    return this.available;
  };

  readonly post = (text: string, attachments?: readonly Uint8Array[]): boolean => {
    const error = this.refusal ?? (this.stuck ? new Error("not taken") : undefined);
    this.refusal = undefined;
    if (error !== undefined) {
      this.refused++;
      throw error;
    }
    this.posted.push({ text, attachments });
    return !this.isFull;
  };

  readonly full = (): boolean => this.isFull;

  readonly callSync = (
    text: string,
    attachments: readonly Uint8Array[] | undefined,
    milliseconds: number,
    take: Take,
  ): SyncOutcome => {
    this.syncCalls.push({ text, attachments, milliseconds });
    return this.onSync(text, (answer, attached = []) => this.#hand(take, answer, attached));
  };

  readonly read = (index: number): Uint8Array => {
    this.reads++;
    return new Uint8Array(this.#at(index));
  };

  readonly readInto = (index: number, target: Uint8Array): boolean => {
    this.readsInto++;
    const bytes = this.#at(index);
    if (bytes.length !== target.length) {
      return false;
    }
    // The target may be of a page that has broken what arrays can do.
    Uint8Array.prototype.set.call(target, bytes);
    return true;
  };

  readonly close = (): void => {
    this.opened.push("");
    this.#receive = undefined;
  };

  /** The program sends a frame. */
  deliver(text: string, attachments: Uint8Array[] = []): void {
    if (this.#receive !== undefined) {
      this.#hand(this.#receive, text, attachments);
    }
  }

  /** The connection ends. */
  end(): void {
    this.available = false;
    this.#receive = undefined;
    this.#lost?.();
  }

  /** Texts of frames posted since the last time. */
  texts(): string[] {
    return this.posted.splice(0).map(({ text }) => text);
  }

  #hand(take: Take, text: string, attachments: Uint8Array[]): void {
    this.#readable.push(attachments);
    try {
      take(text, attachments.length);
    } finally {
      this.#readable.pop();
    }
  }

  #at(index: number): Uint8Array {
    const bytes = this.#readable[this.#readable.length - 1]?.[index];
    if (bytes === undefined) {
      throw new RangeError("there is no such attachment now");
    }
    return bytes;
  }
}
