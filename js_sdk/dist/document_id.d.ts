/** Ids of documents: 16 characters of `A-Z a-z 0-9 _ -`, new for every load. */
/** They only tell documents apart and are no secret, so `Math.random` will do where an origin has no `crypto`. */
export declare function newDocumentId(): string;
