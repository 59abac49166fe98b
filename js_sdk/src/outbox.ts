/**
 * What waits to be sent: messages gather during a turn of microtasks and leave as one frame, or sooner when they fill
 * one, so that the other end works on the first of ten thousand calls while the page still makes the rest.
 *
 * After a frame was received its acknowledgement is due. It waits a few more microtasks, so that a page that answers a
 * result with the next call (`await` through a wrapper or two) sends call and acknowledgement in one frame.
 */
import { encodeFrame } from "./encode";
import { min, queueMicrotask } from "./primitives";

/** Microtasks between the end of a received frame and its acknowledgement: enough for promises passed on twice. */
const SETTLE = 8;
/** Longest run of messages in one frame, in UTF-16 units; a longer message travels alone. */
const FRAME_UNITS = 65_536;

export class Outbox {
  readonly #send: (frame: string) => void;
  readonly #step = (): void => this.#stepOrFlush();
  #document = "";
  #batch = "";
  #ack = 0;
  #ackDue = false;
  #scheduled = false;
  #steps = 0;
  #room = FRAME_UNITS;

  constructor(send: (frame: string) => void) {
    this.#send = send;
  }

  /** Drops what waits and begins with another document. */
  reset(document: string): void {
    this.#document = document;
    this.#batch = "";
    this.#ack = 0;
    this.#ackDue = false;
  }

  /** Queues the text of a message. */
  push(message: string): void {
    if (this.#batch === "") {
      this.#batch = message;
      this.#schedule(0);
    } else if (this.#batch.length + message.length < this.#room) {
      this.#batch += `,${message}`;
    } else {
      this.flush();
      this.#batch = message;
    }
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
      const messages = this.#batch;
      const ack = this.#ackDue ? this.#ack : 0;
      this.#batch = "";
      this.#ackDue = false;
      this.#send(encodeFrame(this.#document, ack, messages));
    }
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
      this.flush();
    }
  }
}
