/**
 * The one class of error a call rejects with, whichever end it came from.
 *
 * `name` is the class of the Python exception (or the protocol's name for the code), `code` says what it is about.
 * The injected script and an imported copy of this module each have a class of their own; `instanceof` works across
 * the two because it looks for a brand instead of a prototype.
 */
import { defineProperty, ErrorCtor } from "./primitives";
import type { ErrorCode, Json, WireError } from "./protocol";

const BRAND = Symbol.for("auroraview.error");

/** The names of errors that the page itself raises, by their codes. */
const NAMES = {
  invalid_params: "InvalidParams",
  timeout: "TimeoutError",
  cancelled: "Cancelled",
  closed: "Closed",
  too_large: "TooLarge",
  busy: "Busy",
  forbidden: "Forbidden",
} as const satisfies Partial<Record<ErrorCode, string>>;

/** What the page itself finds wrong. */
export type LocalCode = keyof typeof NAMES;

/** What a call rejects with. */
export class AuroraViewError extends ErrorCtor {
  readonly code: ErrorCode;
  /** What the program attached to the error. */
  readonly data: Json | undefined;
  /** The Python traceback; only with `debug=True`. */
  readonly traceback: string | undefined;

  constructor(wire: WireError, options?: { cause?: unknown }) {
    super(wire.message, options);
    defineProperty(this, "name", { value: wire.name, configurable: true, writable: true });
    this.code = wire.code;
    this.data = wire.data;
    this.traceback = wire.traceback;
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}
defineProperty(AuroraViewError.prototype, BRAND, { value: true });

/** An error that arises on this side. */
export function localError(code: LocalCode, message: string, options?: { cause?: unknown }): AuroraViewError {
  return new AuroraViewError({ name: NAMES[code], message, code }, options);
}

/** What a synchronous call is refused with where the page's frames take no way that could wait. */
export function noLane(): never {
  throw localError("forbidden", "callSync needs the fast lane of a window: use call");
}
