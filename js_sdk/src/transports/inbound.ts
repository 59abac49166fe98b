/**
 * What arrives on a WebSocket, put together and in order: texts with the attachments that follow them, and texts that
 * came compressed and take a while to become text again.
 */
import { announced } from "../encode";
import { apply, Bytes, DecompressionStreamCtor, ErrorCtor, ResponseCtor, whenSettled } from "../primitives";

interface Item {
  text: string | undefined;
  readonly attachments: Uint8Array[];
  /** Attachments that are still to come. */
  missing: number;
}

const NONE: readonly Uint8Array[] = [];

/** Whether this engine can take compressed texts. */
export const canInflate = DecompressionStreamCtor !== undefined && ResponseCtor !== undefined;

export class Inbound {
  readonly #take: (text: string, attachments: readonly Uint8Array[]) => void;
  readonly #fail: (reason: string) => void;
  readonly #queue: Item[] = [];
  /** The text whose attachments are arriving. */
  #open: Item | undefined;
  #ended = false;

  /** `take` gets each text once it is whole; `fail` is told when what arrives makes no sense. */
  constructor(take: (text: string, attachments: readonly Uint8Array[]) => void, fail: (reason: string) => void) {
    this.#take = take;
    this.#fail = fail;
  }

  /** Nothing is handed on any more. */
  end(): void {
    this.#ended = true;
  }

  text(text: string): void {
    if (this.#open !== undefined) {
      this.#fail("a text came where an attachment was announced");
      return;
    }
    const missing = announced(text);
    if (missing === 0 && this.#queue.length === 0) {
      this.#take(text, NONE);
      return;
    }
    const item: Item = { text, attachments: [], missing };
    this.#queue[this.#queue.length] = item;
    if (missing > 0) {
      this.#open = item;
    }
  }

  binary(data: ArrayBuffer): void {
    const item = this.#open;
    if (item !== undefined) {
      item.attachments[item.attachments.length] = new Bytes(data);
      item.missing--;
      if (item.missing === 0) {
        this.#open = undefined;
        this.#drain();
      }
      return;
    }
    if (!canInflate) {
      this.#fail("a compressed frame came that was not asked for");
      return;
    }
    const compressed: Item = { text: undefined, attachments: [], missing: 0 };
    this.#queue[this.#queue.length] = compressed;
    whenSettled(
      inflated(data),
      (text) => {
        compressed.text = text;
        this.#drain();
      },
      () => this.#fail("a compressed frame could not be read"),
    );
  }

  #drain(): void {
    let done = 0;
    // What is taken may end this, or make more arrive.
    for (; !this.#ended && done < this.#queue.length; done++) {
      const item = this.#queue[done] as Item;
      if (item.text === undefined || item.missing > 0) {
        break;
      }
      this.#take(item.text, item.attachments);
    }
    for (let i = done; i < this.#queue.length; i++) {
      this.#queue[i - done] = this.#queue[i] as Item;
    }
    this.#queue.length -= done;
  }
}

function inflated(data: ArrayBuffer): Promise<string> {
  if (DecompressionStreamCtor === undefined || ResponseCtor === undefined) {
    throw new ErrorCtor("nothing here inflates");
  }
  const { readable, writable } = new DecompressionStreamCtor("gzip");
  const writer = writable.getWriter();
  // A failure shows at the other end of the stream.
  whenSettled(writer.write(new Bytes(data)), ignore, ignore);
  whenSettled(writer.close(), ignore, ignore);
  return apply(ResponseCtor.prototype.text, new ResponseCtor(readable), []);
}

function ignore(): void {}
