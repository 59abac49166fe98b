/** One method and the state of its calls, as a component shows it; the same for every framework. */
import type { CallOptions } from "../bridge";
import type { AuroraViewError } from "../errors";
import { clientOfPage } from "./client";

/** What a component shows of a call. */
export interface CallState<Result> {
  /** The last result; stays while the next call runs. */
  readonly data: Result | undefined;
  /** Why the last call failed; undefined where it did not. */
  readonly error: AuroraViewError | undefined;
  /** A call runs. */
  readonly pending: boolean;
}

/** A method by its name. */
export type ByName = [params?: unknown, options?: CallOptions];

/** The name of a method, or a method of `api` or another namespace. */
export type Target<Args extends unknown[], Result> = string | ((...args: Args) => Promise<Result>);

export interface Caller<Args extends unknown[], Result> {
  /**
   * Calls it. Resolves with the result, or with undefined where the call failed: the state has the error. Of several that
   * run at once the state shows the last.
   */
  call(...args: Args): Promise<Result | undefined>;
  /** Back to the beginning: no result and no error, and what still runs is not shown. */
  reset(): void;
}

export const IDLE = { data: undefined, error: undefined, pending: false } as const;

export function callTarget<Args extends unknown[], Result>(target: Target<Args, Result>, args: Args): Promise<Result> {
  return typeof target === "string" ? clientOfPage().call(target, ...(args as unknown as ByName)) : target(...args);
}

/** `show` is told each new state. */
export function makeCaller<Args extends unknown[], Result>(
  target: Target<Args, Result>,
  show: (state: CallState<Result>) => void,
): Caller<Args, Result> & { end(): void } {
  let current = 0;
  let data: Result | undefined;
  let ended = false;
  const tell = (of: number, state: CallState<Result>): void => {
    if (of === current && !ended) {
      data = state.data;
      show(state);
    }
  };
  return {
    async call(...args) {
      current++;
      const mine = current;
      tell(mine, { data, error: undefined, pending: true });
      try {
        const result = await callTarget(target, args);
        tell(mine, { data: result, error: undefined, pending: false });
        return result;
      } catch (error) {
        tell(mine, { data, error: error as AuroraViewError, pending: false });
        return undefined;
      }
    },
    reset() {
      current++;
      tell(current, IDLE);
    },
    end() {
      ended = true;
    },
  };
}
