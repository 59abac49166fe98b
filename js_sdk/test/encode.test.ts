import { expect, test } from "vitest";
import { encode } from "../src/attachments";
import { encodeValue, UNTOLD } from "../src/encode";
import { utf8Length } from "../src/primitives";

const nest = (depth: number, inner: string) => "[".repeat(depth) + inner + "]".repeat(depth);

test.each([
  ["1", 0, false],
  ["[]", 0, true],
  ["[1]", 1, false],
  ["[[1]]", 1, true],
  ['{"a":[1]}', 1, true],
  ['{"a":[1]}', 2, false],
  ['["[[[["]', 1, false],
  ['[[1],[2],{"a":3}]', 2, false],
  [nest(24, "1"), 24, false],
  [nest(25, "1"), 24, true],
  [nest(200, '"long enough"'), 200, false],
  [nest(201, '"long enough"'), 200, true],
])("%s deeper than %i: %j", (text, depth, deeper) => {
  const limits = { ...UNTOLD, depth };
  const value = JSON.parse(text);
  // With an attachment the same holds, and one object more is around it.
  const around = () => encode([value, new Uint8Array(1)], { ...limits, depth: depth + 1 });
  if (deeper) {
    expect(() => encode(value, limits)).toThrow(`value is nested deeper than ${depth} levels`);
    expect(around).toThrow(/nested deeper/);
  } else {
    expect(encode(value, limits).text).toBe(text);
    expect(depth === 0 || around().attachments.length === 1).toBe(true);
  }
});

test("an object that stands in several places is as deep as the deepest of them", () => {
  const shared = { toJSON: () => [[1]] };
  expect(() => encode({ a: [shared], b: shared }, { ...UNTOLD, depth: 4 })).not.toThrow();
  expect(() => encode({ b: shared, a: [[shared]] }, { ...UNTOLD, depth: 4 })).toThrow(/nested deeper/);
  const same = [new Uint8Array(1)];
  expect(() => encode([[same], same, [[1]]], { ...UNTOLD, depth: 4 })).not.toThrow();
});

test.each(["", "abc", "é", "€uro", "😀", "a\u{10FFFF}b"])("the length of %j is that of its UTF-8 form", (text) => {
  expect(utf8Length(text)).toBe(new TextEncoder().encode(text).length);
});

test("lone surrogates are escaped, so that the other end can refuse them", () => {
  expect(encodeValue("\ud800")).toBe('"\\ud800"');
});
