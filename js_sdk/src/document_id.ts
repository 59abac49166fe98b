/** Ids of documents: 16 of the characters `A-Z a-z 0-9 _ -`, new for every load. */
import { digitsOf, random } from "./primitives";

/** They only tell documents apart and are no secret, so `Math.random` will do. */
export function newDocumentId(): string {
  let id = "";
  while (id.length < 16) {
    id += digitsOf(random(), 36)[2] ?? "";
  }
  return id;
}
