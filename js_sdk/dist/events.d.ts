import type { Json } from "./protocol";
/** Called with the event's detail (`null` where there is none). May be an async function. */
export type Handler<T = Json> = (detail: T) => unknown;
export declare class Events {
    #private;
    /** Adds a handler; each registration of the same function counts. Returns the function that ends this one. */
    on(event: string, handler: Handler<never>, once: boolean): () => void;
    /** Ends all registrations of a handler, or of all handlers of the event. */
    off(event: string, handler: Handler<never> | undefined): void;
    /** Delivers a value, and keeps it for handlers to come where it is retained. */
    dispatch(event: string, detail: unknown, retain: boolean): void;
    /** Forgets the retained values: another document gets its own. */
    forget(): void;
}
