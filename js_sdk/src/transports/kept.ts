/**
 * Frames of the page, numbered, kept until the program has said that they took effect.
 *
 * Bounded only while there is no connection: what is acknowledged within a round trip needs no bound.
 */
import { encodeFrame } from "../encode";
import { indexOf, max, SafeMap, slice, startsWith } from "../primitives";

/** How much may wait for a connection. */
const MOST_MESSAGES = 20_000;
/** In UTF-16 units of text and bytes of attachments. */
const MOST_BYTES = 32 * 1024 * 1024;

export interface KeptFrame {
  readonly text: string;
  readonly attachments: readonly Uint8Array[];
  readonly messages: number;
  readonly size: number;
}

export class Kept {
  readonly #frames = new SafeMap<number, KeptFrame>();
  /** Number of the last frame. */
  #last = 0;
  /** Number of the last frame that was forgotten. */
  #forgotten = 0;
  #messages = 0;
  #size = 0;

  /** Numbers a frame and keeps it. */
  add(frame: string, attachments: readonly Uint8Array[], messages: number): KeptFrame {
    this.#last++;
    const text = numbered(frame, this.#last);
    let size = text.length;
    for (let i = 0; i < attachments.length; i++) {
      size += (attachments[i] as Uint8Array).length;
    }
    const kept = { text, attachments, messages, size };
    this.#frames.set(this.#last, kept);
    this.#messages += messages;
    this.#size += size;
    return kept;
  }

  /** Forgets the frames up to number `last`. */
  forget(last: number): void {
    for (let seq = this.#forgotten + 1; seq <= last && seq <= this.#last; seq++) {
      const frame = this.#frames.get(seq);
      if (frame !== undefined) {
        this.#frames.delete(seq);
        this.#messages -= frame.messages;
        this.#size -= frame.size;
      }
      this.#forgotten = seq;
    }
  }

  /** The frames that are kept, in order. */
  all(): KeptFrame[] {
    const frames: KeptFrame[] = [];
    for (let seq = this.#forgotten + 1; seq <= this.#last; seq++) {
      frames[frames.length] = this.#frames.get(seq) as KeptFrame;
    }
    return frames;
  }

  /**
   * Empties the frame with the longest message on the wire, keeping its number. Returns its text; undefined where all are
   * empty.
   */
  empty(document: string): string | undefined {
    let found = 0;
    let most = 0;
    for (let seq = this.#forgotten + 1; seq <= this.#last; seq++) {
      const frame = this.#frames.get(seq) as KeptFrame;
      const length = frame.messages === 0 ? 0 : longest(frame);
      if (length > most) {
        most = length;
        found = seq;
      }
    }
    const frame = this.#frames.get(found);
    if (frame === undefined) {
      return undefined;
    }
    const text = numbered(encodeFrame(document, 0, ""), found);
    this.#frames.set(found, { text, attachments: [], messages: 0, size: text.length });
    this.#messages -= frame.messages;
    this.#size -= frame.size - text.length;
    return frame.text;
  }

  /** Forgets all and begins to count anew. */
  clear(): void {
    this.#frames.clear();
    this.#last = 0;
    this.#forgotten = 0;
    this.#messages = 0;
    this.#size = 0;
  }

  /** Why nothing more may wait; undefined when it may. */
  full(): string | undefined {
    if (this.#messages >= MOST_MESSAGES) {
      return `${this.#messages} messages wait for the connection already`;
    }
    if (this.#size >= MOST_BYTES) {
      return `${this.#size} bytes wait for the connection already`;
    }
    return undefined;
  }
}

function longest({ text, attachments }: KeptFrame): number {
  let most = text.length;
  for (let i = 0; i < attachments.length; i++) {
    most = max(most, (attachments[i] as Uint8Array).length);
  }
  return most;
}

/** A frame with its number; where there are attachments their count stays first. */
function numbered(frame: string, seq: number): string {
  if (startsWith(frame, '{"att":')) {
    const end = indexOf(frame, ",");
    return `${slice(frame, 0, end)},"seq":${seq}${slice(frame, end)}`;
  }
  return `{"seq":${seq},${slice(frame, 1)}`;
}
