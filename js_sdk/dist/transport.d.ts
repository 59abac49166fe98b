/**
 * What a transport is to the bridge: it moves the text of frames, and knows nothing about what they say.
 */
/** The bridge's end of a transport. */
export interface Receiver {
    /**
     * Takes the text of one frame. Returns whether the bridge will send a frame soon (within this turn of microtasks), be
     * it only to acknowledge.
     */
    receive(text: string): boolean;
    /** The other end is gone: all that waits rejects with `closed`. */
    closed(reason: string): void;
}
/** The transport's end. */
export interface Transport {
    /** Begins, for a document with this id. A second time begins anew: nothing of the former document arrives any more. */
    open(document: string, receiver: Receiver): void;
    /** Sends the text of one frame. The first one after `open` is the `hello`. Never throws. */
    send(frame: string): void;
    /** Ends; idempotent. */
    close(): void;
}
