/**
 * The wire: types of everything a page and a program say to each other, as fixed by protocol/PROTOCOL.md.
 *
 * Types and constants only. The names of fields are those of the wire, hence snake_case.
 */

/** Version of the protocol spoken here. */
export const PROTOCOL = 1;

/** Event names that start so are internal: neither end accepts them from a user. */
export const RESERVED = "__auroraview_";

export const WELCOME = "__auroraview_welcome";
export const CALL_RESULT = "__auroraview_call_result";
export const BOUND = "__auroraview_bound";
export const RESET = "__auroraview_reset";
export const CLOSED = "__auroraview_closed";
/** The name of a live buffer follows. */
export const BUFFER = "__auroraview_buffer:";

/** A value that JSON can say. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** What an error is about; fixed, so that code can decide on it. */
export type ErrorCode =
  | "method_not_found"
  | "invalid_params"
  | "handler_error"
  | "timeout"
  | "cancelled"
  | "closed"
  | "too_large"
  | "forbidden"
  | "busy";

/** An error as it travels. `traceback` is present only with `debug=True` on the Python side. */
export interface WireError {
  name: string;
  message: string;
  code: ErrorCode;
  data?: Json;
  traceback?: string;
}

/** Kinds of the elements of an attachment, little-endian; without one it is plain bytes. */
export type Dtype =
  | "int8"
  | "uint8"
  | "int16"
  | "uint16"
  | "int32"
  | "uint32"
  | "int64"
  | "uint64"
  | "float16"
  | "float32"
  | "float64"
  | "bool";

/** What a message says of one of its attachments. */
export interface AttachmentInfo {
  bytes: number;
  dtype?: Dtype;
  /** Absent: one dimension. */
  shape?: number[];
}

/** Page to Python. */
export type PageMessage =
  | { type: "hello"; protocol: number; document: string; url: string }
  | { type: "ready" }
  | { type: "call"; id: number; method: string; params?: Json; att?: AttachmentInfo[] }
  | { type: "event"; event: string; detail?: Json; att?: AttachmentInfo[] }
  | { type: "cancel"; id: number };

/** Python to page. Results and everything internal are events too. */
export interface SessionMessage {
  type: "event";
  event: string;
  detail?: Json;
  retain?: boolean;
  /** The attachments that `detail` (of a result, its `result`) refers to by `{"$av": n}`. */
  att?: AttachmentInfo[];
}

/** A frame as the page sends it. */
export interface PageFrame {
  /** How many attachments follow. */
  att?: number;
  /** From 1, rising by 1 within a document; over a WebSocket only. */
  seq?: number;
  v?: number;
  doc?: string;
  /** Highest `seq` this document has processed. */
  ack?: number;
  msgs: PageMessage[];
}

/** A frame as the page receives it. */
export interface SessionFrame {
  /** How many attachments follow. */
  att?: number;
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
export type CallResult = { id: number; ok: true; result: Json } | { id: number; ok: false; error: WireError };

/** Detail of `__auroraview_bound`. */
export interface Bound {
  added: string[];
  removed: string[];
  /** Namespaces that are new with this change. */
  namespaces?: string[];
}

/** Detail of `__auroraview_buffer:NAME`, whose message has one attachment. */
export interface Published {
  version: number;
  array: Json;
}

/** Detail of `__auroraview_reset` and `__auroraview_closed`. */
export interface Reason {
  reason: string;
}

/** Messages of a WebSocket connection itself, client to server; all else is frames. */
export type ClientMessage =
  | {
      type: "hello";
      protocol: number;
      document: string;
      url: string;
      token?: string;
      session?: string;
      resume?: string;
      /** This document was here before; the highest frame it has processed. */
      received?: number;
      accepts?: ["gzip"];
    }
  /** The frame that comes next is about so long, with its attachments. */
  | { type: "long"; bytes: number }
  | { type: "ping" }
  | { type: "pong" }
  | { type: "bye" };

/** The same, server to client. */
export type ServerMessage =
  | {
      type: "session";
      id: string;
      resume: string;
      /** The highest numbered frame of this document that took effect. */
      received: number;
      /** The session has this document as its current one, and nothing was lost. */
      resumed: boolean;
      /** In seconds. */
      heartbeat: number;
      /** In seconds. */
      timeout: number;
    }
  | { type: "ack"; received: number }
  /** The frame that comes next is about so long, with its attachments. */
  | { type: "long"; bytes: number }
  | { type: "ping" }
  | { type: "pong" }
  | { type: "reload" };
