/**
 * From values to the text of messages and frames.
 *
 * Each message is text of its own from the moment of the call, so later changes to an object are not sent and one value
 * that cannot be sent does not sink what shares its frame. Frames are made of messages by concatenation.
 */
import { AuroraViewError, localError } from "./errors";
import { charCodeAt, ErrorCtor, NEVER, RangeErrorCtor, startsWith, stringify, utf8Length } from "./primitives";
import { type Limits, PROTOCOL } from "./protocol";

/** Room for the key, the document id and the frame around a message, in bytes. */
const ENVELOPE_BYTES = 200;

/** What concerns one message. */
export type SendLimits = Pick<Limits, "message_bytes" | "depth">;

/** Before `welcome`: no program allows a deeper nesting; the size is not known. */
export const UNTOLD: SendLimits = { message_bytes: NEVER, depth: 200 };

const UNSENDABLE = "value cannot be sent";

/** As `JSON.stringify` calls it; what it throws by `localError` is thrown as it is. */
export type Replacer = (this: unknown, key: string, value: unknown) => unknown;

/**
 * The JSON text of a value that is to be sent.
 *
 * @throws AuroraViewError `invalid_params` for what JSON cannot say (a cycle, a BigInt, a function), `too_large` for what
 * is too much for the engine.
 */
export function encodeValue(value: unknown, replacer?: Replacer): string {
  let text: string | undefined;
  try {
    text = stringify(value, replacer);
  } catch (error) {
    if (error instanceof AuroraViewError) {
      throw error;
    }
    if (error instanceof RangeErrorCtor) {
      throw localError("too_large", `${UNSENDABLE}: ${error.message}`, { cause: error });
    }
    throw localError("invalid_params", `${UNSENDABLE} as JSON: ${messageOf(error)}`, { cause: error });
  }
  if (text === undefined) {
    throw localError("invalid_params", `${UNSENDABLE} as JSON: it is a ${typeof value}`);
  }
  return text;
}

function messageOf(error: unknown): string {
  return error instanceof ErrorCtor ? error.message : String(error);
}

/** Refuses a message that, with `attached` bytes beside it, is longer than the program takes in a frame of its own. */
export function checkSize(message: string, limits: SendLimits, attached = 0): void {
  const room = limits.message_bytes - ENVELOPE_BYTES - attached;
  if (message.length * 3 > room && utf8Length(message) > room) {
    throw localError("too_large", `message is longer than ${limits.message_bytes} bytes`);
  }
}

export function encodeHello(document: string, url: string): string {
  return `{"type":"hello","protocol":${PROTOCOL},"document":"${document}","url":${stringify(url)}}`;
}

export const READY = '{"type":"ready"}';

/** What a call begins with. */
export function callHead(id: number, method: string): string {
  return `call","id":${id},"method":${stringify(method)}`;
}

/** What an event begins with. */
export function eventHead(event: string): string {
  return `event","event":${stringify(event)}`;
}

/** `att` is the JSON text of the list of attachments, `text` that of the value called `name`; both may be "" for none. */
export function encodeMessage(head: string, att: string, name: string, text: string): string {
  return `{"type":"${head}${part("att", att)}${part(name, text)}}`;
}

function part(name: string, text: string): string {
  return text === "" ? "" : `,"${name}":${text}`;
}

export function encodeCancel(id: number): string {
  return `{"type":"cancel","id":${id}}`;
}

/**
 * `messages` is the text of messages with commas between; `ack` 0 acknowledges nothing; `attached` is the number of
 * attachments that follow.
 */
export function encodeFrame(document: string, ack: number, messages: string, attached = 0): string {
  const announced = attached === 0 ? "" : `"att":${attached},`;
  const acknowledged = ack === 0 ? "" : `"ack":${ack},`;
  return `{${announced}"v":1,"doc":"${document}",${acknowledged}"msgs":[${messages}]}`;
}

/** How many attachments follow the text of a frame: it begins with `{"att":COUNT,` when any do. */
export function announced(text: string): number {
  if (!startsWith(text, '{"att":')) {
    return 0;
  }
  let count = 0;
  for (let i = 7; i < text.length; i++) {
    const digit = charCodeAt(text, i) - 48;
    if (digit < 0 || digit > 9) {
      break;
    }
    count = count * 10 + digit;
  }
  return count;
}

/** The frame with which a document begins where frames are all there is. */
export function encodeHelloFrame(document: string, url: string): string {
  return encodeFrame(document, 0, encodeHello(document, url));
}

/** Longest run of messages, in UTF-16 units, that surely fits one frame. */
export function frameRoom(limits: SendLimits): number {
  return (limits.message_bytes - ENVELOPE_BYTES) / 3;
}
