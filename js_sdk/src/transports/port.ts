/**
 * A transport over anything that looks like a MessagePort: a channel, a worker, or two ends in one program.
 *
 * A message is the text of one frame, or `{text, attachments}` where the frame has attachments.
 */
import { Attached } from "../attached";
import { encodeHelloFrame } from "../encode";
import { apply, Bytes, isArray, isView } from "../primitives";
import type { Receiver, Transport } from "../transport";

/** A frame with attachments, as it is posted. When received, the attachments may be any buffers. */
export interface PortFrame {
  text: string;
  attachments: readonly Uint8Array[];
}

/** The part of a MessagePort that is used. */
export interface Port {
  postMessage(message: string | PortFrame): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  close?(): void;
}

const NONE: readonly Uint8Array[] = [];

export class PortTransport implements Transport {
  readonly #port: Port;

  constructor(port: Port) {
    this.#port = port;
  }

  open(document: string, url: string, receiver: Receiver): void {
    this.#port.onmessage = ({ data }) => {
      if (typeof data === "string") {
        receiver.receive(data);
      } else if (typeof data === "object" && data !== null) {
        const { text, attachments } = data as { text?: unknown; attachments?: unknown };
        if (typeof text === "string" && isArray(attachments)) {
          receiver.receive(text, new Attached(asBytes(attachments)));
        }
      }
    };
    this.send(encodeHelloFrame(document, url), NONE);
  }

  send(frame: string, attachments: readonly Uint8Array[]): void {
    this.#port.postMessage(attachments.length === 0 ? frame : { text: frame, attachments });
  }

  close(): void {
    this.#port.onmessage = null;
    const { close } = this.#port;
    if (close !== undefined) {
      apply(close, this.#port, []);
    }
  }
}

function asBytes(buffers: readonly (ArrayBuffer | ArrayBufferView)[]): Uint8Array[] {
  const all: Uint8Array[] = [];
  for (let i = 0; i < buffers.length; i++) {
    const buffer = buffers[i] as ArrayBuffer | ArrayBufferView;
    all[i] = isView(buffer)
      ? new Bytes(buffer.buffer, buffer.byteOffset, buffer.byteLength)
      : new Bytes(buffer as ArrayBuffer);
  }
  return all;
}
