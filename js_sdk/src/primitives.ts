/**
 * The built-ins the bridge works with, taken when this module is evaluated.
 *
 * In a window that is before the first script of the page, so a page that later patches `JSON.stringify`,
 * `Promise.prototype.then` or `Map.prototype.get` (polyfills, zones, tracing) breaks neither the bridge nor itself.
 * The rest of the source calls these, indexes strings and arrays, and avoids methods found through prototypes.
 */

export const { parse, stringify } = JSON;
export const { apply } = Reflect;
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
const scope = globalThis;
const { performance, console } = scope;
const { error: consoleError, warn: consoleWarn } = console;
const { now: performanceNow } = performance;
const { queueMicrotask: nativeQueueMicrotask, setTimeout: nativeSetTimeout, clearTimeout: nativeClearTimeout } = scope;
const nativeReportError = scope.reportError as typeof scope.reportError | undefined;

export const queueMicrotask = (task: () => void): void => nativeQueueMicrotask(task);
export const setTimer = (task: () => void, milliseconds: number): unknown => nativeSetTimeout(task, milliseconds);
export const clearTimer = (timer: unknown): void => nativeClearTimeout(timer as number);
/** Milliseconds of a clock that never jumps. */
export const now = (): number => apply(performanceNow, performance, []);
export const warn = (what: string | Error): void => apply(consoleWarn, console, [what]);

/** Hands an error nobody catches to the page: its `error` event and the console. */
export function reportError(error: unknown): void {
  if (nativeReportError === undefined) {
    apply(consoleError, console, [error]);
  } else {
    apply(nativeReportError, scope, [error]);
  }
}

type Uncurried<F> = F extends (this: infer T, ...args: infer A) => infer R ? (self: T, ...args: A) => R : never;

function uncurry<F extends (this: never, ...args: never[]) => unknown>(method: F): Uncurried<F> {
  return Function.prototype.call.bind(method) as Uncurried<F>;
}

export const charCodeAt = uncurry(String.prototype.charCodeAt as (this: string, index: number) => number);
export const indexOf = uncurry(String.prototype.indexOf as (this: string, part: string, from?: number) => number);
export const slice = uncurry(String.prototype.slice as (this: string, from: number, to?: number) => string);
export const startsWith = uncurry(String.prototype.startsWith as (this: string, part: string) => boolean);

/** Bytes of well-formed text in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = charCodeAt(text, i);
    // Half of a surrogate pair counts two of the pair's four bytes.
    bytes += unit < 0x80 ? 1 : unit < 0x800 || (unit >= 0xd800 && unit <= 0xdfff) ? 2 : 3;
  }
  return bytes;
}

/** The name of a class: `too_large` is `TooLarge`. */
export function inCapitals(name: string): string {
  let text = "";
  let capital = true;
  for (let i = 0; i < name.length; i++) {
    const unit = charCodeAt(name, i);
    if (unit !== 95) {
      text += fromCharCode(capital ? unit - 32 : unit);
    }
    capital = unit === 95;
  }
  return text;
}

/** `number.toString(base)`. */
export const digitsOf = uncurry(Number.prototype.toString as (this: number, base: number) => string);
/** `Object.prototype.toString.call(value)`: `[object Blob]` and the like. */
export const tagOf = uncurry(Object.prototype.toString as (this: unknown) => string);

const typedArray: object = getPrototypeOf(Uint8Array.prototype);

function getter<T>(of: object, name: string | symbol): (self: unknown) => T {
  return uncurry(getOwnPropertyDescriptor(of, name)?.get as (this: unknown) => T);
}

/** Name of a typed array's class in any realm; undefined for anything else. */
export const arrayName = getter<string | undefined>(typedArray, Symbol.toStringTag);
export const setBytes = uncurry(Uint8Array.prototype.set as (this: Uint8Array, from: Uint8Array) => void);
export const partOf = uncurry(
  Uint8Array.prototype.subarray as (this: Uint8Array, from: number, to: number) => Uint8Array<ArrayBuffer>,
);
export const { toBase64: nativeToBase64 } = Uint8Array.prototype as { toBase64?: () => string };
export const { fromBase64: nativeFromBase64 } = Uint8Array as { fromBase64?: (text: string) => Uint8Array };
export const { DecompressionStream: DecompressionStreamCtor, Response: ResponseCtor } = scope as {
  DecompressionStream?: typeof DecompressionStream;
  Response?: typeof Response;
};
const { btoa: scopeBtoa, atob: scopeAtob } = scope;
export const nativeBtoa = (binary: string): string => scopeBtoa(binary);
export const nativeAtob = (text: string): string => scopeAtob(text);

/** A copy of a list, with one item more. */
export function appended<T>(list: readonly T[], item: T): T[] {
  const longer: T[] = [];
  for (let i = 0; i < list.length; i++) {
    longer[i] = list[i] as T;
  }
  longer[list.length] = item;
  return longer;
}

const promiseThen = Promise.prototype.then;

/** `promise.then(...)`, whatever `then` has become. Not called so: a module that exports `then` is a thenable. */
export function whenSettled<T>(promise: Promise<T>, done: (value: T) => void, failed: (reason: unknown) => void): void {
  apply(promiseThen, promise, [done, failed]);
}

export function rejected(error: Error): Promise<never> {
  return new PromiseCtor((_, reject) => reject(error));
}

/** A Map whose methods are its own, as they were at start. */
export class SafeMap<K, V> extends Map<K, V> {}
for (const name of ["get", "set", "has", "delete", "clear", "forEach", "size"]) {
  const descriptor = getOwnPropertyDescriptor(Map.prototype, name);
  if (descriptor !== undefined) {
    defineProperty(SafeMap.prototype, name, descriptor);
  }
}
