/**
 * Bytes and arrays beside the JSON.
 *
 * A value to be sent may hold buffers at any depth. They are copied out at once, as the text of the message is made at
 * once, and the text refers to them by `{"$av": n}`. Most values hold none: they are looked through first, which costs a
 * fraction of `JSON.stringify`, so that only those with buffers pay for a replacer.
 */
import { checkSize, encodeValue } from "./encode";
import { localError } from "./errors";
import {
  ARRAYS,
  arrayName,
  Bytes,
  DateCtor,
  defineProperty,
  ErrorCtor,
  freeze,
  getOwnPropertyDescriptor,
  getPrototypeOf,
  isArray,
  isInteger,
  isView,
  ObjectPrototype,
  SafeMap,
  setBytes,
  stringify,
  tagOf,
} from "./primitives";
import type { AttachmentInfo, Dtype, Limits } from "./protocol";

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
export const NOTHING: Encoded = plain("");

/** An array of more is sent as one dimension. */
const MOST_DIMENSIONS = 32;
/** Values are looked through to this depth; deeper ones take the slow way. */
const LOOK_DEPTH = 24;

const DTYPES = new SafeMap<string, Dtype>();
DTYPES.set("Int8Array", "int8");
DTYPES.set("Uint8Array", "uint8");
DTYPES.set("Uint8ClampedArray", "uint8");
DTYPES.set("Int16Array", "int16");
DTYPES.set("Uint16Array", "uint16");
DTYPES.set("Int32Array", "int32");
DTYPES.set("Uint32Array", "uint32");
DTYPES.set("BigInt64Array", "int64");
DTYPES.set("BigUint64Array", "uint64");
DTYPES.set("Float16Array", "float16");
DTYPES.set("Float32Array", "float32");
DTYPES.set("Float64Array", "float64");

type ArrayMaker = new (buffer: ArrayBufferLike, offset: number, length: number) => ArrayBufferView;

interface Kind {
  readonly bytes: number;
  readonly make: ArrayMaker;
  /** Said of the array in a property, where its class does not say it. */
  readonly mark?: Dtype;
}

const KINDS = new SafeMap<string, Kind>();
KINDS.set("int8", { bytes: 1, make: ARRAYS.Int8Array });
KINDS.set("uint8", { bytes: 1, make: ARRAYS.Uint8Array });
KINDS.set("bool", { bytes: 1, make: ARRAYS.Uint8Array });
KINDS.set("int16", { bytes: 2, make: ARRAYS.Int16Array });
KINDS.set("uint16", { bytes: 2, make: ARRAYS.Uint16Array });
KINDS.set("int32", { bytes: 4, make: ARRAYS.Int32Array });
KINDS.set("uint32", { bytes: 4, make: ARRAYS.Uint32Array });
KINDS.set("int64", { bytes: 8, make: ARRAYS.BigInt64Array });
KINDS.set("uint64", { bytes: 8, make: ARRAYS.BigUint64Array });
KINDS.set("float32", { bytes: 4, make: ARRAYS.Float32Array });
KINDS.set("float64", { bytes: 8, make: ARRAYS.Float64Array });
KINDS.set(
  "float16",
  ARRAYS.Float16Array === undefined
    ? { bytes: 2, make: ARRAYS.Uint16Array, mark: "float16" }
    : { bytes: 2, make: ARRAYS.Float16Array },
);

/**
 * The text of a value that is to be sent, and its attachments.
 *
 * @throws AuroraViewError as {@link encodeValue}; `invalid_params` also for a `Blob` or `File`.
 */
export function encode(value: unknown, limits: Limits): Encoded {
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
  try {
    return look(value, undefined, 0);
  } catch {
    // A getter that throws; `JSON.stringify` will meet it too, and its error is told.
    return false;
  }
}

/** An object that is looked through, and those around it. */
interface Around {
  readonly value: object;
  readonly around: Around | undefined;
}

function look(value: object, around: Around | undefined, depth: number): boolean {
  for (let outer = around; outer !== undefined; outer = outer.around) {
    if (outer.value === value) {
      // A cycle, which `JSON.stringify` will refuse.
      return false;
    }
  }
  if (depth === LOOK_DEPTH) {
    return true;
  }
  let here: Around | undefined;
  if (isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item === "object" && item !== null) {
        here ??= { value, around };
        if (look(item, here, depth + 1)) {
          return true;
        }
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
    if (typeof item === "object" && item !== null) {
      here ??= { value, around };
      if (look(item, here, depth + 1)) {
        return true;
      }
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

function encodeSpecial(value: unknown, limits: Limits): Encoded {
  const attachments: Uint8Array[] = [];
  const infos: AttachmentInfo[] = [];
  let total = 0;
  const attach = (bytes: Uint8Array, dtype: Dtype | undefined, shape: number[] | undefined): unknown => {
    total += bytes.length;
    // Refused before more is copied.
    checkSize("", limits, total);
    const copy = new Bytes(bytes.length);
    setBytes(copy, bytes);
    const at = attachments.length;
    attachments[at] = copy;
    const info: AttachmentInfo = { bytes: bytes.length };
    if (dtype !== undefined) {
      info.dtype = dtype;
    }
    if (shape !== undefined) {
      info.shape = shape;
    }
    infos[at] = info;
    return { $av: at };
  };
  let escapes = false;
  const replace = (given: unknown, converted: unknown): unknown => {
    if (typeof given === "object" && given !== null) {
      if (isView(given)) {
        const name = arrayName(given);
        const bytes = new Bytes(given.buffer, given.byteOffset, given.byteLength);
        const dtype = name === undefined ? undefined : dtypeOf(given, name);
        return attach(bytes, dtype, name === undefined ? undefined : shapeOf(given));
      }
      const tag = tagOf(given);
      if (isBuffer(tag)) {
        return attach(new Bytes(given as ArrayBuffer), undefined, undefined);
      }
      if (isOpaque(tag)) {
        const what = tag === "[object File]" ? "file" : "blob";
        throw localError("invalid_params", `a ${what} cannot be sent: send await ${what}.arrayBuffer()`);
      }
    }
    if (isReference(converted)) {
      escapes = true;
      return { $av: [(converted as { $av: unknown }).$av] };
    }
    return converted;
  };
  // What `toJSON` made is in `value`; a buffer's own class may have one, so the holder is asked first.
  function replacer(this: unknown, key: string, converted: unknown): unknown {
    return replace((this as Record<string, unknown>)[key], converted);
  }
  const text = encodeValue(value, limits, replacer);
  if (attachments.length === 0) {
    // Without attachments nothing is interpreted, so nothing may be escaped.
    return plain(escapes ? encodeValue(value, limits) : text);
  }
  return { text, att: stringify(infos), attachments, bytes: total };
}

/** A user's own object that would be taken for a reference: JSON shows `$av` as its one key. */
function isReference(value: unknown): boolean {
  if (typeof value !== "object" || value === null || getOwnPropertyDescriptor(value, "$av") === undefined) {
    return false;
  }
  let keys = 0;
  for (const key in value) {
    const { enumerable } = getOwnPropertyDescriptor(value, key) ?? {};
    const type = typeof (value as Record<string, unknown>)[key];
    if (enumerable === true && type !== "undefined" && type !== "function" && type !== "symbol") {
      keys++;
      if (key !== "$av") {
        return false;
      }
    }
  }
  return keys === 1;
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
    if (typeof size !== "number" || !isInteger(size) || size < 0) {
      return undefined;
    }
    copy[i] = size;
    count *= size;
  }
  return count === length ? copy : undefined;
}

/**
 * Puts the attachments of one message into its value: in place, where the value is not itself a reference.
 *
 * @throws Error for a reference or a description that makes no sense.
 */
export function decode(value: unknown, infos: readonly AttachmentInfo[], attachments: readonly Uint8Array[]): unknown {
  const made: unknown[] = [];
  const take = (index: unknown): unknown => {
    if (typeof index !== "number" || !isInteger(index) || index < 0 || index >= infos.length) {
      throw new ErrorCtor("a message refers to an attachment it does not have");
    }
    made[index] ??= arrayOf(infos[index] as AttachmentInfo, attachments[index] as Uint8Array);
    return made[index];
  };
  const put = (item: unknown): unknown => {
    if (typeof item !== "object" || item === null) {
      return item;
    }
    if (isArray(item)) {
      for (let i = 0; i < item.length; i++) {
        item[i] = put(item[i]);
      }
      return item;
    }
    const record = item as Record<string, unknown>;
    if (isReference(record)) {
      const { $av: inner } = record;
      if (!isArray(inner)) {
        return take(inner);
      }
      if (inner.length !== 1) {
        throw new ErrorCtor("a message has a reference that is none");
      }
      record.$av = put(inner[0]);
      return record;
    }
    for (const key in record) {
      const before = record[key];
      if (typeof before === "object" && before !== null) {
        const after = put(before);
        if (after !== before) {
          record[key] = after;
        }
      }
    }
    return record;
  };
  return put(value);
}

function arrayOf({ bytes, dtype, shape }: AttachmentInfo, data: Uint8Array): Uint8Array | ArrayBufferView {
  if (data.length !== bytes) {
    throw new ErrorCtor(`an attachment has ${data.length} bytes where ${bytes} were announced`);
  }
  if (dtype === undefined) {
    return data;
  }
  const kind = KINDS.get(dtype);
  const count = kind === undefined ? 0 : bytes / kind.bytes;
  if (kind === undefined || !isInteger(count)) {
    throw new ErrorCtor(`an attachment of ${bytes} bytes cannot be an array of ${dtype}`);
  }
  const aligned = data.byteOffset % kind.bytes === 0 ? data : copied(data);
  const array = new kind.make(aligned.buffer, aligned.byteOffset, count);
  if (isArray(shape) && shape.length > 1) {
    defineProperty(array, "shape", { value: freeze(shape), configurable: true, writable: true });
  }
  if (kind.mark !== undefined) {
    defineProperty(array, "dtype", { value: kind.mark, configurable: true, writable: true });
  }
  return array;
}

function copied(data: Uint8Array): Uint8Array {
  const copy = new Bytes(data.length);
  setBytes(copy, data);
  return copy;
}

/** The part of a list of attachments that belongs to the next message. */
export class Attached {
  readonly #all: readonly Uint8Array[];
  #taken = 0;

  constructor(all: readonly Uint8Array[]) {
    this.#all = all;
  }

  /** @throws Error when there are fewer. */
  take(count: number): Uint8Array[] {
    const part: Uint8Array[] = [];
    for (let i = 0; i < count; i++) {
      const attachment = this.#all[this.#taken];
      if (attachment === undefined) {
        throw new ErrorCtor("a frame has fewer attachments than its messages announce");
      }
      this.#taken++;
      part[i] = attachment;
    }
    return part;
  }
}
