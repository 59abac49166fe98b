/**
 * A transport over anything that looks like a MessagePort: a channel, a worker, or two ends in one program.
 */
import { apply } from "../primitives";
import type { Receiver, Transport } from "../transport";

/** The part of a MessagePort that is used; each message is the text of one frame. */
export interface Port {
  postMessage(text: string): void;
  onmessage: ((event: { data: unknown }) => void) | null;
  close?(): void;
}

export class PortTransport implements Transport {
  readonly #port: Port;

  constructor(port: Port) {
    this.#port = port;
  }

  open(_document: string, receiver: Receiver): void {
    this.#port.onmessage = (event) => {
      if (typeof event.data === "string") {
        receiver.receive(event.data);
      }
    };
  }

  send(frame: string): void {
    this.#port.postMessage(frame);
  }

  close(): void {
    this.#port.onmessage = null;
    const { close } = this.#port;
    if (close !== undefined) {
      apply(close, this.#port, []);
    }
  }
}
