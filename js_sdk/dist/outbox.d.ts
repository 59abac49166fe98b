export declare class Outbox {
    #private;
    /** Longest run of messages in one frame, in UTF-16 units; a longer message travels alone. */
    room: number;
    constructor(send: (frame: string) => void);
    /** Drops what waits and begins with another document. */
    reset(document: string): void;
    /** Queues the text of a message. */
    push(message: string): void;
    /** Makes the acknowledgement of frame `seq` due. */
    acknowledge(seq: number): void;
    /** Sends at once what waits. */
    flush(): void;
}
