/**
 * What waits to be sent: messages gather during a turn of microtasks and leave as one frame, or sooner when they fill
 * one, so that the other end works on the first of ten thousand calls while the page still makes the rest.
 *
 * After a frame was received its acknowledgement is due. It waits a few more microtasks, so that a page that answers a
 * result with the next call (`await` through a wrapper or two) sends call and acknowledgement in one frame.
 *
 * While it is held nothing leaves but full frames, so what gathers without a connection is sent in few of them.
 */
import { encodeFrame } from "./encode";
import { min, queueMicrotask } from "./primitives";

/** Microtasks between the end of a received frame and its acknowledgement: enough for promises passed on twice. */
const SETTLE = 8;
/** Longest run of messages in one frame, in UTF-16 units and attached bytes; a longer message travels alone. */
const FRAME_UNITS = 65_536;

type Send = (frame: string, attachments: readonly Uint8Array[], messages: number) => void;

const NONE: readonly Uint8Array[] = [];

export class Outbox {
  readonly #send: Send;
  readonly #step = (): void => this.#stepOrFlush();
  #document = "";
  #batch = "";
  #count = 0;
  /** Attachments of the batch, and their length. */
  #attachments: Uint8Array[] | undefined;
  #attached = 0;
  #held = false;
  #ack = 0;
  #ackDue = false;
  #scheduled = false;
  #steps = 0;
  #room = FRAME_UNITS;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Drops what waits and begins with another document. */
  reset(document: string): void {
    this.#document = document;
    this.#clear();
    this.#ack = 0;
    this.#ackDue = false;
  }

  /** Queues the text of a message, with its attachments. */
  push(message: string, attachments: readonly Uint8Array[] = NONE, bytes = 0): void {
    if (this.#batch === "") {
      this.#batch = message;
      this.#schedule(0);
    } else if (this.#batch.length + this.#attached + message.length + bytes < this.#room) {
      this.#batch += `,${message}`;
    } else {
      this.flush();
      this.#batch = message;
    }
    this.#count++;
    if (attachments.length > 0) {
      this.#attachments ??= [];
      this.#attached += bytes;
      for (let i = 0; i < attachments.length; i++) {
        this.#attachments[this.#attachments.length] = attachments[i] as Uint8Array;
      }
    }
  }

  /** Lets nothing leave but full frames, until {@link release}. */
  hold(): void {
    this.#held = true;
  }

  /** Sends what was held. */
  release(): void {
    this.#held = false;
    this.flush();
  }

  /** Keeps frames below what the other end takes, in UTF-16 units. */
  limit(units: number): void {
    this.#room = min(units, FRAME_UNITS);
  }

  /** Makes the acknowledgement of frame `seq` due. */
  acknowledge(seq: number): void {
    this.#ack = seq;
    this.#ackDue = true;
    this.#schedule(SETTLE);
  }

  /** Sends at once what waits. */
  flush(): void {
    if (this.#batch !== "" || this.#ackDue) {
      const attachments = this.#attachments ?? NONE;
      const ack = this.#ackDue ? this.#ack : 0;
      const frame = encodeFrame(this.#document, ack, this.#batch, attachments.length);
      const count = this.#count;
      this.#clear();
      this.#ackDue = false;
      this.#send(frame, attachments, count);
    }
  }

  #clear(): void {
    this.#batch = "";
    this.#count = 0;
    this.#attachments = undefined;
    this.#attached = 0;
  }

  #schedule(steps: number): void {
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#steps = steps;
      queueMicrotask(this.#step);
    }
  }

  #stepOrFlush(): void {
    if (this.#steps > 0) {
      this.#steps--;
      queueMicrotask(this.#step);
    } else {
      this.#scheduled = false;
      if (!this.#held) {
        this.flush();
      }
    }
  }
}
