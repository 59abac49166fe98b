import type { Receiver, Transport } from "../transport";
/** A script message handler of WebKit. */
export interface MessageHandler {
    postMessage(text: string): unknown;
}
export declare class EmbeddedTransport implements Transport {
    #private;
    /** `key` is the view's; `plain` takes posts, `replying` holds them open. */
    constructor(key: string, plain: MessageHandler, replying: MessageHandler);
    open(document: string, receiver: Receiver): void;
    send(frame: string): void;
    close(): void;
}
