/**
 * The bridge: the page's end of the protocol, over any transport.
 *
 * It has the transport say hello for each document, sends calls and events, takes frames apart and hands results, events and changes of
 * bindings to where they belong. It knows no window: who starts it tells it when the document is ready, goes and returns.
 */
import { makeMethods } from "./api_proxy";
import { compose, type Encoded } from "./attachments";
import { type LiveBuffer, makeBuffers } from "./buffers";
import { aborted, makeCalls } from "./calls";
import { makeConnection } from "./connection";
import { callHead, encodeCancel, eventHead, frameRoom, READY, UNTOLD } from "./encode";
import { AuroraViewError, localError } from "./errors";
import { checkHandler, type Handler, makeEvents } from "./events";
import { makeOutbox } from "./outbox";
import { isArray, parse, rejected, slice, startsWith, TypeErrorCtor, warn } from "./primitives";
import {
  BOUND,
  type Bound,
  BUFFER,
  CALL_RESULT,
  type CallResult,
  CLOSED,
  type Dtype,
  type Json,
  RESERVED,
  RESET,
  type Reason,
  type SessionFrame,
  type SessionMessage,
  WELCOME,
  type Welcome,
} from "./protocol";
import type { Attachments, Receiver, Transport } from "./transport";

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

/** What waits for the welcome is kept under the id of no call. */
const READY_WAITER = 0;

/** `away`: the document is being left and may come back from the back-forward cache. */
type State = "open" | "away" | "closed";

/** What the owner of a bridge has. */
export type Bridge = ReturnType<typeof makeBridge>;

export function makeBridge(given: BridgeOptions) {
  const { transport } = given;
  const events = makeEvents();
  const buffers = makeBuffers(events);
  const connection = makeConnection(events);
  const outbox = makeOutbox((frame, attachments, messages) => transport.send(frame, attachments, messages));
  const calls = makeCalls((id) => outbox.push(encodeCancel(id)));
  const methods = makeMethods((method, params) => call(method, params));
  let life: State = "open";
  let endReason = "";
  let documentId = "";
  let lastSeq = 0;
  let lastId = 0;
  let limits = UNTOLD;
  let { debug } = given;
  let ready = false;
  /** The document is parsed. */
  let parsed = false;
  /** Of {@link whenReady}, which waits beside the calls. */
  let waiter: Promise<void> | undefined;

  /** The end that the transport has. */
  const receiver: Receiver = {
    get received() {
      return lastSeq;
    },
    get debug() {
      return debug;
    },
    receive,
    paused,
    resumed,
    lost,
    failed: calls.reject,
    closed,
  };

  /** Begins with a new document; for the first time, or after {@link leave}. */
  function start(): void {
    documentId = given.newDocument();
    lastSeq = 0;
    ready = false;
    parsed = false;
    life = "open";
    events.forget();
    outbox.reset(documentId);
    outbox.release();
    connection.set("connecting");
    transport.open(documentId, given.url(), receiver);
  }

  /** The document is parsed: events may come. */
  function documentReady(): void {
    parsed = true;
    outbox.push(READY);
  }

  /** The document is being left: nothing is waited for any more. Events may still be sent. */
  function leave(): void {
    if (life === "open") {
      end("away", "the page was left");
      transport.leave?.();
    }
  }

  function call(method: string, params?: unknown, options?: CallOptions): Promise<unknown> {
    const timeout = options?.timeout ?? DEFAULT_TIMEOUT;
    const signal = options?.signal;
    let id: number;
    try {
      if (typeof timeout !== "number" || !(timeout >= 0)) {
        throw new TypeErrorCtor("timeout must be a number of milliseconds, 0 for none");
      }
      if (signal?.aborted) {
        throw aborted(method, signal);
      }
      const message = composeCall(method, params);
      push(message);
      id = message.called as number;
    } catch (error) {
      return rejected(error as Error);
    }
    return calls.add(id, method, timeout, signal);
  }

  /** The message of a call. */
  function composeCall(method: string, params: unknown): Encoded {
    if (life !== "open") {
      throw endedError(method);
    }
    checkName(method, "method");
    const message = compose(callHead(lastId + 1, method), "params", params, limits);
    message.called = ++lastId;
    return message;
  }

  function sendEvent(event: string, detail?: unknown): void {
    checkEvent(event);
    const message = compose(eventHead(event), "detail", detail, limits);
    if (life !== "closed") {
      push(message);
    } else if (debug) {
      warn(`auroraview: event ${event} was not sent: ${endReason}`);
    }
  }

  function on(event: string, handler: Handler<never>, once: boolean): () => void {
    checkEvent(event);
    checkHandler(handler);
    return events.on(event, handler, once);
  }

  function buffer(name: string, shape?: readonly number[], dtype?: Dtype): LiveBuffer {
    checkName(name, "buffer");
    return buffers(name, shape, dtype) as LiveBuffer;
  }

  function off(event: string, handler?: Handler<never>): void {
    checkEvent(event);
    events.off(event, handler);
  }

  function onReset(handler: Handler<never>): () => void {
    checkHandler(handler);
    return events.on(RESET, handler, false);
  }

  function trigger(event: string, detail?: unknown): void {
    checkEvent(event);
    events.dispatch(event, detail ?? null, false);
  }

  function whenReady(): Promise<void> {
    waiter ??= calls.add(READY_WAITER, "", 0, undefined) as Promise<void>;
    tellWaiter();
    return waiter;
  }

  function tellWaiter(): void {
    if (ready) {
      calls.resolve(READY_WAITER, undefined);
    } else if (life === "closed") {
      calls.reject(READY_WAITER, localError("closed", endReason));
    }
  }

  function receive(text: string, attached?: Attachments): boolean {
    let frame: Partial<SessionFrame> | null;
    try {
      frame = parse(text);
    } catch {
      warn("auroraview: a frame that is not JSON was dropped");
      return false;
    }
    if (life === "closed" || frame?.doc !== documentId) {
      return false;
    }
    const { seq, msgs } = frame;
    if (typeof seq !== "number" || !isArray(msgs)) {
      return false;
    }
    if (seq > lastSeq) {
      lastSeq = seq;
      for (let i = 0; i < msgs.length; i++) {
        try {
          take(msgs[i], attached);
        } catch (error) {
          // Only a message that breaks the protocol; what comes after it still counts.
          warn(error as Error);
        }
      }
    }
    // `closed` may have come in this very frame: nobody waits for its acknowledgement.
    if ((life as State) === "closed") {
      return false;
    }
    outbox.acknowledge(lastSeq);
    return true;
  }

  function paused(reason: string, answerless = false): void {
    if (life === "closed") {
      return;
    }
    outbox.hold();
    if (answerless) {
      calls.rejectAll((method) => closedError(method, reason));
    }
    const state = connection.shown.state === "connecting" ? "connecting" : "reconnecting";
    connection.set(state, reason || undefined);
  }

  function resumed(): void {
    if (life === "open") {
      // A document that began anew is open with its welcome.
      if (ready && lastSeq > 0) {
        connection.set("open");
      }
      outbox.release();
    }
  }

  function lost(reason: string): void {
    if (life !== "open") {
      return;
    }
    lastSeq = 0;
    events.forget();
    outbox.reset(documentId);
    if (parsed) {
      outbox.push(READY);
    }
    calls.rejectAll((method) => closedError(method, reason));
    events.dispatch(RESET, { reason }, false);
  }

  function closed(reason: string): void {
    if (life !== "closed") {
      end("closed", reason);
      tellWaiter();
      outbox.reset(documentId);
      transport.close();
      connection.set("closed", reason);
    }
  }

  function take(message: SessionFrame["msgs"][number] | null | undefined, attached: Attachments | undefined): void {
    const event = message?.event;
    const att = message?.att;
    if (typeof event === "string" && startsWith(event, BUFFER)) {
      const one = buffers(slice(event, BUFFER.length));
      (attached as Attachments).publish?.(one, message as SessionMessage);
      events.dispatch(event, one, true);
      return;
    }
    const put = isArray(att) ? (attached as Attachments).take(att) : undefined;
    if (message?.type !== "event" || typeof event !== "string") {
      return;
    }
    if (event === CALL_RESULT) {
      const outcome = message.detail as unknown as CallResult;
      if (put && outcome.ok) {
        try {
          outcome.result = put(outcome.result) as Json;
        } catch (error) {
          calls.reject(outcome.id, localError("invalid_params", (error as Error).message));
        }
      }
      if (outcome.ok) {
        calls.resolve(outcome.id, outcome.result);
      } else {
        calls.reject(outcome.id, new AuroraViewError(outcome.error));
      }
    } else if (startsWith(event, RESERVED)) {
      takeInternal(event, message.detail);
    } else {
      const detail = put === undefined ? message.detail : put(message.detail);
      events.dispatch(event, detail ?? null, message.retain === true);
    }
  }

  function takeInternal(event: string, detail: unknown): void {
    if (event === WELCOME) {
      welcomed(detail as Welcome);
    } else if (event === BOUND) {
      const { added, removed, namespaces } = detail as Bound;
      methods.change(added, removed);
      given.onNamespaces(namespaces ?? []);
    } else if (event === RESET) {
      events.dispatch(RESET, detail, false);
    } else if (event === CLOSED) {
      closed((detail as Reason).reason);
    }
  }

  function welcomed(welcome: Welcome): void {
    limits = welcome.limits;
    outbox.limit(frameRoom(welcome.limits));
    debug ||= welcome.debug;
    methods.replace(welcome.methods);
    given.onNamespaces(welcome.namespaces);
    const first = !ready;
    ready = true;
    tellWaiter();
    connection.set("open");
    if (first) {
      given.onReady();
    }
  }

  /** Refuses a message that would have to wait where too many wait. */
  function push({ text, attachments, bytes }: Encoded): void {
    const refusal = transport.full?.();
    if (refusal) {
      throw localError("busy", refusal);
    }
    outbox.push(text, attachments, bytes);
  }

  function end(state: State, reason: string): void {
    if (ready) {
      waiter = undefined;
    }
    life = state;
    endReason = reason;
    ready = false;
    calls.rejectAll((method) => endedError(method));
  }

  function endedError(method: string): Error {
    return closedError(method, endReason);
  }

  return {
    methods,
    connection: connection.shown,
    get isReady() {
      return ready;
    },
    start,
    documentReady,
    leave,
    composeCall,
    outbox,
    call,
    sendEvent,
    buffer,
    on,
    off,
    onReset,
    trigger,
    whenReady,
  };
}

function closedError(method: string, reason: string): Error {
  return localError("closed", `call of ${method} has no answer: ${reason}`);
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
