/**
 * What the library in the web process gives a document of a window: a way to the program that is no script message.
 *
 * `crates/auroraview-webext` puts the object on the global one before the first script of the page, under {@link NAME};
 * the event_bridge takes it away at once. Its functions ignore `this`. None of them waits but
 * `callSync`, and `post` for a moment where the program does not read at once.
 */

/** The property of the global object that it comes in. */
export const NAME = "__auroraview_lane";

export const ANSWERED = 0;
export const TIME_IS_UP = 1;
export const LANE_LOST = 2;

/** What became of a synchronous call. */
export type SyncOutcome = typeof ANSWERED | typeof TIME_IS_UP | typeof LANE_LOST;

/** Takes the text of a frame, and how many attachments can be read while it runs. */
export type Take = (text: string, attachments: number) => void;

export interface NativeLane {
  /**
   * Frames of this document go to `receive` from now on, those of others nowhere. `lost` is called once when the lane
   * ends. `decode` makes the string of long texts of their UTF-8, faster than the engine's own interface to C does.
   * False: there is no lane.
   */
  open(document: string, receive: Take, lost: () => void, decode: (utf8: Uint8Array) => string): boolean;
  /**
   * Sends a frame of the opened document. False: it was taken, and no more should be. Throws where it was not taken: a
   * RangeError for one that is too large ever to be.
   */
  post(text: string, attachments?: readonly Uint8Array[]): boolean;
  /** Whether too much waits to be sent. */
  full(): boolean;
  /** Sends a frame of one call and waits so many milliseconds for its answer, which goes to `take`. Throws as `post`. */
  callSync(text: string, attachments: readonly Uint8Array[] | undefined, milliseconds: number, take: Take): SyncOutcome;
  /** A copy of an attachment; while `receive` or `take` runs, else it throws. */
  read(index: number): Uint8Array;
  /** Copies an attachment into a target of exactly its length; false for any other. When: as `read`. */
  readInto(index: number, target: Uint8Array): boolean;
  /** Forgets the document. */
  close(): void;
}
