/**
 * Bytes and arrays beside the JSON, on their way out.
 *
 * A value to be sent may hold buffers at any depth. They are copied out at once, as the text of the message is made at
 * once, and the text refers to them by `{"$av": n}`. Most values hold none: they are looked through first, which costs a
 * fraction of `JSON.stringify`, so that only those with buffers pay for a replacer.
 */

import { DTYPES, itemsOf } from "./dtypes";
import { checkSize, encodeMessage, encodeValue, type SendLimits } from "./encode";
import { localError } from "./errors";
import {
  arrayName,
  Bytes,
  DateCtor,
  getPrototypeOf,
  indexOf,
  isArray,
  isView,
  keys,
  min,
  ObjectPrototype,
  SafeMap,
  setBytes,
  slice,
  stringify,
  tagOf,
} from "./primitives";
import type { AttachmentInfo, Dtype } from "./protocol";

/** A value on its way out, or the message that says it. */
export interface Encoded {
  text: string;
  /** JSON text of the list of attachments; "" where the message has none. */
  readonly att: string;
  readonly attachments: readonly Uint8Array[];
  /** Length of all attachments. */
  readonly bytes: number;
  /** The id, of a call. */
  called?: number;
}

const NONE: readonly Uint8Array[] = [];

/** An array of more is sent as one dimension. */
const MOST_DIMENSIONS = 32;
/** Values are looked through to this depth, or what is allowed; deeper ones take the slow way. */
const LOOK_DEPTH = 24;

/**
 * The text of a value that is to be sent, and its attachments; of `undefined` there is nothing to send.
 *
 * @throws AuroraViewError as {@link encodeValue}; `invalid_params` also for a `Blob` or `File`.
 */
export function encode(value: unknown, limits: SendLimits): Encoded {
  if (value === undefined) {
    return plain("");
  }
  return isSpecial(value, limits) ? encodeSpecial(value, limits) : plain(encodeValue(value));
}

function plain(text: string): Encoded {
  return { text, att: "", attachments: NONE, bytes: 0 };
}

/** Whether a value must be written with care: it holds buffers, is deep, or what only the replacer can tell. */
function isSpecial(value: unknown, { depth }: SendLimits): boolean {
  try {
    return look(value, min(depth, LOOK_DEPTH));
  } catch {
    // A getter that throws; `JSON.stringify` will meet it too, and its error is told.
    return false;
  }
}

/** Ends where it is deep, and so with a cycle. `levels` of nesting are left. */
function look(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  if (levels === 0) {
    return true;
  }
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      if (look(value[i], levels - 1)) {
        return true;
      }
    }
    return false;
  }
  const prototype: unknown = getPrototypeOf(value);
  if (prototype !== ObjectPrototype && prototype !== null) {
    if (value instanceof DateCtor) {
      return false;
    }
    if (isView(value) || indexOf(OPAQUE, tagOf(value)) >= 0) {
      return true;
    }
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
    return true;
  }
  for (const key in value) {
    if (look((value as Record<string, unknown>)[key], levels - 1)) {
      return true;
    }
  }
  return false;
}

/** Tags of objects of which JSON shows nothing: what is sent as bytes, and what is refused. */
const BUFFERS = "[object ArrayBuffer][object SharedArrayBuffer]";
const OPAQUE = `${BUFFERS}[object Blob][object File]`;

/**
 * The message that says a value, behind a head of {@link callHead} or {@link eventHead}.
 *
 * @throws AuroraViewError as {@link encode}, and for what is longer than the program takes.
 */
export function compose(head: string, name: string, value: unknown, limits: SendLimits): Encoded {
  const said = encode(value, limits);
  said.text = encodeMessage(head, said.att, name, said.text);
  checkSize(said.text, limits, said.bytes);
  return said;
}

function encodeSpecial(value: unknown, limits: SendLimits): Encoded {
  const attachments: Uint8Array[] = [];
  const infos: { [Name in keyof AttachmentInfo]: AttachmentInfo[Name] | undefined }[] = [];
  let total = 0;
  const attach = (bytes: Uint8Array, dtype?: Dtype, shape?: number[]): unknown => {
    total += bytes.length;
    // Refused before more is copied.
    checkSize("", limits, total);
    const copy = new Bytes(bytes.length);
    setBytes(copy, bytes);
    const at = attachments.length;
    attachments[at] = copy;
    // JSON leaves out what is undefined.
    infos[at] = { bytes: bytes.length, dtype, shape };
    return { $av: at };
  };
  let escapes = false;
  // The levels of what was met; an object that is met again is looked into again before anything beside it.
  const levels = new SafeMap<unknown, number>();
  function replacer(this: unknown, key: string, converted: unknown): unknown {
    const made = replaced((this as Record<string, unknown>)[key], converted);
    if (typeof made === "object" && made !== null) {
      const level = (levels.get(this) ?? 0) + 1;
      if (level > limits.depth) {
        throw localError("too_large", `value is nested deeper than ${limits.depth} levels`);
      }
      levels.set(made, level);
    }
    return made;
  }
  // What `toJSON` made is in `converted`; a buffer's own class may have one, so what was given is asked first.
  const replaced = (given: unknown, converted: unknown): unknown => {
    if (isView(given)) {
      const name = arrayName(given);
      const bytes = new Bytes(given.buffer, given.byteOffset, given.byteLength);
      return name === undefined ? attach(bytes) : attach(bytes, dtypeOf(given, name), shapeOf(given));
    }
    const tag = tagOf(given);
    if (indexOf(BUFFERS, tag) >= 0) {
      return attach(new Bytes(given as ArrayBuffer));
    }
    if (indexOf(OPAQUE, tag) >= 0) {
      throw localError("invalid_params", `a ${slice(tag, 8, -1)} cannot be sent: send its arrayBuffer()`);
    }
    if (isReference(converted)) {
      escapes = true;
      return { $av: [converted.$av] };
    }
    return converted;
  };
  const text = encodeValue(value, replacer);
  if (!attachments.length) {
    // Without attachments nothing is interpreted, so nothing may be escaped.
    return plain(escapes ? encodeValue(value) : text);
  }
  return { text, att: stringify(infos), attachments, bytes: total };
}

/** Refers to an attachment, or is a user's own object that would be taken to: JSON shows `$av` as its one key. */
export function isReference(value: unknown): value is { $av: unknown } {
  if (typeof value !== "object" || value === null || !("$av" in value)) {
    return false;
  }
  let found = false;
  const names = keys(value);
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const type = typeof (value as Record<string, unknown>)[name];
    if (type !== "undefined" && type !== "function" && type !== "symbol") {
      if (name !== "$av") {
        return false;
      }
      found = true;
    }
  }
  return found;
}

function dtypeOf(view: ArrayBufferView, name: string): Dtype | undefined {
  return name === "Uint16Array" && (view as { dtype?: unknown }).dtype === "float16" ? "float16" : DTYPES.get(name);
}

/** The shape an array came with, if it still fits. */
function shapeOf(view: ArrayBufferView): number[] | undefined {
  const { shape, length } = view as ArrayBufferView & { shape: number[]; length: number };
  return itemsOf(shape) === length && shape.length > 1 && shape.length <= MOST_DIMENSIONS ? shape : undefined;
}
