/**
 * What a transport is to the bridge: it moves frames and their attachments, and knows nothing about what they say.
 */

/** The bridge's end of a transport. */
export interface Receiver {
  /** The highest frame of this document that was processed; 0 for none. */
  readonly received: number;
  /**
   * Takes the text of one frame and its attachments. Returns whether the bridge will send a frame soon (within this
   * turn of microtasks), be it only to acknowledge.
   */
  receive(text: string, attachments: readonly Uint8Array[]): boolean;
  /**
   * Nothing can be sent for now: what the page says gathers until {@link resumed}. With `answerless` the other end said
   * that it ends: calls that wait have no answer to come.
   */
  paused(reason: string, answerless?: boolean): void;
  /** Frames flow (again). */
  resumed(): void;
  /**
   * The other end knows nothing of this document any more: what waits rejects with `closed`, and the document begins
   * anew. `unsent` are the frames that were not acknowledged and are not sent again.
   */
  lost(reason: string, unsent: readonly string[]): void;
  /** The other end does not take this frame, which is too large; it is not sent again. */
  refused(frame: string): void;
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
