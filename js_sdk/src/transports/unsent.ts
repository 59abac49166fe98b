/** What is said of messages that a connection did not carry, and that are not sent again. */
import { type LocalCode, localError } from "../errors";
import { parse, warn } from "../primitives";
import type { PageFrame } from "../protocol";
import type { Receiver } from "../transport";

/** Ends the calls of a frame that is not sent, with an error of this code. */
export function refuse(receiver: Receiver, frame: string, code: LocalCode, reason: string): void {
  const messages = messagesOf(frame);
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i] as PageFrame["msgs"][number];
    if (message.type === "call") {
      receiver.failed(message.id, localError(code, `call of ${message.method} was not sent: ${reason}`));
    } else if (message.type === "event") {
      warn(`auroraview: event ${message.event} was not sent: ${reason}`);
    }
  }
}

/** Says which events of a frame may not have arrived. */
export function tellLost(frame: string, reason: string): void {
  const messages = messagesOf(frame);
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i] as PageFrame["msgs"][number];
    if (message.type === "event") {
      warn(`auroraview: event ${message.event} may not have arrived: ${reason}`);
    }
  }
}

function messagesOf(frame: string): PageFrame["msgs"] {
  return (parse(frame) as PageFrame).msgs;
}
