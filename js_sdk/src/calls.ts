/**
 * The calls that wait for an answer.
 *
 * Made for ten thousand at a time: no closure and no timer per call. One shared timer stands at the earliest deadline;
 * when it fires, the calls that are over are found by looking through all.
 */
import { localError } from "./errors";
import { clearTimer, now, PromiseCtor, SafeMap, setTimer } from "./primitives";

/** Longest delay a timer takes, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

interface Pending {
  readonly method: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  /** In milliseconds of `now()`; Infinity for none. */
  readonly deadline: number;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: (() => void) | undefined;
}

// Taking both functions out through variables saves a closure per call.
let taken: { resolve: (value: unknown) => void; reject: (error: Error) => void };
const take = (resolve: (value: unknown) => void, reject: (error: Error) => void): void => {
  taken = { resolve, reject };
};

export class Calls {
  readonly #pending = new SafeMap<number, Pending>();
  readonly #cancel: (id: number) => void;
  readonly #expire = (): void => this.#reap();
  #timer: unknown;
  #timerAt = Number.POSITIVE_INFINITY;

  /** `cancel` tells the program that nobody waits for this call any more. */
  constructor(cancel: (id: number) => void) {
    this.#cancel = cancel;
  }

  /** A promise for the answer to call `id`. `timeout` in milliseconds, 0 for none. */
  add(id: number, method: string, timeout: number, signal: AbortSignal | undefined): Promise<unknown> {
    const promise = new PromiseCtor<unknown>(take);
    const { resolve, reject } = taken;
    const deadline = timeout === 0 ? Number.POSITIVE_INFINITY : now() + timeout;
    const onAbort = signal === undefined ? undefined : (): void => this.#abort(id);
    if (signal !== undefined && onAbort !== undefined) {
      signal.addEventListener("abort", onAbort);
    }
    this.#pending.set(id, { method, resolve, reject, deadline, timeout, signal, onAbort });
    if (deadline < this.#timerAt) {
      this.#arm(deadline);
    }
    return promise;
  }

  /** Ends call `id` with its result. A call nobody waits for is ignored. */
  resolve(id: number, result: unknown): void {
    this.#end(id)?.resolve(result);
  }

  /** Ends call `id` with an error. A call nobody waits for is ignored. */
  reject(id: number, error: Error): void {
    this.#end(id)?.reject(error);
  }

  /** Ends all calls. */
  rejectAll(makeError: (method: string) => Error): void {
    clearTimer(this.#timer);
    this.#timerAt = Number.POSITIVE_INFINITY;
    this.#pending.forEach((call, id) => {
      this.reject(id, makeError(call.method));
    });
  }

  #end(id: number): Pending | undefined {
    const call = this.#pending.get(id);
    if (call !== undefined) {
      this.#pending.delete(id);
      if (call.signal !== undefined && call.onAbort !== undefined) {
        call.signal.removeEventListener("abort", call.onAbort);
      }
    }
    return call;
  }

  #abort(id: number): void {
    const call = this.#end(id);
    if (call !== undefined) {
      this.#cancel(id);
      call.reject(aborted(call.method, call.signal));
    }
  }

  #arm(deadline: number): void {
    clearTimer(this.#timer);
    this.#timerAt = deadline;
    const delay = deadline - now();
    // Rounded up, so that the timer does not fire just before the deadline.
    this.#timer = setTimer(this.#expire, delay < LONGEST_TIMER ? (delay < 0 ? 0 : delay + 1) : LONGEST_TIMER);
  }

  #reap(): void {
    const time = now();
    let next = Number.POSITIVE_INFINITY;
    this.#timerAt = next;
    this.#pending.forEach((call, id) => {
      if (call.deadline <= time) {
        this.#cancel(id);
        this.reject(id, localError("timeout", `call of ${call.method} had no answer within ${call.timeout} ms`));
      } else if (call.deadline < next) {
        next = call.deadline;
      }
    });
    if (next < this.#timerAt) {
      this.#arm(next);
    }
  }
}

/** The error of a call given up through its signal; `cause` is the signal's reason. */
export function aborted(method: string, signal: AbortSignal | undefined): Error {
  return localError("cancelled", `call of ${method} was cancelled`, { cause: signal?.reason });
}
