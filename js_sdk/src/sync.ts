/**
 * `auroraview.callSync`: a call that keeps the page waiting, for what must be decided before an event handler returns.
 *
 * Only the fast lane of a window can do it. The answer comes outside of the numbered frames and overtakes them: while
 * the page waits nothing else is delivered to it.
 */
import type { Bridge } from "./bridge";
import { encodeCancel } from "./encode";
import { AuroraViewError, localError, noLane } from "./errors";
import { isArray, min, parse, TypeErrorCtor } from "./primitives";
import type { CallResult, Json, SessionFrame, SessionMessage } from "./protocol";
import type { LaneTransport } from "./transports/lane";
import { ANSWERED, TIME_IS_UP } from "./transports/native_lane";

/** Options of a synchronous call. */
export interface SyncOptions {
  /** How long the page waits at most, in milliseconds above 0. Default 1 000. */
  timeout?: number;
}

/** As in `AuroraViewMembers`. */
export type CallSync = (method: string, params?: unknown, options?: SyncOptions) => unknown;

const DEFAULT_TIMEOUT = 1000;
/** A day: nobody waits longer, and it is a number that any clock takes. */
const LONGEST = 86_400_000;

/** The function for the bridge of a document, over its lane. */
export function makeCallSync({ composeCall, outbox }: Bridge, lane: LaneTransport): CallSync {
  return (method, params, options) => {
    if (!lane.fast) {
      noLane();
    }
    const timeout = options?.timeout ?? DEFAULT_TIMEOUT;
    if (typeof timeout !== "number" || !(timeout > 0)) {
      throw new TypeErrorCtor("timeout must be a number of milliseconds above 0");
    }
    const { text: message, attachments, called } = composeCall(method, params);
    // What the page said before it is before it.
    outbox.flush();
    let outcome: CallResult | undefined;
    const became = lane.callSync(message, method, attachments, min(timeout, LONGEST), (text, attached) => {
      const answer = (parse(text) as SessionFrame).msgs[0] as SessionMessage;
      const { att } = answer;
      const detail = answer.detail as unknown as CallResult;
      if (isArray(att) && detail.ok) {
        detail.result = attached.take(att)(detail.result) as Json;
      }
      outcome = detail;
    });
    if (became === TIME_IS_UP) {
      outbox.push(encodeCancel(called as number));
      throw localError("timeout", `call of ${method} had no answer within ${timeout} ms`);
    }
    if (became !== ANSWERED || outcome === undefined) {
      throw localError("closed", `call of ${method} has no answer: the fast lane was lost`);
    }
    if (!outcome.ok) {
      throw new AuroraViewError(outcome.error);
    }
    return outcome.result;
  };
}
