type Call = (method: string, params: unknown) => Promise<unknown>;
export declare class Methods {
    #private;
    constructor(call: Call);
    /** Sets all that is bound. */
    replace(names: readonly string[]): void;
    change(added: readonly string[], removed: readonly string[]): void;
    /** The proxy for a path; the first segment is a namespace and not callable. */
    node(path: string): object;
}
/**
 * The parameters for arguments: exactly one plain object is named parameters, no argument none, anything else
 * positional. Trailing `undefined` arguments are as if not given, so that Python's defaults hold: `f(undefined)` is
 * `f()`.
 */
export declare function toParams(args: readonly unknown[]): unknown;
/** Shows a namespace on an object, for good. A name that is taken, or that is an object's own machinery, is left alone. */
export declare function showNamespace(on: object, name: string, node: object): void;
export {};
