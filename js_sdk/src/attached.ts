/**
 * Bytes and arrays beside the JSON, on their way in: the attachments of a frame, which a transport hands to the bridge.
 *
 * Apart from the way out, so that a page whose transport is still loading has not this part either.
 */
import { isReference } from "./attachments";
import type { KeptBuffer } from "./buffers";
import { MAKERS } from "./dtypes";
import { Bytes, defineProperty, ErrorCtor, freeze, isArray, isInteger, keys, setBytes } from "./primitives";
import type { AttachmentInfo, SessionMessage } from "./protocol";
import { publish } from "./published";
import type { Attachments } from "./transport";

/** The attachments of one frame, handed out to its messages in turn. */
export class Attached implements Attachments {
  readonly #all: readonly Uint8Array[];
  #taken = 0;

  constructor(all: readonly Uint8Array[]) {
    this.#all = all;
  }

  take(infos: readonly AttachmentInfo[]): (value: unknown) => unknown {
    const part: Uint8Array[] = [];
    for (let i = 0; i < infos.length; i++) {
      const attachment = this.#all[this.#taken];
      if (attachment === undefined) {
        throw noAttachment();
      }
      this.#taken++;
      part[i] = attachment;
    }
    return (value) => decode(value, infos, part);
  }

  publish(buffer: KeptBuffer, message: SessionMessage): void {
    publish(buffer, message, this);
  }
}

/**
 * Puts the attachments of one message into its value: in place, where the value is not itself a reference.
 *
 * @throws Error for a reference or a description that makes no sense.
 */
export function decode(value: unknown, infos: readonly AttachmentInfo[], attachments: readonly Uint8Array[]): unknown {
  const made: unknown[] = [];
  const take = (index: unknown): unknown => {
    const at = index as number;
    if (!isInteger(at) || at < 0 || at >= infos.length) {
      throw noAttachment();
    }
    made[at] ??= arrayOf(infos[at] as AttachmentInfo, attachments[at] as Uint8Array);
    return made[at];
  };
  const put = (item: unknown): unknown => {
    if (typeof item !== "object" || item === null) {
      return item;
    }
    if (isReference(item)) {
      const { $av: inner } = item;
      if (!isArray(inner)) {
        return take(inner);
      }
      if (inner.length !== 1) {
        throw noAttachment();
      }
      item.$av = put(inner[0]);
      return item;
    }
    const record = item as Record<string, unknown>;
    const names = keys(record);
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      record[name] = put(record[name]);
    }
    return record;
  };
  return put(value);
}

function arrayOf({ bytes, dtype, shape }: AttachmentInfo, data: Uint8Array): Uint8Array | ArrayBufferView {
  const Maker = dtype === undefined ? Bytes : MAKERS.get(dtype);
  const size = Maker?.BYTES_PER_ELEMENT ?? 0;
  if (Maker === undefined || data.length !== bytes || !isInteger(bytes / size)) {
    throw new ErrorCtor(`an attachment of ${data.length} bytes was announced as ${bytes} of ${dtype ?? "bytes"}`);
  }
  if (dtype === undefined) {
    return data;
  }
  const aligned = data.byteOffset % size === 0 ? data : copied(data);
  const array = new Maker(aligned.buffer, aligned.byteOffset, bytes / size);
  if (isArray(shape) && shape.length > 1) {
    mark(array, "shape", freeze(shape));
  }
  // Said in a property, where its class does not say it.
  if (dtype === "float16" && Maker === MAKERS.get("uint16")) {
    mark(array, "dtype", dtype);
  }
  return array;
}

function mark(array: ArrayBufferView, name: string, value: unknown): void {
  defineProperty(array, name, { value, configurable: true, writable: true });
}

export function noAttachment(): Error {
  return new ErrorCtor("a message refers to an attachment that is not there");
}

function copied(data: Uint8Array): Uint8Array {
  const copy = new Bytes(data.length);
  setBytes(copy, data);
  return copy;
}
