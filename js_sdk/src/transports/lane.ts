/**
 * The transport of an embedded window that has a fast lane: the library in the web process moves frames over a socket
 * of its own, past the message loop of the window, and attachments through shared memory.
 *
 * A document chooses its lane once, as it begins. Its hello always goes the ordinary way, marked: there the window
 * knows which document is current and where it is from, and only that admits the document on the lane. All its other
 * frames, in both directions, take the lane. Where that ends the document begins anew, in the ordinary way.
 */
import { decode, noAttachment } from "../attached";
import type { KeptBuffer } from "../buffers";
import { encodeFrame } from "../encode";
import { localError } from "../errors";
import { apply, parse, queueMicrotask, RangeErrorCtor, setTimer, stringify } from "../primitives";
import type { AttachmentInfo, PageFrame, SessionMessage } from "../protocol";
import { publish } from "../published";
import type { Attachments, Receiver, Transport } from "../transport";
import type { EmbeddedTransport } from "./embedded";
import { asListener } from "./listener";
import type { NativeLane, SyncOutcome, Take } from "./native_lane";
import { refuse } from "./unsent";

const LOST = "the fast lane was lost";
const CROWDED = "too much waits to be sent to the program";
/** Milliseconds until what must arrive is tried again. */
const AGAIN = 50;

const { decode: nativeDecode } = TextDecoder.prototype;
const decoder = new TextDecoder();
const decodeUtf8 = (utf8: Uint8Array): string => apply(nativeDecode, decoder, [utf8]) as string;

/** Takes the answer to a synchronous call. */
export type TakeAnswer = (text: string, attached: Attachments) => void;

export class LaneTransport implements Transport {
  readonly #native: NativeLane;
  readonly #ordinary: EmbeddedTransport;
  readonly #none: Attachments;
  /** Hands a frame of the present document to the bridge. */
  readonly #take: Take;
  #receiver: Receiver | undefined;
  #document = "";
  #url = "";
  /** Rises with every document and at close: what a former one hears is nobody's. */
  #generation = 0;
  /** Frames of this document take the lane. */
  #fast = false;
  /** The document is being left: it does not begin anew. */
  #left = false;
  /** The lane wanted no more with the last frame; it is asked again before the next. */
  #crowded = false;

  /** `ordinary` carries each hello, and the frames of documents that have no lane. */
  constructor(native: NativeLane, ordinary: EmbeddedTransport) {
    const { open, post, full, callSync, read, readInto, close } = native;
    this.#native = { open, post, full, callSync, read, readInto, close };
    this.#ordinary = ordinary;
    this.#none = new LaneAttachments(this.#native, 0);
    this.#take = asListener((text, attachments) => {
      this.#receiver?.receive(text, this.#attached(attachments));
    });
  }

  /** Whether the frames of this document take the lane. */
  get fast(): boolean {
    return this.#fast;
  }

  open(document: string, url: string, receiver: Receiver): void {
    const generation = ++this.#generation;
    const native = this.#native;
    this.#receiver = receiver;
    this.#document = document;
    this.#url = url;
    this.#left = false;
    this.#crowded = false;
    const receive = (text: string, attachments: number): void => {
      if (generation === this.#generation) {
        this.#take(text, attachments);
      }
    };
    const lost = (): void => {
      if (generation === this.#generation) {
        this.#lost();
      }
    };
    try {
      this.#fast = native.open(document, receive, lost, decodeUtf8) === true;
    } catch {
      this.#fast = false;
    }
    if (this.#fast) {
      this.#ordinary.admit(document, url);
    } else {
      this.#ordinary.open(document, url, receiver);
    }
  }

  send(frame: string, attachments: readonly Uint8Array[]): void {
    if (!this.#fast) {
      this.#ordinary.send(frame, attachments);
      return;
    }
    const { post } = this.#native;
    try {
      this.#crowded = !(attachments.length === 0 ? post(frame) : post(frame, attachments));
    } catch (error) {
      this.#refused(frame, error as Error);
    }
  }

  full(): string | undefined {
    if (this.#crowded) {
      const { full } = this.#native;
      this.#crowded = this.#fast && full();
    }
    return this.#crowded ? CROWDED : undefined;
  }

  /**
   * Sends a call and waits for the answer; on the lane only.
   *
   * @throws AuroraViewError where it was not sent; `called` is its method.
   */
  callSync(
    message: string,
    called: string,
    attachments: readonly Uint8Array[],
    milliseconds: number,
    take: TakeAnswer,
  ): SyncOutcome {
    const { callSync } = this.#native;
    const frame = encodeFrame(this.#document, 0, message, attachments.length);
    try {
      return callSync(frame, attachments, milliseconds, (text, count) => take(text, this.#attached(count)));
    } catch (error) {
      const { code, reason } = whyNot(error as Error);
      throw localError(code, `call of ${called} was not sent: ${reason}`);
    }
  }

  leave(): void {
    this.#left = true;
  }

  close(): void {
    this.#forget();
    this.#receiver = undefined;
    this.#ordinary.close();
  }

  #attached(count: number): Attachments {
    return count === 0 ? this.#none : new LaneAttachments(this.#native, count);
  }

  /**
   * A frame was not taken. Its calls and events are told so. The rest must arrive, or the program falls silent: what it
   * acknowledges, that the document is ready, which calls are given up.
   */
  #refused(frame: string, error: Error): void {
    const { ack = 0, msgs } = parse(frame) as PageFrame;
    let rest = "";
    for (let i = 0; i < msgs.length; i++) {
      const message = msgs[i] as PageFrame["msgs"][number];
      if (message.type !== "call" && message.type !== "event") {
        rest += (rest === "" ? "" : ",") + stringify(message);
      }
    }
    const generation = this.#generation;
    if (this.#insist(encodeFrame(this.#document, ack, rest))) {
      const { code, reason } = whyNot(error);
      refuse(this.#receiver as Receiver, frame, code, reason);
    } else {
      // The bridge is in the midst of sending. What waits for an answer is told when that is over.
      queueMicrotask(() => {
        if (generation === this.#generation) {
          this.#lost();
        }
      });
    }
  }

  /** Sends a small frame, at once or as soon as there is room. False: the lane is lost. */
  #insist(frame: string): boolean {
    const { post, full } = this.#native;
    try {
      this.#crowded = !post(frame);
      return true;
    } catch {
      this.#crowded = full();
    }
    if (this.#crowded) {
      const generation = this.#generation;
      setTimer(() => {
        if (generation === this.#generation && !this.#insist(frame)) {
          this.#lost();
        }
      }, AGAIN);
    }
    return this.#crowded;
  }

  /** The lane has ended: the document begins anew without it. */
  #lost(): void {
    const receiver = this.#receiver;
    this.#forget();
    if (receiver === undefined || this.#left) {
      return;
    }
    receiver.paused(LOST);
    this.#ordinary.open(this.#document, this.#url, receiver);
    receiver.lost(LOST);
    receiver.resumed();
  }

  #forget(): void {
    this.#generation++;
    this.#crowded = false;
    if (this.#fast) {
      this.#fast = false;
      const { close } = this.#native;
      try {
        close();
      } catch {
        // It has ended already.
      }
    }
  }
}

/** Why a lane that is there did not take a frame. */
function whyNot(error: Error): { code: "too_large" | "busy"; reason: string } {
  return error instanceof RangeErrorCtor
    ? { code: "too_large", reason: error.message }
    : { code: "busy", reason: CROWDED };
}

/** The attachments of a frame that is in the lane; they are copied out as they are taken, so while it is received. */
class LaneAttachments implements Attachments {
  readonly #native: NativeLane;
  readonly #count: number;
  #taken = 0;

  constructor(native: NativeLane, count: number) {
    this.#native = native;
    this.#count = count;
  }

  take(infos: readonly AttachmentInfo[]): (value: unknown) => unknown {
    const { read } = this.#native;
    const part: Uint8Array[] = [];
    for (let i = 0; i < infos.length; i++) {
      part[i] = read(this.#next());
    }
    return (value) => decode(value, infos, part);
  }

  publish(buffer: KeptBuffer, message: SessionMessage): void {
    const { readInto } = this.#native;
    publish(buffer, message, this, (target) => {
      if (!readInto(this.#next(), target)) {
        throw noAttachment();
      }
    });
  }

  #next(): number {
    if (this.#taken >= this.#count) {
      throw noAttachment();
    }
    return this.#taken++;
  }
}
