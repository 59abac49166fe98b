/**
 * The one class of error a call rejects with, whichever end it came from.
 *
 * `name` is the class of the Python exception (or the protocol's name for the code), `code` says what it is about.
 * The injected script and an imported copy of this module each have a class of their own; `instanceof` works across
 * the two because it looks for a brand instead of a prototype.
 */
import { ErrorCtor } from "./primitives";
import type { ErrorCode, Json, WireError } from "./protocol";
/** What a call rejects with. */
export declare class AuroraViewError extends ErrorCtor {
    readonly code: ErrorCode;
    /** What the program attached to the error. */
    readonly data: Json | undefined;
    /** The Python traceback; only with `debug=True`. */
    readonly traceback: string | undefined;
    constructor(wire: WireError, options?: {
        cause?: unknown;
    });
    static [Symbol.hasInstance](value: unknown): boolean;
}
/** An error that arises on this side. */
export declare function localError(code: ErrorCode, message: string, options?: {
    cause?: unknown;
}): AuroraViewError;
