/**
 * The calls that wait for an answer.
 *
 * Made for ten thousand at a time: no closure and no timer per call. One shared timer stands at the earliest deadline;
 * when it fires, the calls that are over are found by looking through all.
 */
import { localError } from "./errors";
import { clearTimer, min, NEVER, now, PromiseCtor, SafeMap, setTimer } from "./primitives";

/** Longest delay a timer takes, in milliseconds. */
const LONGEST_TIMER = 2 ** 31 - 1;

interface Pending {
  readonly called: string;
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

export type Calls = ReturnType<typeof makeCalls>;

/** `cancel` tells the program that nobody waits for this call any more. */
export function makeCalls(cancel: (id: number) => void) {
  const pending = new SafeMap<number, Pending>();
  let timer: unknown;
  let timerAt = NEVER;

  /** A promise for the answer to call `id`. `timeout` in milliseconds, 0 for none. */
  function add(id: number, method: string, timeout: number, signal: AbortSignal | undefined): Promise<unknown> {
    const promise = new PromiseCtor<unknown>(take);
    const { resolve, reject } = taken;
    const deadline = timeout === 0 ? NEVER : now() + timeout;
    const onAbort = signal && ((): void => abort(id));
    signal?.addEventListener("abort", onAbort as () => void);
    pending.set(id, { called: method, resolve, reject, deadline, timeout, signal, onAbort });
    if (deadline < timerAt) {
      arm(deadline);
    }
    return promise;
  }

  /** Ends call `id` with its result. A call nobody waits for is ignored. */
  function resolve(id: number, result: unknown): void {
    end(id)?.resolve(result);
  }

  /** Ends call `id` with an error. A call nobody waits for is ignored. */
  function reject(id: number, error: Error): void {
    end(id)?.reject(error);
  }

  /** Ends all calls; what waits under the id 0 is none. */
  function rejectAll(makeError: (method: string) => Error): void {
    clearTimer(timer);
    timerAt = NEVER;
    pending.forEach((call, id) => {
      if (id > 0) {
        reject(id, makeError(call.called));
      }
    });
  }

  function end(id: number): Pending | undefined {
    const call = pending.get(id);
    if (call) {
      pending.delete(id);
      call.signal?.removeEventListener("abort", call.onAbort as () => void);
    }
    return call;
  }

  function abort(id: number): void {
    const call = end(id);
    if (call !== undefined) {
      cancel(id);
      call.reject(aborted(call.called, call.signal));
    }
  }

  function arm(deadline: number): void {
    clearTimer(timer);
    timerAt = deadline;
    // Rounded up, so that the timer does not fire just before the deadline.
    timer = setTimer(reap, min(deadline - now() + 1, LONGEST_TIMER));
  }

  function reap(): void {
    const time = now();
    let next = NEVER;
    timerAt = next;
    pending.forEach((call, id) => {
      if (call.deadline <= time) {
        cancel(id);
        reject(id, localError("timeout", `call of ${call.called} had no answer within ${call.timeout} ms`));
      } else if (call.deadline < next) {
        next = call.deadline;
      }
    });
    if (next < timerAt) {
      arm(next);
    }
  }

  return { add, resolve, reject, rejectAll };
}

/** The error of a call given up through its signal; `cause` is the signal's reason. */
export function aborted(method: string, signal: AbortSignal | undefined): Error {
  return localError("cancelled", `call of ${method} was cancelled`, { cause: signal?.reason });
}
