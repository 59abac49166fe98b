/**
 * The built-ins the bridge works with, taken when this module is evaluated.
 *
 * In a window that is before the first script of the page, so a page that later patches `JSON.stringify`,
 * `Promise.prototype.then` or `Map.prototype.get` (polyfills, zones, tracing) breaks neither the bridge nor itself.
 * The rest of the source calls these, indexes strings and arrays, and avoids methods found through prototypes.
 */
export declare const parse: (text: string, reviver?: (this: any, key: string, value: any) => any) => any, stringify: {
    (value: any, replacer?: (this: any, key: string, value: any) => any, space?: string | number): string;
    (value: any, replacer?: (number | string)[] | null, space?: string | number): string;
};
export declare const apply: typeof Reflect.apply;
export declare const create: {
    (o: object | null): any;
    (o: object | null, properties: PropertyDescriptorMap & ThisType<any>): any;
}, defineProperty: <T>(o: T, p: PropertyKey, attributes: PropertyDescriptor & ThisType<any>) => T, freeze: {
    <T extends Function>(f: T): T;
    <T extends {
        [idx: string]: U | null | undefined | object;
    }, U extends string | bigint | number | boolean | symbol>(o: T): Readonly<T>;
    <T>(o: T): Readonly<T>;
}, getOwnPropertyDescriptor: (o: any, p: PropertyKey) => PropertyDescriptor | undefined, getPrototypeOf: (o: any) => any;
export declare const isArray: (arg: any) => arg is any[];
export declare const PromiseCtor: PromiseConstructor;
export declare const ErrorCtor: ErrorConstructor;
export declare const TypeErrorCtor: TypeErrorConstructor;
export declare const RangeErrorCtor: RangeErrorConstructor;
export declare const ProxyCtor: ProxyConstructor;
export declare const queueMicrotask: (task: () => void) => void;
export declare const setTimer: (task: () => void, milliseconds: number) => unknown;
export declare const clearTimer: (timer: unknown) => void;
/** Milliseconds of a clock that never jumps. */
export declare const now: () => number;
export declare const warn: (text: string) => void;
/** Hands an error nobody catches to the page: its `error` event and the console. */
export declare function reportError(error: unknown): void;
export declare const charCodeAt: (self: string, index: number) => number;
export declare const indexOf: (self: string, part: string, from?: number | undefined) => number;
export declare const slice: (self: string, from: number, to?: number | undefined) => string;
export declare const startsWith: (self: string, part: string) => boolean;
/** `promise.then(...)`, whatever `then` has become. Not called so: a module that exports `then` is a thenable. */
export declare function whenSettled<T>(promise: Promise<T>, done: (value: T) => void, failed: (reason: unknown) => void): void;
export declare function rejected(error: Error): Promise<never>;
/** A Map whose methods are its own, as they were at start. */
export declare class SafeMap<K, V> extends Map<K, V> {
}
