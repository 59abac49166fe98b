/**
 * The bridge: the page's end of the protocol, over any transport.
 *
 * It has the transport say hello for each document, sends calls and events, takes frames apart and hands results, events and changes of
 * bindings to where they belong. It knows no window: who starts it tells it when the document is ready, goes and returns.
 */
import { Methods } from "./api_proxy";
import { Attached, decode, encode, NOTHING } from "./attachments";
import { aborted, Calls } from "./calls";
import { ConnectionStatus } from "./connection";
import { checkSize, encodeCall, encodeCancel, encodeEvent, frameRoom, READY, UNTOLD } from "./encode";
import { AuroraViewError, localError } from "./errors";
import { Events, type Handler } from "./events";
import { Outbox } from "./outbox";
import { isArray, PromiseCtor, parse, rejected, reportError, startsWith, TypeErrorCtor, warn } from "./primitives";
import {
  type AttachmentInfo,
  BOUND,
  type Bound,
  CALL_RESULT,
  type CallResult,
  CLOSED,
  type Json,
  type Limits,
  type PageFrame,
  RESERVED,
  RESET,
  type Reason,
  type SessionFrame,
  WELCOME,
  type Welcome,
} from "./protocol";
import type { Receiver, Transport } from "./transport";

/** Options of one call. */
export interface CallOptions {
  /** In milliseconds; 0 waits forever. Default 30 000. */
  timeout?: number;
  /** Gives the call up; the error's `cause` is the signal's reason. */
  signal?: AbortSignal;
}

/** What the surroundings give to a bridge. */
export interface BridgeOptions {
  transport: Transport;
  /** A fresh document id: 16 characters of `A-Z a-z 0-9 _ -`. */
  newDocument: () => string;
  /** Address of the page. */
  url: () => string;
  /** Called when namespaces appear, with all that the program has named so far. */
  onNamespaces: (names: readonly string[]) => void;
  /** Called once per document, when it is welcomed. */
  onReady: () => void;
  /** Console hints. */
  debug: boolean;
}

const DEFAULT_TIMEOUT = 30_000;

/** `away`: the document is being left and may come back from the back-forward cache. */
type State = "open" | "away" | "closed";

export class Bridge implements Receiver {
  readonly methods: Methods;
  readonly connection = new ConnectionStatus();
  readonly #options: BridgeOptions;
  readonly #outbox: Outbox;
  readonly #calls: Calls;
  readonly #events = new Events();
  #state: State = "open";
  #reason = "";
  #document = "";
  #lastSeq = 0;
  #lastId = 0;
  #limits: Limits = UNTOLD;
  #debug: boolean;
  #ready = false;
  /** The document is parsed. */
  #parsed = false;
  #waiting: { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#debug = options.debug;
    const { transport } = options;
    this.#outbox = new Outbox((frame, attachments, messages) => transport.send(frame, attachments, messages));
    this.#calls = new Calls((id) => this.#outbox.push(encodeCancel(id)));
    this.methods = new Methods((method, params) => this.call(method, params));
  }

  get isReady(): boolean {
    return this.#ready;
  }

  get received(): number {
    return this.#lastSeq;
  }

  /** Begins with a new document; for the first time, or after {@link leave}. */
  start(): void {
    this.#document = this.#options.newDocument();
    this.#lastSeq = 0;
    this.#ready = false;
    this.#parsed = false;
    this.#state = "open";
    this.#events.forget();
    this.#outbox.reset(this.#document);
    this.#outbox.release();
    this.connection.set("connecting");
    this.#options.transport.open(this.#document, this.#options.url(), this);
  }

  /** The document is parsed: events may come. */
  documentReady(): void {
    this.#parsed = true;
    this.#outbox.push(READY);
  }

  /** The document is being left: nothing is waited for any more. Events may still be sent. */
  leave(): void {
    if (this.#state === "open") {
      this.#end("away", "the page was left");
      this.#options.transport.leave?.();
    }
  }

  call(method: string, params?: unknown, options?: CallOptions): Promise<unknown> {
    if (this.#state !== "open") {
      return rejected(this.#closedError(method));
    }
    const timeout = options?.timeout ?? DEFAULT_TIMEOUT;
    const signal = options?.signal;
    let message: string;
    let value = NOTHING;
    try {
      checkName(method, "method");
      if (typeof timeout !== "number" || !(timeout >= 0)) {
        throw new TypeErrorCtor("timeout must be a number of milliseconds, 0 for none");
      }
      if (signal?.aborted) {
        throw aborted(method, signal);
      }
      if (params !== undefined) {
        value = encode(params, this.#limits);
      }
      message = encodeCall(this.#lastId + 1, method, value.text, value.att);
      checkSize(message, this.#limits, value.bytes);
      this.#checkRoom();
    } catch (error) {
      return rejected(error as Error);
    }
    this.#lastId++;
    this.#outbox.push(message, value.attachments, value.bytes);
    return this.#calls.add(this.#lastId, method, timeout, signal);
  }

  sendEvent(event: string, detail?: unknown): void {
    checkEvent(event);
    const value = detail === undefined ? NOTHING : encode(detail, this.#limits);
    const message = encodeEvent(event, value.text, value.att);
    checkSize(message, this.#limits, value.bytes);
    if (this.#state !== "closed") {
      this.#checkRoom();
      this.#outbox.push(message, value.attachments, value.bytes);
    } else if (this.#debug) {
      warn(`auroraview: event ${event} was not sent: ${this.#reason}`);
    }
  }

  on(event: string, handler: Handler<never>, once: boolean): () => void {
    checkEvent(event);
    checkHandler(handler);
    return this.#events.on(event, handler, once);
  }

  off(event: string, handler?: Handler<never>): void {
    checkEvent(event);
    this.#events.off(event, handler);
  }

  onReset(handler: Handler<never>): () => void {
    checkHandler(handler);
    return this.#events.on(RESET, handler, false);
  }

  trigger(event: string, detail?: unknown): void {
    checkEvent(event);
    this.#events.dispatch(event, detail === undefined ? null : detail, false);
  }

  whenReady(): Promise<void> {
    if (this.#ready) {
      return new PromiseCtor((resolve) => resolve());
    }
    if (this.#state === "closed") {
      return rejected(localError("closed", this.#reason));
    }
    if (this.#waiting === undefined) {
      let resolve = (): void => {};
      let reject = (_error: Error): void => {};
      const promise = new PromiseCtor<void>((done, failed) => {
        resolve = done;
        reject = failed;
      });
      this.#waiting = { promise, resolve, reject };
    }
    return this.#waiting.promise;
  }

  receive(text: string, attachments: readonly Uint8Array[]): boolean {
    let frame: Partial<SessionFrame> | null;
    try {
      frame = parse(text);
    } catch {
      warn("auroraview: a frame that is not JSON was dropped");
      return false;
    }
    if (this.#state === "closed" || typeof frame !== "object" || frame === null || frame.doc !== this.#document) {
      return false;
    }
    const { seq, msgs } = frame;
    if (typeof seq !== "number" || !isArray(msgs)) {
      return false;
    }
    if (seq > this.#lastSeq) {
      this.#lastSeq = seq;
      const attached = new Attached(attachments);
      for (let i = 0; i < msgs.length; i++) {
        try {
          this.#take(msgs[i], attached);
        } catch (error) {
          // Only a message that breaks the protocol; what comes after it still counts.
          reportError(error);
        }
      }
    }
    // `closed` may have come in this very frame: nobody waits for its acknowledgement.
    if ((this.#state as State) === "closed") {
      return false;
    }
    this.#outbox.acknowledge(this.#lastSeq);
    return true;
  }

  paused(reason: string, answerless = false): void {
    if (this.#state === "closed") {
      return;
    }
    this.#outbox.hold();
    if (answerless) {
      this.#calls.rejectAll((method) => closedError(method, reason));
    }
    const state = this.connection.state === "connecting" ? "connecting" : "reconnecting";
    this.connection.set(state, reason === "" ? undefined : reason);
  }

  resumed(): void {
    if (this.#state === "open") {
      // A document that began anew is open with its welcome.
      if (this.#ready && this.#lastSeq > 0) {
        this.connection.set("open");
      }
      this.#outbox.release();
    }
  }

  lost(reason: string, unsent: readonly string[]): void {
    if (this.#state !== "open") {
      return;
    }
    this.#lastSeq = 0;
    this.#events.forget();
    this.#outbox.reset(this.#document);
    if (this.#debug) {
      warnUnsent(reason, unsent);
    }
    if (this.#parsed) {
      this.#outbox.push(READY);
    }
    this.#calls.rejectAll((method) => closedError(method, reason));
    this.#events.dispatch(RESET, { reason }, false);
  }

  refused(frame: string): void {
    const reason = "it is larger than the program, or a server on the way to it, takes";
    const { msgs } = parse(frame) as PageFrame;
    for (let i = 0; i < msgs.length; i++) {
      const message = msgs[i] as PageFrame["msgs"][number];
      if (message.type === "call") {
        this.#calls.reject(message.id, localError("too_large", `call of ${message.method} was not sent: ${reason}`));
      } else if (message.type === "event") {
        warn(`auroraview: event ${message.event} was not sent: ${reason}`);
      }
    }
  }

  closed(reason: string): void {
    if (this.#state !== "closed") {
      this.#end("closed", reason);
      this.#waiting?.reject(localError("closed", reason));
      this.#waiting = undefined;
      this.#outbox.reset(this.#document);
      this.#options.transport.close();
      this.connection.set("closed", reason);
    }
  }

  #take(message: SessionFrame["msgs"][number] | null | undefined, attached: Attached): void {
    const event = message?.event;
    const att = message?.att;
    const attachments = isArray(att) ? attached.take(att.length) : undefined;
    if (message?.type !== "event" || typeof event !== "string") {
      return;
    }
    if (event === CALL_RESULT) {
      const outcome = message.detail as unknown as CallResult;
      if (attachments !== undefined && outcome.ok) {
        try {
          outcome.result = decode(outcome.result, att as AttachmentInfo[], attachments) as Json;
        } catch (error) {
          this.#calls.reject(outcome.id, localError("invalid_params", (error as Error).message));
        }
      }
      this.#takeResult(outcome);
    } else if (startsWith(event, RESERVED)) {
      this.#takeInternal(event, message.detail);
    } else {
      let detail: unknown = message.detail;
      if (attachments !== undefined) {
        detail = decode(detail, att as AttachmentInfo[], attachments);
      }
      this.#events.dispatch(event, detail === undefined ? null : detail, message.retain === true);
    }
  }

  #takeResult(outcome: CallResult): void {
    if (outcome.ok) {
      this.#calls.resolve(outcome.id, outcome.result);
    } else {
      this.#calls.reject(outcome.id, new AuroraViewError(outcome.error));
    }
  }

  #takeInternal(event: string, detail: unknown): void {
    if (event === WELCOME) {
      this.#welcome(detail as Welcome);
    } else if (event === BOUND) {
      const { added, removed, namespaces } = detail as Bound;
      this.methods.change(added, removed);
      if (namespaces !== undefined) {
        this.#options.onNamespaces(namespaces);
      }
    } else if (event === RESET) {
      this.#events.dispatch(RESET, detail, false);
    } else if (event === CLOSED) {
      this.closed((detail as Reason).reason);
    }
  }

  #welcome(welcome: Welcome): void {
    this.#limits = welcome.limits;
    this.#outbox.limit(frameRoom(welcome.limits));
    this.#debug ||= welcome.debug;
    this.methods.replace(welcome.methods);
    this.#options.onNamespaces(welcome.namespaces);
    if (!this.#ready) {
      this.#ready = true;
      this.#waiting?.resolve();
      this.#waiting = undefined;
      this.connection.set("open");
      this.#options.onReady();
    } else {
      this.connection.set("open");
    }
  }

  /** Refuses a message that would have to wait where too many wait. */
  #checkRoom(): void {
    const refusal = this.#options.transport.full?.();
    if (refusal !== undefined) {
      throw localError("busy", refusal);
    }
  }

  #end(state: State, reason: string): void {
    this.#state = state;
    this.#reason = reason;
    this.#ready = false;
    this.#calls.rejectAll((method) => this.#closedError(method));
  }

  #closedError(method: string): Error {
    return closedError(method, this.#reason);
  }
}

function closedError(method: string, reason: string): Error {
  return localError("closed", `call of ${method} has no answer: ${reason}`);
}

/** Says which events of these frames are not sent any more. */
function warnUnsent(reason: string, frames: readonly string[]): void {
  for (let i = 0; i < frames.length; i++) {
    const { msgs } = parse(frames[i] as string) as PageFrame;
    for (let j = 0; j < msgs.length; j++) {
      const message = msgs[j] as PageFrame["msgs"][number];
      if (message.type === "event") {
        warn(`auroraview: event ${message.event} may not have arrived: ${reason}`);
      }
    }
  }
}

function checkName(name: unknown, what: string): void {
  if (typeof name !== "string" || name === "") {
    throw new TypeErrorCtor(`${what} must be a string that is not empty`);
  }
}

function checkEvent(event: unknown): void {
  checkName(event, "event");
  if (startsWith(event as string, RESERVED)) {
    throw new TypeErrorCtor(`event names that start with ${RESERVED} are reserved`);
  }
}

function checkHandler(handler: unknown): void {
  if (typeof handler !== "function") {
    throw new TypeErrorCtor("handler must be a function");
  }
}
