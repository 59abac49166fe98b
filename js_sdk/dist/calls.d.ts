export declare class Calls {
    #private;
    /** `cancel` tells the program that nobody waits for this call any more. */
    constructor(cancel: (id: number) => void);
    /** A promise for the answer to call `id`. `timeout` in milliseconds, 0 for none. */
    add(id: number, method: string, timeout: number, signal: AbortSignal | undefined): Promise<unknown>;
    /** Ends call `id` with its result. A call nobody waits for is ignored. */
    resolve(id: number, result: unknown): void;
    /** Ends call `id` with an error. A call nobody waits for is ignored. */
    reject(id: number, error: Error): void;
    /** Ends all calls. */
    rejectAll(makeError: (method: string) => Error): void;
}
/** The error of a call given up through its signal; `cause` is the signal's reason. */
export declare function aborted(method: string, signal: AbortSignal | undefined): Error;
