import { type Limits } from "./protocol";
/** Before `welcome`: no program allows a deeper nesting; the size is not known. */
export declare const UNTOLD: Limits;
/**
 * The JSON text of a value that is to be sent.
 *
 * @throws AuroraViewError `invalid_params` for what JSON cannot say (a cycle, a BigInt, a function), `too_large` for what
 * is nested too deep or too long.
 */
export declare function encodeValue(value: unknown, limits: Limits): string;
/** Refuses a message that is longer than the program takes, with the frame it would travel in. */
export declare function checkSize(message: string, limits: Limits): void;
export declare function encodeHello(document: string, url: string): string;
export declare const READY = "{\"type\":\"ready\"}";
/** `params` is JSON text, or "" for none. */
export declare function encodeCall(id: number, method: string, params: string): string;
/** `detail` is JSON text, or "" for none. */
export declare function encodeEvent(event: string, detail: string): string;
export declare function encodeCancel(id: number): string;
/** `messages` is the text of messages with commas between; `ack` 0 acknowledges nothing. */
export declare function encodeFrame(document: string, ack: number, messages: string): string;
/** Longest run of messages, in UTF-16 units, that surely fits one frame. */
export declare function frameRoom(limits: Limits): number;
/** Whether JSON text is nested deeper than `limit`. Skips strings, so long ones cost next to nothing. */
export declare function deeperThan(text: string, limit: number): boolean;
/** Bytes of well-formed text in UTF-8. */
export declare function utf8Length(text: string): number;
