/** Ids of documents: 16 characters of `A-Z a-z 0-9 _ -`, new for every load. */

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";

/** They only tell documents apart and are no secret, so `Math.random` will do where an origin has no `crypto`. */
export function newDocumentId(): string {
  const bytes = new Uint8Array(16);
  if (typeof crypto === "object") {
    crypto.getRandomValues(bytes);
  } else {
    for (let i = 0; i < 16; i++) {
      bytes[i] = Math.random() * 256;
    }
  }
  let id = "";
  for (let i = 0; i < 16; i++) {
    id += ALPHABET[(bytes[i] as number) & 63];
  }
  return id;
}
