import type { Receiver, Transport } from "../transport";
/** The part of a MessagePort that is used; each message is the text of one frame. */
export interface Port {
    postMessage(text: string): void;
    onmessage: ((event: {
        data: unknown;
    }) => void) | null;
    close?(): void;
}
export declare class PortTransport implements Transport {
    #private;
    constructor(port: Port);
    open(_document: string, receiver: Receiver): void;
    send(frame: string): void;
    close(): void;
}
