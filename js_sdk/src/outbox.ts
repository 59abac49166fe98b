/**
 * What waits to be sent: messages gather during a turn of microtasks and leave as one frame.
 *
 * After a frame was received its acknowledgement is due. It waits a few more microtasks, so that a page that answers a
 * result with the next call (`await` through a wrapper or two) sends call and acknowledgement in one frame.
 */
import { encodeFrame } from "./encode";
import { queueMicrotask } from "./primitives";

/** Microtasks between the end of a received frame and its acknowledgement: enough for promises passed on twice. */
const SETTLE = 8;

export class Outbox {
  readonly #send: (frame: string) => void;
  readonly #step = (): void => this.#stepOrFlush();
  #document = "";
  #batch = "";
  /** Earlier messages of this turn that would have made the frame too long. */
  #full: string[] = [];
  #ack = 0;
  #ackDue = false;
  #scheduled = false;
  #steps = 0;
  /** Longest run of messages in one frame, in UTF-16 units; a longer message travels alone. */
  room = Number.POSITIVE_INFINITY;

  constructor(send: (frame: string) => void) {
    this.#send = send;
  }

  /** Drops what waits and begins with another document. */
  reset(document: string): void {
    this.#document = document;
    this.#batch = "";
    this.#full = [];
    this.#ack = 0;
    this.#ackDue = false;
  }

  /** Queues the text of a message. */
  push(message: string): void {
    if (this.#batch === "") {
      this.#batch = message;
      this.#schedule(0);
    } else if (this.#batch.length + message.length < this.room) {
      this.#batch += `,${message}`;
    } else {
      this.#full[this.#full.length] = this.#batch;
      this.#batch = message;
    }
  }

  /** Makes the acknowledgement of frame `seq` due. */
  acknowledge(seq: number): void {
    this.#ack = seq;
    this.#ackDue = true;
    this.#schedule(SETTLE);
  }

  /** Sends at once what waits. */
  flush(): void {
    const full = this.#full;
    if (full.length !== 0) {
      this.#full = [];
      for (let i = 0; i < full.length; i++) {
        this.#post(full[i] as string);
      }
    }
    if (this.#batch !== "" || this.#ackDue) {
      const batch = this.#batch;
      this.#batch = "";
      this.#post(batch);
    }
  }

  #post(messages: string): void {
    const ack = this.#ackDue ? this.#ack : 0;
    this.#ackDue = false;
    this.#send(encodeFrame(this.#document, ack, messages));
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
