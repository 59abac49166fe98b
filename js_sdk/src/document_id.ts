/** Ids of documents: 16 of the characters `A-Z a-z 0-9 _ -`, new for every load. */
import { digitsOf, floor, random } from "./primitives";

/** They only tell documents apart and are no secret, so `Math.random` will do. */
export function newDocumentId(): string {
  let id = "";
  while (id.length < 16) {
    id += digitsOf(floor(random() * 36), 36);
  }
  return id;
}
