/**
 * What a transport is to the bridge: it moves frames and their attachments, and knows nothing about what they say.
 */

import type { KeptBuffer } from "./buffers";
import type { AttachmentInfo, SessionMessage } from "./protocol";

/** The attachments of one frame. The class `Attached` is one made of buffers. */
export interface Attachments {
  /**
   * Takes those of the next message that has any, which describes them so. Returns what puts them into a value: in
   * place, where the value is not itself a reference. Both throw an Error for what makes no sense.
   */
  take(infos: readonly AttachmentInfo[]): (value: unknown) => unknown;
  /** Takes the next attachment, a version of a live buffer, into the page's array. Throws where it is another's. */
  publish?(buffer: KeptBuffer, message: SessionMessage): void;
}

/** The bridge's end of a transport. */
export interface Receiver {
  /** The highest frame of this document that was processed; 0 for none. */
  readonly received: number;
  /** Somebody wants to read in the console what became of events. */
  readonly debug: boolean;
  /**
   * Takes the text of one frame and its attachments, if it has any. Returns whether the bridge will send a frame soon (within this
   * turn of microtasks), be it only to acknowledge.
   */
  receive(text: string, attached?: Attachments): boolean;
  /**
   * Nothing can be sent for now: what the page says gathers until {@link resumed}. With `answerless` the other end said
   * that it ends: calls that wait have no answer to come.
   */
  paused(reason: string, answerless?: boolean): void;
  /** Frames flow (again). */
  resumed(): void;
  /**
   * The other end knows nothing of this document any more: what waits rejects with `closed`, and the document begins
   * anew.
   */
  lost(reason: string): void;
  /** The call with this id will have no answer: its message was not sent, and is not sent again. */
  failed(call: number, error: Error): void;
  /** The other end is gone for good: all that waits rejects with `closed`. */
  closed(reason: string): void;
}

/** The transport's end. */
export interface Transport {
  /**
   * Begins, for a document with this id at this address, by saying hello. A second time begins anew: nothing of the
   * former document arrives any more.
   */
  open(document: string, url: string, receiver: Receiver): void;
  /** Sends one frame of so many messages with its attachments, which it may keep. Never throws. */
  send(frame: string, attachments: readonly Uint8Array[], messages: number): void;
  /** Whether it can take no more for now, because too much waits for a connection: the words to refuse with. */
  full?(): string | undefined;
  /** The document is being left. Frames may still be sent. */
  leave?(): void;
  /** Ends; idempotent. */
  close(): void;
}
