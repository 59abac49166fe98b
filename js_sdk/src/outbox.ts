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

export type Outbox = ReturnType<typeof makeOutbox>;

/** `send` is given each frame. */
export function makeOutbox(send: Send) {
  let of = "";
  let batch = "";
  let messages = 0;
  /** Attachments of the batch, and their length. */
  let gathered: Uint8Array[] = [];
  let attached = 0;
  let held = false;
  let lastAck = 0;
  let ackDue = false;
  let scheduled = false;
  let stepsLeft = 0;
  let room = FRAME_UNITS;

  /** Drops what waits and begins with another document. */
  function reset(document: string): void {
    of = document;
    clear();
    lastAck = 0;
    ackDue = false;
  }

  /** Queues the text of a message, with its attachments. */
  function push(message: string, attachments: readonly Uint8Array[] = NONE, bytes = 0): void {
    if (batch === "") {
      batch = message;
      schedule(0);
    } else if (batch.length + attached + message.length + bytes < room) {
      batch += `,${message}`;
    } else {
      flush();
      batch = message;
    }
    messages++;
    attached += bytes;
    for (let i = 0; i < attachments.length; i++) {
      gathered[gathered.length] = attachments[i] as Uint8Array;
    }
  }

  /** Lets nothing leave but full frames, until {@link release}. */
  function hold(): void {
    held = true;
  }

  /** Sends what was held. */
  function release(): void {
    held = false;
    flush();
  }

  /** Keeps frames below what the other end takes, in UTF-16 units. */
  function limit(units: number): void {
    room = min(units, FRAME_UNITS);
  }

  /** Makes the acknowledgement of frame `seq` due. */
  function acknowledge(seq: number): void {
    lastAck = seq;
    ackDue = true;
    schedule(SETTLE);
  }

  /** Sends at once what waits. */
  function flush(): void {
    if (batch !== "" || ackDue) {
      const attachments = gathered;
      const ack = ackDue ? lastAck : 0;
      const frame = encodeFrame(of, ack, batch, attachments.length);
      const count = messages;
      clear();
      ackDue = false;
      send(frame, attachments, count);
    }
  }

  function clear(): void {
    batch = "";
    messages = 0;
    gathered = [];
    attached = 0;
  }

  function schedule(steps: number): void {
    if (!scheduled) {
      scheduled = true;
      stepsLeft = steps;
      queueMicrotask(stepOrFlush);
    }
  }

  function stepOrFlush(): void {
    if (stepsLeft > 0) {
      stepsLeft--;
      queueMicrotask(stepOrFlush);
    } else {
      scheduled = false;
      if (!held) {
        flush();
      }
    }
  }

  return { reset, push, hold, release, limit, acknowledge, flush };
}
