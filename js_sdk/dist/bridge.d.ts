/**
 * The bridge: the page's end of the protocol, over any transport.
 *
 * It says hello for each document, sends calls and events, takes frames apart and hands results, events and changes of
 * bindings to where they belong. It knows no window: who starts it tells it when the document is ready, goes and returns.
 */
import { Methods } from "./api_proxy";
import { type Handler } from "./events";
import type { Receiver, Transport } from "./transport";
/** Options of one call. */
export interface CallOptions {
    /** In milliseconds; 0 waits forever. Default 30 000. */
    timeout?: number;
    /** Gives the call up; the error's `cause` is the signal's reason. */
    signal?: AbortSignal;
}
/** What the surroundings give to a bridge. */
export interface BridgeOptions {
    transport: Transport;
    /** A fresh document id: 16 characters of `A-Z a-z 0-9 _ -`. */
    newDocument: () => string;
    /** Address of the page. */
    url: () => string;
    /** Called when namespaces appear, with all that the program has named so far. */
    onNamespaces: (names: readonly string[]) => void;
    /** Called once per document, when it is welcomed. */
    onReady: () => void;
    /** Console hints. */
    debug: boolean;
}
export declare class Bridge implements Receiver {
    #private;
    readonly methods: Methods;
    constructor(options: BridgeOptions);
    get isReady(): boolean;
    /** Says hello for a new document; for the first time, or after {@link leave}. */
    start(): void;
    /** The document is parsed: events may come. */
    documentReady(): void;
    /** The document is being left: nothing is waited for any more. Events may still be sent. */
    leave(): void;
    call(method: string, params?: unknown, options?: CallOptions): Promise<unknown>;
    sendEvent(event: string, detail?: unknown): void;
    on(event: string, handler: Handler<never>, once: boolean): () => void;
    off(event: string, handler?: Handler<never>): void;
    onReset(handler: Handler<never>): () => void;
    trigger(event: string, detail?: unknown): void;
    whenReady(): Promise<void>;
    receive(text: string): boolean;
    closed(reason: string): void;
}
