/**
 * The transport of an embedded window on WebKitGTK: two script message handlers.
 *
 * What goes to the host is posted. What comes from the host is the reply to a post that the host holds open (a poll);
 * no script is ever evaluated for it. A reply is an error whose message is the frame (or empty, for "ask again"): WebKit
 * delivers proper values unreliably. Any other error means that the host refused. The page keeps two polls open: a frame it sends opens one where one is missing,
 * and only then goes to the handler with replies. So a call and its answer cost one post and one reply. Attachments
 * follow the frame's text as base64.
 */
import { Attached } from "../attached";
import { join, split } from "../base64";
import { encodeHelloFrame } from "../encode";
import { apply, PromiseCtor, queueMicrotask, setTimer, warn, whenSettled } from "../primitives";
import type { Receiver, Transport } from "../transport";

/** Stands before the hello of a document whose other frames take the fast lane. */
const LANE_MARK = "~";
/** How many polls are held open. */
const POLLS = 2;
/** After so many empty replies in a row the next poll waits. */
const EMPTY_REPLIES = 4;
/** For this long, in milliseconds. */
const EMPTY_PAUSE = 1000;

/** A script message handler of WebKit. */
export interface MessageHandler {
  postMessage(text: string): unknown;
}

export class EmbeddedTransport implements Transport {
  readonly #key: string;
  readonly #plain: (text: string) => unknown;
  readonly #replying: (text: string) => unknown;
  #receiver: Receiver | undefined;
  #prefix = "";
  /** Rises with every document and at close; a reply to an older poll is ignored. */
  #generation = 0;
  #open = 0;
  /** Polls that were refused; opened again with the next frame, lest a refusing host is asked in a circle. */
  #refused = 0;
  #empty = 0;

  /** `key` is the view's; `plain` takes posts, `replying` holds them open. */
  constructor(key: string, plain: MessageHandler, replying: MessageHandler) {
    this.#key = key;
    this.#plain = taken(plain);
    this.#replying = taken(replying);
  }

  open(document: string, url: string, receiver: Receiver): void {
    this.#generation++;
    this.#receiver = receiver;
    this.#prefix = this.#key + document;
    this.#open = 0;
    this.#refused = 0;
    this.#empty = 0;
    this.#post(encodeHelloFrame(document, url));
  }

  /** Says hello for a document whose other frames take the fast lane: nothing more of it comes or goes here. */
  admit(document: string, url: string): void {
    this.close();
    this.#tell(this.#key + document + LANE_MARK + encodeHelloFrame(document, url));
  }

  send(frame: string, attachments: readonly Uint8Array[]): void {
    if (this.#receiver !== undefined) {
      this.#post(attachments.length === 0 ? frame : join(frame, attachments));
    }
  }

  close(): void {
    this.#generation++;
    this.#receiver = undefined;
  }

  #post(frame: string): void {
    this.#refused = 0;
    if (this.#open < POLLS) {
      this.#poll(frame);
      this.#refill();
    } else {
      this.#tell(this.#prefix + frame);
    }
  }

  #tell(post: string): void {
    try {
      this.#plain(post);
    } catch {
      // The document is detached: nobody is left to tell.
    }
  }

  #refill(): void {
    while (this.#open + this.#refused < POLLS) {
      this.#poll("");
    }
  }

  #poll(frame: string): void {
    const generation = this.#generation;
    this.#open++;
    let reply: unknown;
    try {
      reply = this.#replying(this.#prefix + frame);
    } catch {
      reply = undefined;
    }
    if (reply instanceof PromiseCtor) {
      whenSettled(
        reply,
        () => this.#lost(generation),
        (error) => {
          const text = messageOf(error);
          if (text === "" || (typeof text === "string" && text[0] === "{")) {
            this.#replied(generation, text);
          } else {
            this.#lost(generation);
          }
        },
      );
    } else {
      this.#lost(generation);
    }
  }

  #replied(generation: number, text: string): void {
    if (generation !== this.#generation || this.#receiver === undefined) {
      return;
    }
    this.#open--;
    if (text !== "") {
      this.#empty = 0;
      // The frame that acknowledges opens the poll again.
      if (!this.#take(this.#receiver, text) && generation === this.#generation) {
        this.#refill();
      }
    } else if (this.#empty < EMPTY_REPLIES) {
      this.#empty++;
      queueMicrotask(() => this.#again(generation));
    } else {
      setTimer(() => this.#again(generation), EMPTY_PAUSE);
    }
  }

  #take(receiver: Receiver, text: string): boolean {
    let parts: ReturnType<typeof split>;
    try {
      parts = split(text);
    } catch {
      warn("auroraview: a frame with an attachment that is not base64 was dropped");
      return false;
    }
    return receiver.receive(parts.frame, new Attached(parts.attachments));
  }

  #again(generation: number): void {
    if (generation === this.#generation) {
      this.#refill();
    }
  }

  #lost(generation: number): void {
    if (generation === this.#generation) {
      this.#open--;
      this.#refused++;
    }
  }
}

function taken(handler: MessageHandler): (text: string) => unknown {
  const { postMessage } = handler;
  return (text) => apply(postMessage, handler, [text]);
}

function messageOf(error: unknown): unknown {
  return typeof error === "object" && error !== null ? (error as Error).message : undefined;
}
