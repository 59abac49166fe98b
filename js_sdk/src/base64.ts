/**
 * Bytes as text, for transports that carry text alone: the engine's own base64 where it has one, else by way of
 * `btoa` and `atob` in pieces that fit the stack.
 */
import { announced } from "./encode";
import {
  apply,
  Bytes,
  charCodeAt,
  ErrorCtor,
  fromCharCode,
  indexOf,
  nativeAtob,
  nativeBtoa,
  nativeFromBase64,
  nativeToBase64,
  partOf,
  slice,
} from "./primitives";

/** Bytes per piece: a multiple of three, so that pieces join without padding between. */
const PIECE = 0x6000;

export function toBase64(bytes: Uint8Array): string {
  return nativeToBase64 === undefined ? slowToBase64(bytes) : apply(nativeToBase64, bytes, []);
}

/** @throws Error for text that is not base64 with its padding and nothing else. */
export function fromBase64(text: string): Uint8Array {
  const bytes = nativeFromBase64 === undefined ? slowFromBase64(text) : apply(nativeFromBase64, Bytes, [text]);
  // Engines forgive white space and padding that is missing.
  const { length } = text;
  const padding = length === 0 || text[length - 1] !== "=" ? 0 : text[length - 2] === "=" ? 2 : 1;
  if (bytes.length !== (length / 4) * 3 - padding) {
    throw new ErrorCtor("an attachment is not base64");
  }
  return bytes;
}

export function slowToBase64(bytes: Uint8Array): string {
  let text = "";
  for (let from = 0; from < bytes.length; from += PIECE) {
    const piece = partOf(bytes, from, from + PIECE) as unknown as number[];
    text += nativeBtoa(apply(fromCharCode, undefined, piece));
  }
  return text;
}

export function slowFromBase64(text: string): Uint8Array {
  const binary = nativeAtob(text);
  const bytes = new Bytes(binary.length);
  for (let i = 0; i < binary.length; i++) {
    bytes[i] = charCodeAt(binary, i);
  }
  return bytes;
}

/** A frame and its attachments as one text: a line each. */
export function join(frame: string, attachments: readonly Uint8Array[]): string {
  let text = frame;
  for (let i = 0; i < attachments.length; i++) {
    text += `\n${toBase64(attachments[i] as Uint8Array)}`;
  }
  return text;
}

/**
 * Takes apart what {@link join} made.
 *
 * @throws Error for a line that is not base64, or another number of lines than the frame announces.
 */
export function split(text: string): { frame: string; attachments: Uint8Array[] } {
  const attachments: Uint8Array[] = [];
  let end = indexOf(text, "\n");
  const frame = end < 0 ? text : slice(text, 0, end);
  while (end >= 0) {
    const from = end + 1;
    end = indexOf(text, "\n", from);
    attachments[attachments.length] = fromBase64(slice(text, from, end < 0 ? text.length : end));
  }
  if (attachments.length !== announced(frame)) {
    throw new ErrorCtor("a frame has another number of attachments than it announces");
  }
  return { frame, attachments };
}
