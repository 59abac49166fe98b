/**
 * The one class of error a call rejects with, whichever end it came from.
 *
 * `name` is the class of the Python exception (or the protocol's name for the code), `code` says what it is about.
 * The injected script and an imported copy of this module each have a class of their own; `instanceof` works across
 * the two because it looks for a brand instead of a prototype.
 */
import { ErrorCtor, inCapitals } from "./primitives";
import type { ErrorCode, Json, WireError } from "./protocol";

const BRAND = Symbol.for("auroraview.error");

/** What the page itself finds wrong. */
export type LocalCode = Exclude<ErrorCode, "method_not_found" | "handler_error">;

/** What a call rejects with. */
export class AuroraViewError extends ErrorCtor {
  override readonly name: string;
  declare readonly code: ErrorCode;
  /** What the program attached to the error. */
  declare readonly data: Json | undefined;
  /** The Python traceback; only with `debug=True`. */
  declare readonly traceback: string | undefined;

  /** What {@link AuroraViewError} of any copy of this module is known by. */
  readonly [BRAND] = true;

  constructor(wire: WireError, options?: { cause?: unknown }) {
    super(wire.message, options);
    this.name = wire.name;
    this.code = wire.code;
    this.data = wire.data;
    this.traceback = wire.traceback;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}

/** An error that arises on this side. */
export function localError(code: LocalCode, message: string, options?: { cause?: unknown }): AuroraViewError {
  const name = code === "timeout" ? "TimeoutError" : inCapitals(code);
  return new AuroraViewError({ name, message, code }, options);
}

/** What a synchronous call is refused with where the page's frames take no way that could wait. */
export function noLane(): never {
  throw localError("forbidden", "callSync needs the fast lane of a window: use call");
}
