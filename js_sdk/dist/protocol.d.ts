/**
 * The wire: types of everything a page and a program say to each other, as fixed by protocol/PROTOCOL.md.
 *
 * Types and constants only. The names of fields are those of the wire, hence snake_case.
 */
/** Version of the protocol spoken here. */
export declare const PROTOCOL = 1;
/** Event names that start so are internal: neither end accepts them from a user. */
export declare const RESERVED = "__auroraview_";
export declare const WELCOME = "__auroraview_welcome";
export declare const CALL_RESULT = "__auroraview_call_result";
export declare const BOUND = "__auroraview_bound";
export declare const RESET = "__auroraview_reset";
export declare const CLOSED = "__auroraview_closed";
/** A value that JSON can say. */
export type Json = null | boolean | number | string | Json[] | {
    [key: string]: Json;
};
/** What an error is about; fixed, so that code can decide on it. */
export type ErrorCode = "method_not_found" | "invalid_params" | "handler_error" | "timeout" | "cancelled" | "closed" | "too_large" | "forbidden" | "busy";
/** An error as it travels. `traceback` is present only with `debug=True` on the Python side. */
export interface WireError {
    name: string;
    message: string;
    code: ErrorCode;
    data?: Json;
    traceback?: string;
}
/** Page to Python. */
export type PageMessage = {
    type: "hello";
    protocol: number;
    document: string;
    url: string;
} | {
    type: "ready";
} | {
    type: "call";
    id: number;
    method: string;
    params?: Json;
} | {
    type: "event";
    event: string;
    detail?: Json;
} | {
    type: "cancel";
    id: number;
};
/** Python to page. Results and everything internal are events too. */
export interface SessionMessage {
    type: "event";
    event: string;
    detail?: Json;
    retain?: boolean;
}
/** A frame as the page sends it. */
export interface PageFrame {
    v?: number;
    doc?: string;
    /** Highest `seq` this document has processed. */
    ack?: number;
    msgs: PageMessage[];
}
/** A frame as the page receives it. */
export interface SessionFrame {
    v: number;
    doc: string;
    /** From 1, rising by 1 within a document. */
    seq: number;
    msgs: SessionMessage[];
}
/** What the program accepts, told by `welcome`. */
export interface Limits {
    /** Longest message in UTF-8 bytes; also the longest frame. */
    message_bytes: number;
    /** Deepest nesting of `params` or `detail`; `[1]` is 1 deep. */
    depth: number;
    /** Calls of one page that may wait for their answer at once. */
    calls_in_flight: number;
}
/** Detail of `__auroraview_welcome`. */
export interface Welcome {
    protocol: number;
    /** Full names of all that is bound. */
    methods: string[];
    /** First segments given to `bind_api`. */
    namespaces: string[];
    limits: Limits;
    debug: boolean;
}
/** Detail of `__auroraview_call_result`. */
export type CallResult = {
    id: number;
    ok: true;
    result: Json;
} | {
    id: number;
    ok: false;
    error: WireError;
};
/** Detail of `__auroraview_bound`. */
export interface Bound {
    added: string[];
    removed: string[];
    /** Namespaces that are new with this change. */
    namespaces?: string[];
}
/** Detail of `__auroraview_reset` and `__auroraview_closed`. */
export interface Reason {
    reason: string;
}
