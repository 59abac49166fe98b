/** What a program publishes under a name, on its way into the array that the page keeps for it. */
import { type KeptBuffer, kindOf } from "./buffers";
import { MAKERS } from "./dtypes";
import { Bytes, ErrorCtor, setBytes } from "./primitives";
import type { AttachmentInfo, Published, SessionMessage } from "./protocol";
import type { Attachments } from "./transport";

/**
 * Takes a version. `fill` copies the next attachment straight into a target of its length, where that can be done.
 *
 * @throws Error where the page asked for another shape or kind.
 */
export function publish(
  buffer: KeptBuffer,
  { detail, att }: SessionMessage,
  attached: Attachments,
  fill?: (target: Uint8Array) => void,
): void {
  const infos = att as AttachmentInfo[];
  const info = infos[0] as AttachmentInfo;
  const { array } = buffer;
  const { dtype = "uint8" } = info;
  const shape = info.shape ?? [info.bytes / (MAKERS.get(dtype)?.BYTES_PER_ELEMENT ?? 1)];
  const came = kindOf(dtype, shape);
  // Another length: the page gave its array away, to a worker.
  const kept =
    array !== undefined && came === buffer.kind && array.byteLength === info.bytes ? bytesOf(array) : undefined;
  if (kept !== undefined && fill !== undefined) {
    fill(kept);
  } else {
    const { array: next } = attached.take(infos)(detail) as { array: ArrayBufferView };
    if (kept !== undefined) {
      setBytes(kept, bytesOf(next));
    } else if (buffer.asked && came !== buffer.kind) {
      throw new ErrorCtor(`buffer ${buffer.name} is ${came}, and the page asked for ${buffer.kind}`);
    } else {
      buffer.array = next;
      buffer.shape = shape;
      buffer.dtype = dtype;
      buffer.kind = came;
    }
  }
  buffer.version = (detail as unknown as Published).version;
}

function bytesOf(array: ArrayBufferView): Uint8Array {
  return new Bytes(array.buffer, array.byteOffset, array.byteLength);
}
