/**
 * Bytes and arrays beside the JSON, on their way out.
 *
 * A value to be sent may hold buffers at any depth. They are copied out at once, as the text of the message is made at
 * once, and the text refers to them by `{"$av": n}`. Most values hold none: they are looked through first, which costs a
 * fraction of `JSON.stringify`, so that only those with buffers pay for a replacer.
 */
import { checkSize, encodeValue, type SendLimits } from "./encode";
import { localError } from "./errors";
import {
  arrayName,
  Bytes,
  DateCtor,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  isArray,
  isInteger,
  isView,
  keys,
  ObjectPrototype,
  SafeMap,
  setBytes,
  stringify,
  tagOf,
} from "./primitives";
import type { AttachmentInfo, Dtype } from "./protocol";

/** A value on its way out. */
export interface Encoded {
  readonly text: string;
  /** JSON text of the list of attachments; "" where the message has none. */
  readonly att: string;
  readonly attachments: readonly Uint8Array[];
  /** Length of all attachments. */
  readonly bytes: number;
}

const NONE: readonly Uint8Array[] = [];
/** No value at all. */
const NOTHING: Encoded = plain("");

/** An array of more is sent as one dimension. */
const MOST_DIMENSIONS = 32;
/** Values are looked through to this depth; deeper ones take the slow way. */
const LOOK_DEPTH = 24;
/** And so many objects of one value. */
const MOST_LOOKS = 1_000_000;

/** Kinds by the names of the classes of arrays; made before a page can touch what makes it. */
const DTYPES = new SafeMap<string, Dtype>();
for (const name of "Int8 Uint8 Int16 Uint16 Int32 Uint32 BigInt64 BigUint64 Float16 Float32 Float64".split(" ")) {
  DTYPES.set(`${name}Array`, name.replace("Big", "").toLowerCase() as Dtype);
}
DTYPES.set("Uint8ClampedArray", "uint8");

/**
 * The text of a value that is to be sent, and its attachments; of `undefined` there is nothing to send.
 *
 * @throws AuroraViewError as {@link encodeValue}; `invalid_params` also for a `Blob` or `File`.
 */
export function encode(value: unknown, limits: SendLimits): Encoded {
  if (value === undefined) {
    return NOTHING;
  }
  return isSpecial(value) ? encodeSpecial(value, limits) : plain(encodeValue(value, limits));
}

function plain(text: string): Encoded {
  return { text, att: "", attachments: NONE, bytes: 0 };
}

/** Whether a value must be written with care: it holds buffers, or what only the replacer can tell. */
function isSpecial(value: unknown): boolean {
  if (typeof value !== "object" || value === null) {
    return false;
  }
  looks = 0;
  try {
    return look(value, 0);
  } catch {
    // A getter that throws; `JSON.stringify` will meet it too, and its error is told.
    return false;
  }
}

/** Objects that were looked at for one value; a cycle has no end of them, and only `JSON.stringify` tells it. */
let looks = 0;

function look(value: object, depth: number): boolean {
  looks++;
  if (depth === LOOK_DEPTH || looks > MOST_LOOKS) {
    return true;
  }
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item === "object" && item !== null && look(item, depth + 1)) {
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
    if (isView(value) || isOpaque(tagOf(value))) {
      return true;
    }
  }
  if (typeof (value as { toJSON?: unknown }).toJSON === "function") {
    return true;
  }
  for (const key in value) {
    const item: unknown = (value as Record<string, unknown>)[key];
    if (typeof item === "object" && item !== null && look(item, depth + 1)) {
      return true;
    }
  }
  return false;
}

function isBuffer(tag: string): boolean {
  return tag === "[object ArrayBuffer]" || tag === "[object SharedArrayBuffer]";
}

function isOpaque(tag: string): boolean {
  return isBuffer(tag) || tag === "[object Blob]" || tag === "[object File]";
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
  function replacer(this: unknown, key: string, converted: unknown): unknown {
    // What `toJSON` made is in `converted`; a buffer's own class may have one, so the holder is asked first.
    const given = (this as Record<string, unknown>)[key];
    if (isView(given)) {
      const name = arrayName(given);
      const bytes = new Bytes(given.buffer, given.byteOffset, given.byteLength);
      return name === undefined ? attach(bytes) : attach(bytes, dtypeOf(given, name), shapeOf(given));
    }
    if (typeof given === "object" && given !== null) {
      const tag = tagOf(given);
      if (isBuffer(tag)) {
        return attach(new Bytes(given as ArrayBuffer));
      }
      if (isOpaque(tag)) {
        const what = tag === "[object File]" ? "file" : "blob";
        throw localError("invalid_params", `a ${what} cannot be sent: send await ${what}.arrayBuffer()`);
      }
    }
    if (isReference(converted)) {
      escapes = true;
      return { $av: [converted.$av] };
    }
    return converted;
  }
  const text = encodeValue(value, limits, replacer);
  if (attachments.length === 0) {
    // Without attachments nothing is interpreted, so nothing may be escaped.
    return plain(escapes ? encodeValue(value, limits) : text);
  }
  return { text, att: stringify(infos), attachments, bytes: total };
}

/** Refers to an attachment, or is a user's own object that would be taken to: JSON shows `$av` as its one key. */
export function isReference(value: unknown): value is { $av: unknown } {
  if (typeof value !== "object" || value === null || getOwnPropertyDescriptor(value, "$av") === undefined) {
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
  const { shape, length } = view as ArrayBufferView & { shape?: unknown; length?: number };
  if (!isArray(shape) || shape.length < 2 || shape.length > MOST_DIMENSIONS) {
    return undefined;
  }
  const copy: number[] = [];
  let count = 1;
  for (let i = 0; i < shape.length; i++) {
    const size: unknown = shape[i];
    if (!isInteger(size) || (size as number) < 0) {
      return undefined;
    }
    copy[i] = size as number;
    count *= size as number;
  }
  return count === length ? copy : undefined;
}
