/**
 * The bridge: the page's end of the protocol, over any transport.
 *
 * It says hello for each document, sends calls and events, takes frames apart and hands results, events and changes of
 * bindings to where they belong. It knows no window: who starts it tells it when the document is ready, goes and returns.
 */
import { Methods } from "./api_proxy";
import { aborted, Calls } from "./calls";
import {
  checkSize,
  encodeCall,
  encodeCancel,
  encodeEvent,
  encodeHello,
  encodeValue,
  frameRoom,
  READY,
  UNTOLD,
} from "./encode";
import { AuroraViewError, localError } from "./errors";
import { Events, type Handler } from "./events";
import { Outbox } from "./outbox";
import { isArray, PromiseCtor, parse, rejected, reportError, startsWith, TypeErrorCtor, warn } from "./primitives";
import {
  BOUND,
  type Bound,
  CALL_RESULT,
  type CallResult,
  CLOSED,
  type Limits,
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
  #waiting: { promise: Promise<void>; resolve: () => void; reject: (error: Error) => void } | undefined;

  constructor(options: BridgeOptions) {
    this.#options = options;
    this.#debug = options.debug;
    this.#outbox = new Outbox((frame) => options.transport.send(frame));
    this.#calls = new Calls((id) => this.#outbox.push(encodeCancel(id)));
    this.methods = new Methods((method, params) => this.call(method, params));
  }

  get isReady(): boolean {
    return this.#ready;
  }

  /** Says hello for a new document; for the first time, or after {@link leave}. */
  start(): void {
    this.#document = this.#options.newDocument();
    this.#lastSeq = 0;
    this.#ready = false;
    this.#state = "open";
    this.#events.forget();
    this.#outbox.reset(this.#document);
    this.#options.transport.open(this.#document, this);
    this.#outbox.push(encodeHello(this.#document, this.#options.url()));
    this.#outbox.flush();
  }

  /** The document is parsed: events may come. */
  documentReady(): void {
    this.#outbox.push(READY);
  }

  /** The document is being left: nothing is waited for any more. Events may still be sent. */
  leave(): void {
    if (this.#state === "open") {
      this.#end("away", "the page was left");
    }
  }

  call(method: string, params?: unknown, options?: CallOptions): Promise<unknown> {
    if (this.#state !== "open") {
      return rejected(this.#closedError(method));
    }
    const timeout = options?.timeout ?? DEFAULT_TIMEOUT;
    const signal = options?.signal;
    let message: string;
    try {
      checkName(method, "method");
      if (typeof timeout !== "number" || !(timeout >= 0)) {
        throw new TypeErrorCtor("timeout must be a number of milliseconds, 0 for none");
      }
      if (signal?.aborted) {
        throw aborted(method, signal);
      }
      const text = params === undefined ? "" : encodeValue(params, this.#limits);
      message = encodeCall(this.#lastId + 1, method, text);
      checkSize(message, this.#limits);
    } catch (error) {
      return rejected(error as Error);
    }
    this.#lastId++;
    this.#outbox.push(message);
    return this.#calls.add(this.#lastId, method, timeout, signal);
  }

  sendEvent(event: string, detail?: unknown): void {
    checkEvent(event);
    const text = detail === undefined ? "" : encodeValue(detail, this.#limits);
    const message = encodeEvent(event, text);
    checkSize(message, this.#limits);
    if (this.#state !== "closed") {
      this.#outbox.push(message);
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

  receive(text: string): boolean {
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
      for (let i = 0; i < msgs.length; i++) {
        try {
          this.#take(msgs[i]);
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

  closed(reason: string): void {
    if (this.#state !== "closed") {
      this.#end("closed", reason);
      this.#waiting?.reject(localError("closed", reason));
      this.#waiting = undefined;
      this.#outbox.reset(this.#document);
      this.#options.transport.close();
    }
  }

  #take(message: SessionFrame["msgs"][number] | null | undefined): void {
    const event = message?.event;
    if (message?.type !== "event" || typeof event !== "string") {
      return;
    }
    if (event === CALL_RESULT) {
      this.#takeResult(message.detail as unknown as CallResult);
    } else if (startsWith(event, RESERVED)) {
      this.#takeInternal(event, message.detail);
    } else {
      const { detail } = message;
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
      this.#options.onReady();
    }
  }

  #end(state: State, reason: string): void {
    this.#state = state;
    this.#reason = reason;
    this.#ready = false;
    this.#calls.rejectAll((method) => this.#closedError(method));
  }

  #closedError(method: string): Error {
    return localError("closed", `call of ${method} has no answer: ${this.#reason}`);
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
