/**
 * The same built-ins as in primitives.ts, looked up when they are used: for the package, which a bundler puts among the
 * page's own scripts, where there is no earlier moment to take them at. The build of the package takes this file
 * instead of the other.
 */
import type * as Taken from "./primitives";

export const { parse, stringify } = JSON;
export const apply = Reflect.apply;
export const { create, defineProperty, freeze, getOwnPropertyDescriptor, getPrototypeOf, keys } = Object;
export const ObjectPrototype: object = Object.prototype;
export const { isArray } = Array;
export const { isInteger, POSITIVE_INFINITY: NEVER } = Number;
export const { fromCharCode } = String;
export const { floor, max, min, random } = Math;
export const { isView } = ArrayBuffer;
export const PromiseCtor = Promise;
export const ErrorCtor = Error;
export const TypeErrorCtor = TypeError;
export const RangeErrorCtor = RangeError;
export const ProxyCtor = Proxy;
export const DateCtor = Date;
export const Bytes = Uint8Array;
export const SafeMap = Map;

const scope = globalThis;
export const { DecompressionStream: DecompressionStreamCtor, Response: ResponseCtor } = scope as {
  DecompressionStream?: typeof DecompressionStream;
  Response?: typeof Response;
};

export const queueMicrotask: typeof Taken.queueMicrotask = (task) => scope.queueMicrotask(task);
export const setTimer: typeof Taken.setTimer = (task, milliseconds) => setTimeout(task, milliseconds);
export const clearTimer: typeof Taken.clearTimer = (timer) => clearTimeout(timer as number);
export const now: typeof Taken.now = () => performance.now();
export const warn: typeof Taken.warn = (text) => console.warn(text);
export const reportError: typeof Taken.reportError = (error) =>
  ((scope.reportError as typeof scope.reportError | undefined) ?? console.error)(error);

export const charCodeAt: typeof Taken.charCodeAt = (text, index) => text.charCodeAt(index);
export const indexOf: typeof Taken.indexOf = (text, part, from) => text.indexOf(part, from);
export const slice: typeof Taken.slice = (text, from, to) => text.slice(from, to);
export const startsWith: typeof Taken.startsWith = (text, part) => text.startsWith(part);
export const utf8Length: typeof Taken.utf8Length = (text) => new TextEncoder().encode(text).length;
export const appended: typeof Taken.appended = (list, item) => [...list, item];
export const inCapitals: typeof Taken.inCapitals = (name) =>
  `_${name}`.replace(/_(.)/g, (_, letter) => letter.toUpperCase());
export const digitsOf: typeof Taken.digitsOf = (number, base) => number.toString(base);
export const tagOf: typeof Taken.tagOf = (value) => ObjectPrototype.toString.call(value);
export const arrayName: typeof Taken.arrayName = (value) =>
  "BYTES_PER_ELEMENT" in (value as object) ? (value as Uint8Array)[Symbol.toStringTag] : undefined;
export const setBytes: typeof Taken.setBytes = (bytes, from) => bytes.set(from);
export const partOf: typeof Taken.partOf = (bytes, from, to) => bytes.subarray(from, to) as Uint8Array<ArrayBuffer>;
export const nativeToBase64 = undefined as typeof Taken.nativeToBase64;
export const nativeFromBase64 = undefined as typeof Taken.nativeFromBase64;
export const nativeBtoa: typeof Taken.nativeBtoa = (binary) => btoa(binary);
export const nativeAtob: typeof Taken.nativeAtob = (text) => atob(text);

export const whenSettled: typeof Taken.whenSettled = (promise, done, failed) => void promise.then(done, failed);
export const rejected: typeof Taken.rejected = (error) => new Promise((_, reject) => reject(error));
